/**
 * Proves and verifies on the calling thread: a circuit's witness program, its key, and snarkjs's Groth16.
 */
import { groth16, type Groth16Proof, type VerificationKey } from "snarkjs";
import { bn254 } from "./bn254.ts";
import { verifyProof } from "./verify.ts";
import { calculateWitness, type CircuitInput } from "./witness.ts";

export interface EngineArtifacts {
  readonly wasm: Uint8Array;
  readonly zkey: Uint8Array;
  readonly verificationKey: VerificationKey;
}

/** Plain data, in snarkjs's formats: it crosses threads and is written to proof.json and public.json as it is. */
export interface ProofResult {
  readonly proof: Groth16Proof;
  readonly publicSignals: string[];
  readonly witnessMs: number;
  readonly proveMs: number;
}

export interface Engine {
  /** Throws HoldfastError "proof" if the inputs do not satisfy the circuit. */
  prove(input: CircuitInput): Promise<ProofResult>;
  /** False for anything that is not a valid proof of these signals, malformed values included. */
  verify(proof: Groth16Proof, publicSignals: readonly string[]): Promise<boolean>;
  close(): Promise<void>;
}

export async function createEngine({ wasm, zkey, verificationKey }: EngineArtifacts): Promise<Engine> {
  await bn254(); // before snarkjs would start a worker per core
  return {
    async prove(input) {
      const start = performance.now();
      const witness = await calculateWitness(wasm, input);
      const calculated = performance.now();
      const { proof, publicSignals } = await groth16.prove(mem(zkey), mem(witness));
      return { proof, publicSignals, witnessMs: calculated - start, proveMs: performance.now() - calculated };
    },
    verify: (proof, publicSignals) => verifyProof(verificationKey, proof, publicSignals),
    close: () => Promise.resolve(),
  };
}

function mem(data: Uint8Array): { type: "mem"; data: Uint8Array } {
  return { type: "mem", data };
}
