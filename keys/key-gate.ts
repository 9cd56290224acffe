/**
 * The checks that a key must pass before money depends on it. A deployment, a node or an auditor does not start with
 * a key under which somebody can forge proofs (protocol.md, section 8).
 *
 * These checks take seconds. `holdfast keys check` also repeats the whole ceremony.
 */
import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import {
  artifactPaths,
  loadCircuitManifest,
  loadVerificationKey,
  type ProvingArtifacts,
} from "../circuits/artifacts.ts";
import { signatureRandomness, verifyRound, roundTime, type DrandChain } from "../drand/rounds.ts";
import { bn254 } from "../groth16/bn254.ts";
import type { SnarkjsKey } from "../groth16/words.ts";
import { readZkeyFile, type ZkeyFacts } from "../groth16/zkey-reader.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { CircuitManifest } from "../protocol/manifest.ts";
import type { ProfileName } from "../protocol/profiles.ts";
import { sha256File } from "../system/files.ts";
import {
  parseSignedTranscript,
  type Announcement,
  type CeremonyDraft,
  type SignedTranscript,
  type Transcript,
} from "./transcript.ts";
import { TRUSTED, type Trust } from "./trust.ts";

/** One honest contributor is enough, but nobody knows which one is honest. The beacon does not count. */
export const MIN_CONTRIBUTIONS = 10;

/** Chains for tests, where nothing has any value. */
const LOCAL_CHAINS: readonly bigint[] = [1337n, 31337n];

export const isLocalChain = (chainId: bigint): boolean => LOCAL_CHAINS.includes(chainId);

export interface GateOptions {
  readonly chainId: bigint;
  /** Folder of all artifacts; by default the repository's `build/`. */
  readonly build?: string | undefined;
  /** Whether to check the zkey as well. An auditor has none. */
  readonly zkey?: boolean;
  /** What was loaded before, and is used: this is checked then, and not what the files have now. */
  readonly artifacts?: ProvingArtifacts | undefined;
  readonly minContributions?: number | undefined;
  readonly trust?: Trust;
}

/** Checks that a profile's key may be used on a chain. @throws HoldfastError "key" with the problem */
export async function requireSafeKey(
  profile: ProfileName,
  {
    chainId,
    build,
    artifacts,
    zkey = artifacts !== undefined,
    minContributions = MIN_CONTRIBUTIONS,
    trust = TRUSTED,
  }: GateOptions,
): Promise<void> {
  const manifest = artifacts?.manifest ?? (await loadCircuitManifest(profile, build));
  const verificationKey: SnarkjsKey =
    artifacts?.verificationKey ?? (await loadVerificationKey(profile, build));
  const paths = artifactPaths(profile, build);
  await refuseForgeable({ insecure: manifest.key?.insecure ?? true, verificationKey, chainId });
  const facts = zkey ? await readZkeyFile(artifacts?.zkey ?? paths.zkey, artifacts?.zkeyHash) : undefined;
  if (facts) refuseOtherKey(facts, verificationKey);
  const transcript = await loadTranscript(manifest, paths.transcript);
  if (transcript) checkTranscript(transcript.transcript, { manifest, facts, trust });
  if (isLocalChain(chainId)) return;
  if (!transcript) throw new HoldfastError("key", NO_TRANSCRIPT, { profile });
  refuseFew(transcript.transcript, minContributions);
}

const NO_TRANSCRIPT =
  "the key has no transcript of a ceremony, so nobody can tell who made it: use the key of a ceremony";

/**
 * Refuses development keys on chains that are not local, and on any chain a key under which anybody can forge proofs.
 */
export async function refuseForgeable(key: {
  readonly insecure: boolean;
  readonly verificationKey: SnarkjsKey;
  readonly chainId: bigint;
}): Promise<void> {
  const { insecure, verificationKey, chainId } = key;
  if (insecure && !isLocalChain(chainId)) {
    const message =
      "this key was made for development, so proofs under it can be forged: use the key of a ceremony";
    throw new HoldfastError("key", message, { chainId: String(chainId) });
  }
  await refuseBareDelta(verificationKey);
}

