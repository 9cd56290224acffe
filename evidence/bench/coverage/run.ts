/**
 * Which lines and branches of the contracts the tests in test/contracts reach. Tests in test/solidity are not counted.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { watchBranches } from "./branches.ts";
import { EXCEPTIONS, type Exception } from "./exceptions.ts";
import { FOLDER } from "./files.ts";

/** Where Hardhat's workers write their counts. */
const HITS = "coverage/data/mocha";
/**
 * Tests that do not apply to instrumented contracts: tests of gas, tests of what fits into a transaction (less without the
 * optimizer), and a batch whose trace would take gigabytes.
 */
const ABOUT_CODE = [
  "at most [0-9,]+ gas",
  "less than 2\\^24 gas",
  "as much gas",
  "little more gas",
  "too little gas",
  "the largest batch",
  "nine reads at most",
  "many proofs never says no for want of gas",
  "gas for all but the last call",
  "in pages, with the same result",
  "coefficients",
].join("|");

export interface CoverageRow {
  readonly file: string;
  readonly lines: number;
  readonly linesReached: number;
  readonly branches: number;
  readonly branchesTaken: number;
}

export interface Place {
  readonly file: string;
  readonly line: number;
  /** The line, or a condition and its outcome. */
  readonly what: string;
}

export interface CoverageResult {
  /** Whether all tests passed. Failed tests are counted too. */
  readonly passed: boolean;
  readonly rows: readonly CoverageRow[];
  /** Places that the tests do not reach, without the exceptions. */
  readonly missing: readonly Place[];
  /** Exceptions that the tests do reach, or that do not exist. */
  readonly needless: readonly Exception[];
}

export async function runCoverage(log: (line: string) => void): Promise<CoverageResult> {
  await rm(join(FOLDER, "sources"), { recursive: true, force: true });
  await rm(HITS, { recursive: true, force: true });
  const tests = await readdir("test/contracts", { recursive: true });
  const files = tests.filter((name) => name.endsWith(".test.ts")).map((name) => `test/contracts/${name}`);
  const passed = await hardhat(["test", "mocha", ...files, "--grep-exclude", ABOUT_CODE], log);
  return { passed, ...(await report(await readHits())) };
}

function hardhat(args: readonly string[], log: (line: string) => void): Promise<boolean> {
  const config = ["--config", "evidence/bench/coverage/hardhat.config.ts", "--coverage", "--no-typechain"];
  const child = spawn(
    process.execPath,
    [resolve("node_modules/hardhat/dist/src/cli.js"), ...config, ...args],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  child.stdout.setEncoding("utf8").on("data", (text: string) => log(text.trimEnd()));
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code) => done(code === 0));
  });
}

/** The tags of the statements that ran, without 0x. */
async function readHits(): Promise<Set<string>> {
  if (!existsSync(HITS)) throw new Error("the tests did not run: see above");
  const hits = new Set<string>();
  for (const name of await readdir(HITS, { recursive: true })) {
    if (!name.endsWith(".json")) continue;
    const counts = JSON.parse(await readFile(join(HITS, name), "utf8")) as Record<string, number>;
    for (const tag of Object.keys(counts)) hits.add(tag);
  }
  return hits;
}

async function report(hits: ReadonlySet<string>): Promise<Omit<CoverageResult, "passed">> {
  const folder = join(FOLDER, "sources");
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".sol")).sort();
  const [rows, missing, needless]: [CoverageRow[], Place[], Exception[]] = [[], [], []];
  for (const file of files) {
    const counted = await readFile(join(folder, file), "utf8");
    const found = compare(file, { content: await readFile(file, "utf8"), counted, hits });
    if (found.row.lines !== 0) rows.push(found.row);
    missing.push(...found.missing);
  }
  for (const exception of EXCEPTIONS) {
    const at = missing.findIndex(({ file, what }) => file === exception.file && what === exception.what);
    if (at === -1) needless.push(exception);
    else missing.splice(at, 1);
  }
  return { rows, missing, needless };
}

export interface Texts {
  /** The original file, and Hardhat's instrumented version of it. */
  readonly content: string;
  readonly counted: string;
  /** The tags of the statements that ran, without 0x. */
  readonly hits: ReadonlySet<string>;
}

/** A line is reached if all statements that begin on it are. */
export function compare(
  file: string,
  { content, counted, hits }: Texts,
): { row: CoverageRow; missing: Place[] } {
  const { lines, branches } = watchBranches(content);
  const reached = new Map(
    [...tagsByLine(counted)].map(([line, tags]) => [line, tags.every((tag) => hits.has(tag))]),
  );
  const own = [...reached].filter(([line]) => line <= lines);
  const unreached = own.filter(([, yes]) => !yes).map(([line]) => line);
  const untaken = [...branches].filter(([line]) => reached.get(line) !== true).map(([, branch]) => branch);
  const texts = content.split("\n");
  return {
    row: {
      file,
      lines: own.length,
      linesReached: own.length - unreached.length,
      branches: branches.size,
      branchesTaken: branches.size - untaken.length,
    },
    missing: [
      ...unreached.map((line) => ({ file, line, what: (texts[line - 1] ?? "").trim() })),
      ...untaken.map(({ line, condition, outcome }) => ({ file, line, what: `${condition} is ${outcome}` })),
    ],
  };
}

/** The tags that Hardhat puts before each statement, or before the comment or empty lines above it. */
function tagsByLine(counted: string): Map<number, string[]> {
  const found = new Map<number, string[]>();
  let open: string[] = [];
  for (const [i, text] of counted.split("\n").entries()) {
    open.push(...[...text.matchAll(/sendHit\(0x([0-9a-f]{64})\)/g)].map(([, tag]) => tag ?? ""));
    const code = text.replace(/\w+\.sendHit\(0x[0-9a-f]{64}\);/g, "").trim();
    if (open.length === 0 || code === "" || code.startsWith("//")) continue;
    found.set(i + 1, open);
    open = [];
  }
  return found;
}
