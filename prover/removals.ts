/**
 * Limits what is removed from the disk. Two kinds of segments are removed at once: those that this node alone knows
 * to be unpaid, and those whose end both the events and the contract confirm. Of all others, only a small share is
 * removed without the operator's confirmation, because a mistake in reading the chain must not cost the data.
 */
import type { Logger } from "pino";
import type { Hex } from "../protocol/field.ts";
import type { NodeChain } from "./chain-model.ts";
import type { Holdings } from "./holdings.ts";
import type { Journal } from "./journal.ts";
import type { Store } from "./store.ts";

/** Removals that wait for the operator's confirmation. */
export interface HeldBack {
  readonly segments: number;
  readonly bytes: number;
  /** Share of all bytes on disk. */
  readonly share: number;
  readonly roots: readonly Hex[];
}

export interface Removals {
  readonly heldBack: HeldBack | undefined;
  /** The operator confirms the removals that are held back now, and no later ones. */
  confirm(): HeldBack | undefined;
  /** Notes which segments of a vNode have ended, while its directory still names them. */
  notice(vNode: bigint, epoch: number): void;
  /** Removes those of the unneeded segments that may be removed. */
  remove(roots: readonly Hex[], epoch: number): Promise<void>;
}

export interface RemovalModules {
  readonly chain: NodeChain;
  readonly holdings: Holdings;
  readonly store: Store;
  readonly journal: Journal;
  readonly log: Logger;
}

const WHY = "no directory names them, no open challenge asks about them, and no valid acceptance covers them";
const ADVICE =
  "compare with `holdfast explore`; if it is right, confirm with `holdfast node remove`, or raise removeShare";
/** The most roots in one line of the log. */
const MAX_NAMED = 20;

export function createRemovals(
  { removeShare }: { readonly removeShare: number },
  { chain, holdings, store, journal, log }: RemovalModules,
): Removals {
  /** Segments that had ended while a directory still named them. */
  const ended = new Map<Hex, { vNode: bigint; serial: number }>();
  let heldBack: HeldBack | undefined;
  let confirmed: ReadonlySet<Hex> = new Set();

  const bytesOf = (roots: Iterable<Hex>): number =>
    [...roots].reduce((sum, root) => sum + (store.segments.get(root)?.bytes ?? 0), 0);
  const facts = (roots: readonly Hex[]): HeldBack => {
    const [bytes, all] = [bytesOf(roots), bytesOf(store.segments.keys())];
    return { segments: roots.length, bytes, share: all === 0 ? 0 : bytes / all, roots };
  };
  const inShort = ({ roots, ...rest }: HeldBack): object => ({ ...rest, roots: roots.slice(0, MAX_NAMED) });

  /** Whether both the events and the contract say so. */
  const hasEnded = async (root: Hex, epoch: number): Promise<boolean> => {
    const segment = ended.get(root);
    if (!segment) return false;
    const record = await chain.segment(segment.vNode, segment.serial);
    return record !== undefined && record.end <= epoch;
  };
  /** Whether it was uploaded while this process ran, and never accepted. */
  const isUnpaid = (root: Hex, accepted: ReadonlySet<Hex>): boolean =>
    store.uploads.has(root) && !accepted.has(root);

  return {
    get heldBack() {
      return heldBack;
    },
    confirm() {
      confirmed = new Set(heldBack?.roots);
      if (heldBack) log.warn(inShort(heldBack), "the operator has confirmed the removals");
      return heldBack;
    },
    notice(vNode, epoch) {
      for (const { root, serial, end } of holdings.latest(vNode).holdings)
        if (end <= epoch) ended.set(root, { vNode, serial });
        else ended.delete(root);
    },
    async remove(roots, epoch) {
      const accepted = journal.acceptedRoots(0);
      const [sure, rest]: [Hex[], Hex[]] = [[], []];
      for (const root of roots) {
        const isSure = confirmed.has(root) || isUnpaid(root, accepted) || (await hasEnded(root, epoch));
        (isSure ? sure : rest).push(root);
      }
      const unsure = facts(rest);
      const before = heldBack?.roots.join();
      heldBack = unsure.share > removeShare ? unsure : undefined;
      if (heldBack && heldBack.roots.join() !== before)
        log.warn({ ...inShort(heldBack), why: WHY, advice: ADVICE }, "removing is held back");
      const removed = heldBack ? sure : [...sure, ...rest];
      if (removed.length === 0) return;
      log.warn({ ...inShort(facts(removed)), why: WHY }, "removing");
      for (const root of removed) {
        await store.remove(root);
        journal.forgetSegment(root);
        ended.delete(root);
        log.info({ root }, "removed");
      }
    },
  };
}
