/**
 * Circuits under test: any template as a main component, its constraints, and a prover that cheats.
 */
import { createHash } from "node:crypto";
import { cp, glob, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compile, ROOT } from "../../circuits/compile.ts";
import { writeConstants } from "../../circuits/artifacts.ts";
import { readR1cs } from "../../circuits/r1cs.ts";
import { calculateWitness, type CircuitInput } from "../../prover/witness.ts";
import { freeWires, holds, type Constraint, type Term } from "./constraints.ts";

/** Replaces text of a source file, by its name: what a cheating prover changes in the program that computes a witness. */
export type Patch = readonly [file: string, from: string, to: string];

export interface TestCircuit {
  /** In total, as the prover pays for them. */
  readonly constraints: readonly Constraint[];
  readonly wires: number;
  /** The honest witness; rejects with code "proof" if the inputs do not satisfy the circuit. */
  readonly witness: (input: CircuitInput) => Promise<bigint[]>;
  /** Values of a signal, or of all elements of an array, by its name in the main component. */
  readonly read: (witness: readonly bigint[], signal: string) => bigint[];
  /** A full assignment by a prover that ignores every constraint and computes some signals otherwise. */
  readonly forge: (input: CircuitInput, ...patches: Patch[]) => Promise<bigint[]>;
  /** Numbers of the constraints that the assignment breaks. */
  readonly broken: (witness: readonly bigint[]) => number[];
  /**
   * Wires that are not bound, at the honest witness: those that can be raised by one, alone, without breaking a
   * constraint, and those that the inputs do not determine.
   */
  readonly free: (input: CircuitInput) => Promise<number[]>;
}

const UNCONSTRAINED: Patch = ["", "===", ""];
const FOLDER = join(ROOT, "build", "test-circuits");

