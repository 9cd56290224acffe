/**
 * A contribution: one file in, one file out, on the contributor's own machine. The secret exists only in the process that
 * multiplies with it.
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
  /** Of the contributor, as the transcript will have it: 1 to 64 characters. */
  readonly name: string;
  /** Something that only the contributor knows, besides 64 bytes from the system's generator. */
  readonly entropy: string;
}

/** What the contributor publishes, so that everybody can see that this contribution is in the final key. */
export interface Attestation {
  readonly name: string;
  /** 1 for the first. */
  readonly contribution: number;
  /** BLAKE2b-512, as the transcript will list it. */
  readonly hash: string;
  readonly previous: string | null;
  readonly circuitHash: string;
  /** SHA-256 of the two files. */
  readonly files: { readonly from: string; readonly out: string };
}

/** Characters: what a person types is worth at most a few bits each. */
const MIN_ENTROPY = 16;

/**
 * Writes the new key and, beside it, the attestation.
 *
 * @throws HoldfastError "bad-input" for a bad name or too little entropy, "busy" if `out` exists, "key" for a file that cannot
 *   be contributed to
 */
export async function contribute(options: ContributeOptions): Promise<Attestation> {
  const { from, out, name, entropy, progress, signal } = options;
  checkName(name);
  if (entropy.length < MIN_ENTROPY) {
    const message = `type at least ${MIN_ENTROPY} characters that nobody can guess, not ${entropy.length}`;
    throw new HoldfastError("bad-input", message);
  }
  await refuseExisting(out);
  const before = await readZkeyFile(from);
  refuseClosed(from, before);
  const mixed = entropy + randomBytes(64).toString("hex");
  await makeZkey({ do: "contribute", ...{ from, out, name }, entropy: mixed }, { progress, signal });

  const { circuitHash, contributions } = await readZkeyFile(out);
  const attestation: Attestation = {
    ...{ name, contribution: contributions.length, hash: contributions.at(-1)?.hash ?? "" },
    previous: before.contributions.at(-1)?.hash ?? null,
    circuitHash,
    files: { from: await sha256File(from), out: await sha256File(out) },
  };
  await writeJson(attestationOf(out), attestation);
  return attestation;
}

export const attestationOf = (path: string): string => `${path}.attestation.json`;

/** snarkjs would cut a longer name off in silence. */
export function checkName(name: string): void {
  if (name.length < 1 || name.length > 64 || /[\p{Cc}\p{Cs}]/u.test(name) || name.trim() !== name) {
    const message = `"${name}" is not a name to be listed under: give 1 to 64 printable characters`;
    throw new HoldfastError("bad-input", message);
  }
}

async function refuseExisting(path: string): Promise<void> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (exists)
    throw new HoldfastError("busy", `${path} exists: choose another name for the new key`, { path });
}

function refuseClosed(path: string, facts: ZkeyFacts): void {
  if (isDevelopmentKey(facts)) {
    const message = `${path} is a development key: whoever made it can forge proofs; contribute to a ceremony's key`;
    throw new HoldfastError("key", message, { path });
  }
  if (facts.contributions.some(({ beacon }) => beacon)) {
    throw new HoldfastError("key", `${path} is a final key: its ceremony has ended`, { path });
  }
}
