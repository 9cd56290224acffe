/**
 * Makes the table in docs/incentives.md.
 */
import { markdownTable } from "../tables/markers.ts";
import type { Row } from "./report.ts";
import type { Strategy } from "./strategies/strategy.ts";

/** @param head the sentence above the table */
export function simulationTable(strategies: readonly Strategy[], rows: readonly Row[], head: string): string {
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
  return `${head}\n\n${markdownTable(heads, cells)}`;
}

const figure = (value: number): string =>
  (Math.abs(value) < 1000 ? value.toFixed(1) : value.toFixed(0)).replace(/^-(0\.0)$/, "$1");
