/**
 * Builds what is missing or out of date: contracts, the WebAssembly hash, and each profile's circuit and key.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { join } from "node:path";
import { ensureProfile, type KeyProgress } from "../keys/make.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { profileNamed, type ProfileName } from "../protocol/profiles.ts";
import { prepareWasm } from "../wasm/prepare.ts";

/** If nothing has changed, the compiler is done by then. */
const TELL_AFTER_MS = 3_000;
const ROOT = join(import.meta.dirname, "..");

export interface PrepareOptions {
  readonly profiles: readonly string[];
  /** Only the contracts of a deployment, or those and the managers, or all, with those for tests. */
  readonly contracts: "deployed" | "managers" | "all";
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
}

export async function prepare({ profiles, contracts, log, signal }: PrepareOptions): Promise<void> {
  const names = profiles.map((name) => profileNamed(name).name);
  const failed = new AbortController();
  const ending = AbortSignal.any([failed.signal, ...(signal ? [signal] : [])]);
  // The contracts' compiler keeps one core busy for minutes, the circuits another.
  const both = [buildContracts(contracts, log, ending), buildProfiles(names, log, ending)];
  try {
    await Promise.all(both);
  } catch (error) {
    failed.abort();
    // Wait for the other one, which removes its unfinished files.
    await Promise.allSettled(both);
    throw error;
  }
}

async function buildProfiles(
  names: readonly ProfileName[],
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await prepareWasm({ log });
  for (const name of names) await ensureProfile(name, { signal, log: describeProgress(name, log) });
}

/** Hardhat knows which contracts have changed. The Solidity tests are compiled when they are run. */
async function buildContracts(
  which: PrepareOptions["contracts"],
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const hardhat = join(ROOT, "node_modules", "hardhat", "dist", "src", "cli.js");
  const files = which === "all" ? [] : sourcesWithout(LEFT_OUT[which]);
  const child = spawn(process.execPath, [hardhat, "build", "--quiet", "--no-tests", ...files], {
    cwd: ROOT,
    env: { ...process.env, HARDHAT_DISABLE_TELEMETRY_PROMPT: "true" },
    stdio: ["ignore", "pipe", "pipe"],
    signal,
  });
  // Hide the compiler's warnings about libraries of others.
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const told = setTimeout(() => log(`compiling the contracts (${COMPILING[which]})`), TELL_AFTER_MS);
  const [code] = (await once(child, "close").finally(() => clearTimeout(told))) as [number | null];
  if (code === 0) return;
  output.split("\n").filter(Boolean).forEach(log);
  throw new HoldfastError("io", "the contracts do not compile: see the lines above");
}

const COMPILING = { deployed: "about a minute", managers: "some minutes", all: "some minutes" };
const LEFT_OUT = {
  deployed: ["contracts/managers/**", "contracts/test-support/**"],
  managers: ["contracts/test-support/**"],
};

function sourcesWithout(exclude: readonly string[]): string[] {
  return globSync("contracts/**/*.sol", { cwd: ROOT, exclude });
}

/** Logs a line for each tenth of the work. */
function describeProgress(profile: string, log: (line: string) => void): (progress: KeyProgress) => void {
  let last = -1;
  return ({ phase, fraction }) => {
    const tenth = Math.floor(fraction * 10);
    if (tenth === last || phase === "circuit") return;
    last = tenth;
    log(`making the ${profile} development key: ${tenth * 10} %`);
  };
}
