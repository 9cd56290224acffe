/**
 * A template on its own: its equations, the names of its wires, and its honest witnesses.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { calculateWitness, type CircuitInput } from "../../groth16/witness.ts";
import { build, type Patch } from "./build.ts";
import { decodeWitness, parseR1cs, type System } from "./system.ts";

/** A template's file and parameters, such as "poseidon2.circom" and "Poseidon2(4)". */
export interface Source {
  readonly file: string;
  readonly main: string;
  /** Its public inputs, in their order. Default: none. */
  readonly publicSignals?: readonly string[];
}

export interface Label {
  /** -1 if the signal was simplified away. */
  readonly wire: number;
  /** The name without the leading "main.". */
  readonly name: string;
}

export interface Circuit extends System {
  /** One for each signal of the source, in an order that does not depend on the simplification. */
  readonly labels: readonly Label[];
  /** The name of each wire. */
  readonly names: readonly string[];
  /** The honest witness; rejects with code "proof" if the inputs do not satisfy the circuit. */
  readonly witness: (input: CircuitInput) => Promise<bigint[]>;
}

/** "simple" is what provers use (circom's --O2); "plain" keeps a wire for every signal (--O0). */
export type Simplification = "simple" | "plain";

/** @throws HoldfastError "bad-input" if circom refuses the patched source */
export async function loadCircuit(
  { file, main, publicSignals = [] }: Source,
  simplification: Simplification,
  patches: readonly Patch[] = [],
): Promise<Circuit> {
  const visibility = publicSignals.length > 0 ? ` {public [${publicSignals.join(", ")}]}` : "";
  const source = `pragma circom 2.2.3;\ninclude "${file}";\ncomponent main${visibility} = ${main};\n`;
  const flag = simplification === "simple" ? "--O2" : "--O0";
  const folder = await build(source, patches, [flag, "--sym"]);
  const circuit = recent.get(folder) ?? readCircuit(folder);
  recent.delete(folder);
  recent.set(folder, circuit);
  if (recent.size > RECENT) recent.delete([...recent.keys()][0] as string);
  return circuit;
}

/** The last circuits that were asked for, by folder, so that similar cheats share a program. */
const recent = new Map<string, Promise<Circuit>>();
const RECENT = 4;

async function readCircuit(folder: string): Promise<Circuit> {
  const wasm = await readFile(join(folder, "main.wasm"));
  const labels = readLabels(await readFile(join(folder, "main.sym"), "utf8"));
  const names = ["1"];
  for (const { wire, name } of labels) if (wire >= 0) names[wire] ??= name;
  return {
    ...parseR1cs(await readFile(join(folder, "main.r1cs"))),
    labels,
    names,
    witness: async (input) => decodeWitness(await calculateWitness(wasm, input)),
  };
}

/** Wires of a signal, or of all elements of an array, by its name. */
export function wiresOf({ labels }: Pick<Circuit, "labels">, signal: string): number[] {
  return labels
    .filter(({ name }) => name === signal || name.startsWith(`${signal}[`))
    .map(({ wire, name }) => {
      if (wire < 0) throw new Error(`${name} was simplified away`);
      return wire;
    });
}

/** Values of a signal, or of all elements of an array, by its name. */
export function read(circuit: Circuit, witness: readonly bigint[], signal: string): bigint[] {
  return wiresOf(circuit, signal).map((wire) => witness[wire] as bigint);
}

/** Lines "label,wire,component,main.name". */
function readLabels(text: string): Label[] {
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [, wire, , name] = line.split(",") as [string, string, string, string];
      return { wire: Number(wire), name: name.replace(/^main\./, "") };
    });
}
