/**
 * The hash engine in WebAssembly: wasm/assembly/ with the parameters of the reference, checked against it.
 */
import { HoldfastError } from "../protocol/errors.ts";
import { ELEMENT_BYTES, inv, LEAF_BYTES, mod, P } from "../protocol/field.ts";
import { poseidon2Parameters } from "../protocol/poseidon2.ts";
import { ARITY, hashesOf, referenceEngine, type HashEngine } from "../protocol/segment.ts";

/** What the module exports. */
interface HashModule {
  readonly memory: WebAssembly.Memory;
  parametersAt(): number;
  parametersCount(): number;
  prepare(): void;
  inputAt(): number;
  outputAt(): number;
  /** Leaves or groups of nodes that the input holds. */
  capacity(): number;
  hashLeaves(count: number): void;
  /** 0 if a node is not below P. */
  hashNodes(count: number): number;
}

const DIGITS = 5;
const DIGIT_BITS = 51;
/** The Montgomery radix. */
const R = 1n << BigInt(DIGITS * DIGIT_BITS);

/**
 * Throws "io" if the module, on this machine, does not give the reference's hashes: relaxed instructions may be fused or
 * not. hash-unfused.wasm gives them on every machine.
 *
 * @param module the bytes of hash.wasm, see wasm/prepare.ts
 */
export function createWasmEngine(module: Uint8Array): HashEngine {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module));
  const hash = instance.exports as unknown as HashModule;
  writeParameters(hash);
  const engine: HashEngine = {
    name: "wasm",
    hashLeaves: (leaves, output) =>
      hashAll(hash, (count) => hash.hashLeaves(count), leaves, LEAF_BYTES, output),
    hashNodes(children, output) {
      const hashNodes = (count: number): void => {
        if (!hash.hashNodes(count)) throw new RangeError("expected elements of the BN254 scalar field");
      };
      return hashAll(hash, hashNodes, children, ARITY * ELEMENT_BYTES, output);
    },
  };
  checkAgainstReference(engine);
  return engine;
}

function hashAll(
  hash: HashModule,
  run: (count: number) => void,
  data: Uint8Array,
  bytes: number,
  given?: Uint8Array,
): Uint8Array {
  const { count: total, output } = hashesOf(data, bytes, given);
  const memory = new Uint8Array(hash.memory.buffer);
  for (let done = 0; done < total;) {
    const count = Math.min(total - done, hash.capacity());
    memory.set(data.subarray(done * bytes, (done + count) * bytes), hash.inputAt());
    run(count);
    const hashes = memory.subarray(hash.outputAt(), hash.outputAt() + count * ELEMENT_BYTES);
    output.set(hashes, done * ELEMENT_BYTES);
    done += count;
  }
  return output;
}

/** In the order of wasm/assembly/: the field's, then the hash's. */
function writeParameters(hash: HashModule): void {
  const negatedInverse = BigInt.asIntN(DIGIT_BITS, -inverseOfOdd(P));
  const parameters = [
    P,
    ...[4, 3, 2, 1].map((digits) => centered(inv(1n << BigInt(digits * DIGIT_BITS)))),
    negatedInverse,
    centered(R * R),
    ...poseidon2Parameters(16).roundConstants.map((constant) => centered(constant * R)),
  ];
  if (parameters.length !== hash.parametersCount())
    throw new RangeError(`the module expects ${hash.parametersCount()} parameters, not ${parameters.length}`);
  const digits = new BigInt64Array(hash.memory.buffer, hash.parametersAt(), DIGITS * parameters.length);
  digits.set(parameters.flatMap(toDigits));
  hash.prepare();
}

/** x mod P, between -P/2 and P/2. */
function centered(x: bigint): bigint {
  const residue = mod(x);
  return residue > P / 2n ? residue - P : residue;
}

/** Signed digits, the lowest first. */
function toDigits(x: bigint): bigint[] {
  const digits: bigint[] = [];
  let rest = x;
  while (digits.length < DIGITS - 1) {
    const digit = BigInt.asIntN(DIGIT_BITS, rest);
    digits.push(digit);
    rest = (rest - digit) >> BigInt(DIGIT_BITS);
  }
  return [...digits, rest];
}

/** 1 / x mod 2^51, by Newton: each step doubles the number of correct bits, 3 at first. */
function inverseOfOdd(x: bigint): bigint {
  let inverse = x;
  for (let bits = 3; bits < DIGIT_BITS; bits *= 2)
    inverse = BigInt.asIntN(DIGIT_BITS, inverse * (2n - x * inverse));
  return inverse;
}

/** On leaves whose digits are as large as can be, in both lanes. */
function checkAgainstReference(engine: HashEngine): void {
  const leaves = new Uint8Array(2 * LEAF_BYTES).fill(0xff, 0, LEAF_BYTES + 100);
  const expected = referenceEngine.hashLeaves(leaves);
  if (!engine.hashLeaves(leaves).every((byte, i) => byte === expected[i])) {
    throw new HoldfastError(
      "io",
      "the module's hashes are not the reference's: this machine has no fused multiply-add (use the module without it), " +
        "or the module was built from other sources",
    );
  }
}
