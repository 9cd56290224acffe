/**
 * Compares the chain with the injected faults: every due epoch must be proven exactly once, or lost because of a fault.
 */
import { epochStart, sourcePoint, type Clock } from "../../protocol/epochs.ts";
import type { Entry } from "./diary.ts";

export interface Evidence {
  readonly clock: Clock;
  readonly vNodes: readonly { readonly id: number; readonly node: string }[];
  /** The paid segments on the chain. Each is stored from epoch `from` to the epoch before `end`. */
  readonly segments: readonly { readonly vNode: number; readonly from: number; readonly end: number }[];
  readonly proofs: readonly { readonly vNode: number; readonly epoch: number }[];
  /** When each epoch's randomness was recorded, in milliseconds since 1970. */
  readonly recorded: ReadonlyMap<number, number>;
  readonly entries: readonly Entry[];
  /** How long proofs took, as the nodes measured it. The machine may be busy. */
  readonly times: readonly { readonly node: string; readonly epoch: number; readonly milliseconds: number }[];
  /** The last epoch that is over. */
  readonly last: number;
}

export interface Judged {
  readonly vNode: number;
  readonly epoch: number;
  readonly verdict: "proven" | "lost";
  /** The injected fault that excuses the loss. undefined: none does. */
  readonly cause: "data" | "outage" | undefined;
  /** Milliseconds of the window's longest stretch without a fault for the node, and the milliseconds that suffice. */
  readonly clear: number;
  readonly enough: number;
}

export interface Judgement {
  readonly rows: readonly Judged[];
  /** Epochs with more than one proof. */
  readonly twice: readonly string[];
}

/** A node needs this many milliseconds without a fault, besides the time of its proofs. */
export const ENOUGH_MS = 6_000;
/** Milliseconds of a proof that was not measured. */
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
  // A node that must fetch data needs the nodes that have it.
  const isInTheWay = ({ outage, whom }: Entry): boolean =>
    outage && (whom === node || whom === "chain" || (damages.length > 0 && whom !== "auditor"));
  // A full disk hinders repairs, but not proofs.
  const full = damages.length > 0 ? disks.filter(({ details }) => details["full"] === true) : [];
  const blocked = [...during.filter(isInTheWay), ...full];
  const cuts = damages.map(({ at }) => ({ at, until: at }));
  const clear = longestGap([...blocked, ...cuts], { from, end });
  const enough = sufficient(evidence, node, epoch);
  const cause = alone ? "data" : clear < enough ? "outage" : undefined;
  return { vNode, epoch, verdict: "lost", cause, clear, enough };
}

/** Milliseconds for all proofs of a node one after the other, each as slow as its slowest at that time. */
function sufficient({ vNodes, times }: Evidence, node: string, epoch: number): number {
  const measured = times
    .filter((time) => time.node === node && Math.abs(time.epoch - epoch) <= 1)
    .map(({ milliseconds }) => milliseconds);
  const proofs = vNodes.filter((each) => each.node === node).length;
  return ENOUGH_MS + proofs * Math.max(PROOF_MS, ...measured);
}

/** Milliseconds of the longest stretch between `from` and `end` that is free of these entries. */
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
