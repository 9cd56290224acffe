/**
 * What the node's public HTTP interface is made of, and how much it takes.
 */
import type { Logger } from "pino";
import type { Clock } from "../chain/clock.ts";
import type { Profile } from "../protocol/profiles.ts";
import type { Access } from "./auth.ts";
import type { NodeChain } from "./chain-model.ts";
import type { Holdings } from "./holdings.ts";
import type { Journal } from "./journal.ts";
import type { NodeStatus } from "./status.ts";
import type { Store } from "./store.ts";

export interface ServerOptions {
  readonly node: bigint;
  readonly profile: Profile;
  readonly acceptSeconds: number;
  /** As in AcceptanceOptions. */
  readonly minRent: bigint;
  /** At the same time. */
  readonly maxUploads: number;
  /** From one address. */
  readonly requestsPerMinute: number;
  /** In all, and from one address. */
  readonly maxConnections?: number;
  readonly connectionsPerAddress?: number;
  /** An upload that is slower in the long run is refused. */
  readonly uploadBytesPerSecond?: number;
  /** Addresses and networks: what they say of where a request comes from is believed. */
  readonly trustedProxies?: readonly string[];
  /** Where the operator's probes come from. */
  readonly operatorAddresses?: readonly string[];
  readonly patienceMs?: number;
}

export interface ServerModules {
  readonly chain: NodeChain;
  readonly access: Access;
  readonly store: Store;
  readonly holdings: Holdings;
  readonly journal: Journal;
  /** vNodes whose directories this node is about to write again. */
  readonly compacting: ReadonlySet<bigint>;
  readonly status: () => NodeStatus;
  readonly clock: Clock;
  readonly log: Logger;
}
