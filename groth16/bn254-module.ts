/**
 * ffjavascript's BN254 WebAssembly module without ffjavascript: for loops that would drown in its copies, and for
 * threads that must not load it (its dependency web-worker takes over the global scope of a thread).
 */

/** Arguments and results are pointers and counts. */
export type Operation = (...args: number[]) => number;

/** An instance of ffjavascript's BN254 module with its own memory, for loops that would drown in copies. */
export interface Bn254Module {
  /** Throws TypeError if the module has no such function. */
  operation(name: string): Operation;
  /** Reserves bytes, zeroed, for the life of the instance. */
  alloc(bytes: number): number;
  /** A view of the memory; stale after the next `alloc`. */
  bytes(): Uint8Array;
}

const PAGE_BYTES = 65536;
/**
 * The module's constants (25 pages in ffjavascript) and the stack that its batch functions push working memory on:
 * 4 MiB, twice what batchToAffine takes for 2^14 points of G2.
 */
const MODULE_PAGES = 25 + 64;

/** @param code the module's bytes: `tm.code` of the curve object */
export async function instantiateBn254(code: Uint8Array): Promise<Bn254Module> {
  const memory = new WebAssembly.Memory({ initial: MODULE_PAGES });
  const module = await WebAssembly.compile(new Uint8Array(code));
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  let next = memory.buffer.byteLength; // all after the module's own pages is ours
  return {
    operation(name) {
      const operation = instance.exports[name];
      if (typeof operation !== "function") throw new TypeError(`the BN254 module has no ${name}`);
      return operation as Operation;
    },
    alloc(bytes) {
      const at = next;
      next += Math.ceil(bytes / 8) * 8;
      const missing = next - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
      return at;
    },
    bytes: () => new Uint8Array(memory.buffer),
  };
}
