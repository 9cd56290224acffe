/**
 * The processes of a local network: started, watched for their ready line, and stopped, each by its own id.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { HoldfastError } from "../../protocol/errors.ts";

export type LogLine = Readonly<Record<string, unknown>>;

export interface ProcessSpec {
  readonly name: string;
  /** Arguments of Node, the script first. */
  readonly args: readonly string[];
  /** Whether a line of its output says that it is ready. */
  readonly isReady: (line: string) => boolean;
  /** Gets each JSON line that it logs. */
  readonly onLog?: (line: LogLine) => void;
}

export interface Processes {
  /** Resolves when the process is ready. */
  start(spec: ProcessSpec): Promise<void>;
  /** Rejects as soon as any process ends by itself. */
  readonly failure: Promise<never>;
  /** Ends all processes: asks them first, then kills those that stay. */
  stop(): Promise<void>;
}

const ROOT = join(import.meta.dirname, "..", "..");
const READY_MS = 60_000;
const STOP_MS = 5_000;
const TAIL_LINES = 8;

/** @param logs a folder for a log file per process */
export function createProcesses({ logs, signal }: { logs: string; signal: AbortSignal }): Processes {
  const running = new Set<ChildProcess>();
  let stopping = false;
  let fail: (error: Error) => void;
  const failure = new Promise<never>((_, reject) => (fail = reject));
  failure.catch(() => undefined); // reported where it is awaited
  // No process may stay behind, even if this one crashes.
  process.on("exit", killAll);
  function killAll(): void {
    for (const child of running) child.kill("SIGKILL");
  }

  return {
    failure,
    async start({ name, args, isReady, onLog }) {
      signal.throwIfAborted();
      const child = spawn(process.execPath, args, {
        cwd: ROOT, // where Hardhat has its configuration
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, HARDHAT_DISABLE_TELEMETRY_PROMPT: "true", NO_COLOR: "1" },
      });
      running.add(child);
      const file = createWriteStream(join(logs, `${name}.log`));
      const tail: string[] = [];
      const ready = Promise.withResolvers<undefined>();
      const read = (line: string): void => {
        file.write(`${line}\n`);
        tail.push(line);
        if (tail.length > TAIL_LINES) tail.shift();
        if (isReady(line)) ready.resolve(undefined);
        const parsed = onLog && parseLine(line);
        if (parsed) onLog(parsed);
      };
      createInterface({ input: child.stdout }).on("line", read);
      createInterface({ input: child.stderr }).on("line", read);
      const broken = (what: string): HoldfastError =>
        new HoldfastError("io", `${name} ${what}; its last lines:\n${tail.join("\n")}`, { process: name });
      const timer = setTimeout(() => ready.reject(broken("does not become ready")), READY_MS);
      child.once("error", (cause) =>
        ready.reject(new HoldfastError("io", `${name} does not start`, {}, { cause })),
      );
      child.once("close", (code, killedBy) => {
        running.delete(child);
        file.end();
        const error = broken(`ended by itself (${killedBy ?? `status ${code ?? "unknown"}`})`);
        ready.reject(error);
        if (!stopping) fail(error);
      });
      try {
        await ready.promise;
      } finally {
        clearTimeout(timer);
      }
    },
    async stop() {
      stopping = true;
      const [first, ...others] = running;
      // The chain, which was started first, ends last: the others would report its end as an error.
      await Promise.all(others.map(end));
      if (first) await end(first);
      process.off("exit", killAll);
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  const closed = once(child, "close");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await closed;
  clearTimeout(timer);
}

function parseLine(line: string): LogLine | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined; // not ours
  }
}

/** Whether a daemon's log line says that it is ready. */
export function saysReady(line: string): boolean {
  return parseLine(line)?.["msg"] === "ready";
}

/** Ports of the loopback interface that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