/**
 * A key without contributions has delta = gamma = the generator of G2. Then A = alpha, B = beta, C = -vk_x is a proof
 * of any statement, and snarkjs accepts it.
 */
export async function refuseBareDelta({ vk_gamma_2, vk_delta_2 }: SnarkjsKey): Promise<void> {
  const { G2 } = await bn254();
  const [gamma, delta] = [vk_gamma_2, vk_delta_2].map((point) =>
    point.slice(0, 2).map(([re, im]) => [BigInt(re ?? 0), BigInt(im ?? 0)]),
  );
  const generator = (G2.toObject(G2.toAffine(G2.g)) as bigint[][]).slice(0, 2);
  if (isDeepStrictEqual(delta, gamma)) {
    const message =
      "the key's delta equals its gamma, because nobody has contributed to it, so anybody can forge proofs: use the last key of the ceremony";
    throw new HoldfastError("key", message, { delta: vk_delta_2 });
  }
  if (isDeepStrictEqual(delta, generator)) {
    const message =
      "the key's delta is the generator of G2, because nobody has contributed to it, so its secret is public: use the last key of the ceremony";
    throw new HoldfastError("key", message, { delta: vk_delta_2 });
  }
}

/** The proving key and the verification key must belong together. */
export function refuseOtherKey(facts: ZkeyFacts, key: SnarkjsKey): void {
  const { alpha, beta, gamma, delta, ic } = facts;
  const { vk_alpha_1, vk_beta_2, vk_gamma_2, vk_delta_2, IC } = key;
  if (isDeepStrictEqual([alpha, beta, gamma, delta, ic], [vk_alpha_1, vk_beta_2, vk_gamma_2, vk_delta_2, IC]))
    return;
  const message =
    "the verification key does not belong to the zkey: export it again, or take both files from one ceremony";
  throw new HoldfastError("key", message);
}

export function refuseFew({ contributions }: CeremonyDraft, minimum: number): void {
  if (contributions.length >= minimum) return;
  const message = `the key has ${contributions.length} contributions, but at least ${minimum} are required: use a key with more contributors`;
  throw new HoldfastError("key", message, { contributions: contributions.length, minimum });
}

/**
 * The transcript that a manifest names; undefined if it names none. @throws HoldfastError "key" if the file is
 * another one
 */
export async function loadTranscript(
  { key }: CircuitManifest,
  path: string,
): Promise<SignedTranscript | undefined> {
  if (key?.transcript === undefined) return undefined;
  const actual = await sha256File(path).catch(() => "no file");
  if (actual !== key.transcript) {
    const message = `${path} is missing or is not the transcript that the manifest names: take it again from the key's source`;
    throw new HoldfastError("key", message, { path, expected: key.transcript, actual });
  }
  try {
    return parseSignedTranscript(JSON.parse(await readFile(path, "utf8")));
  } catch (cause) {
    throw new HoldfastError(
      "key",
      `${path} is not the transcript of a ceremony: take it again from the key's source`,
      { path },
      { cause },
    );
  }
}

// ---------------------------------------------------------------------------------------------------------- transcript

/** What a transcript is compared with. */
export interface TranscriptChecks {
  readonly manifest: CircuitManifest;
  /** undefined if there is no zkey; then its contributions are not compared. */
  readonly facts: ZkeyFacts | undefined;
  readonly trust: Trust;
}

/**
 * Checks that a transcript describes this key, and that its powers and its beacon are public. @throws HoldfastError
 * "key"
 */
export function checkTranscript(transcript: Transcript, { manifest, facts, trust }: TranscriptChecks): void {
  const { key, hashes } = manifest;
  const { circuit } = transcript;
  const named = [
    transcript.profile,
    circuit.r1cs,
    circuit.wasm,
    transcript.key.zkey,
    transcript.key.verificationKey,
  ];
  const ours = [manifest.profile, hashes.r1cs, hashes.wasm, key?.zkey, key?.verificationKey];
  if (!isDeepStrictEqual(named, ours)) {
    const message =
      "the transcript and the manifest describe different keys: take all files from one ceremony";
    throw new HoldfastError("key", message, { transcript: named, manifest: ours });
  }
  if (key?.contributions !== transcript.contributions.length || key.insecure !== transcript.insecure) {
    const message = "the manifest and the transcript contradict each other: take all files from one ceremony";
    throw new HoldfastError("key", message, { key, insecure: transcript.insecure });
  }
  if (!transcript.insecure) refuseUnknownSources(transcript, trust);
  checkBeacon(transcript);
  if (facts) compareContributions(transcript, facts);
}

