/**
 * The daemons of a soak. They are killed without warning and started again. A daemon that ends by itself is reported.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { saysReady, type LogLine } from "../../client/devnet/processes.ts";
import { HoldfastError } from "../../protocol/errors.ts";

export interface DaemonSpec {
  readonly name: string;
  readonly command?: string;
  readonly args: readonly string[];
  readonly isReady?: (line: string) => boolean;
  readonly onLine?: (line: LogLine) => void;
  /** Called when the daemon ends by itself. */
  readonly onEnd: (why: string) => void;
}

export interface Daemon {
  readonly name: string;
  /** undefined while it does not run. */
  readonly pid: number | undefined;
  start(): Promise<void>;
  /** @returns its exit status, or null after a signal that it could not answer */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null>;
}

const READY_MS = 90_000;
const STOP_MS = 15_000;
const TAIL_LINES = 5;

/** @param folder for the log file of all its runs */
export function createDaemon(spec: DaemonSpec, folder: string): Daemon {
  const { name, command = process.execPath, args, isReady = saysReady, onLine, onEnd } = spec;
  const file = createWriteStream(join(folder, `${name}.log`), { flags: "a" });
  let child: ChildProcess | undefined;
  let isTold = false;
  process.on("exit", () => child?.kill("SIGKILL"));

  return {
    name,
    get pid() {
      return child?.pid;
    },
    async start() {
      isTold = false;
      const started = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
      child = started;
      const tail: string[] = [];
      const ready = Promise.withResolvers<undefined>();
      ready.promise.catch(() => undefined);
      const read = (line: string): void => {
        if (command === process.execPath) file.write(`${line}\n`);
        tail.push(line);
        if (tail.length > TAIL_LINES) tail.shift();
        if (isReady(line)) ready.resolve(undefined);
        const parsed = onLine && parse(line);
        if (parsed) onLine(parsed);
      };
      createInterface({ input: started.stdout }).on("line", read);
      createInterface({ input: started.stderr }).on("line", read);
      const broken = (what: string): HoldfastError =>
        new HoldfastError("io", `${name} ${what}; its last lines:\n${tail.join("\n")}`, { process: name });
      started.once("error", (cause) => ready.reject(broken(`does not start: ${cause.message}`)));
      started.once("close", (code, signal) => {
        if (child === started) child = undefined;
        const error = broken(`ended by itself (${signal ?? `status ${code ?? "unknown"}`})`);
        ready.reject(error);
        if (!isTold) onEnd(error.message);
      });
      const timer = setTimeout(() => ready.reject(broken("does not become ready")), READY_MS);
      await ready.promise.finally(() => clearTimeout(timer));
    },
    async end(signal) {
      isTold = true;
      if (!child) return 0;
      const ended = child;
      const closed = once(ended, "close") as Promise<[number | null]>;
      ended.kill(signal);
      const timer = setTimeout(() => ended.kill("SIGKILL"), STOP_MS);
      const [code] = await closed;
      clearTimeout(timer);
      return code;
    },
  };
}

function parse(line: string): LogLine | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined; // cut off by a kill
  }
}
