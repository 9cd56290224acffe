/**
 * What a start finds on disk, compared with the journal and the chain.
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
 * Refuses a folder that has nothing of what the node has proven to hold: most likely its disk is not mounted.
 *
 * @throws HoldfastError "not-found", unless it is told that the data is lost
 */
export async function checkNotEmpty(
  { node, folder, startEmpty }: { node: bigint; folder: string; startEmpty: boolean },
  { chain, holdings, store, log }: StockModules,
): Promise<void> {
  const held = new Map<Hex, number>();
  for (const vNode of holdings.namedFor(node)) {
    const { node: responsible, syncLeft } = await chain.state(vNode);
    // Who has not proven yet may still have to fetch everything.
    if (responsible !== node || syncLeft > 0) continue;
    for (const { root, leaves, retired } of holdings.latest(vNode).holdings)
      if (!retired) held.set(root, leaves);
  }
  const isThere = (root: Hex): boolean => store.segments.has(root) || store.damaged.has(root);
  if (held.size === 0 || [...held.keys()].some(isThere)) return;
  const leaves = [...held.values()].reduce((sum, each) => sum + each, 0);
  const facts = { folder, segments: held.size, leaves };
  if (startEmpty) {
    log.warn(facts, "nothing of what the chain says is held is on disk: fetching it");
    return;
  }
  const message =
    `${folder} has none of the ${held.size} segments (${leaves} leaves) that the chain says node ${node} holds: ` +
    "is its disk mounted? If they are lost, set startEmpty to fetch them from replicas";
  throw new HoldfastError("not-found", message, facts);
}

/** What a crash left between disk and journal: what is on disk counts as stored, what is not is reported. */
export function takeStock({ store, journal, clock, log }: StockModules): void {
  const note = (root: Hex, bytes: number): void => {
    try {
      journal.recordSegment(root, bytes, Math.floor(clock.now() / 1000));
    } catch (error) {
      // What has no time of storing is not removed, and the next start tries again.
      if ((error as HoldfastError).code !== "disk-full") throw error;
      log.error({ root, err: error }, "the journal has no room");
    }
  };
  for (const { root, bytes } of store.segments.values())
    if (journal.storedAt(root) === undefined) note(root, bytes);
  for (const root of journal.storedRoots())
    if (!store.segments.has(root)) log.error({ root }, "the disk has lost a segment");
}

/** What a start made in a folder that was empty: a disk may be mounted there yet. */
export async function leaveEmpty(folder: string): Promise<void> {
  for (const name of ["journal", "events"])
    for (const end of ["", "-wal", "-shm"]) await rm(join(folder, `${name}.sqlite${end}`), { force: true });
  for (const name of ["segments", "incoming", "set-aside"])
    await rmdir(join(folder, name)).catch(() => undefined);
}
