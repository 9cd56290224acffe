/**
 * Writes the table in docs/incentives.md, between two markers.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Row } from "./report.ts";
import type { Strategy } from "./strategies/strategy.ts";

export const DOCUMENT = fileURLToPath(new URL("../../docs/incentives.md", import.meta.url));
const BEGIN = "<!-- simulation: begin -->";
const END = "<!-- simulation: end -->";

/** Replaces the text between the markers. @throws Error if they are missing */
export async function writeTable(
  strategies: readonly Strategy[],
  rows: readonly Row[],
  head: string,
): Promise<void> {
  const text = await readFile(DOCUMENT, "utf8");
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin)
    throw new Error(`${DOCUMENT} has no place for the table: add ${BEGIN} and ${END}`);
  const table = `${BEGIN}\n\n${head}\n\n${markdownOf(strategies, rows)}\n\n`;
  await writeFile(DOCUMENT, text.slice(0, begin) + table + text.slice(end));
}

function markdownOf(strategies: readonly Strategy[], rows: readonly Row[]): string {
  const cells = rows.map((row, i) => [
    `\`${row.strategy}\``,
    `${strategies[i]?.about ?? ""} (${strategies[i]?.market ?? ""})`,
    ...[row.profit, row.low, row.high, row.honest].map(figure),
    ...[row.customersLost, row.customersGot, row.auditorsEarned].map(figure),
  ]);
  const heads = [
    "strategy",
    "what it does (market)",
    "profit",
    "low",
    "high",
    "honest",
    "lost",
    "got",
    "auditors",
  ];
  const widths = heads.map((head, i) => Math.max(head.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [line(heads), line(widths.map((width) => "-".repeat(width))), ...cells.map(line)].join("\n");
}

const figure = (value: number): string =>
  (Math.abs(value) < 1000 ? value.toFixed(1) : value.toFixed(0)).replace(/^-(0\.0)$/, "$1");
