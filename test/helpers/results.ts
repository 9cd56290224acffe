/**
 * Results of a fake pool in tests of a storage node: the public signals are honest, the proof is not.
 */
import type { ProofResult } from "../../groth16/engine.ts";
import type { CircuitInput } from "../../protocol/statement.ts";

export function resultFor(input: CircuitInput): ProofResult {
  const { directoryRoot, seed, start, length } = input as Record<string, bigint>;
  const point = ["1", "2", "1"];
  return {
    proof: {
      pi_a: point,
      pi_c: point,
      protocol: "groth16",
      curve: "bn128",
      pi_b: [
        ["1", "2"],
        ["3", "4"],
        ["1", "0"],
      ],
    },
    publicSignals: [directoryRoot, seed, start, length].map(String),
    witnessMs: 1,
    proveMs: 2,
  };
}
