/**
 * A ceremony with three contributors for the tiny circuit and a real round of drand, and ways to forge its files and sign them
 * again.
 */
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Wallet } from "ethers";
import { artifactPaths, loadCircuitManifest, type ArtifactPaths } from "../../circuits/artifacts.ts";
import { roundTime } from "../../drand/rounds.ts";
import { present } from "../../evidence/world/present.ts";
import { locateSections } from "../../groth16/sections.ts";
import { acceptContribution } from "../../keys/ceremony/accept.ts";
import {
  attestationOf,
  contribute,
  type Attestation,
  type ContributeOptions,
} from "../../keys/ceremony/contribute.ts";
import { finalizeCeremony } from "../../keys/ceremony/finalize.ts";
import {
  circuitFolder,
  circuitOf,
  currentKey,
  initialKey,
  openCeremony,
} from "../../keys/ceremony/folder.ts";
import { initCeremony } from "../../keys/ceremony/init.ts";
import { checkKey, type CheckKeyOptions } from "../../keys/check.ts";
import { requireSafeKey } from "../../keys/key-gate.ts";
import { ensureProfile } from "../../keys/make.ts";
import { parseSignedTranscript, transcriptMessage, type Transcript } from "../../keys/transcript.ts";
import { EVMNET, type Trust } from "../../keys/trust.ts";
import type { CircuitManifest } from "../../protocol/manifest.ts";
import { blake2bFile, sha256File, writeJson } from "../../system/files.ts";
import { holdfast } from "./cli.ts";
import { holdfastErrorOf } from "./errors.ts";
import { evmnetRound } from "./evmnet.ts";
import { makeFolder } from "./folder.ts";
import { writePowers } from "./powers.ts";

export const NAMES = ["Ada Lovelace", "Grace Hopper", "Emmy Noether"] as const;
export const MIN = NAMES.length;
/** Chain ids. */
export const [LOCAL, PUBLIC] = [31337n, 1n];
export const POWER = 13;
/** One hour before the round. */
export const BEFORE_ROUND = 1000 * (roundTime(evmnetRound.round, EVMNET) - 3600);
export const coordinator = new Wallet(`0x${"17".repeat(32)}`);
export const ENTROPY = "what nobody else can know";

export interface HeldCeremony {
  readonly dir: string;
  readonly ptau: string;
  /** Makes the test's own powers count as published. */
  readonly trust: Trust;
  readonly attestations: readonly Attestation[];
}

/** The functions work only while the tests run. */
export interface SharedCeremony {
  readonly held: () => HeldCeremony;
  /** The published folder, with powers that count as public, and with powers that do not. */
  readonly trusted: () => string;
  readonly insecure: () => string;
  /** A path in the shared folder. */
  readonly path: (name: string) => string;
  /** Rejects as `keys check` would. */
  readonly check: (build: string, options?: CheckKeyOptions) => Promise<unknown>;
  /** Options for a check from the circuit on. */
  readonly full: () => { readonly ptau: string; readonly initial: string };
  /** Rejects as the gate of a deployment would. */
  readonly pass: (build: string, chainId: bigint) => Promise<void>;
}

/**
 * Call within `describe`. All tests in it share one ceremony, because another would take half a minute. They run in the order of
 * its steps, because later tests use the results of earlier ones.
 */
export function useCeremony(): SharedCeremony {
  let folder: string;
  let ceremony: HeldCeremony;
  before(async () => {
    folder = await makeFolder();
    ceremony = await holdCeremony(folder);
  });
  after(() => rm(folder, { recursive: true }));

  const path = (name: string): string => join(folder, name);
  return {
    held: () => ceremony,
    trusted: () => path("trusted"),
    insecure: () => path("insecure"),
    path,
    check(build, options) {
      const { dir, trust } = ceremony;
      const compiled = circuitFolder(dir);
      return checkKey("tiny", { build, trust, minContributions: MIN, compiled, ...options });
    },
    full: () => ({ ptau: ceremony.ptau, initial: initialKey(ceremony.dir) }),
    pass: (build, chainId) =>
      requireSafeKey("tiny", { build, chainId, zkey: true, minContributions: MIN, trust: ceremony.trust }),
  };
}

/** The message of the error with this code that the promise rejects with. */
export async function refusal(promise: Promise<unknown>, code = "key"): Promise<string> {
  const error = await holdfastErrorOf(promise);
  expect(error.code, error.message).to.equal(code);
  return error.message;
}

