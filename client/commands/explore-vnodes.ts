/**
 * A vNode as `explore` shows it: which node is responsible now and next, what is paid, and the coverage.
 */
import type { Chain } from "../chain.ts";
import { formatAmount } from "../output.ts";
import type { CompactionRecord, DirectoryRecord, DutyRecord, VNodeRecord, VNodeState } from "../records.ts";

export interface VNodeItem {
  readonly id: bigint;
  readonly info: VNodeRecord;
  readonly state: VNodeState;
  readonly directory: DirectoryRecord;
  readonly duty: DutyRecord;
}

/** What the Lens does not show. */
export interface Standing {
  readonly epoch: bigint;
  /** The first epoch that the node need not prove, if it has announced that it leaves. */
  readonly leavesAt: bigint | null;
  /** The current or the next pause. */
  readonly pause: { readonly from: bigint; readonly end: bigint } | null;
  readonly compacting: boolean;
}

/** Coverage below this is paid in proportion (protocol.md, section 5). */
const FULL_COVERAGE = 0.75;

export async function standingOf(chain: Chain, { id, state }: VNodeItem): Promise<Standing> {
  const epoch = await chain.read<bigint>("audits", "currentEpoch");
  const leave = await chain.read<{ node: bigint; epoch: bigint }>("audits", "leaveOf", [id]);
  const pause = await chain.read<{ from: bigint; end: bigint }>("audits", "pauseOf", [id, state.node]);
  const compaction = await chain.read<CompactionRecord>("registry", "compaction", [id]);
  return {
    epoch,
    leavesAt: state.node !== 0n && leave.node === state.node ? leave.epoch : null,
    pause: pause.end > epoch ? { from: pause.from, end: pause.end } : null,
    compacting: compaction.left > 0n && epoch <= compaction.epoch + 1n,
  };
}

export function describeVNode(item: VNodeItem, standing: Standing) {
  const { id, info, state, directory, duty } = item;
  return {
    vNode: id,
    cluster: info.cluster,
    token: info.token,
    node: state.node,
    nextNode: info.node,
    successor: info.successor === 0n ? null : info.successor,
    successorUntil: untilOf(item),
    held: info.held,
    segments: directory.live,
    entries: directory.count,
    weight: directory.total,
    rate: state.rate,
    coverage: coverageOf(duty),
    short: state.short,
    deferred: state.deferred,
    deferredSince: state.deferredSince === 0n ? null : state.deferredSince,
    settled: state.settled,
    misses: state.misses,
    syncLeft: state.syncLeft,
    leavesAt: standing.leavesAt,
    pause: standing.pause,
    compacting: standing.compacting,
    due: duty.due,
    proven: duty.proven,
  };
}

function untilOf({ info, state }: VNodeItem): bigint | null {
  return info.successor === 0n ? null : state.nextUntil;
}

/** The share that is paid for of what the current epoch audits. null: nothing is audited. */
function coverageOf({ rate, asked }: DutyRecord): number | null {
  return asked === 0n ? null : Number((10_000n * rate) / asked) / 10_000;
}

export type VNodeRow = ReturnType<typeof describeVNode>;

export function vNodeInWords(row: VNodeRow, { decimals, symbol }: Chain): Record<string, unknown> {
  const amount = (units: bigint): string => `${formatAmount(units, decimals)} ${symbol}`;
  return {
    vNode: row.vNode,
    cluster: row.cluster,
    node: nodeInWords(row),
    holds: `${row.segments} segments, ${row.held} leaves`,
    "paid per epoch": amount(row.rate),
    coverage: coverageInWords(row),
    state: stateInWords(row, amount).join("; "),
    "this epoch": row.proven ? "proven" : row.due ? "due" : "not due",
  };
}

function nodeInWords({ node, nextNode, successor, successorUntil }: VNodeRow): string {
  const now = node === 0n ? "nobody" : `${node}`;
  if (successor !== null)
    return `${now}; ${successor} takes over with its first proof, before epoch ${successorUntil}`;
  return nextNode === node ? now : `${now}; ${nextNode === 0n ? "nobody" : nextNode} from the next epoch on`;
}

function coverageInWords({ coverage, weight, entries, segments }: VNodeRow): string {
  const ended = entries > segments ? `, ${entries - segments} of ${entries} entries are retired` : "";
  if (coverage === null) return `nothing is audited${ended}`;
  const percent = `${(100 * coverage).toFixed(1)} % of a weight of ${weight}`;
  const paid = Math.min(1, coverage / FULL_COVERAGE);
  return `${percent}${ended}${paid < 1 ? `: ${(100 * paid).toFixed(1)} % of the rate is paid` : ""}`;
}

function stateInWords(row: VNodeRow, amount: (units: bigint) => string): string[] {
  const { misses, syncLeft, short, leavesAt, pause, compacting, deferredSince, deferred, settled } = row;
  const words = [
    ...(misses > 0n ? [`${misses} misses in a row`] : []),
    ...(syncLeft > 0n ? [`${syncLeft} audits left for the node's first proof`] : []),
    ...(short ? ["its node is paid nothing until it tops its bond up"] : []),
    ...(leavesAt === null ? [] : [`leaves with epoch ${leavesAt}`]),
    ...(pause === null ? [] : [`paused from epoch ${pause.from} until ${pause.end}`]),
    ...(compacting ? ["its directory is being compacted"] : []),
    ...(deferredSince === null
      ? []
      : [`${amount(deferred)} since epoch ${deferredSince} await the next proof`]),
  ];
  return [...(words.length > 0 ? words : ["in order"]), `settled until epoch ${settled}`];
}
