/**
 * Fetches a segment that a vNode of ours must hold from another node that holds it, whichever is first: one that drips keeps
 * nobody else from being asked.
 */
import { randomBytes } from "node:crypto";
import type { Logger } from "pino";
import type { Clock } from "../chain/clock.ts";
import { AllFailed, firstOf } from "../net/hedged.ts";
import { paced, type Pace } from "../net/pace.ts";
import { encodeAuthorization, type SignedRequest } from "../protocol/authorization.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { leafCount } from "../protocol/field.ts";
import { EMPTY_BODY_HASH } from "./auth.ts";
import type { NodeChain } from "./chain-model.ts";
import type { Holding } from "./history.ts";
import type { Holdings } from "./holdings.ts";
import type { Journal } from "./journal.ts";
import type { OpenPeer } from "./peer.ts";
import type { Store } from "./store.ts";

export interface RepairOptions {
  readonly node: bigint;
  readonly signal: AbortSignal;
  /** Of a peer. */
  readonly pace?: Pace;
  /** Milliseconds between looks at how the peers do. */
  readonly lookMs?: number;
}

export interface RepairModules {
  readonly chain: NodeChain;
  readonly holdings: Holdings;
  readonly store: Store;
  readonly journal: Journal;
  readonly openPeer: OpenPeer;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Resolves when the segment is on disk. Throws "unreachable" if no other node gives it, with each one's reason. */
export type Repair = (vNode: bigint, holding: Pick<Holding, "bucket" | "root" | "leaves">) => Promise<void>;

/** Seconds that a request of ours is valid for: it is used at once. */
const VALID_SECONDS = 120;
/** What is slower is of no use. */
const PACE: Pace = { bytesPerSecond: 64 * 1024, graceMs: 30_000 };
/** What is slower has company. */
const FAIR_BYTES_PER_SECOND = 1 << 20;
const LOOK_MS = 5_000;
/** At the same time: each has a connection, a file, and room for the whole segment. */
const MOST_PEERS = 3;

export function createRepair(
  { node, signal, pace = PACE, lookMs = LOOK_MS }: RepairOptions,
  modules: RepairModules,
): Repair {
  const { chain, holdings, store, journal, openPeer, clock, log } = modules;

  /** Who answers for it or is to; and in the end who did last: it may have left, or the segment have ended, and still be there. */
  const peers = async (bucket: bigint, root: Holding["root"]): Promise<bigint[]> => {
    const [nodes, former] = [new Set<bigint>(), new Set<bigint>()];
    for (const vNode of holdings.holdersOf(bucket, root)) {
      const state = await chain.state(vNode);
      nodes.add(state.node).add(state.nextNode);
      former.add(holdings.affairsOf(vNode).former);
    }
    for (const vNode of holdings.formerHoldersOf(bucket, root)) former.add((await chain.state(vNode)).node);
    return [...new Set([...nodes, ...former])].filter((id) => id !== 0n && id !== node);
  };

  const fetchFrom = async (
    peer: bigint,
    { bucket, root, leaves }: Parameters<Repair>[1],
    { ending, progress }: { ending: AbortSignal; progress: (bytes: number) => void },
  ): Promise<{ peer: bigint; bytes: number }> => {
    const { url } = await chain.node(peer);
    const path = `/v1/buckets/${bucket}/segments/${root.slice(2)}`;
    const message: SignedRequest = {
      ...{ node: peer, method: "GET", path, bodyHash: EMPTY_BODY_HASH },
      expiry: BigInt(Math.floor(clock.now() / 1000) + VALID_SECONDS),
      nonce: BigInt(`0x${randomBytes(32).toString("hex")}`),
    };
    const authorization = encodeAuthorization(message, await chain.signRequest(message));
    const { bytes, body, close } = await openPeer({ url, path, authorization, signal: ending });
    try {
      if (bytes < 1 || leafCount(bytes) !== leaves) {
        throw new HoldfastError("corrupt", `it offers ${bytes} bytes for ${leaves} leaves`, {
          bytes,
          leaves,
        });
      }
      const coming = paced(body, pace, { signal: ending, progress });
      await store.receive(coming, { root, bytes, isOwed: true });
      journal.recordSegment(root, bytes, Math.floor(clock.now() / 1000));
      return { peer, bytes };
    } finally {
      await close();
    }
  };

  return async (vNode, holding) => {
    const { bucket, root } = holding;
    const asked = await peers(bucket, root);
    const attempts = asked.map(
      (peer) => (ending: AbortSignal, progress: (bytes: number) => void) =>
        fetchFrom(peer, holding, { ending, progress }).catch((error: unknown) => {
          if (isOurs(error)) throw error;
          throw new Error(`node ${peer}: ${(error as Error).message}`, { cause: error });
        }),
    );
    const hedge = { signal, lookMs, bytesPerSecond: FAIR_BYTES_PER_SECOND, most: MOST_PEERS, isOurs };
    try {
      const { peer, bytes } = await firstOf(attempts, hedge);
      log.info({ vNode: Number(vNode), root, bytes, from: Number(peer) }, "repaired");
    } catch (error) {
      if (signal.aborted) throw new HoldfastError("aborted", "the node stops");
      if (!(error instanceof AllFailed)) throw error;
      const reasons = error.errors.map((each) => (each as Error).message).join("; ");
      const message = `no other node gives the segment ${root}: ${reasons || "nobody holds it"}`;
      throw new HoldfastError("unreachable", message, { vNode: Number(vNode), root });
    }
  };
}

/** Not theirs: the next one would meet the same. */
function isOurs(error: unknown): boolean {
  return error instanceof HoldfastError && (error.code === "disk-full" || error.code === "io");
}
