/**
 * Phase 2 with snarkjs. Each step runs in its own process, with the paths of its input and output files.
 */
import { fork } from "node:child_process";
import { HoldfastError } from "../../protocol/errors.ts";
import { makeWhole } from "../../system/files.ts";
import type { CeremonyJob, JobMessage } from "./snarkjs-job.ts";

export interface JobOptions {
  readonly progress?: ((step: string, fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

type MakingJob = Exclude<CeremonyJob, { do: "verify" }>;

/** Runs a step whose result is the file `out`, whole or absent. @throws HoldfastError "key" with snarkjs's reasons */
export async function makeZkey(job: MakingJob, options: JobOptions = {}): Promise<void> {
  await makeWhole(job.out, async (partial) => {
    const reasons = await run({ ...job, out: partial }, options);
    if (reasons === undefined) return;
    throw new HoldfastError("key", `snarkjs cannot ${job.do}: ${reasons.join("; ")}`, { reasons });
  });
}

/**
 * Why a contribution does not follow from the one before, or the first from the initial key; undefined if all follow.
 */
export async function verifyChain(
  files: { readonly initial: string; readonly ptau: string; readonly zkey: string },
  options: JobOptions = {},
): Promise<readonly string[] | undefined> {
  return run({ do: "verify", ...files }, options);
}

async function run(
  job: CeremonyJob,
  { progress, signal }: JobOptions,
): Promise<readonly string[] | undefined> {
  signal?.throwIfAborted();
  const child = fork(new URL("./snarkjs-job.ts", import.meta.url), [], {
    execArgv: ["--no-warnings"],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    ...(signal && { signal, killSignal: "SIGKILL" as const }),
  });
  let errors = "";
  child.stderr
    ?.setEncoding("utf8")
    .on("data", (text: string) => void (errors = (errors + text).slice(-2000)));
  return new Promise((resolve, reject) => {
    child.on("message", (message: JobMessage) => {
      if ("progress" in message) progress?.(message.progress.step, message.progress.fraction);
      else resolve(message.done ? undefined : message.reasons);
    });
    child.once("error", reject); // also an AbortError
    child.once("close", (code) =>
      // After a result, this rejection has no effect.
      reject(new HoldfastError("io", `snarkjs ended with ${String(code)}: ${errors.trim()}`, { code })),
    );
    child.send(job, (error) => error && reject(error));
  });
}
