/**
 * A proving thread: keeps the prover of the engine that it was given last, and proves. For a program of its own process it
 * computes the witness only.
 */
import { workerData } from "node:worker_threads";
import type { ProofResult } from "../groth16/engine.ts";
import { isUnfit, openProver, type Backend } from "../groth16/engines.ts";
import type { Prover } from "../groth16/prover.ts";
import { calculateWitness, type CircuitInput } from "../groth16/witness.ts";
import { HoldfastError, type ErrorCode } from "../protocol/errors.ts";

export interface ProvingTask {
  readonly input: CircuitInput;
  readonly backend: Backend;
  /** That may take part in this proof. */
  readonly threads: number;
}

/** A HoldfastError loses its code when it is thrown across threads, so failures are returned. */
export type WorkerAnswer =
  | { readonly result: ProofResult }
  | { readonly witness: Uint8Array; readonly witnessMs: number }
  | { readonly unfit: string }
  | { readonly failure: { readonly code: ErrorCode; readonly message: string } };

/** What all tasks of a thread have in common. */
export interface ThreadData {
  /** The program that computes witnesses. */
  readonly wasm: Uint8Array;
}

let open: { readonly kind: Backend["kind"]; readonly prover: Promise<Prover> } | undefined;

export async function prove({ input, backend, threads }: ProvingTask): Promise<WorkerAnswer> {
  try {
    if (backend.kind === "external") return await witnessOf(input);
    if (open?.kind !== backend.kind) open = { kind: backend.kind, prover: openProver(backend) };
    let prover: Prover;
    try {
      prover = await open.prover;
    } catch (error) {
      open = undefined;
      if (isUnfit(backend, error)) return { unfit: (error as Error).message };
      throw error;
    }
    const { witness, witnessMs } = await witnessOf(input);
    const start = performance.now();
    const proved = await prover.prove(witness, { threads });
    return { result: { ...proved, witnessMs, proveMs: performance.now() - start } };
  } catch (error) {
    if (error instanceof HoldfastError) return { failure: { code: error.code, message: error.message } };
    throw error;
  }
}

async function witnessOf(input: CircuitInput): Promise<{ witness: Uint8Array; witnessMs: number }> {
  const start = performance.now();
  const { wasm } = workerData as ThreadData;
  return { witness: await calculateWitness(wasm, input), witnessMs: performance.now() - start };
}
