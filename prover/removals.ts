/**
 * The brake before anything is deleted. What this node alone knows to be unpaid goes, and so does what two sources agree upon
 * that it has ended; of all else no more than a small share goes at once without a word of the operator's: a chain that is
 * read wrongly must not cost the data.
 */
import type { Logger } from "pino";
import type { Hex } from "../protocol/field.ts";
import type { NodeChain } from "./chain-model.ts";
import type { Holdings } from "./holdings.ts";
import type { Journal } from "./journal.ts";
import type { Store } from "./store.ts";

/** Removals that wait for a word of the operator's. */
export interface HeldBack {
  readonly segments: number;
  readonly bytes: number;
  /** Of all bytes on disk. */
  readonly share: number;
  readonly roots: readonly Hex[];
}

export interface Removals {
  readonly heldBack: HeldBack | undefined;
  /** The operator's word: for those that are held back now, and no others. */
  confirm(): HeldBack | undefined;
  /** Notices, while a vNode's directory is known, what of it has ended. */
  notice(vNode: bigint, epoch: number): void;
  /** Removes of what nobody needs what may be removed. */
  remove(roots: readonly Hex[], epoch: number): Promise<void>;
}

export interface RemovalModules {
  readonly chain: NodeChain;
  readonly holdings: Holdings;
  readonly store: Store;
  readonly journal: Journal;
  readonly log: Logger;
}

const WHY = "no directory names them, no open challenge asks about them, and no acceptance for them is open";
const ADVICE =
  "compare with `holdfast explore`, and say `holdfast node remove`, or set removeShare, if it is right";
/** In a line of the log. */
const MAX_NAMED = 20;

export function createRemovals(
  { removeShare }: { readonly removeShare: number },
  { chain, holdings, store, journal, log }: RemovalModules,
): Removals {
  /** What had ended while a directory named it. */
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

  /** By the events, and by the contract's own record. */
  const hasEnded = async (root: Hex, epoch: number): Promise<boolean> => {
    const place = ended.get(root);
    if (!place) return false;
    const record = await chain.segment(place.vNode, place.serial);
    return record !== undefined && record.end <= epoch;
  };
  /** Uploaded while this process ran, which never accepted it. */
  const isUnpaid = (root: Hex, accepted: ReadonlySet<Hex>): boolean =>
    store.uploads.has(root) && !accepted.has(root);

  return {
    get heldBack() {
      return heldBack;
    },
    confirm() {
      confirmed = new Set(heldBack?.roots);
      if (heldBack) log.warn(inShort(heldBack), "removing is allowed by the operator");
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
