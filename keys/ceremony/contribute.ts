/**
 * A contribution, made on the contributor's own machine: one file in, one file out. The secret exists only in the
 * process that uses it.
 */
import { randomBytes } from "node:crypto";
import { access } from "node:fs/promises";
import { isDevelopmentKey, readZkeyFile, type ZkeyFacts } from "../../groth16/zkey-reader.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { sha256File, writeJson } from "../../system/files.ts";
import { makeZkey, type JobOptions } from "./snarkjs.ts";

export interface ContributeOptions extends JobOptions {
  readonly from: string;
  readonly out: string;
  /** The contributor's name in the transcript: 1 to 64 characters. */
  readonly name: string;
  /** Text that only the contributor knows. 64 bytes of the system's random generator are added to it. */
  readonly entropy: string;
}

/** What the contributor publishes, so that anybody can see that the contribution is in the final key. */
export interface Attestation {
  readonly name: string;
  /** Number of the contribution, from 1. */
  readonly contribution: number;
  /** BLAKE2b-512, as it appears in the transcript. */
  readonly hash: string;
  readonly previous: string | null;
  readonly circuitHash: string;
  /** SHA-256 of the two files. */
  readonly files: { readonly from: string; readonly out: string };
}

/** Characters. Each typed character is worth only a few bits. */
const MIN_ENTROPY = 16;

/**
 * Writes the new key and, next to it, the attestation.
 *
 * @throws HoldfastError "bad-input" for a bad name or too little entropy, "busy" if `out` exists, "key" if the file
 *   accepts no contribution
 */
export async function contribute(options: ContributeOptions): Promise<Attestation> {
  const { from, out, name, entropy, progress, signal } = options;
  checkName(name);
  if (entropy.length < MIN_ENTROPY) {
    const message = `${entropy.length} characters are too few: type at least ${MIN_ENTROPY} that nobody can guess`;
    throw new HoldfastError("bad-input", message);
  }
  await refuseExisting(out);
  const before = await readZkeyFile(from);
  refuseClosed(from, before);
  const mixed = entropy + randomBytes(64).toString("hex");
  await makeZkey({ do: "contribute", from, out, name, entropy: mixed }, { progress, signal });

  const { circuitHash, contributions } = await readZkeyFile(out);
  const attestation: Attestation = {
    name,
    contribution: contributions.length,
    hash: contributions.at(-1)?.hash ?? "",
    previous: before.contributions.at(-1)?.hash ?? null,
    circuitHash,
    files: { from: await sha256File(from), out: await sha256File(out) },
  };
  await writeJson(attestationOf(out), attestation);
  return attestation;
}

export const attestationOf = (path: string): string => `${path}.attestation.json`;

/** snarkjs would silently shorten a longer name. */
export function checkName(name: string): void {
  if (name.length < 1 || name.length > 64 || /[\p{Cc}\p{Cs}]/u.test(name) || name.trim() !== name) {
    const message = `"${name}" cannot be listed as a name: give 1 to 64 printable characters, without spaces at the ends`;
    throw new HoldfastError("bad-input", message);
  }
}

async function refuseExisting(path: string): Promise<void> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (exists)
    throw new HoldfastError("busy", `${path} exists already: choose another name for the new key`, { path });
}

function refuseClosed(path: string, facts: ZkeyFacts): void {
  if (isDevelopmentKey(facts)) {
    const message = `${path} is a development key, and its maker can forge proofs: contribute to a ceremony's key instead`;
    throw new HoldfastError("key", message, { path });
  }
  if (facts.contributions.some(({ beacon }) => beacon)) {
    throw new HoldfastError(
      "key",
      `${path} is the final key of a ceremony that has ended: contribute to another ceremony`,
      { path },
    );
  }
}
