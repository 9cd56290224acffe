/**
 * Fetches a missing segment from the other nodes that hold it. Several are asked, so that a slow one does not hold up
 * the repair.
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
  /** The slowest speed of a peer that is accepted. */
  readonly pace?: Pace;
  /** Milliseconds between two measurements of the peers' speed. */
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

/**
 * Resolves when the segment is on disk. @throws HoldfastError "unreachable", with each node's reason, if none
 * delivers it
 */
export type Repair = (vNode: bigint, holding: Pick<Holding, "bucket" | "root" | "leaves">) => Promise<void>;

/** Seconds for which our request is valid. It is used at once. */
const VALID_SECONDS = 120;
/** A slower peer is given up. */
const PACE: Pace = { bytesPerSecond: 64 * 1024, graceMs: 30_000 };
/** If all peers together are slower, another one is asked as well. */
const FAIR_BYTES_PER_SECOND = 1 << 20;
const LOOK_MS = 5_000;
/** Peers at the same time: each needs a connection, a file, and room for the whole segment. */
const MOST_PEERS = 3;

export function createRepair(
  { node, signal, pace = PACE, lookMs = LOOK_MS }: RepairOptions,
  modules: RepairModules,
): Repair {
  const { chain, holdings, store, journal, openPeer, clock, log } = modules;

  /**
   * Nodes that hold the segment, the responsible and named ones first. Former ones come last, because their bytes may
   * still be there.
   */
  const peers = async (bucket: bigint, root: Holding["root"]): Promise<bigint[]> => {
    const [nodes, former] = [new Set<bigint>(), new Set<bigint>()];
    for (const vNode of holdings.holdersOf(bucket, root)) {
      const state = await chain.state(vNode);
      nodes.add(state.responsible).add(state.nextNode);
      former.add(holdings.responsibilityOf(vNode).former);
    }
    for (const vNode of holdings.formerHoldersOf(bucket, root))
      former.add((await chain.state(vNode)).responsible);
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
      node: peer,
      method: "GET",
      path,
      bodyHash: EMPTY_BODY_HASH,
      expiry: BigInt(Math.floor(clock.now() / 1000) + VALID_SECONDS),
      nonce: BigInt(`0x${randomBytes(32).toString("hex")}`),
    };
    const authorization = encodeAuthorization(message, await chain.signRequest(message));
    const { bytes, body, close } = await openPeer({ url, path, authorization, signal: ending });
    try {
      if (bytes < 1 || leafCount(bytes) !== leaves) {
        throw new HoldfastError("corrupt", `it offers ${bytes} bytes, which do not fit ${leaves} leaves`, {
          bytes,
          leaves,
        });
      }
      const coming = paced(body, pace, { signal: ending, progress });
      await store.receive(coming, { root, bytes, mayBeNamed: true });
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
      if (signal.aborted) throw new HoldfastError("aborted", "the node is stopping");
      if (!(error instanceof AllFailed)) throw error;
      const reasons = error.errors.map((each) => (each as Error).message).join("; ");
      const message = `no other node delivers segment ${root}: ${reasons || "no other node holds it"}`;
      throw new HoldfastError("unreachable", message, { vNode: Number(vNode), root });
    }
  };
}

/** Whether the failure is our own, so that asking the next peer would not help. */
function isOurs(error: unknown): boolean {
  return error instanceof HoldfastError && (error.code === "disk-full" || error.code === "io");
}
