/**
 * From the outcomes of several seeds to a row for each strategy, and to what is asserted of them.
 */
import type { Outcome } from "./outcome.ts";
import type { Strategy } from "./strategies/strategy.ts";

/** In epochs' rate, all of the run: means over the seeds. */
export interface Row {
  readonly strategy: string;
  readonly epochs: number;
  readonly profit: number;
  readonly honest: number;
  /** Mean of the profit, less and plus two standard errors. */
  readonly low: number;
  readonly high: number;
  readonly customersLost: number;
  readonly customersGot: number;
  readonly auditorsEarned: number;
}

const ERRORS = 2;
/** What an honest node may have less in a run, as a part of the epochs: its transactions, a rounding. */
export const VICTIM_TOLERANCE = 0.005;

export function rowsOf(strategies: readonly Strategy[], outcomes: readonly Outcome[], epochs: number): Row[] {
  return strategies.map(({ name }) => {
    const own = outcomes.filter(({ strategy }) => strategy === name);
    const mean = (value: (outcome: Outcome) => number): number =>
      own.reduce((sum, outcome) => sum + value(outcome), 0) / own.length;
    const profit = mean((outcome) => outcome.profit);
    const variance =
      own.reduce((sum, one) => sum + (one.profit - profit) ** 2, 0) / Math.max(1, own.length - 1);
    const around = ERRORS * Math.sqrt(variance / own.length);
    return {
      ...{ strategy: name, epochs, profit, honest: mean((one) => one.honest) },
      ...{ low: profit - around, high: profit + around },
      customersLost: mean((one) => one.customersLost),
      customersGot: mean((one) => one.customersGot),
      auditorsEarned: mean((one) => one.auditorsEarned),
    };
  });
}

/** What should not be, in words. */
export function violations(
  strategies: readonly Strategy[],
  rows: readonly Row[],
  outcomes: readonly Outcome[],
): string[] {
  const found: string[] = [];
  for (const [i, { name, victims, uncompensated }] of strategies.entries()) {
    const row = rows[i] as Row;
    const own = outcomes.filter(({ strategy }) => strategy === name);
    const tolerance = VICTIM_TOLERANCE * row.epochs;
    if (row.low > row.honest)
      found.push(`${name} pays: ${row.low.toFixed(2)} at least, honesty ${row.honest.toFixed(2)}`);
    for (const role of victims) {
      const change = own.reduce((sum, one) => sum + (one.victims[role] ?? 0), 0) / own.length;
      if (change < -tolerance) found.push(`${name} costs an honest ${role} ${(-change).toFixed(2)}`);
    }
    if (uncompensated !== true && row.customersGot < row.customersLost) {
      const [lost, got] = [row.customersLost.toFixed(2), row.customersGot.toFixed(2)];
      found.push(`${name} leaves customers with a loss of ${lost} and gives them ${got}`);
    }
  }
  return found;
}

const COLUMNS = [
  "profit",
  "honest",
  "low",
  "high",
  "customersLost",
  "customersGot",
  "auditorsEarned",
] as const;
const HEADS = ["profit", "honest", "low", "high", "lost", "got", "audit"];

/** At most 80 columns. */
export function tableOf(rows: readonly Row[]): string {
  const width = Math.max(8, ...rows.map(({ strategy }) => strategy.length));
  const line = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(width)}${cells.map((cell, i) => cell.padStart(i < 4 ? 8 : 7)).join("")}`;
  const figure = (value: number): string => (Math.abs(value) < 1000 ? value.toFixed(1) : value.toFixed(0));
  const body = rows.map((row) =>
    line(
      row.strategy,
      COLUMNS.map((column) => figure(row[column])),
    ),
  );
  return [line("strategy", HEADS), ...body].join("\n");
}
