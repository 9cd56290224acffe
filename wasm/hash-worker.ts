/**
 * A hashing thread: from whole groups of leaves to their nodes of level 1, both in memory that it shares.
 */
import { workerData } from "node:worker_threads";
import { groupNodes, type HashEngine } from "../protocol/segment.ts";
import { createWasmEngine } from "./hash-module.ts";

export interface HashTask {
  readonly groups: Uint8Array;
  readonly nodes: Uint8Array;
}

/** What all tasks of a thread have in common. */
export interface HashThreadData {
  /** The bytes of the module. */
  readonly module: Uint8Array;
}

let engine: HashEngine | undefined;

export function hash({ groups, nodes }: HashTask): void {
  engine ??= createWasmEngine((workerData as HashThreadData).module);
  nodes.set(groupNodes(groups, false, engine));
}
