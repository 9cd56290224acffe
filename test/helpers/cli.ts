/**
 * Runs the `holdfast` command as its users do, in a process of its own.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MAIN = join(import.meta.dirname, "..", "..", "client", "main.ts");

export async function holdfast(...args: readonly string[]): Promise<CliResult> {
  // The tests say themselves where to go.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("HOLDFAST_")),
  );
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

/** The error object that --json prints. */
export function errorIn({ stderr }: CliResult): {
  code: string;
  message: string;
  details: Record<string, unknown>;
} {
  return (JSON.parse(stderr) as { error: ReturnType<typeof errorIn> }).error;
}
