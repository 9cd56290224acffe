/**
 * `npm run -s soak`: two nodes and an auditor under everything that chains, disks and strangers do to them.
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
  .description("soaks two nodes and an auditor in faults; exits with 1 if something does not hold")
  .option("--minutes <number>", "how long faults are injected", "30")
  .option("--seed <number>", "what is injected, and when, follows from it", String(Date.now() % 1_000_000))
  .option("--epoch <seconds>", "length of an epoch", "30")
  .option("--json", "print JSON", false)
  .option("--keep", "leave the data, the logs and the diary of what was done", false)
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
