/**
 * ffjavascript's BN254 WebAssembly module, used without ffjavascript: loops would spend their time in its copies, and
 * threads must not load it, because its dependency web-worker takes over a thread's global scope.
 */

/** Arguments and results are pointers and counts. */
export type Operation = (...args: number[]) => number;

/** An instance of ffjavascript's BN254 module with a memory of its own, so that loops need not copy. */
export interface Bn254Module {
  /** @throws TypeError if the module has no such function */
  operation(name: string): Operation;
  /** Reserves zeroed bytes for the life of the instance. */
  alloc(bytes: number): number;
  /** A view of the memory. It is stale after the next `alloc`. */
  bytes(): Uint8Array;
}

const PAGE_BYTES = 65536;
/**
 * The module's constants (25 pages in ffjavascript) and the stack that its batch functions push working memory on:
 * 4 MiB, twice what batchToAffine takes for 2^14 points of G2.
 */
const MODULE_PAGES = 25 + 64;

/** @param code the module's bytes, which are `tm.code` of the curve object */
export async function instantiateBn254(code: Uint8Array): Promise<Bn254Module> {
  const memory = new WebAssembly.Memory({ initial: MODULE_PAGES });
  const module = await WebAssembly.compile(new Uint8Array(code));
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  let next = memory.buffer.byteLength; // the memory after the module's own pages is free
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
