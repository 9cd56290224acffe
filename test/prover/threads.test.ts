// What Node does to the process when a thread that loads a module is ended.
import { expect } from "chai";

describe("prover: the modules of threads", () => {
  for (const path of ["prover/worker.ts", "wasm/hash-worker.ts", "groth16/fixed-base-worker.ts"])
    // Piscina requires them. Of a default export Node then makes another module, and aborts the process, not the thread,
    // if the thread is ended in that moment.
    it(`export by name: ${path}`, async () => {
      const module = (await import(new URL(`../../${path}`, import.meta.url).href)) as object;
      expect(module).not.to.have.property("default");
    });
});
