/**
 * Which lines and branches of the TypeScript the tests reach, in the tests' own processes, in those that they start, and in
 * their threads. V8 counts; what it counts is compared with the statements of the sources, so that neither comments nor
 * types are lines.
 */
import { spawn } from "node:child_process";
import { readdir, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { placesOf, type Place } from "./places.ts";

/** Where V8 writes what it has counted, a file for each process and thread. */
const COUNTS = "cache/coverage-ts";

/** Folders of the product, and the least share of their lines in percent. */
const FOLDERS: Readonly<Record<string, number>> = {
  protocol: 90,
  chain: 90,
  prover: 90,
  verifier: 90,
  client: 0,
  drand: 0,
  groth16: 0,
  keys: 0,
  net: 0,
  system: 0,
};

/** Folders of test/ whose tests run: the others are about contracts, circuits, evidence, and whole networks. */
const TESTS = ["chain", "client", "drand", "groth16", "keys", "net", "protocol", "prover", "verifier"];

export interface CoverageRow {
  readonly folder: string;
  readonly files: number;
  readonly lines: number;
  readonly "lines reached": number;
  readonly "% of lines": number;
  readonly branches: number;
  readonly "branches taken": number;
  readonly "% of branches": number;
}

export interface CoverageResult {
  /** Whether all tests did. */
  readonly passed: boolean;
  readonly rows: readonly CoverageRow[];
  /** Folders that miss their share. */
  readonly low: readonly string[];
  /** Lines and branches that no test reaches. */
  readonly missing: readonly { readonly file: string; readonly line: number; readonly what: string }[];
}

/** @param again whether to count again what the last run has reached, without another */
export async function runCoverage(again: boolean): Promise<CoverageResult> {
  const passed = again || (await test());
  return { passed, ...(await report(await readCounts())) };
}

async function test(): Promise<boolean> {
  await rm(COUNTS, { recursive: true, force: true });
  const files: string[] = [];
  for (const folder of TESTS)
    for (const name of await readdir(join("test", folder)))
      if (name.endsWith(".test.ts")) files.push(`test/${folder}/${name}`);
  // Not the runner of `npm test`, whose loader would give other positions than Node in the processes that tests start.
  const mocha = resolve("node_modules/mocha/bin/mocha.js");
  const options = [
    "--parallel",
    "--jobs",
    "3",
    "--timeout",
    "300000",
    "--require",
    "./test/helpers/worker.ts",
  ];
  const child = spawn(process.execPath, [mocha, ...options, ...files], {
    // What comes out of the cache of compiled code is not counted in full.
    env: { ...process.env, NODE_V8_COVERAGE: resolve(COUNTS), NODE_DISABLE_COMPILE_CACHE: "1" },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code) => done(code === 0));
  });
}

// -------------------------------------------------------------------------------------------------------- what V8 counts

interface CountedRange {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

export interface CountedScript {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly CountedRange[] }[];
}

/** By URL, of each process and thread. */
async function readCounts(): Promise<Map<string, CountedScript[]>> {
  const root = `${pathToFileURL(resolve(".")).href}/`;
  const counts = new Map<string, CountedScript[]>();
  for (const name of await readdir(COUNTS)) {
    const { result } = JSON.parse(await readFile(join(COUNTS, name), "utf8")) as { result: CountedScript[] };
    for (const script of result) {
      const path = script.url.slice(root.length);
      if (!script.url.startsWith(root) || !(path.slice(0, path.indexOf("/")) in FOLDERS)) continue;
      counts.set(path, [...(counts.get(path) ?? []), script]);
    }
  }
  return counts;
}

/** Whether one of them has run it: the innermost range counts. */
export function isReached(scripts: readonly CountedScript[], { offset }: Place): boolean {
  return scripts.some(({ functions }) => {
    let innermost: CountedRange | undefined;
    for (const { ranges } of functions)
      for (const range of ranges)
        if (contains(range, offset) && !isWider(range, innermost)) innermost = range;
    return innermost !== undefined && innermost.count > 0;
  });
}

const contains = ({ startOffset, endOffset }: CountedRange, offset: number): boolean =>
  startOffset <= offset && offset < endOffset;
const widthOf = ({ startOffset, endOffset }: CountedRange): number => endOffset - startOffset;
const isWider = (range: CountedRange, than: CountedRange | undefined): boolean =>
  than !== undefined && widthOf(range) > widthOf(than);

// --------------------------------------------------------------------------------------------------------------- report

async function report(
  counts: ReadonlyMap<string, readonly CountedScript[]>,
): Promise<Omit<CoverageResult, "passed">> {
  const rows: CoverageRow[] = [];
  const missing: CoverageResult["missing"][number][] = [];
  for (const folder of Object.keys(FOLDERS)) {
    const names = (await readdir(folder, { recursive: true })).map((name) => join(folder, name)).sort();
    const sum = { files: 0, lines: 0, linesReached: 0, branches: 0, taken: 0 };
    for (const file of names.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))) {
      const found = compare(await readFile(file, "utf8"), counts.get(file) ?? []);
      sum.files++;
      sum.lines += found.lines;
      sum.linesReached += found.lines - found.unreached.length;
      sum.branches += found.branches;
      sum.taken += found.branches - found.untaken.length;
      const lines = new Set(found.unreached.map(({ line }) => line));
      const untaken = found.untaken.filter(({ line }) => !lines.has(line));
      missing.push(...[...found.unreached, ...untaken].map((place) => ({ file, ...place })));
    }
    rows.push({
      folder,
      files: sum.files,
      lines: sum.lines,
      "lines reached": sum.linesReached,
      "% of lines": percent(sum.linesReached, sum.lines),
      branches: sum.branches,
      "branches taken": sum.taken,
      "% of branches": percent(sum.taken, sum.branches),
    });
  }
  const low = rows
    .filter((row) => row["% of lines"] < (FOLDERS[row.folder] ?? 0))
    .map(({ folder }) => folder);
  return { rows, low, missing };
}

/** Of a hundred, rounded down. */
const percent = (part: number, whole: number): number =>
  whole === 0 ? 100 : Math.floor((part * 1000) / whole) / 10;

export interface Compared {
  /** On which statements begin. */
  readonly lines: number;
  readonly unreached: readonly { readonly line: number; readonly what: string }[];
  readonly branches: number;
  readonly untaken: readonly { readonly line: number; readonly what: string }[];
}

/** A line is reached if every statement is that begins on it. */
export function compare(text: string, scripts: readonly CountedScript[]): Compared {
  const { statements, branches } = placesOf(text);
  const rows = text.split("\n");
  const lines = new Map<number, boolean>();
  for (const place of statements)
    lines.set(place.line, lines.get(place.line) !== false && isReached(scripts, place));
  const unreached = [...lines].filter(([, reached]) => !reached).map(([line]) => line);
  const untaken = branches.filter((place) => !isReached(scripts, place));
  return {
    lines: lines.size,
    unreached: unreached.map((line) => ({ line, what: (rows[line - 1] ?? "").trim() })),
    branches: branches.length,
    untaken: untaken.map(({ line, offset }) => ({ line, what: text.slice(offset).split("\n", 1)[0] ?? "" })),
  };
}
