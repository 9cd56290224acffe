/**
 * Breaks the contracts that hold money, one change at a time, and counts how many of the changes the tests do not notice. It
 * works on a copy of the project in cache/, so that nothing broken stays behind.
 */
import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { mutantsOf, type Mutant } from "./operators.ts";

interface Solc {
  compile(
    input: string,
    callbacks: { import(path: string): { contents: string } | { error: string } },
  ): string;
}
const solc = createRequire(import.meta.url)("solc") as Solc;

interface Part {
  readonly source: string;
  readonly contract: string;
  /** Whether it needs the IR code generator ("stack too deep" otherwise). The legacy one is several times as fast. */
  readonly viaIR: boolean;
}

interface Target {
  readonly source: string;
  /** The contracts and libraries that have the source's code. */
  readonly parts: readonly Part[];
  /** Other contracts and libraries into which its internal functions are compiled. */
  readonly inlinedIn: readonly Part[];
  /** Files of test/contracts that run first, because they are the likeliest to notice. */
  readonly tests: readonly string[];
}

const part = (source: string, contract: string, viaIR = false): Part => ({
  source: `contracts/${source}.sol`,
  contract,
  viaIR,
});
const LEDGER = part("Ledger", "Ledger");
const AUDITS = part("Audits", "Audits", true);
const ACCOUNTS = [
  "ledger",
  "ledger-neighbours",
  "money",
  "challenges",
  "segments",
  "ending-early",
  "retiring",
  "grants",
  "audits",
  "batch",
  "tokens",
  "life",
  "lens",
  "deploy",
];
const MONEY = [
  "audits",
  "settling",
  "money",
  "challenges",
  "life",
  "segments",
  "ending-early",
  "retiring",
  "grants",
  "known-failures",
  "storing",
  "nodes",
  "clusters",
  "buckets",
  "ledger",
  "tokens",
  "drand",
  "drand-deployment",
];

export const TARGETS: Readonly<Record<string, Target>> = {
  ledger: { source: LEDGER.source, parts: [LEDGER], inlinedIn: [], tests: ACCOUNTS },
  accounts: { source: "contracts/ledger/Accounts.sol", parts: [LEDGER], inlinedIn: [], tests: ACCOUNTS },
  bonds: { source: "contracts/ledger/Bonds.sol", parts: [LEDGER], inlinedIn: [], tests: ACCOUNTS },
  audits: { source: AUDITS.source, parts: [AUDITS], inlinedIn: [], tests: [...MONEY, "lens", "deploy"] },
  deployment: {
    source: "contracts/audits/Deployment.sol",
    parts: [AUDITS],
    inlinedIn: [],
    tests: ["audits-deployment", "deploy", ...MONEY],
  },
  sources: {
    source: "contracts/audits/Sources.sol",
    parts: [AUDITS],
    inlinedIn: [],
    tests: [...MONEY, "audits-deployment", "lens", "deploy"],
  },
  proofs: {
    source: "contracts/audits/Proofs.sol",
    parts: [AUDITS],
    inlinedIn: [],
    tests: ["audits", "batch", ...MONEY.slice(1), "lens", "deploy"],
  },
  settlement: {
    source: "contracts/libraries/settlement/Decisions.sol",
    parts: [
      part("libraries/Settlement", "Settlement", true),
      part("libraries/Responsibility", "Responsibility", true),
    ],
    inlinedIn: [],
    tests: MONEY,
  },
  verifier: {
    source: "contracts/verifier/Groth16Verifier.sol",
    parts: [part("verifier/Groth16Verifier", "Groth16Verifier")],
    inlinedIn: [],
    tests: ["verifier", "verifier-batch", "real-proof"],
  },
};

export interface MutantsResult {
  readonly source: string;
  /** Number of mutants that compile to different code. */
  readonly mutants: number;
  readonly killed: number;
  readonly survivors: readonly string[];
}

export interface MutantsOptions {
  readonly target: string;
  /** Takes only every n-th mutant. */
  readonly every: number;
  /** Takes only mutants on these lines. Empty: on all. */
  readonly lines: readonly number[];
  readonly log: (line: string) => void;
}

/** @throws RangeError for an unknown target; Error if the tests fail without any mutant */
export async function runMutants({
  target: name,
  every,
  lines,
  log,
}: MutantsOptions): Promise<MutantsResult> {
  const target = TARGETS[name];
  if (!target)
    throw new RangeError(`"target" expected one of ${Object.keys(TARGETS).join(", ")}, got ${name}`);
  const copy = copyProject(name);
  // The compiler's positions count bytes.
  const source = readFileSync(target.source, "latin1");
  const all = mutantsOf(source, syntaxTree(target.source))
    .filter((_, i) => i % every === 0)
    .filter(({ line }) => lines.length === 0 || lines.includes(line));
  for (const each of [...target.parts, ...target.inlinedIn]) write(copy, each, present(compile(each)));
  const original = new Map(target.parts.map((each) => [each.contract, present(compile(each)).bytecode]));
  if (!(await passes(copy, target.tests))) throw new Error(`the tests of ${name} fail without a mutant`);

  let [mutants, killed] = [0, 0];
  const survivors: string[] = [];
  for (const [i, mutant] of all.entries()) {
    const changed = source.slice(0, mutant.start) + mutant.text + source.slice(mutant.end);
    const inlined = mutant.visibility === "internal" ? target.inlinedIn : [];
    const compiled = [...target.parts, ...inlined].map(
      (each) =>
        [
          each,
          compile(each, { path: target.source, content: Buffer.from(changed, "latin1").toString() }),
        ] as const,
    );
    if (compiled.some(([, code]) => code === undefined)) continue;
    if (compiled.every(([{ contract }, code]) => original.get(contract) === code?.bytecode)) continue;
    mutants++;
    for (const [each, code] of compiled) write(copy, each, present(code));
    if (await passes(copy, target.tests)) survivors.push(describe(target.source, mutant));
    else killed++;
    for (const each of inlined) write(copy, each, present(compile(each)));
    log(`${i + 1} of ${all.length}: ${killed} of ${mutants} killed`);
  }
  return { source: target.source, mutants, killed, survivors };
}

