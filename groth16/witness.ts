/**
 * Computes a circuit's witness with the WebAssembly program that circom made for it (circom 2.2's interface).
 */
import { HoldfastError } from "../protocol/errors.ts";
import { P } from "../protocol/field.ts";

export type SignalValue = bigint | number | string | readonly SignalValue[];
/** Values by the name of a circuit's input, nested as the circuit's arrays are. */
export type CircuitInput = Readonly<Record<string, SignalValue>>;

const compiled = new WeakMap<Uint8Array, Promise<WebAssembly.Module>>();

/**
 * A witness in snarkjs's .wtns format.
 *
 * @throws HoldfastError "bad-input" for a missing, unknown or wrongly sized input;
 *   "proof" if the inputs do not satisfy the circuit, with circom's trace of templates in the message.
 */
export async function calculateWitness(circuitWasm: Uint8Array, input: CircuitInput): Promise<Uint8Array> {
  let module = compiled.get(circuitWasm);
  if (!module) compiled.set(circuitWasm, (module = WebAssembly.compile(new Uint8Array(circuitWasm))));
  // A fresh instance for every witness: a failed run leaves the program's memory in an undefined state.
  const program = await start(await module);

  program.init(0);
  let given = 0;
  for (const [name, value] of Object.entries(input)) given += setInput(program, name, flatten(value));
  if (given < program.getInputSize()) {
    throw new HoldfastError(
      "bad-input",
      `the circuit takes ${program.getInputSize()} input values, got ${given}`,
    );
  }
  return encode(program);
}

/** The exports of a circom program that are used here; field elements pass through a shared buffer of 32-bit words. */
interface Program {
  init(sanityCheck: 0 | 1): void;
  getFieldNumLen32(): number;
  getInputSize(): number;
  getInputSignalSize(hashHigh: number, hashLow: number): number;
  setInputSignal(hashHigh: number, hashLow: number, index: number): void;
  readonly memory: WebAssembly.Memory;
  /** Where a field element is put, or found, in the memory. */
  getSharedRWMemoryStart(): number;
  getRawPrime(): void;
  getWitnessSize(): number;
  getWitness(wire: number): void;
  getMessageChar(): number;
}

const EXCEPTIONS: Readonly<Record<number, string>> = {
  1: "signal not found",
  2: "too many signals set",
  3: "signal already set",
  4: "the inputs do not satisfy the circuit",
  5: "not enough memory",
  6: "input signal array access exceeds the size",
  7: "out of bounds array access",
};
const UNSATISFIED = 4;

async function start(module: WebAssembly.Module): Promise<Program> {
  const trace: string[] = [];
  const message = (): string => {
    let text = "";
    for (let code = program.getMessageChar(); code !== 0; code = program.getMessageChar()) {
      text += String.fromCharCode(code);
    }
    return text;
  };
  const instance = await WebAssembly.instantiate(module, {
    runtime: {
      exceptionHandler(code: number) {
        const reason = EXCEPTIONS[code] ?? `circom exception ${code}`;
        throw new HoldfastError(code === UNSATISFIED ? "proof" : "bad-input", [reason, ...trace].join("; "));
      },
      printErrorMessage: () => void trace.push(message()),
      writeBufferMessage: () => void message(), // log(): not used by our circuits
      showSharedRWMemory: () => undefined,
    },
  });
  const program = instance.exports as unknown as Program;
  return program;
}

function setInput(program: Program, name: string, values: bigint[]): number {
  const hash = fnv1a(name);
  const [high, low] = [Number(hash >> 32n), Number(hash & 0xffffffffn)];
  const size = program.getInputSignalSize(high, low);
  if (size !== values.length) {
    const expected =
      size <= 0 ? "is not an input of the circuit" : `takes ${size} values, got ${values.length}`;
    throw new HoldfastError("bad-input", `"${name}" ${expected}`);
  }
  const shared = sharedElement(program);
  for (const [index, value] of values.entries()) {
    if (value < 0n || value >= P) {
      throw new HoldfastError("bad-input", `"${name}" expected field elements, got ${value.toString()}`);
    }
    for (let word = 0, rest = value; word < shared.length; word++, rest >>= 32n)
      shared[word] = Number(rest & 0xffffffffn);
    program.setInputSignal(high, low, index);
  }
  return values.length;
}

/** A call for each word would take as long as all else that is done here. */
function sharedElement(program: Program): Uint32Array {
  return new Uint32Array(program.memory.buffer, program.getSharedRWMemoryStart(), program.getFieldNumLen32());
}

function flatten(value: SignalValue): bigint[] {
  return Array.isArray(value) ? value.flatMap(flatten) : [BigInt(value as bigint | number | string)];
}

/** circom names its inputs by the 64-bit FNV-1a hash. */
function fnv1a(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text))
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

/** .wtns, version 2: a section of field size, prime and count, and a section of values. */
function encode(program: Program): Uint8Array {
  const words = program.getFieldNumLen32();
  const wires = program.getWitnessSize();
  const file = new Uint32Array(3 + 3 + 1 + words + 1 + 3 + wires * words);
  let at = 0;
  const put = (...values: number[]): void => values.forEach((value) => (file[at++] = value));
  const shared = sharedElement(program);
  const putShared = (): void => {
    for (let word = 0; word < words; word++) file[at++] = shared[word] as number;
  };
  put(0x736e7477, 2, 2); // "wtns", version, sections
  put(1, 8 + 4 * words, 0, 4 * words);
  program.getRawPrime();
  putShared();
  put(wires, 2, 4 * words * wires, 0);
  for (let wire = 0; wire < wires; wire++) {
    program.getWitness(wire);
    putShared();
  }
  return new Uint8Array(file.buffer);
}
