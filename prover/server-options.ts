/**
 * Options and modules of the node's public HTTP interface.
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
  /** See AcceptanceOptions. */
  readonly minRent: bigint;
  /** Uploads at the same time. */
  readonly maxUploads: number;
  /** Requests from one address. */
  readonly requestsPerMinute: number;
  /** Connections in all, and from one address. */
  readonly maxConnections?: number;
  readonly connectionsPerAddress?: number;
  /** An upload with a lower average speed is refused. */
  readonly uploadBytesPerSecond?: number;
  /** Addresses and networks of proxies. Their word on where a request comes from is believed. */
  readonly trustedProxies?: readonly string[];
  /** Addresses of the operator's probes. */
  readonly operatorAddresses?: readonly string[];
  readonly patienceMs?: number;
}

export interface ServerModules {
  readonly chain: NodeChain;
  readonly access: Access;
  readonly store: Store;
  readonly holdings: Holdings;
  readonly journal: Journal;
  /** vNodes whose directories this node is about to compact. */
  readonly compacting: ReadonlySet<bigint>;
  readonly status: () => NodeStatus;
  readonly clock: Clock;
  readonly log: Logger;
}
