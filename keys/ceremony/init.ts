/**
 * The first step: makes a key without contributions from a circuit and public powers of tau. Anybody who repeats this
 * step gets the same file.
 */
import { join } from "node:path";
import { compileCircuit } from "../../circuits/artifacts.ts";
import { domainSize } from "../../groth16/qap.ts";
import { readZkeyFile } from "../../groth16/zkey-reader.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import type { CircuitManifest } from "../../protocol/manifest.ts";
import type { ProfileName } from "../../protocol/profiles.ts";
import { sha256File } from "../../system/files.ts";
import { TRANSCRIPT_FORMAT } from "../transcript.ts";
import { TRUSTED, type Trust } from "../trust.ts";
import { download } from "./download.ts";
import { circuitFolder, circuitOf, claimFolder, initialKey, record, type Ceremony } from "./folder.ts";
import { hintFor, readPowers, type Powers } from "./powers.ts";
import { makeZkey, type JobOptions } from "./snarkjs.ts";

export interface InitOptions extends JobOptions {
  readonly dir: string;
  readonly profile: ProfileName;
  /** Path or URL of the file; a URL is downloaded into the folder. */
  readonly ptau: string;
  /** Accepts powers that are not published, and marks the key as insecure. */
  readonly insecurePtau?: boolean;
  readonly trust?: Trust;
}

/**
 * @throws HoldfastError "key" for powers that do not fit or are not published, and whatever compiling and downloading
 *   throw
 */
export async function initCeremony(options: InitOptions): Promise<Ceremony> {
  const { dir, profile, insecurePtau = false, trust = TRUSTED, progress, signal } = options;
  await claimFolder(dir);
  progress?.("compiling the circuit", 0);
  const circuit = await compileCircuit(profile, { signal, build: circuitFolder(dir) });
  const { ptau, powers } = await fetchPowers(circuit, options);
  if (!powers.published && !insecurePtau) {
    const message =
      `${ptau} is not a published powers-of-tau file (its BLAKE2b is ${powers.blake2b}): ` +
      `use ${hintFor(trust.powers, neededPower(circuit))}, or add --insecure-ptau to make a key for tests only`;
    throw new HoldfastError("key", message, { ptau, blake2b: powers.blake2b });
  }
  const { name, power, blake2b } = powers;
  const first = initialKey(dir);
  const { hashes, compiler, sources, constraints, wires, publicInputs } = circuit;
  await makeZkey({ do: "init", r1cs: circuitOf(dir, profile).r1cs, ptau, out: first }, { progress, signal });
  const { circuitHash: hash } = await readZkeyFile(first);
  return record(dir, {
    format: TRANSCRIPT_FORMAT,
    profile,
    compiler,
    circuit: { sources, constraints, wires, publicInputs, ...hashes, hash },
    powers: { name, power, blake2b },
    initial: await sha256File(first),
    contributions: [],
  });
}

/** log2 of the number of rows that the circuit needs. */
export const neededPower = (circuit: Pick<CircuitManifest, "constraints" | "publicInputs">): number =>
  Math.log2(domainSize(circuit));

async function fetchPowers(
  circuit: CircuitManifest,
  { dir, ptau: source, trust = TRUSTED, progress, signal }: InitOptions,
): Promise<{ ptau: string; powers: Powers }> {
  const isUrl = /^https?:\/\//.test(source);
  const ptau = isUrl ? join(dir, "powers.ptau") : source;
  if (isUrl) {
    await download(source, ptau, { signal, progress: (fraction) => progress?.("downloading", fraction) });
  }
  progress?.("hashing the powers of tau", 0);
  return {
    ptau,
    powers: await readPowers(ptau, { trusted: trust.powers, needed: neededPower(circuit), signal }),
  };
}
