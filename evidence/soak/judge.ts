/**
 * What the chain says in the end, against what was done to the network: every due epoch proven exactly once, or lost for a
 * reason that was injected.
 */
import { epochStart, sourcePoint, type Clock } from "../../protocol/epochs.ts";
import type { Entry } from "./diary.ts";

export interface Evidence {
  readonly clock: Clock;
  readonly vNodes: readonly { readonly id: number; readonly node: string }[];
  /** What is on the chain of the paid segments: live from an epoch until before another. */
  readonly segments: readonly { readonly vNode: number; readonly from: number; readonly end: number }[];
  readonly proofs: readonly { readonly vNode: number; readonly epoch: number }[];
  /** When an epoch's randomness came on record, in milliseconds. */
  readonly recorded: ReadonlyMap<number, number>;
  readonly entries: readonly Entry[];
  /** How long proofs took, as the nodes measured it: this machine may be busy. */
  readonly times: readonly { readonly node: string; readonly epoch: number; readonly milliseconds: number }[];
  /** The last epoch that is over. */
  readonly last: number;
}

export interface Judged {
  readonly vNode: number;
  readonly epoch: number;
  readonly verdict: "proven" | "lost";
  /** Why a loss is nobody's fault; undefined for a loss that is. */
  readonly cause: "data" | "outage" | undefined;
  /** Milliseconds of the longest stretch of the window in which nothing was in the node's way, and how many suffice. */
  readonly clear: number;
  readonly enough: number;
}

export interface Judgement {
  readonly rows: readonly Judged[];
  /** Epochs with more than one proof. */
  readonly twice: readonly string[];
}

/** With so many milliseconds to itself, besides those that its proofs take, a node has no excuse. */
export const ENOUGH_MS = 6_000;
/** Of a proof, where none was measured. */
export const PROOF_MS = 2_000;
/** Share of the window after which nodes record the randomness themselves. */
const RECORD_AFTER = 0.25;

export function judge(evidence: Evidence): Judgement {
  const { vNodes, segments, proofs, last } = evidence;
  const rows: Judged[] = [];
  const twice: string[] = [];
  for (const { id: vNode, node } of vNodes) {
    const held = segments.filter((segment) => segment.vNode === vNode);
    const first = Math.min(...held.map(({ from }) => from));
    for (let epoch = first; epoch <= last; epoch++) {
      if (!held.some(({ from, end }) => from <= epoch && epoch < end)) continue;
      const found = proofs.filter((proof) => proof.vNode === vNode && proof.epoch === epoch).length;
      if (found > 1) twice.push(`vNode ${vNode}, epoch ${epoch}: ${found} proofs`);
      rows.push(found > 0 ? proven(vNode, epoch) : lost(evidence, { vNode, node, epoch }));
    }
  }
  return { rows, twice };
}

const proven = (vNode: number, epoch: number): Judged => ({
  vNode,
  epoch,
  verdict: "proven",
  cause: undefined,
  clear: 0,
  enough: 0,
});

function lost(
  evidence: Evidence,
  { vNode, node, epoch }: { vNode: number; node: string; epoch: number },
): Judged {
  const { clock, entries, recorded } = evidence;
  const begin = sourcePoint(epoch, clock) * 1000;
  const end = epochStart(epoch + 1, clock) * 1000;
  const own = begin + RECORD_AFTER * (end - begin);
  const from = Math.min(own, Math.max(begin, recorded.get(epoch) ?? own));
  const during = entries.filter(({ at, until = Infinity }) => at < end && until > begin);
  const disks = during.filter(({ kind, whom }) => kind === "disk" && whom === node);
  const damages = disks.filter(({ details }) => details["full"] !== true);
  const alone = damages.some(({ details }) => details["copies"] === 0);
  // What is fetched from a replica takes those who have it.
  const isInTheWay = ({ outage, whom }: Entry): boolean =>
    outage && (whom === node || whom === "chain" || (damages.length > 0 && whom !== "auditor"));
  // Proofs need no room, repairs do.
  const full = damages.length > 0 ? disks.filter(({ details }) => details["full"] === true) : [];
  const blocked = [...during.filter(isInTheWay), ...full];
  const cuts = damages.map(({ at }) => ({ at, until: at }));
  const clear = longestGap([...blocked, ...cuts], { from, end });
  const enough = sufficient(evidence, node, epoch);
  const cause = alone ? "data" : clear < enough ? "outage" : undefined;
  return { vNode, epoch, verdict: "lost", cause, clear, enough };
}

/** For all proofs of a node one after the other, each as slow as its slowest at that time. */
function sufficient({ vNodes, times }: Evidence, node: string, epoch: number): number {
  const measured = times
    .filter((time) => time.node === node && Math.abs(time.epoch - epoch) <= 1)
    .map(({ milliseconds }) => milliseconds);
  const proofs = vNodes.filter((each) => each.node === node).length;
  return ENOUGH_MS + proofs * Math.max(PROOF_MS, ...measured);
}

/** Milliseconds of the longest stretch between `from` and `end` that none of these covers. */
export function longestGap(
  covers: readonly Pick<Entry, "at" | "until">[],
  { from, end }: { from: number; end: number },
): number {
  let [reached, longest] = [from, 0];
  for (const { at, until = end } of [...covers].sort((a, b) => a.at - b.at)) {
    if (at >= end) break;
    longest = Math.max(longest, at - reached);
    reached = Math.max(reached, until);
  }
  return Math.max(longest, end - reached);
}