/** @param main the component, such as "Poseidon2(4)"; `file` holds its template. */
export async function testCircuit(
  file: string,
  main: string,
  publicSignals: string[] = [],
): Promise<TestCircuit> {
  const visibility = publicSignals.length > 0 ? ` {public [${publicSignals.join(", ")}]}` : "";
  const source = `pragma circom 2.2.3;\ninclude "${file}";\ncomponent main${visibility} = ${main};\n`;
  const real = await build(source, [], ["--O2", "--sym"]);
  const { constraints, wires } = parse(await readFile(join(real, "main.r1cs")));
  const wasm = await readFile(join(real, "main.wasm"));
  const symbols = readSymbols(await readFile(join(real, "main.sym"), "utf8"));

  return {
    constraints,
    wires,
    witness: async (input) => decode(await calculateWitness(wasm, input)),
    read: (witness, signal) =>
      symbols
        .filter(({ name }) => name === `main.${signal}` || name.startsWith(`main.${signal}[`))
        .map(({ wire, name }) => {
          if (wire < 0) throw new Error(`${name} was simplified away`);
          return witness[wire] as bigint;
        }),
    async forge(input, ...patches) {
      // Without simplification every signal has a wire; without the `===` lines the program enforces nothing.
      const cheat = await build(source, [...patches, UNCONSTRAINED], ["--O0", "--sym"]);
      const values = decode(await calculateWitness(await readFile(join(cheat, "main.wasm")), input));
      const full = readSymbols(await readFile(join(cheat, "main.sym"), "utf8"));
      const witness = new Array<bigint>(wires).fill(0n);
      witness[0] = 1n;
      // Patches leave the signals and their order alone, so that labels agree.
      for (const [i, { wire }] of symbols.entries()) {
        if (wire >= 0) witness[wire] = values[(full[i] as SymbolEntry).wire] as bigint;
      }
      return witness;
    },
    free: async (input) => {
      // Without simplification: circom may otherwise express an input by what depends on it.
      const plain = await build(source, [], ["--O0", "--sym"]);
      const inputs = readSymbols(await readFile(join(plain, "main.sym"), "utf8"))
        .filter(({ name }) => Object.hasOwn(input, /^main\.(\w+)(\[[\d\][]+)?$/.exec(name)?.[1] ?? ""))
        .map(({ wire }) => wire);
      const witness = decode(await calculateWitness(await readFile(join(plain, "main.wasm")), input));
      return freeWires(parse(await readFile(join(plain, "main.r1cs"))).constraints, witness, inputs);
    },
    broken: (witness) => constraints.flatMap((constraint, i) => (holds(constraint, witness) ? [] : [i])),
  };
}

/** Compiles into a folder named by the hash of all that goes in; a second call finds it there. */
async function build(source: string, patches: readonly Patch[], flags: string[]): Promise<string> {
  await writeConstants();
  const key = JSON.stringify([source, patches, flags, await sourceTexts()]);
  const folder = join(FOLDER, createHash("sha256").update(key).digest("hex").slice(0, 20));
  if (await exists(join(folder, "main.r1cs"))) return folder;

  const work = `${folder}.${process.pid}`;
  const library = join(work, "library");
  await mkdir(library, { recursive: true });
  await cp(join(ROOT, "circuits"), library, { recursive: true, filter: (path) => !path.endsWith(".ts") });
  await cp(join(ROOT, "node_modules/circomlib/circuits"), join(library, "circomlib/circuits"), {
    recursive: true,
  });
  for (const patch of patches)
    await (patch === UNCONSTRAINED ? dropConstraints(library) : apply(patch, library));
  await writeFile(join(library, "main.circom"), source);
  const made = await compile(join(library, "main.circom"), work, { libraries: [library], flags });
  await rename(made.wasm, join(work, "main.wasm"));
  await rm(library, { recursive: true });
  await rm(folder, { recursive: true, force: true });
  await rename(work, folder);
  return folder;
}

async function apply([file, from, to]: Patch, library: string): Promise<void> {
  const path = join(library, file);
  const text = await readFile(path, "utf8");
  if (!text.includes(from)) throw new Error(`${file} has no ${JSON.stringify(from)}`);
  await writeFile(path, text.replace(from, to));
}

/** Removes every line that is a constraint and nothing else, from all sources. */
async function dropConstraints(library: string): Promise<void> {
  for await (const file of glob("**/*.circom", { cwd: library })) {
    const path = join(library, file);
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replaceAll(/^[^/\n]*===[^\n]*;$/gm, ""));
  }
}

async function sourceTexts(): Promise<string[]> {
  const texts: string[] = [];
  for await (const file of glob(
    ["circuits/{.,generated}/*.circom", "node_modules/circomlib/circuits/*.circom"],
    { cwd: ROOT },
  )) {
    texts.push(file, await readFile(join(ROOT, file), "utf8"));
  }
  return texts;
}

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  );
}

interface SymbolEntry {
  readonly wire: number;
  readonly name: string;
}

/** Lines "label,wire,component,name"; wire -1 was simplified away. */
function readSymbols(text: string): SymbolEntry[] {
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [, wire, , name] = line.split(",") as [string, string, string, string];
      return { wire: Number(wire), name };
    });
}

function parse(file: Uint8Array): { constraints: Constraint[]; wires: number } {
  const { body, constraints: count, wires } = readR1cs(file);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let at = 0;
  const terms = (): Term[] => {
    const length = view.getUint32(at, true);
    at += 4;
    return Array.from({ length }, () => {
      const term = { wire: view.getUint32(at, true), coefficient: littleEndian(view, at + 4) };
      at += 36;
      return term;
    });
  };
  return { constraints: Array.from({ length: count }, () => [terms(), terms(), terms()] as const), wires };
}

/** The values of a .wtns file: 32 bytes each after 76 bytes of headers. */
function decode(file: Uint8Array): bigint[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  return Array.from({ length: (file.length - 76) / 32 }, (_, i) => littleEndian(view, 76 + 32 * i));
}

function littleEndian(view: DataView, at: number): bigint {
  return [3, 2, 1, 0].reduce((value, word) => (value << 64n) | view.getBigUint64(at + 8 * word, true), 0n);
}
