/**
 * Runs the `holdfast` command in a separate process, as users do.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MAIN = join(import.meta.dirname, "..", "..", "client", "main.ts");

/** Folder in which commands save what they have signed. Each test process has its own. */
const STATE = join(tmpdir(), `holdfast-state-${process.pid}`);

process.once("exit", () => rmSync(STATE, { recursive: true, force: true }));

export interface RunningCli {
  /** Waits until its error stream has these words. */
  said(words: string): Promise<void>;
  kill(signal: "SIGINT" | "SIGTERM"): void;
  readonly done: Promise<CliResult>;
}

export function startHoldfast(...args: readonly string[]): RunningCli {
  // The tests name the chain and the deployment themselves.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("HOLDFAST_")),
  );
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...env, HOLDFAST_STATE: STATE },
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

export const holdfast = (...args: readonly string[]): Promise<CliResult> => startHoldfast(...args).done;

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
