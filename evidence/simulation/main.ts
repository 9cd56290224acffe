/**
 * `npm run simulate`: agents against the real contracts. Exit status 0: no strategy earns more than honesty; 1: one does, or
 * another rule does not hold; 2: wrong usage.
 */
import { writeFile } from "node:fs/promises";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { writeTable } from "../tables/tables.ts";
import { simulationTable } from "./docs.ts";
import { longViolations, runLong, THREE_YEARS } from "./long-run.ts";
import { runAll } from "./pool.ts";
import { createProgress } from "./progress.ts";
import { rowsOf, tableOf, violations } from "./report.ts";
import { asserted, STRATEGIES, strategyNamed } from "./strategies/index.ts";

interface Options {
  readonly docs?: boolean;
  readonly long?: boolean;
  readonly list?: boolean;
  readonly json?: string;
  readonly strategy?: readonly string[];
  readonly epochs: number;
  readonly seeds: number;
}

const program = new Command("simulate")
  .description("plays strategies against the real contracts, and compares them with honesty")
  .option("--json <file>", "write the results as JSON to this file")
  .option("--strategy <name>", "play only this strategy; may be repeated", collect)
  .option("--epochs <n>", "number of epochs of each run", count, 2000)
  .option("--seeds <n>", "number of runs of each strategy", count, 3)
  .option("--docs", "write the table into docs/incentives.md")
  .option(
    "--long",
    "instead, play three years of one vNode with an honest node, and measure the cost of its upkeep",
  )
  .option("--list", "list the strategies, and exit")
  .exitOverride()
  .showHelpAfterError("(simulate --help shows the options)");

try {
  program.parse();
  const options = program.opts<Options>();
  if (options.list === true) list();
  else if (options.long === true) await simulateYears();
  else await simulate(options);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    process.stderr.write(`simulate: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

async function simulate({ json, strategy, epochs, seeds, docs }: Options): Promise<void> {
  const strategies = strategy ? strategy.map(strategyNamed) : asserted();
  const names = strategies.map(({ name }) => name);
  // Write now, so that a wrong path is noticed before the run.
  if (json !== undefined) await writeFile(json, "[]\n");
  const progress = createProgress(names.length * epochs * seeds);
  const outcomes = await runAll({ names, epochs, seeds, onProgress: progress.add });
  progress.end();
  const rows = rowsOf(strategies, outcomes, epochs);
  if (json !== undefined) await writeFile(json, `${JSON.stringify(rows, null, 2)}\n`);
  process.stdout.write(`${tableOf(rows)}\n`);
  const head = `${seeds} runs of ${epochs} epochs each; all of a run, in epochs' rate:`;
  if (docs === true) writeTable("simulation", simulationTable(strategies, rows, head));
  tell(violations(strategies, rows, outcomes));
}

async function simulateYears(): Promise<void> {
  const progress = createProgress(THREE_YEARS.epochs);
  const figures = await runLong({ ...THREE_YEARS, seed: 1, onEpoch: () => progress.add(1) });
  progress.end();
  for (const [name, value] of Object.entries(figures)) process.stdout.write(`${name.padEnd(16)}${value}\n`);
  tell(longViolations(figures));
}

function tell(found: readonly string[]): void {
  for (const line of found) process.stdout.write(`${line}\n`);
  if (found.length !== 0) process.exitCode = 1;
}

function list(): void {
  for (const { name, about, outside } of STRATEGIES)
    process.stdout.write(`${name}: ${about}${outside === undefined ? "" : ` (by name only: ${outside})`}\n`);
}

function collect(value: string, before: readonly string[] = []): string[] {
  if (!STRATEGIES.some(({ name }) => name === value))
    throw new InvalidArgumentError("there is no such strategy: see --list.");
  return [...before, value];
}

function count(value: string): number {
  if (!/^[1-9]\d{0,6}$/.test(value)) throw new InvalidArgumentError("a number from 1 on is expected.");
  return Number(value);
}
