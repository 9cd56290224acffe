/**
 * Checks at a start: compares what is on disk with the journal and the chain.
 */
import { rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import type { Clock } from "../chain/clock.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { Hex } from "../protocol/field.ts";
import type { NodeChain } from "./chain-model.ts";
import type { Holdings } from "./holdings.ts";
import type { Journal } from "./journal.ts";
import type { Store } from "./store.ts";

export interface StockModules {
  readonly chain: NodeChain;
  readonly holdings: Holdings;
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Refuses a folder that has none of the data that the node has proven to hold. Most likely its disk is not mounted.
 *
 * @throws HoldfastError "not-found", unless the setting startEmpty says that the data is lost
 */
export async function checkNotEmpty(
  { node, folder, startEmpty }: { node: bigint; folder: string; startEmpty: boolean },
  { chain, holdings, store, log }: StockModules,
): Promise<void> {
  const expected = new Map<Hex, number>();
  for (const vNode of holdings.namedFor(node)) {
    const { responsible, syncLeft } = await chain.state(vNode);
    // A node that has not proven yet may still have to fetch everything.
    if (responsible !== node || syncLeft > 0) continue;
    for (const { root, leaves, retired } of holdings.latest(vNode).holdings)
      if (!retired) expected.set(root, leaves);
  }
  const isThere = (root: Hex): boolean => store.segments.has(root) || store.damaged.has(root);
  if (expected.size === 0 || [...expected.keys()].some(isThere)) return;
  const leaves = [...expected.values()].reduce((sum, each) => sum + each, 0);
  const facts = { folder, segments: expected.size, leaves };
  if (startEmpty) {
    log.warn(facts, "the disk has none of the segments that the node must hold: fetching them");
    return;
  }
  const message =
    `${folder} has none of the ${expected.size} segments (${leaves} leaves) that node ${node} must hold according to the chain: ` +
    "check that its disk is mounted; if the data is lost, set startEmpty to fetch it from replicas";
  throw new HoldfastError("not-found", message, facts);
}

/**
 * Repairs what a crash left between disk and journal: segments on disk count as stored, and missing ones are
 * reported.
 */
export function takeStock({ store, journal, clock, log }: StockModules): void {
  const note = (root: Hex, bytes: number): void => {
    try {
      journal.recordSegment(root, bytes, Math.floor(clock.now() / 1000));
    } catch (error) {
      // A segment without a recorded time is not removed. The next start tries again.
      if ((error as HoldfastError).code !== "disk-full") throw error;
      log.error({ root, err: error }, "the journal's disk is full: free some space");
    }
  };
  for (const { root, bytes } of store.segments.values())
    if (journal.storedAt(root) === undefined) note(root, bytes);
  for (const root of journal.storedRoots())
    if (!store.segments.has(root)) log.error({ root }, "the disk has lost a segment");
}

/** Removes what a start has made in an empty folder, because a disk may still be mounted there. */
export async function leaveEmpty(folder: string): Promise<void> {
  for (const name of ["journal", "events"])
    for (const end of ["", "-wal", "-shm"]) await rm(join(folder, `${name}.sqlite${end}`), { force: true });
  for (const name of ["segments", "incoming", "set-aside"])
    await rmdir(join(folder, name)).catch(() => undefined);
}
