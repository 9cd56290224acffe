/**
 * What all operations of an application work with.
 */
import type { Pace } from "../../net/pace.ts";
import type { HashEngine } from "../../protocol/segment.ts";
import type { Chain } from "../chain.ts";
import type { NodeApi } from "../node-api.ts";

export interface Services {
  readonly chain: Chain;
  readonly api: NodeApi;
  readonly engine: HashEngine;
  readonly signal: AbortSignal | undefined;
  /** How fast nodes must serve a download, for each round over all replicas. */
  readonly paces: readonly Pace[];
  /** Told which step runs, and the share of it that is done, 0 to 1. */
  readonly progress: ((step: string, fraction: number) => void) | undefined;
}
