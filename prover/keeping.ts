/**
 * Which files a node must have: fetches those that are not on disk, and removes those that nobody needs.
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

/** A vNode in an epoch. */
export interface Place {
  readonly vNode: bigint;
  readonly epoch: number;
}

export interface Keeping {
  readonly heldBack: HeldBack | undefined;
  /** Lets the next tidying remove what is held back. */
  confirm(): HeldBack | undefined;
  /** Segments that a vNode must hold and that are not on disk. */
  absent(place: Place): Holding[];
  /** Fetches them. Throws what went wrong first; one that fails does not keep the others from being fetched. */
  repairAll(vNode: bigint, absent: readonly Holding[]): Promise<void>;
  /** Notices what the disk has lost, and removes what nobody needs: once an epoch. False if it must be done again. */
  tidy(places: readonly Place[], epoch: number, time: number): Promise<boolean>;
}

export interface KeepingOptions {
  readonly node: bigint;
  readonly keepUnpaidSeconds: number;
  /** Of the bytes on disk, that may be removed at once without a word of the operator's. */
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

/** Epochs that a file is kept after nobody needs it: a reorganization may bring its entry back. */
const KEEP_EPOCHS = 2;
/** At the same time: one that is slow does not hold up all others. */
const MOST_REPAIRS = 4;

export function createKeeping(options: KeepingOptions, modules: KeepingModules): Keeping {
  const { node, signal } = options;
  const { chain, holdings, store, journal, metrics, alert, log } = modules;
  const removals = createRemovals(options, modules);
  const unneededSince = new Map<Hex, number>();

  const challengesOf = (vNode: bigint): OpenChallenge[] =>
    modules.challenges().filter((challenge) => challenge.vNode === vNode);

  /** Of the directory as it stands, and of those that are asked about: until the epoch ends, and by challenges. */
  const needed = ({ vNode, epoch }: Place): Holding[] =>
    [
      holdings.latest(vNode),
      holdings.atStartOf(vNode, epoch),
      ...challengesOf(vNode).map(({ contents }) => contents),
    ].flatMap((contents) => contents.holdings.filter(({ retired }) => !retired));

  const repair = async (vNode: bigint, holding: Holding): Promise<void> => {
    const { root } = holding;
    const found = await store.find(root);
    // A root says how many leaves there are: with other ones it is something else.
    if (found && (found.leaves === holding.leaves || (await store.check(root)) !== "damaged")) return;
    if (journal.storedAt(root) !== undefined && !options.repairLost) {
      alert(`lost ${root}`, "error", { vNode: Number(vNode), root }, "the disk has lost a segment");
      return;
    }
    await modules.repair(vNode, holding);
    metrics.repaired(store.segments.get(root)?.bytes ?? 0);
  };

  /** undefined if that is not certain. */
  const neededRoots = async (epoch: number, time: number): Promise<Set<Hex> | undefined> => {
    const roots = journal.acceptedRoots(time);
    let leaves = 0n;
    for (const vNode of holdings.namedFor(node)) {
      const { directory, holdings: latest } = holdings.latest(vNode);
      if ((await chain.directory(vNode)).root !== directory.root) return undefined;
      removals.notice(vNode, epoch);
      // Whoever takes a vNode over from us may have to fetch its data here.
      const state = await chain.state(vNode);
      const isSettled = state.node !== 0n && state.nextNode === 0n && state.syncLeft === 0;
      if (state.node !== node && isSettled && challengesOf(vNode).length === 0) continue;
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
      "the contract says that more is held than its events: nothing is removed",
    );
    return undefined;
  };

  return {
    get heldBack() {
      return removals.heldBack;
    },
    confirm: () => removals.confirm(),
    absent(place) {
      const absent = new Map<Hex, Holding>();
      for (const holding of needed(place))
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
    async tidy(places, epoch, time) {
      for (const place of places)
        for (const { root } of needed(place))
          await store.find(root).catch((error: unknown) => {
            log.error({ root, err: error }, "cannot be read");
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
