/**
 * Makes a row for each strategy from the outcomes of several seeds, and checks the assertions.
 */
import { STORING, STORING_BOUNDS } from "./model.ts";
import type { Outcome } from "./outcome.ts";
import type { Strategy } from "./strategies/strategy.ts";

/** Totals of a run in epochs' rate, as means over the seeds. */
export interface Row {
  readonly strategy: string;
  readonly epochs: number;
  readonly profit: number;
  readonly honest: number;
  /** The mean profit, minus and plus two standard errors. */
  readonly low: number;
  readonly high: number;
  readonly customersLost: number;
  readonly customersGot: number;
  readonly auditorsEarned: number;
}

const ERRORS = 2;
/** Rounding errors between equal sums are smaller than this. */
const ROUNDING = 1e-9;
/** What an honest node may lose in a run by its transactions and by rounding, as a share of the epochs. */
export const VICTIM_TOLERANCE = 0.005;

export function rowsOf(strategies: readonly Strategy[], outcomes: readonly Outcome[], epochs: number): Row[] {
  return strategies.map(({ name }) => {
    const own = outcomes.filter(({ strategy }) => strategy === name);
    const { profit, honest, low, high } = estimate(own, STORING);
    return {
      strategy: name,
      epochs,
      profit,
      honest,
      low,
      high,
      customersLost: mean(own, (one) => one.customersLost),
      customersGot: mean(own, (one) => one.customersGot),
      auditorsEarned: mean(own, (one) => one.auditorsEarned),
    };
  });
}

const mean = (own: readonly Outcome[], value: (outcome: Outcome) => number): number =>
  own.reduce((sum, outcome) => sum + value(outcome), 0) / own.length;

/** The estimate if storing a leaf costs this share of its price. */
function estimate(own: readonly Outcome[], storing: number): Pick<Row, "profit" | "honest" | "low" | "high"> {
  const profitOf = (one: Outcome): number => one.profit + (STORING - storing) * one.stored;
  const profit = mean(own, profitOf);
  const squares = own.reduce((sum, one) => sum + (profitOf(one) - profit) ** 2, 0);
  const around = ERRORS * Math.sqrt(squares / Math.max(1, own.length - 1) / own.length);
  const honest = mean(own, (one) => one.honest + (STORING - storing) * one.honestStored);
  return { profit, honest, low: profit - around, high: profit + around };
}

/** Assertions that do not hold, in words. */
export function violations(
  strategies: readonly Strategy[],
  rows: readonly Row[],
  outcomes: readonly Outcome[],
): string[] {
  return strategies.flatMap((strategy, i) => {
    const own = outcomes.filter((one) => one.strategy === strategy.name);
    const row = rows[i] as Row;
    return [...paying(row, own), ...harmed(strategy, row, own), ...uncompensated(strategy, row)];
  });
}

function paying({ strategy }: Row, own: readonly Outcome[]): string[] {
  return [STORING, ...STORING_BOUNDS].flatMap((storing) => {
    const { low, honest } = estimate(own, storing);
    if (low <= honest + ROUNDING) return [];
    const where = `where storing costs ${100 * storing} % of the price`;
    return [`${strategy} pays ${where}: ${low.toFixed(2)} at least, honesty ${honest.toFixed(2)}`];
  });
}

function harmed({ name, victims }: Strategy, { epochs }: Row, own: readonly Outcome[]): string[] {
  return victims.flatMap((role) => {
    const change = mean(own, (one) => one.victims[role] ?? 0);
    if (change >= -VICTIM_TOLERANCE * epochs) return [];
    return [`${name} costs an honest ${role} ${(-change).toFixed(2)}`];
  });
}

/** Customers who lose data must get as much back, or the strategy must cost its players more. */
function uncompensated(strategy: Strategy, row: Row): string[] {
  const [damage, price] = [row.customersLost - row.customersGot, row.honest - row.profit];
  if (strategy.uncompensated === true || damage <= 0 || damage <= price) return [];
  const [lost, got] = [row.customersLost.toFixed(2), row.customersGot.toFixed(2)];
  return [`${row.strategy} leaves customers with a loss of ${lost}, and gives them ${got}`];
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

/** The table, at most 80 columns wide. */
export function tableOf(rows: readonly Row[]): string {
  const width = Math.max(8, ...rows.map(({ strategy }) => strategy.length));
  const line = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(width)}${cells.map((cell, i) => cell.padStart(i < 4 ? 7 : 6)).join("")}`;
  const figure = (value: number): string => (Math.abs(value) < 1000 ? value.toFixed(1) : value.toFixed(0));
  const body = rows.map((row) =>
    line(
      row.strategy,
      COLUMNS.map((column) => figure(row[column])),
    ),
  );
  return [line("strategy", HEADS), ...body].join("\n");
}
