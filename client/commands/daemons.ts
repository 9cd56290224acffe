/**
 * `node` and `auditor`: start the daemons, each in its own process, and ask a node for its state.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Command } from "commander";
import { request } from "undici";
import { createAgent } from "../../net/addresses.ts";
import { ask, readText } from "../../net/ask.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { printResult } from "../output.ts";
import { command, group, type JsonOptions } from "./common.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const TIMEOUT_MS = 10_000;
/** Enough for a node with many vNodes. */
const MAX_STATUS_BYTES = 16 << 20;

export function addDaemonCommands(program: Command, signal: AbortSignal): void {
  const node = group(program, "node", "runs and inspects a storage node");
  runCommand(node, "prover/main.ts", "runs a storage node until it is stopped", signal);
  command(
    node,
    "status <url>",
    "shows a node's state, as the node itself reports it: exits with 1 if it has a problem",
  ).action(showStatus);
  command(node, "scrub <admin>", "makes a node on this machine check all its data against the roots")
    .addHelpText("after", "\n<admin> is the address that the node logs as `admin` when it is ready.")
    .action(scrub);
  command(node, "remove <admin>", "shows the removals of files that wait for your consent")
    .option("--yes", "allow exactly the removals that are shown")
    .action(showRemovals);
  const auditor = group(program, "auditor", "the auditor");
  runCommand(auditor, "verifier/main.ts", "runs an auditor until it is stopped", signal);
}

/** Passes all arguments on: the daemon has its own help and flags. */
function runCommand(parent: Command, script: string, description: string, signal: AbortSignal): void {
  command(parent, "run", description)
    .option("--config <file>", "JSON file with the settings")
    .argument("[settings...]", "flags of the daemon, after --")
    .action(async (settings: string[], options: { config?: string }) => {
      const args = [...(options.config === undefined ? [] : ["--config", options.config]), ...settings];
      signal.throwIfAborted();
      const child = spawn(process.execPath, [join(ROOT, script), ...args], { stdio: "inherit" });
      // Ctrl-C in a terminal also reaches the child. A signal to this process alone does not.
      signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
      const kill = (): unknown => child.kill("SIGKILL");
      process.once("exit", kill);
      const [code] = (await once(child, "close")) as [number | null];
      process.off("exit", kill);
      process.exitCode = code ?? 1;
    });
}

/** Waits without a time limit: a scrub may take days. */
async function scrub(admin: string, { json }: JsonOptions): Promise<void> {
  const found = (await askAdmin(admin, "POST", "/scrub")) as { damaged: unknown[]; unread: unknown[] };
  printResult(found, { json });
  if (found.damaged.length + found.unread.length > 0) process.exitCode = 1;
}

async function showRemovals(admin: string, { json, yes }: JsonOptions & { yes?: boolean }): Promise<void> {
  printResult(await askAdmin(admin, yes === true ? "POST" : "GET", "/removals"), { json });
}

async function askAdmin(admin: string, method: "GET" | "POST", path: string): Promise<object> {
  if (!URL.canParse(admin))
    throw new HoldfastError("bad-input", `"${admin}" is not a URL: give the node's admin address`);
  try {
    const { statusCode, body } = await request(new URL(path, admin), {
      method,
      headersTimeout: 0,
      bodyTimeout: 0,
      ...(method === "POST" && { headers: { "content-type": "application/json" }, body: "{}" }),
    });
    const answer = (await body.json()) as object;
    if (statusCode === 200) return answer;
    throw new HoldfastError(
      "unreachable",
      `${admin} answers with status ${statusCode}: give the address that the node logs as "admin"`,
    );
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    const message = `no node answers at ${admin}: give the address that it logs as "admin"`;
    throw new HoldfastError("unreachable", message, { admin }, { cause });
  }
}

async function showStatus(url: string, { json }: JsonOptions): Promise<void> {
  if (!URL.canParse(url))
    throw new HoldfastError("bad-input", `"${url}" is not a URL: give the node's, as http://HOST:PORT`);
  let status: unknown;
  let code: number;
  try {
    // The user gave this URL, so a private address is intended.
    const agent = createAgent({ allowPrivate: true, advice: "", idleMs: TIMEOUT_MS });
    const target = new URL("/status", url);
    const reply = await ask(target, { agent, method: "GET", headers: {}, answerMs: TIMEOUT_MS });
    const text = await readText(reply.body, { maxBytes: MAX_STATUS_BYTES, ms: TIMEOUT_MS });
    [status, code] = [JSON.parse(text) as unknown, reply.status];
  } catch (cause) {
    throw new HoldfastError(
      "unreachable",
      `no node answers at ${url}: check the URL and that it runs`,
      { url },
      { cause },
    );
  }
  printResult(Object(status) as object, { json });
  if (code >= 400) process.exitCode = 1;
}