function describe(path: string, { line, was, text }: Mutant): string {
  const short = (code: string): string => code.replace(/\s+/g, " ").slice(0, 80) || "nothing";
  return `${path}:${line}: ${short(was)} -> ${short(text)}`;
}

/** What the tests do not read, or what is linked. */
const NOT_COPIED = new Set([".git", "node_modules", "build", "cache", "coverage", "docs", "out"]);

function copyProject(name: string): string {
  const copy = resolve("cache", "mutants", name);
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  for (const entry of readdirSync(".").filter((name) => !NOT_COPIED.has(name)))
    cpSync(entry, join(copy, entry), { recursive: true });
  for (const entry of ["node_modules", "build"]) symlinkSync(resolve(entry), join(copy, entry));
  return copy;
}

// ------------------------------------------------------------------------------------------------------- compiling

interface Code {
  readonly bytecode: string;
  readonly deployedBytecode: string;
  readonly links: readonly [unknown, unknown];
  readonly immutables: unknown;
}

interface Bytes {
  readonly object: string;
  readonly linkReferences: unknown;
  readonly immutableReferences?: unknown;
}

interface Output {
  readonly errors?: readonly { severity: string }[];
  readonly sources: Record<string, { ast: unknown }>;
  readonly contracts?: Record<string, Record<string, { evm: { bytecode: Bytes; deployedBytecode: Bytes } }>>;
}

interface Changed {
  readonly path: string;
  readonly content: string;
}

/** undefined if it does not compile. */
function compile({ source, contract, viaIR }: Part, changed?: Changed): Code | undefined {
  const output = ask(source, {
    viaIR,
    select: { [contract]: ["evm.bytecode", "evm.deployedBytecode"] },
    changed,
  });
  const evm = output.contracts?.[source]?.[contract]?.evm;
  if (!evm || output.errors?.some(({ severity }) => severity === "error")) return undefined;
  const { bytecode, deployedBytecode } = evm;
  return {
    bytecode: `0x${bytecode.object}`,
    deployedBytecode: `0x${deployedBytecode.object}`,
    links: [bytecode.linkReferences, deployedBytecode.linkReferences],
    immutables: deployedBytecode.immutableReferences ?? {},
  };
}

function syntaxTree(path: string): unknown {
  return present(ask(path, { viaIR: false, select: { "": ["ast"] } }).sources[path]).ast;
}

function ask(
  source: string,
  {
    viaIR,
    select,
    changed,
  }: { viaIR: boolean; select: Record<string, string[]>; changed?: Changed | undefined },
): Output {
  const read = (path: string): string =>
    changed?.path === path
      ? changed.content
      : readFileSync(existsSync(path) ? path : join("node_modules", path), "utf8");
  const settings = {
    evmVersion: "prague",
    viaIR,
    metadata: { bytecodeHash: "none" },
    optimizer: { enabled: true, runs: 200 },
    outputSelection: { [source]: select },
  };
  const input = { language: "Solidity", sources: { [source]: { content: read(source) } }, settings };
  return JSON.parse(
    solc.compile(JSON.stringify(input), { import: (path) => ({ contents: read(path) }) }),
  ) as Output;
}

/** Writes the code into the artifact that the tests deploy. */
function write(copy: string, { source, contract }: Part, code: Code): void {
  const path = join(copy, "artifacts", source, `${contract}.json`);
  const artifact = JSON.parse(readFileSync(path, "utf8")) as object;
  const { bytecode, deployedBytecode, links, immutables } = code;
  const [linkReferences, deployedLinkReferences] = links.map((link) =>
    Object.fromEntries(
      Object.entries(link as object).map(([file, at]) => [`project/${file}`, at as unknown]),
    ),
  );
  writeFileSync(
    path,
    JSON.stringify({
      ...artifact,
      bytecode,
      deployedBytecode,
      immutableReferences: immutables,
      linkReferences,
      deployedLinkReferences,
    }),
  );
}

/** Whether all tests pass, up to the first that fails. Tests of gas are left out: they need the other compiler setting. */
async function passes(copy: string, tests: readonly string[]): Promise<boolean> {
  const likely = tests.map((name) => join("test", "contracts", `${name}.test.ts`));
  const all = readdirSync(join("test", "contracts"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => join("test", "contracts", name));
  const files = [...likely, ...all.filter((file) => !likely.includes(file))];
  const mocha = resolve("node_modules", "mocha", "bin", "mocha.js");
  const args = [
    "--bail",
    "--exit",
    "--timeout",
    "120000",
    "--reporter",
    "dot",
    "--grep",
    "costs at most",
    "--invert",
  ];
  const child = spawn(process.execPath, [mocha, ...args, ...files], { cwd: copy, stdio: "ignore" });
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code) => done(code === 0));
  });
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the original does not compile");
  return value;
}
