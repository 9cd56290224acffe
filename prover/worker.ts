/**
 * A proving thread: builds one engine from the artifacts it shares with the pool, keeps it, and proves.
 */
import { workerData } from "node:worker_threads";
import { createEngine, type Engine, type EngineArtifacts, type ProofResult } from "../groth16/engine.ts";
import type { CircuitInput } from "../groth16/witness.ts";
import { HoldfastError, type ErrorCode } from "../protocol/errors.ts";

/** A HoldfastError loses its code when it is thrown across threads, so failures are returned. */
export type WorkerAnswer =
  | { readonly result: ProofResult }
  | { readonly failure: { readonly code: ErrorCode; readonly message: string } };

let engine: Promise<Engine> | undefined;

export default async function prove(input: CircuitInput): Promise<WorkerAnswer> {
  try {
    engine ??= createEngine(workerData as EngineArtifacts);
    return { result: await (await engine).prove(input) };
  } catch (error) {
    if (error instanceof HoldfastError) return { failure: { code: error.code, message: error.message } };
    throw error;
  }
}
