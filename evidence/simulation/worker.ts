/**
 * A child process that performs runs, one after the other.
 */
import type { Answer, Job } from "./pool.ts";
import { run } from "./run.ts";
import { strategyNamed } from "./strategies/index.ts";

/** Epochs between two reports of progress. */
const REPORTED = 50;
const tell = (answer: Answer): unknown => process.send?.(answer);

process.on("message", (job: Job) => {
  const { names, epochs, seed } = job;
  run({
    strategies: names.map(strategyNamed),
    epochs,
    seed,
    onEpoch: (epoch) => {
      if (epoch % REPORTED === 0) tell({ kind: "progress", epochs: REPORTED * names.length });
    },
  }).then(
    (outcomes) => tell({ kind: "done", outcomes }),
    (error: unknown) =>
      tell({
        kind: "failed",
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
  );
});

// The parent process has ended.
process.on("disconnect", () => process.exit(1));
