/**
 * All checks that anybody can make on a key before trusting it with money (protocol.md, section 8).
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { verifyMessage } from "ethers";
import { zKey, type VerificationKey } from "snarkjs";
import {
  artifactPaths,
  compileCircuit,
  loadCircuitManifest,
  type ArtifactPaths,
} from "../circuits/artifacts.ts";
import { bn254 } from "../groth16/bn254.ts";
import type { SnarkjsKey } from "../groth16/words.ts";
import { isDevelopmentKey, readZkeyFile, type ZkeyFacts } from "../groth16/zkey-reader.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { CircuitManifest } from "../protocol/manifest.ts";
import type { ProfileName } from "../protocol/profiles.ts";
import { sha256File } from "../system/files.ts";
import { brokenChain, refuseOtherPowers } from "./ceremony/accept.ts";
import { neededPower } from "./ceremony/init.ts";
import { readPowers } from "./ceremony/powers.ts";
import { makeZkey, verifyChain, type JobOptions } from "./ceremony/snarkjs.ts";
import {
  checkTranscript,
  loadTranscript,
  MIN_CONTRIBUTIONS,
  refuseBareDelta,
  refuseFew,
} from "./key-gate.ts";
import { transcriptMessage, type SignedTranscript, type Transcript } from "./transcript.ts";
import { TRUSTED, type Trust } from "./trust.ts";

export interface ProfileKey {
  readonly profile: ProfileName;
  readonly verificationKey: SnarkjsKey;
  /** Folder of all artifacts; by default the repository's `build/`. */
  readonly build?: string | undefined;
}

/**
 * Finds the profiles of a deployment that use the key, as indices and in words. @throws HoldfastError "key" if there
 * are none
 */
export type FindDeployed = (key: ProfileKey) => Promise<{ profiles: readonly number[]; said: string }>;

export interface CheckKeyOptions extends JobOptions {
  /** Folder of all artifacts; by default the repository's `build/`. */
  readonly build?: string | undefined;
  /** Path of the powers of tau. If given, every step from the circuit to the key is verified. */
  readonly ptau?: string | undefined;
  /** The key before the first contribution, if this machine has already made it. It saves most of the time. */
  readonly initial?: string | undefined;
  /** A folder in the layout of `build/`, if this machine has already compiled the circuit from these sources. */
  readonly compiled?: string | undefined;
  /** A deployment that must use the key. */
  readonly deployed?: FindDeployed | undefined;
  /** Address of the account that must have signed the transcript. */
  readonly coordinator?: string | undefined;
  readonly minContributions?: number | undefined;
  /** Whether an insecure key passes if everything else is right. */
  readonly allowInsecure?: boolean | undefined;
  readonly trust?: Trust | undefined;
}

export interface CheckedKey {
  readonly manifest: CircuitManifest;
  readonly transcript: SignedTranscript;
  /** The indices of the deployment's profiles that use the key, if a deployment was given. */
  readonly deployedAs: readonly number[] | undefined;
  /** The checks that passed, in words. */
  readonly checked: readonly string[];
}

/** @throws HoldfastError "key" with the first problem and what to do */
export async function checkKey(profile: ProfileName, options: CheckKeyOptions = {}): Promise<CheckedKey> {
  const { build, ptau, deployed, trust = TRUSTED, minContributions = MIN_CONTRIBUTIONS } = options;
  const paths = artifactPaths(profile, build);
  const manifest = await loadCircuitManifest(profile, build);
  const checked: string[] = [];
  const passed = (what: string): void => void checked.push(what);

  await checkFiles(manifest, paths);
  passed("circuit, keys and transcript have the hashes of the manifest");
  const facts = await readZkeyFile(paths.zkey);
  refuseDevelopmentKey(facts, profile);
  const verificationKey = await checkVerificationKey(paths);
  passed("the verification key is that of the zkey, and its delta is neither gamma nor the generator of G2");
  const signed = await signedTranscript(manifest, paths, options.coordinator);
  checkTranscript(signed.transcript, { manifest, facts, trust });
  refuseFew(signed.transcript, minContributions);
  passed(`transcript signed by ${signed.coordinator}; it lists the contributions and the beacon of the zkey`);
  if (signed.transcript.insecure && options.allowInsecure !== true) {
    const message =
      "the key is marked as insecure, because its powers of tau or its beacon are not public: use it for tests only";
    throw new HoldfastError("key", message, { profile });
  }
  if (ptau !== undefined) await checkPowers(signed, { ...options, ptau, trust });
  const found = await deployed?.({ profile, verificationKey, build });
  if (found) passed(found.said);
  await checkRebuild(manifest, options);
  passed("this source tree compiles to the key's circuit");
  if (ptau !== undefined) {
    await checkChain(signed, paths, { ...options, ptau });
    passed("every contribution follows, from the powers of tau to the key");
  }
  return { manifest, transcript: signed, deployedAs: found?.profiles, checked };
}

