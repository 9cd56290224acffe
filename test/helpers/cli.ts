/**
 * Runs the `holdfast` command: in a process of its own, as users do, or in one that runs many.
 */
import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { CliResult } from "./cli-server.ts";

export type { CliResult };

const MAIN = join(import.meta.dirname, "..", "..", "client", "main.ts");
const SERVER = join(import.meta.dirname, "cli-server.ts");

/** Folder in which commands save what they have signed. Each test process has its own. */
const STATE = join(tmpdir(), `holdfast-state-${process.pid}`);

process.once("exit", () => rmSync(STATE, { recursive: true, force: true }));

export interface RunningCli {
  /** Waits until its error stream has these words. */
  said(words: string): Promise<void>;
  kill(signal: "SIGINT" | "SIGTERM"): void;
  readonly done: Promise<CliResult>;
}

/** The tests name the chain and the deployment themselves. */
function environment(): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("HOLDFAST_"));
  return { ...Object.fromEntries(others), HOLDFAST_STATE: STATE };
}

/** In a process of its own, which may start others and can be sent signals. */
export function startHoldfast(...args: readonly string[]): RunningCli {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: environment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  const heard = new Set<() => void>();
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    for (const hear of heard) hear();
  });
  const done = Promise.all([text(child.stdout), once(child, "close") as Promise<[number | null]>]).then(
    ([stdout, [code]]) => ({ code, stdout, stderr }),
  );
  return {
    done,
    kill: (signal) => void child.kill(signal),
    said: (words) =>
      new Promise((resolve, reject) => {
        const hear = (): void => {
          if (!stderr.includes(words)) return;
          heard.delete(hear);
          resolve();
        };
        heard.add(hear);
        hear();
        void done.then(({ code }) => reject(new Error(`it ended with ${code ?? "a signal"}: ${stderr}`)));
      }),
  };
}

let server: ChildProcess | undefined;
let last: Promise<unknown> = Promise.resolve();

/** One after the other in one process: most of a command's time is that of loading it. */
export function holdfast(...args: readonly string[]): Promise<CliResult> {
  const result = last.then(() => runInServer(args));
  last = result.catch(() => undefined);
  return result;
}

async function runInServer(args: readonly string[]): Promise<CliResult> {
  server ??= fork(SERVER, { env: environment(), stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const running = server;
  running.ref();
  running.channel?.ref();
  const ended = new AbortController();
  try {
    running.send(args);
    return await Promise.race([
      once(running, "message", { signal: ended.signal }).then(([result]) => result as CliResult),
      once(running, "exit", { signal: ended.signal }).then(([code]) => {
        server = undefined;
        throw new Error(`holdfast ${args.join(" ")} ended its process with ${String(code)}`);
      }),
    ]);
  } finally {
    ended.abort();
    running.unref();
    running.channel?.unref();
  }
}

/** The error object that --json prints. */
export function errorIn({ stderr }: CliResult): {
  code: string;
  message: string;
  details: Record<string, unknown>;
} {
  // Notes come before it.
  const last = stderr.trim().split("\n").at(-1) ?? "";
  return (JSON.parse(last) as { error: ReturnType<typeof errorIn> }).error;
}
