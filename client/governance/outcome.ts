/**
 * What an election shows: as JSON, and as a table of at most 80 columns.
 */
import { idKey, type ElectionId } from "./ids.ts";
import type { Election, Outcome } from "./phragmen.ts";

const COLUMNS = 80;
const HEADINGS = ["seat", "candidate", "support", "edges"];
const GAP = "  ";

/** The outcome with supports by id. Bigints stay. */
export function plainOutcome({ winners, supports, edges }: Outcome): {
  winners: readonly ElectionId[];
  supports: Record<string, bigint>;
  edges: Outcome["edges"];
} {
  const entries = winners.map((id, i): [string, bigint] => [idKey(id), supports[i] ?? 0n]);
  return { winners, supports: Object.fromEntries(entries), edges };
}

/** By these three an election's results are compared: the first that differs decides. */
export interface Score {
  /** The least support: more is better. */
  readonly least: bigint;
  /** The sum of all supports: more is better. */
  readonly total: bigint;
  /** The sum of their squares: less is better. */
  readonly squares: bigint;
}

export function scoreOf(supports: readonly bigint[]): Score {
  const [first = 0n] = supports;
  return {
    least: supports.reduce((least, each) => (each < least ? each : least), first),
    total: supports.reduce((sum, each) => sum + each, 0n),
    squares: supports.reduce((sum, each) => sum + each * each, 0n),
  };
}

export function outcomeTable({ seats, candidates, nominators }: Election, outcome: Outcome): string {
  const { winners, supports, edges } = outcome;
  const backed = new Map<ElectionId, number>();
  for (const { candidate } of edges) backed.set(candidate, (backed.get(candidate) ?? 0) + 1);
  const rows = winners.map((id, i) => [i + 1, id, supports[i], backed.get(id) ?? 0].map(String));
  const { least, total, squares } = scoreOf(supports);
  const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;
  const all = [
    count(seats, "seat"),
    count(candidates.length, "candidate"),
    count(nominators.length, "nominator"),
  ];
  return [
    `${all.join(", ")}: ${winners.length} elected`,
    ...(winners.length > 0 ? ["", ...table([HEADINGS, ...rows])] : []),
    "",
    `least support   ${least}`,
    `total           ${total}`,
    `sum of squares  ${squares}`,
  ].join("\n");
}

/** Ids are shortened in the middle if a line would be too long. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = HEADINGS.map((_, i) => Math.max(...rows.map((row) => (row[i] ?? "").length)));
  const others = widths.reduce((sum, width, i) => sum + (i === 1 ? 0 : width + GAP.length), 0);
  const idWidth = Math.max(Math.min(widths[1] ?? 0, COLUMNS - others), (HEADINGS[1] ?? "").length);
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 1 ? shorten(cell, idWidth).padEnd(idWidth) : cell.padStart(widths[i] ?? 0)))
      .join(GAP),
  );
}

function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const end = Math.floor((width - 1) / 2);
  return `${text.slice(0, width - 1 - end)}…${text.slice(text.length - end)}`;
}
