/**
 * A real process of a storage node or an auditor, which a test can kill without warning.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createLogs, type Logs } from "./logs.ts";

export interface NodeProcess {
  readonly url: string;
  readonly logs: Logs;
  /** Sends a signal. Resolves with the exit status, or null if the process was killed. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null>;
}

const ROOT = join(import.meta.dirname, "..", "..");

/** Resolves when it is ready. */
export async function startNodeProcess(config: string, main = "prover/main.ts"): Promise<NodeProcess> {
  const child = spawn(process.execPath, [join(ROOT, main), "--config", config], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const logs = createLogs();
  createInterface({ input: child.stdout }).on("line", (line) => logs.take(line));
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const closed = once(child, "close") as Promise<[number | null]>;
  const early = closed.then(([code]) => {
    throw new Error(
      `the node ended with ${code ?? "a signal"}: ${errors} ${JSON.stringify(logs.lines.at(-1))}`,
    );
  });
  early.catch(() => undefined);
  const ready = await Promise.race([logs.until("ready"), early]);
  return {
    url: String(ready["url"]),
    logs,
    async end(signal) {
      child.kill(signal);
      const [code] = await closed;
      return code;
    },
  };
}
