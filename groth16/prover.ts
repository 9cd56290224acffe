/**
 * Proves with a key that threads can share.
 */
import { readFile } from "node:fs/promises";
import type { Groth16Proof } from "snarkjs";
import { createSnarkjsProver, sharedCopy } from "./snarkjs-prover.ts";

export interface Prover {
  /** @param witness in snarkjs's .wtns format */
  prove(
    witness: Uint8Array,
    options?: { readonly signal?: AbortSignal | undefined; readonly threads?: number | undefined },
  ): Promise<{ readonly proof: Groth16Proof; readonly publicSignals: string[] }>;
  close(): Promise<void>;
}

/** Plain data, in memory that threads share. */
export interface ProverKey {
  readonly zkey: Uint8Array;
}

export async function loadProverKey(path: string): Promise<ProverKey> {
  return { zkey: sharedCopy(await readFile(path)) };
}

export async function createProver(zkey: string | Uint8Array | ProverKey): Promise<Prover> {
  if (typeof zkey === "string") return createSnarkjsProver((await loadProverKey(zkey)).zkey);
  return createSnarkjsProver(zkey instanceof Uint8Array ? zkey : zkey.zkey);
}