function refuseUnknownSources({ powers, announcement }: Transcript, trust: Trust): void {
  if (!arePublished(powers, trust)) {
    const message = `the key was made from ${powers.name}, which is not a published powers-of-tau file: use a key made from a published one`;
    throw new HoldfastError("key", message, { powers });
  }
  if (!isPublicDrand(announcement, trust)) {
    const message = "the key's beacon does not come from a public drand network: use a key whose beacon does";
    throw new HoldfastError("key", message, { drand: announcement.drand });
  }
}

/** Whether a ceremony's powers and beacon are public, so that nobody in it could choose them. */
export function isPublic({ powers, announcement }: CeremonyDraft, trust: Trust): boolean {
  return arePublished(powers, trust) && announcement !== undefined && isPublicDrand(announcement, trust);
}

function arePublished({ blake2b, power }: CeremonyDraft["powers"], trust: Trust): boolean {
  return trust.powers.some((published) => published.blake2b === blake2b && published.power === power);
}

function isPublicDrand({ drand: { publicKey, genesis, period } }: Announcement, trust: Trust): boolean {
  return trust.drand.some(
    (chain) =>
      Buffer.from(chain.publicKey).toString("hex") === publicKey &&
      chain.genesis === genesis &&
      chain.period === period,
  );
}

function checkBeacon({ announcement, beacon }: Transcript): void {
  const { drand, round, announcedAt } = announcement;
  const chain: DrandChain = { ...drand, publicKey: Buffer.from(drand.publicKey, "hex") };
  if (announcedAt >= roundTime(round, chain)) {
    const message = `round ${round} of drand was announced only after it was due, so somebody could have chosen it: use a key whose beacon was announced in time`;
    throw new HoldfastError("key", message, { round, announcedAt });
  }
  if (!verifyRound(chain.publicKey, round, Buffer.from(beacon.signature, "hex"))) {
    const message = `the beacon's signature is not that of the announced drand round ${round}: use a key with the announced beacon`;
    throw new HoldfastError("key", message, { round });
  }
}

function compareContributions(
  { circuit, contributions, announcement, beacon }: Transcript,
  facts: ZkeyFacts,
): void {
  if (facts.circuitHash !== circuit.hash) {
    const message =
      "the zkey belongs to another circuit or other powers than the transcript: use the ceremony's key";
    throw new HoldfastError("key", message, { expected: circuit.hash, actual: facts.circuitHash });
  }
  const last = facts.contributions.at(-1);
  const randomness = Buffer.from(signatureRandomness(Buffer.from(beacon.signature, "hex"))).toString("hex");
  if (!isDeepStrictEqual(last?.beacon, { randomness, iterationsExp: announcement.iterationsExp })) {
    const message = `the key's last contribution is not the announced beacon, round ${announcement.round} of drand: use the ceremony's final key`;
    throw new HoldfastError("key", message, { expected: randomness, actual: last?.beacon });
  }
  // A beacon's secret is public, so it is no contribution by a person.
  const open = facts.contributions.slice(0, -1).find(({ beacon: values }) => values);
  if (open) {
    const message = `the secret of "${open.name}" follows from public values: use a key whose contributors drew their own secrets`;
    throw new HoldfastError("key", message, { contribution: open });
  }
  const listed = [...contributions, beacon].map(({ name, hash }) => ({ name, hash }));
  const found = facts.contributions.map(({ name, hash }) => ({ name, hash }));
  const i = listed.findIndex((entry, at) => !isDeepStrictEqual(entry, found[at]));
  if (i !== -1 || found.length !== listed.length) {
    const at = i === -1 ? listed.length : i;
    const message = `contribution ${at + 1} of the zkey is not the one in the transcript (${listed[at]?.name ?? "no contribution"}): take both files from one ceremony`;
    throw new HoldfastError("key", message, { listed: listed[at], found: found[at] });
  }
}