/** A folder to begin a ceremony in, where the circuit is compiled already. */
export async function folderWithCircuit(dir: string): Promise<string> {
  await ensureProfile("tiny");
  await cp(artifactPaths("tiny").dir, circuitOf(dir, "tiny").dir, { recursive: true });
  return dir;
}

/** Everything but accepting the third contribution. The first is made with the command. */
export async function holdCeremony(folder: string): Promise<HeldCeremony> {
  const ptau = join(folder, "powers.ptau");
  await writePowers(ptau, POWER);
  const dir = await folderWithCircuit(join(folder, "ceremony"));
  const published = { name: "powers of the test", power: POWER, blake2b: await blake2bFile(ptau) };
  await initCeremony({ dir, profile: "tiny", ptau, insecurePtau: true });
  const attestations: Attestation[] = [];
  for (const [i, name] of NAMES.entries()) {
    const out = join(folder, `from-${i}.zkey`);
    const from = currentKey(await openCeremony(dir));
    const make = i === 0 ? contributeByCommand : contribute;
    attestations.push(await make({ from, out, name, entropy: ENTROPY }));
    if (i < 2) await acceptContribution(out, { dir, ptau });
  }
  return { dir, ptau, trust: { powers: [published], drand: [EVMNET] }, attestations };
}

async function contributeByCommand({ from, out, name, entropy }: ContributeOptions): Promise<Attestation> {
  const secret = `${out}.secret`;
  await writeFile(secret, entropy);
  const { stdout } = await holdfast(
    "keys",
    "ceremony",
    "contribute",
    from,
    out,
    "--name",
    name,
    "--entropy-file",
    secret,
    "--json",
  );
  const { attestation, ...said } = JSON.parse(stdout) as Attestation & { attestation: string };
  if (attestation !== attestationOf(out)) throw new Error(`the attestation is in ${attestation}`);
  return said;
}

export function publish(
  { dir, ptau, trust }: HeldCeremony,
  out: string,
  minContributions: number = MIN,
): Promise<CircuitManifest> {
  const { privateKey } = coordinator;
  return finalizeCeremony({ dir, ptau, trust, privateKey, out, minContributions });
}

/** A copy of published files, changed by `change`, with all hashes set right and the transcript signed again. */
export async function forge(
  from: string,
  to: string,
  change: (paths: ArtifactPaths, transcript: Transcript) => Promise<Transcript>,
): Promise<void> {
  await cp(from, to, { recursive: true });
  const paths = artifactPaths("tiny", to);
  const signed = parseSignedTranscript(JSON.parse(await readFile(paths.transcript, "utf8")));
  const changed = await change(paths, signed.transcript);
  const key = {
    zkey: await sha256File(paths.zkey),
    verificationKey: await sha256File(paths.verificationKey),
  };
  const [r1cs, wasm] = [await sha256File(paths.r1cs), await sha256File(paths.wasm)];
  const transcript = { ...changed, key, circuit: { ...changed.circuit, r1cs, wasm } };
  const signature = await coordinator.signMessage(transcriptMessage(transcript));
  await writeJson(paths.transcript, { transcript, coordinator: coordinator.address, signature });
  const manifest = await loadCircuitManifest("tiny", to);
  await writeJson(paths.manifest, {
    ...manifest,
    hashes: { r1cs, wasm },
    key: {
      insecure: transcript.insecure,
      contributions: transcript.contributions.length,
      ...key,
      transcript: await sha256File(paths.transcript),
    },
  });
}

/** Adds 1 to one byte: at `at`, or from the end if that is negative. */
export async function changeByte(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  const index = at < 0 ? bytes.length + at : at;
  bytes.writeUInt8((bytes.readUInt8(index) + 1) % 256, index);
  await writeFile(path, bytes);
}

/** Exchanges the first two points of a section: still points, no longer the right ones. */
export async function swapPoints(path: string, id: number): Promise<void> {
  const { at } = present((await locateSections(path, "zkey")).get(id));
  const bytes = await readFile(path);
  const first = Buffer.from(bytes.subarray(at, at + 64));
  bytes.copy(bytes, at, at + 64, at + 128);
  first.copy(bytes, at + 64);
  await writeFile(path, bytes);
}
