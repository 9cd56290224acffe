/**
 * What makes proofs: Holdfast's own prover in WebAssembly, snarkjs as the reference and for machines on which the first does
 * not run, or a program of somebody else's.
 */
import { readFile } from "node:fs/promises";
import { HoldfastError } from "../protocol/errors.ts";
import { refuseChanged } from "../system/checked-file.ts";
import { sha256 } from "../system/files.ts";
import { checkProgram, createExternalProver } from "./external-prover.ts";
import { createProver, loadProverKey, type Prover, type ProverKey } from "./prover.ts";
import { readSomeSections, section } from "./sections.ts";
import { shared } from "./shared.ts";
import { createSnarkjsProver } from "./snarkjs-prover.ts";
import { readZkeyCounts } from "./zkey-reader.ts";

const ZKEY_HEADER = 2;

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
      readonly zkeyHash: string | undefined;
      readonly scratch: string | undefined;
      /** The key's, as a witness must have them. */
      readonly wires: number;
      readonly publicInputs: number;
    };

export interface BackendSources {
  /** The key's path. */
  readonly zkey: string;
  /** Its SHA-256. */
  readonly zkeyHash?: string | undefined;
  /** Where a program's files are: external-prover.ts. */
  readonly scratch?: string | undefined;
}

/**
 * @throws HoldfastError "bad-input" for a program that cannot be run; "key" if the key has another hash; what is wrong with the
 *   key
 */
export async function loadBackend(
  engine: EngineName,
  { zkey, zkeyHash, scratch }: BackendSources,
): Promise<Backend> {
  if (engine === "wasm") return { kind: "wasm", key: await loadProverKey(zkey, zkeyHash) };
  if (engine === "snarkjs") {
    const bytes = await readFile(zkey);
    if (zkeyHash !== undefined) refuseChanged(zkey, zkeyHash, sha256(bytes));
    return { kind: "snarkjs", zkey: shared(bytes) };
  }
  const program = await checkProgram(engine);
  const sections = await readSomeSections(zkey, "zkey", [ZKEY_HEADER], zkeyHash);
  const counts = readZkeyCounts(section(sections, ZKEY_HEADER, "zkey"));
  return { kind: "external", program, zkey, zkeyHash, scratch, ...counts };
}

/** @throws what `isUnfit` knows, or what is wrong with the key */
export function openProver(backend: Backend): Promise<Prover> {
  if (backend.kind === "wasm") return createProver(backend.key);
  if (backend.kind === "snarkjs") return createSnarkjsProver(backend.zkey);
  return Promise.resolve(createExternalProver(backend));
}

/** Whether our own prover does not run on this machine, so that snarkjs has to. A want of memory or files may pass. */
export function isUnfit({ kind }: Backend, error: unknown): boolean {
  return kind === "wasm" && error instanceof HoldfastError && error.code === "io";
}

/** For the log, once. */
export function unfitMessage(reason: unknown): string {
  const why = reason instanceof Error ? reason.message : String(reason);
  return `the prover in WebAssembly does not run on this machine, and snarkjs takes its place: ${why}`;
}
