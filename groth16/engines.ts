/**
 * What makes proofs: Holdfast's own prover in WebAssembly, snarkjs as the reference and for machines on which the first does
 * not run, or a program of somebody else's.
 */
import { readFile } from "node:fs/promises";
import type { VerificationKey } from "snarkjs";
import { HoldfastError, type ErrorCode } from "../protocol/errors.ts";
import { checkProgram, createExternalProver } from "./external-prover.ts";
import { createProver, loadProverKey, type Prover, type ProverKey } from "./prover.ts";
import { createSnarkjsProver, sharedCopy } from "./snarkjs-prover.ts";

/** "wasm", "snarkjs", or the path of a program with rapidsnark's command line. */
export type EngineName = string;

/** An engine with its key: plain data, which threads share. */
export type Backend =
  | { readonly kind: "wasm"; readonly key: ProverKey }
  | { readonly kind: "snarkjs"; readonly zkey: Uint8Array }
  | {
      readonly kind: "external";
      readonly program: string;
      readonly zkey: string;
      readonly publicInputs: number;
    };

/** A key: its file, and what belongs to it. */
export interface KeyFiles {
  readonly zkey: string;
  readonly verificationKey: Pick<VerificationKey, "nPublic">;
}

/** @throws HoldfastError "bad-input" for a program that cannot be run; what is wrong with the key */
export async function loadBackend(engine: EngineName, { zkey, verificationKey }: KeyFiles): Promise<Backend> {
  if (engine === "wasm") return { kind: "wasm", key: await loadProverKey(zkey) };
  if (engine === "snarkjs") return { kind: "snarkjs", zkey: sharedCopy(await readFile(zkey)) };
  const program = await checkProgram(engine);
  return { kind: "external", program, zkey, publicInputs: verificationKey.nPublic };
}

/** @throws what `isUnfit` knows, or what is wrong with the key */
export function openProver(backend: Backend): Promise<Prover> {
  if (backend.kind === "wasm") return createProver(backend.key);
  if (backend.kind === "snarkjs") return createSnarkjsProver(backend.zkey);
  return Promise.resolve(createExternalProver(backend));
}

/** Of the key or of the caller, rather than of the machine. */
const NOT_OF_THE_MACHINE: readonly ErrorCode[] = ["aborted", "bad-input", "corrupt", "key", "not-found"];

/** Whether our own prover does not run on this machine, so that snarkjs has to. */
export function isUnfit({ kind }: Backend, error: unknown): boolean {
  return kind === "wasm" && !(error instanceof HoldfastError && NOT_OF_THE_MACHINE.includes(error.code));
}

/** For the log, once. */
export function unfitMessage(reason: unknown): string {
  const why = reason instanceof Error ? reason.message : String(reason);
  return `the prover in WebAssembly does not run on this machine, and snarkjs takes its place: ${why}`;
}
