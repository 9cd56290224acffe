/**
 * snarkjs's phase 2, each step in a process of its own: files go in and come out by their paths.
 */
import { fork } from "node:child_process";
import { HoldfastError } from "../../protocol/errors.ts";
import { makeWhole } from "../../system/files.ts";
import type { CeremonyJob, JobMessage } from "./snarkjs-job.ts";

export interface JobOptions {
  readonly progress?: ((step: string, fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Making = Exclude<CeremonyJob, { do: "verify" }>;

/** Runs a step whose result is the file `out`, which is whole or absent. Throws "key" with snarkjs's words. */
export async function makeZkey(job: Making, options: JobOptions = {}): Promise<void> {
  await makeWhole(job.out, async (partial) => {
    const reasons = await run({ ...job, out: partial }, options);
    if (reasons === undefined) return;
    throw new HoldfastError("key", `snarkjs cannot ${job.do}: ${reasons.join("; ")}`, { reasons });
  });
}

/** undefined if every contribution follows from the one before, and the first from the initial key; otherwise why not. */
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
    child.once("error", reject); // an AbortError, too
    child.once("close", (code) =>
      // After a result this says nothing more.
      reject(new HoldfastError("io", `snarkjs ended with ${String(code)}: ${errors.trim()}`, { code })),
    );
    child.send(job, (error) => error && reject(error));
  });
}
