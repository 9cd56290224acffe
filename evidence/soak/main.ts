/**
 * `npm run -s soak`: two nodes and an auditor under faults of chains, disks and strangers.
 */
import { Command } from "commander";
import { HoldfastError } from "../../protocol/errors.ts";
import { renderReport } from "./report.ts";
import { soak } from "./run.ts";

interface Options {
  readonly minutes: string;
  readonly seed: string;
  readonly epoch: string;
  readonly json: boolean;
  readonly keep: boolean;
}

const ending = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => ending.abort(new HoldfastError("aborted", "stopped: all processes are ended")));

await new Command("soak")
  .description("runs two nodes and an auditor under injected faults; exits with 1 if a check fails")
  .option("--minutes <number>", "minutes for which faults are injected", "30")
  .option("--seed <number>", "seed of the faults and their times", String(Date.now() % 1_000_000))
  .option("--epoch <seconds>", "length of an epoch", "30")
  .option("--json", "print JSON", false)
  .option("--keep", "keep the data, the logs and the diary of faults", false)
  .action(async ({ json, keep, ...texts }: Options) => {
    const report = await soak({
      keep,
      signal: ending.signal,
      seed: numberIn(texts.seed, "seed", 0),
      minutes: numberIn(texts.minutes, "minutes", 0.1),
      epochSeconds: numberIn(texts.epoch, "epoch", 20),
      log: (line) => void process.stderr.write(`${line}\n`),
    });
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : renderReport(report));
    process.exitCode = report.passed ? 0 : 1;
  })
  .parseAsync()
  .catch((error: unknown) => {
    if (!(error instanceof HoldfastError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  });

function numberIn(text: string, name: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value >= least) return value;
  throw new HoldfastError("bad-input", `--${name} expected a number from ${least} on, got "${text}"`);
}