async function checkFiles({ hashes, key }: CircuitManifest, paths: ArtifactPaths): Promise<void> {
  for (const [what, path, expected] of [
    ["constraints", paths.r1cs, hashes.r1cs],
    ["witness generator", paths.wasm, hashes.wasm],
    ["proving key", paths.zkey, key?.zkey],
    ["verification key", paths.verificationKey, key?.verificationKey],
  ] as const) {
    const actual = await sha256File(path).catch(() => "no file");
    if (actual === expected) continue;
    const message = `the ${what} in ${path} is missing or altered, because its SHA-256 is not the manifest's: take the file again from the key's source`;
    throw new HoldfastError("key", message, { path, expected, actual });
  }
}

function refuseDevelopmentKey(facts: ZkeyFacts, profile: ProfileName): void {
  if (!isDevelopmentKey(facts)) return;
  const message = `the ${profile} key is a development key, and its maker can forge proofs: use the key of a ceremony`;
  throw new HoldfastError("key", message, { profile });
}

async function checkVerificationKey({ zkey, verificationKey }: ArtifactPaths): Promise<VerificationKey> {
  await bn254(); // called first, or snarkjs would start a worker per core
  const exported = await zKey.exportVerificationKey(zkey);
  await refuseBareDelta(exported);
  const written = JSON.parse(await readFile(verificationKey, "utf8")) as VerificationKey;
  if (isDeepStrictEqual(exported, written)) return written;
  const message = `${verificationKey} is not the verification key of ${zkey}: take both files from one ceremony`;
  throw new HoldfastError("key", message);
}

async function signedTranscript(
  manifest: CircuitManifest,
  { transcript: path }: ArtifactPaths,
  expected?: string,
): Promise<SignedTranscript> {
  const signed = await loadTranscript(manifest, path);
  if (!signed) {
    const message =
      "the manifest names no transcript, so nobody can tell who contributed: use the key of a ceremony";
    throw new HoldfastError("key", message);
  }
  const signer = signerOf(signed);
  if (signer !== signed.coordinator) {
    const message = `${path} is not signed by ${signed.coordinator}, so it was altered after it was signed: take it again from the key's source`;
    throw new HoldfastError("key", message, { coordinator: signed.coordinator });
  }
  if (expected !== undefined && expected.toLowerCase() !== signer.toLowerCase()) {
    const message = `the transcript is signed by ${signer}, not by ${expected}: use the transcript of the right coordinator`;
    throw new HoldfastError("key", message, { expected, actual: signer });
  }
  return signed;
}

function signerOf({ transcript, signature }: SignedTranscript): string {
  try {
    return verifyMessage(transcriptMessage(transcript), signature);
  } catch {
    return "nobody"; // the signature is malformed
  }
}

/** Compiles the sources of this tree, which must give the key's constraints. */
async function checkRebuild(
  { profile, hashes }: CircuitManifest,
  { compiled, progress, signal }: CheckKeyOptions,
): Promise<void> {
  progress?.("compiling the circuit", 0);
  await inFolder(async (build) => {
    const rebuilt = await compileCircuit(profile, { build: compiled ?? build, signal });
    if (isDeepStrictEqual(rebuilt.hashes, hashes)) return;
    const message = `this source tree does not compile to the key's ${profile} circuit: check out the sources that the key was made for, or make a key for these`;
    throw new HoldfastError("key", message, { expected: hashes, actual: rebuilt.hashes });
  });
}

/** Runs before checkChain because it is much faster. */
async function checkPowers(
  { transcript }: SignedTranscript,
  { ptau, trust, initial, signal }: CheckKeyOptions & { ptau: string; trust: Trust },
): Promise<void> {
  const needed = neededPower(transcript.circuit);
  const { blake2b } = await readPowers(ptau, { trusted: trust.powers, needed, signal });
  refuseOtherPowers(ptau, { expected: transcript.powers.blake2b, actual: blake2b });
  if (initial !== undefined) await refuseOtherInitial(initial, transcript);
}

async function checkChain(
  { transcript }: SignedTranscript,
  paths: ArtifactPaths,
  options: CheckKeyOptions & { ptau: string },
): Promise<void> {
  const { ptau, progress, signal } = options;
  await inFolder(async (folder) => {
    const initial = options.initial ?? join(folder, "initial.zkey");
    if (options.initial === undefined)
      await makeZkey({ do: "init", r1cs: paths.r1cs, ptau, out: initial }, { progress, signal });
    await refuseOtherInitial(initial, transcript);
    const reasons = await verifyChain({ initial, ptau, zkey: paths.zkey }, { progress, signal });
    if (reasons) throw brokenChain(paths.zkey, reasons);
  });
}

async function refuseOtherInitial(path: string, { initial: expected }: Transcript): Promise<void> {
  const actual = await sha256File(path);
  if (actual === expected) return;
  const message = `${path}, the key before the first contribution, is not the one in the transcript: make it from these sources and powers with \`keys ceremony init\`; if it still differs, do not use this key`;
  throw new HoldfastError("key", message, { path, expected, actual });
}

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-check-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
