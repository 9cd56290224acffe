/**
 * The files that a node must have: fetches those that are not on disk, and removes those that are no longer needed.
 */
import type { Logger } from "pino";
import type { Hex } from "../protocol/field.ts";
import type { Alert } from "./alert.ts";
import type { NodeChain } from "./chain-model.ts";
import type { OpenChallenge } from "./challenges.ts";
import type { Holding } from "./history.ts";
import type { Holdings } from "./holdings.ts";
import type { Journal } from "./journal.ts";
import type { Metrics } from "./metrics.ts";
import { createRemovals, type HeldBack } from "./removals.ts";
import type { Repair } from "./repair.ts";
import type { Store } from "./store.ts";

/** A vNode, and the epoch whose question must be answered. */
export interface VNodeInEpoch {
  readonly vNode: bigint;
  readonly epoch: number;
}

export interface Keeping {
  readonly heldBack: HeldBack | undefined;
  /** Lets the next tidying remove the segments that are held back. */
  confirm(): HeldBack | undefined;
  /** Segments that the vNode must hold and that are not on disk. */
  absent(vNode: VNodeInEpoch): Holding[];
  /** Fetches the segments. One failure does not stop the others. @throws the first error */
  repairAll(vNode: bigint, absent: readonly Holding[]): Promise<void>;
  /**
   * Notices segments that the disk has lost, and removes those no longer needed. Done once an epoch. @returns false
   * to repeat it
   */
  tidy(vNodes: readonly VNodeInEpoch[], epoch: number, time: number): Promise<boolean>;
}

export interface KeepingOptions {
  readonly node: bigint;
  readonly keepUnpaidSeconds: number;
  /** The share of the bytes on disk that may be removed at once without the operator's confirmation. */
  readonly removeShare: number;
  readonly repairLost: boolean;
  readonly signal: AbortSignal;
}

export interface KeepingModules {
  readonly chain: NodeChain;
  readonly holdings: Holdings;
  readonly store: Store;
  readonly journal: Journal;
  readonly repair: Repair;
  readonly challenges: () => readonly OpenChallenge[];
  readonly metrics: Metrics;
  readonly alert: Alert;
  readonly log: Logger;
}

/** Epochs for which an unneeded file is kept: a reorganization may bring its entry back. */
const KEEP_EPOCHS = 2;
/** Repairs at the same time, so that a slow one does not hold up the others. */
const MOST_REPAIRS = 4;

export function createKeeping(options: KeepingOptions, modules: KeepingModules): Keeping {
  const { node, signal } = options;
  const { chain, holdings, store, journal, metrics, alert, log } = modules;
  const removals = createRemovals(options, modules);
  const unneededSince = new Map<Hex, number>();

  const challengesOf = (vNode: bigint): OpenChallenge[] =>
    modules.challenges().filter((challenge) => challenge.vNode === vNode);

  /**
   * Segments of the present directory, of the one that the epoch asks about, and of those that open challenges ask
   * about.
   */
  const needed = ({ vNode, epoch }: VNodeInEpoch): Holding[] =>
    [
      holdings.latest(vNode),
      holdings.atStartOf(vNode, epoch),
      ...challengesOf(vNode).map(({ contents }) => contents),
    ].flatMap((contents) => contents.holdings.filter(({ retired }) => !retired));

  const repair = async (vNode: bigint, holding: Holding): Promise<void> => {
    const { root } = holding;
    const found = await store.find(root);
    // A root determines the number of leaves, so a file with another number is not this segment.
    if (found && (found.leaves === holding.leaves || (await store.check(root)) !== "damaged")) return;
    if (journal.storedAt(root) !== undefined && !options.repairLost) {
      alert(`lost ${root}`, "error", { vNode: Number(vNode), root }, "the disk has lost a segment");
      return;
    }
    await modules.repair(vNode, holding);
    metrics.repaired(store.segments.get(root)?.bytes ?? 0);
  };

  /** Roots that are still needed; undefined if they are not known for certain. */
  const neededRoots = async (epoch: number, time: number): Promise<Set<Hex> | undefined> => {
    const roots = journal.acceptedRoots(time);
    let leaves = 0n;
    for (const vNode of holdings.namedFor(node)) {
      const { directory, holdings: latest } = holdings.latest(vNode);
      if ((await chain.directory(vNode)).root !== directory.root) return undefined;
      removals.notice(vNode, epoch);
      // A node that takes a vNode over from this one may still have to fetch its data here.
      const state = await chain.state(vNode);
      const isSettled = state.responsible !== 0n && state.nextNode === 0n && state.syncLeft === 0;
      if (state.responsible !== node && isSettled && challengesOf(vNode).length === 0) continue;
      for (const { root } of needed({ vNode, epoch })) roots.add(root);
      for (const holding of latest) if (!holding.retired) leaves += BigInt(holding.leaves);
    }
    const { used } = await chain.node(node);
    if (leaves >= used) return roots;
    const facts = { leaves: Number(leaves), used: Number(used) };
    alert(
      "unknown",
      "error",
      facts,
      "the contract counts more than the events name, so nothing is removed: check the endpoints",
    );
    return undefined;
  };

  return {
    get heldBack() {
      return removals.heldBack;
    },
    confirm: () => removals.confirm(),
    absent(vNode) {
      const absent = new Map<Hex, Holding>();
      for (const holding of needed(vNode))
        if (store.segments.get(holding.root)?.leaves !== holding.leaves) absent.set(holding.root, holding);
      return [...absent.values()];
    },
    async repairAll(vNode, absent) {
      let failure: unknown;
      const next = absent.values();
      const work = async (): Promise<void> => {
        for (const holding of next) {
          if (signal.aborted) return;
          await repair(vNode, holding).catch((error: unknown) => (failure ??= error));
        }
      };
      await Promise.all(Array.from({ length: MOST_REPAIRS }, work));
      if (failure !== undefined) throw failure as Error;
    },
    async tidy(vNodes, epoch, time) {
      for (const vNode of vNodes)
        for (const { root } of needed(vNode))
          await store.find(root).catch((error: unknown) => {
            log.error({ root, err: error }, "cannot read a segment");
          });
      const roots = await neededRoots(epoch, time);
      if (!roots) return false;
      const unneeded: Hex[] = [];
      for (const root of [...store.segments.keys(), ...store.damaged.keys()]) {
        const isYoung = time - (journal.storedAt(root) ?? time) < options.keepUnpaidSeconds;
        if (roots.has(root) || isYoung) {
          unneededSince.delete(root);
          continue;
        }
        const since = unneededSince.get(root) ?? epoch;
        unneededSince.set(root, since);
        if (epoch - since >= KEEP_EPOCHS) unneeded.push(root);
      }
      await removals.remove(unneeded, epoch);
      return true;
    },
  };
}
