/**
 * Proves and verifies for the calling thread: a circuit's witness program, its key, and what makes the proof.
 */
import type { Groth16Proof, VerificationKey } from "snarkjs";
import { isUnfit, loadBackend, openProver, unfitMessage, type Backend, type EngineName } from "./engines.ts";
import type { Prover } from "./prover.ts";
import { openVerifier } from "./verify.ts";
import { calculateWitness, type CircuitInput } from "./witness.ts";

export interface EngineArtifacts {
  readonly wasm: Uint8Array;
  /** The key's path. */
  readonly zkey: string;
  /** Its SHA-256. Nothing is proved with any other content of the file. */
  readonly zkeyHash?: string | undefined;
  readonly verificationKey: VerificationKey;
}

export interface EngineOptions {
  /** Default "wasm". */
  readonly engine?: EngineName | undefined;
  /** One line, if another engine takes the place of the one asked for. */
  readonly log?: ((line: string) => void) | undefined;
}

/** Plain data, in snarkjs's formats: it crosses threads and is written to proof.json and public.json as it is. */
export interface ProofResult {
  readonly proof: Groth16Proof;
  readonly publicSignals: string[];
  readonly witnessMs: number;
  readonly proveMs: number;
}

export interface ProveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Threads that may take part in the proof. */
  readonly threads?: number | undefined;
}

export interface Engine {
  /** Throws HoldfastError "proof" if the inputs do not satisfy the circuit. */
  prove(input: CircuitInput, options?: ProveOptions): Promise<ProofResult>;
  /** False for anything that is not a valid proof of these signals, malformed values included. */
  verify(proof: Groth16Proof, publicSignals: readonly string[]): Promise<boolean>;
  close(): Promise<void>;
}

/** What a test replaces. */
export interface EngineModules {
  readonly open?: (backend: Backend) => Promise<Prover>;
}

export async function createEngine(
  artifacts: EngineArtifacts,
  { engine = "wasm", log }: EngineOptions = {},
  { open = openProver }: EngineModules = {},
): Promise<Engine> {
  const { wasm, verificationKey } = artifacts;
  const backend = await loadBackend(engine, artifacts);
  const prover = await open(backend).catch(async (error: unknown) => {
    if (!isUnfit(backend, error)) throw error;
    log?.(unfitMessage(error));
    return open(await loadBackend("snarkjs", artifacts));
  });
  const verify = await openVerifier(verificationKey);
  return {
    async prove(input, options) {
      const start = performance.now();
      const witness = await calculateWitness(wasm, input);
      const calculated = performance.now();
      const { proof, publicSignals } = await prover.prove(witness, options);
      return { proof, publicSignals, witnessMs: calculated - start, proveMs: performance.now() - calculated };
    },
    verify,
    close: () => prover.close(),
  };
}
