/**
 * Runs a local network's work with its processes and its folder, and removes everything that it started.
 */
import { rmSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { HoldfastError } from "../../protocol/errors.ts";
import { PROFILES, maxBytes, maxSegments } from "../../protocol/profiles.ts";
import { fileSize } from "../app/segments.ts";
import { MAX_FILE_BYTES, type DevnetOptions } from "./options.ts";
import { createProcesses, type Processes } from "./processes.ts";

export interface Session {
  /** `signal` also ends when the session does. */
  readonly options: DevnetOptions;
  readonly folder: string;
  readonly processes: Processes;
  /** Size of the file to store. */
  readonly bytes: number;
}

/** What a scenario has found. */
export interface Result {
  readonly report: { readonly passed: boolean };
}

/** Milliseconds in which the work must notice that its processes have ended. */
const WORK_ENDS_MS = 5_000;

export async function runSession<R extends Result>(
  options: DevnetOptions,
  perform: (session: Session) => Promise<R>,
): Promise<R> {
  const bytes = await acceptableSize(options);
  const folder = await mkdtemp(join(tmpdir(), "holdfast-devnet-"));
  const logs = join(folder, "logs");
  await mkdir(logs);
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const processes = createProcesses({ logs, signal });
  let succeeded = false;
  const isWanted = (): boolean => options.keep || !(succeeded || options.signal.aborted);
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  // The folder has keys in it: remove it even if a second Ctrl-C ends this process at once.
  const atExit = (): void => (isWanted() ? undefined : remove());
  process.on("exit", atExit);
  const work = perform({ options: { ...options, signal }, folder, processes, bytes });
  try {
    const result = await Promise.race([work, processes.failure, aborted(options.signal)]);
    succeeded = result.report.passed;
    return result;
  } finally {
    ending.abort();
    await processes.stop();
    // Wait until the work has ended, so that it writes nothing into the folder any more.
    const over = new AbortController();
    const late = delay(WORK_ENDS_MS, undefined, { signal: over.signal });
    await Promise.race([work, late]).catch(() => undefined);
    over.abort();
    process.off("exit", atExit);
    if (isWanted()) options.log(`logs and data are in ${folder}`);
    else remove();
  }
}

async function acceptableSize({ file, profile }: DevnetOptions): Promise<number> {
  const bytes = await fileSize(file);
  const limit = Math.min(MAX_FILE_BYTES, maxBytes(PROFILES[profile]) * maxSegments(PROFILES[profile]));
  if (bytes <= limit) return bytes;
  throw new HoldfastError(
    "too-large",
    `${file} has ${bytes} bytes, and a local network of the ${profile} profile takes at most ${limit}: give a smaller file`,
    { bytes, limit },
  );
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void =>
      reject(new HoldfastError("aborted", "stopped: every process of the network is ended"));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
