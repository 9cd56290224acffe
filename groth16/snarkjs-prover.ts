/**
 * The reference prover: snarkjs, on the calling thread.
 */
import { groth16 } from "snarkjs";
import { HoldfastError } from "../protocol/errors.ts";
import { bn254 } from "./bn254.ts";
import type { Prover } from "./prover.ts";
import { readSections, section } from "./sections.ts";
import { readWitness } from "./wtns.ts";
import { readZkeyCounts } from "./zkey-reader.ts";

/**
 * @param zkey the file's bytes
 * @throws HoldfastError "corrupt" for a file that is broken, "key" for a key of another curve; proving throws
 *   "bad-input" for a witness of another circuit
 */
export async function createSnarkjsProver(zkey: Uint8Array): Promise<Prover> {
  const { wires } = readZkeyCounts(section(readSections(zkey, "zkey"), 2, "zkey"));
  await bn254(); // before snarkjs would start a worker per core
  return {
    async prove(witness, { signal } = {}) {
      signal?.throwIfAborted();
      const found = readWitness(witness).wires;
      if (found !== wires) {
        const message = `the witness is of another circuit: it has ${found} values, the key is for ${wires}`;
        throw new HoldfastError("bad-input", message, { found, expected: wires });
      }
      const { proof, publicSignals } = await groth16.prove(mem(zkey), mem(witness));
      return { proof, publicSignals };
    },
    close: () => Promise.resolve(),
  };
}

function mem(data: Uint8Array): { type: "mem"; data: Uint8Array } {
  return { type: "mem", data };
}

/** In memory that threads share. */
export function sharedCopy(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
