/**
 * The hash engine in WebAssembly: wasm/assembly/ with the parameters of the reference, checked against it.
 */
import { HoldfastError } from "../protocol/errors.ts";
import { ELEMENT_BYTES, LEAF_BYTES, P } from "../protocol/field.ts";
import { poseidon2Parameters } from "../protocol/poseidon2.ts";
import { ARITY, hashesOf, referenceEngine, type HashEngine } from "../protocol/segment.ts";
import { centered, fieldParameters, R, writeElements } from "./parameters.ts";

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

/** The field's, then the hash's. */
function writeParameters(hash: HashModule): void {
  const constants = poseidon2Parameters(16).roundConstants.map((constant) => centered(constant * R, P));
  const parameters = [...fieldParameters(P), ...constants];
  if (parameters.length !== hash.parametersCount())
    throw new RangeError(`the module expects ${hash.parametersCount()} parameters, not ${parameters.length}`);
  writeElements(hash.memory, hash.parametersAt(), parameters);
  hash.prepare();
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
