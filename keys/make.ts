/**
 * Makes a development key. It draws the secrets itself, so the person who ran it could have kept them, and could
 * forge proofs.
 *
 * gamma and delta are random and distinct, like the other secrets. (A fresh snarkjs key has gamma = delta = the
 * generator until somebody contributes, and anybody can forge with it.)
 */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { zKey } from "snarkjs";
import {
  artifactPaths,
  compileCircuit,
  loadCircuitManifest,
  type ArtifactPaths,
  type BuildOptions,
} from "../circuits/artifacts.ts";
import { hasCeremonyKey } from "../circuits/ceremony-key.ts";
import { bn254 } from "../groth16/bn254.ts";
import type { GroupName } from "../groth16/fixed-base-kernel.ts";
import { createFixedBase, type FixedBase } from "../groth16/fixed-base.ts";
import { evaluateQap, type EvaluatedQap, type Secrets } from "../groth16/qap.ts";
import { readR1cs, type R1cs } from "../groth16/r1cs.ts";
import { loadSetupModule } from "../groth16/setup-module.ts";
import { startZkey, ZKEY_SECTION, type ZkeyHeader } from "../groth16/zkey-writer.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { P, toBytesLE32 } from "../protocol/field.ts";
import type { CircuitManifest } from "../protocol/manifest.ts";
import type { ProfileName } from "../protocol/profiles.ts";
import { sha256File, writeJson, writeWhole } from "../system/files.ts";

export interface KeyProgress {
  readonly phase: "circuit" | "points" | "files";
  /** Finished part of all the work, 0 to 1. */
  readonly fraction: number;
}

export interface MakeKeyOptions extends Omit<BuildOptions, "log"> {
  readonly log?: ((progress: KeyProgress) => void) | undefined;
  /** By default, all cores. */
  readonly threads?: number | undefined;
}

/** Compiles the circuit if needed, makes a new key for it, and returns the manifest of both. */
export async function makeDevelopmentKey(
  profile: ProfileName,
  { log, threads = availableParallelism(), signal, build }: MakeKeyOptions = {},
): Promise<CircuitManifest> {
  const paths = artifactPaths(profile, build);
  log?.({ phase: "circuit", fraction: 0 });
  const circuit = await compileCircuit(profile, { signal, build });
  await refuseCeremonyKey(circuit, paths);
  const r1cs = readR1cs(await readFile(paths.r1cs));

  await writeKey(r1cs, paths.zkey, { threads, signal, log });
  log?.({ phase: "files", fraction: 0.98 });
  await bn254(); // called first, or snarkjs would start a worker per core
  await writeJson(paths.verificationKey, await zKey.exportVerificationKey(paths.zkey));
  const manifest: CircuitManifest = {
    ...circuit,
    key: {
      insecure: true,
      contributions: 0,
      zkey: await sha256File(paths.zkey),
      verificationKey: await sha256File(paths.verificationKey),
    },
  };
  // Written last: until then, the hashes do not match a half-replaced key, so it is refused.
  await writeJson(paths.manifest, manifest);
  log?.({ phase: "files", fraction: 1 });
  return manifest;
}

async function refuseCeremonyKey(circuit: CircuitManifest, paths: ArtifactPaths): Promise<void> {
  if (!(await hasCeremonyKey(paths, circuit))) return;
  const [{ profile }, { dir }] = [circuit, paths];
  const message = `${dir} has the ${profile} key of a ceremony, and a development key would overwrite it: move the folder away first`;
  throw new HoldfastError("key", message, { dir });
}

/** Returns the key of a profile if it fits the current circuit, and otherwise makes one. */
export async function ensureProfile(
  profile: ProfileName,
  options: MakeKeyOptions = {},
): Promise<CircuitManifest> {
  const { signal, build } = options;
  options.log?.({ phase: "circuit", fraction: 0 });
  const manifest = await compileCircuit(profile, { signal, build });
  return (await keyIsIntact(manifest, artifactPaths(profile, build)))
    ? manifest
    : makeDevelopmentKey(profile, options);
}

/** Returns what `keys show` prints. */
export async function showKey(profile: ProfileName, build?: string): Promise<CircuitManifest> {
  const manifest = await loadCircuitManifest(profile, build);
  const paths = artifactPaths(profile, build);
  if (!(await keyIsIntact(manifest, paths))) {
    const message = `the ${profile} key is missing or does not match the manifest: run \`keys make --profile ${profile}\``;
    throw new HoldfastError("key", message, { dir: paths.dir });
  }
  return manifest;
}

async function keyIsIntact({ key }: CircuitManifest, paths: ArtifactPaths): Promise<boolean> {
  if (!key) return false;
  try {
    const hashes = await Promise.all([sha256File(paths.zkey), sha256File(paths.verificationKey)]);
    return hashes[0] === key.zkey && hashes[1] === key.verificationKey;
  } catch {
    return false; // a file is missing
  }
}

interface WriteKeyOptions {
  readonly threads: number;
  readonly signal: AbortSignal | undefined;
  readonly log: ((progress: KeyProgress) => void) | undefined;
}

async function writeKey(r1cs: R1cs, path: string, { threads, signal, log }: WriteKeyOptions): Promise<void> {
  const secrets = drawSecrets();
  const fixedBase = await createFixedBase({ threads, expected: 4 * r1cs.wires, signal }); // threads start meanwhile
  try {
    const qap = await evaluateQap(r1cs, secrets, { module: await loadSetupModule(), signal });
    log?.({ phase: "points", fraction: QAP_SHARE });
    const progress = countPoints(qap, (share) =>
      log?.({ phase: "points", fraction: QAP_SHARE + (0.97 - QAP_SHARE) * share }),
    );
    // All at once, so that no thread waits for the last points of a section.
    const [header, ...sections] = await Promise.all([
      headerPoints(r1cs, qap.domain, secrets, fixedBase),
      ...pointSections(qap).map(
        async ([section, group, scalars]) =>
          [section, await fixedBase.multiply(group, scalars, progress(group))] as const,
      ),
    ]);
    await writeWhole(path, async (file) => {
      const writer = await startZkey(file, header);
      await writer.section(ZKEY_SECTION.coefficients, qap.coefficients);
      for (const [section, points] of sections) await writer.section(section, points);
    });
  } finally {
    await fixedBase.close();
  }
}

/** Rough share of the time that evaluating the QAP takes. */
const QAP_SHARE = 0.2;
/** Additions in G2 cost about three times as much as those in G1. */
const G2_WEIGHT = 3;

function pointSections(qap: EvaluatedQap): [section: number, group: GroupName, scalars: Uint8Array][] {
  return [
    [ZKEY_SECTION.publicWires, "G1", qap.publicWires],
    [ZKEY_SECTION.quotient, "G1", qap.quotient],
    [ZKEY_SECTION.privateWires, "G1", qap.privateWires],
    [ZKEY_SECTION.a, "G1", qap.a],
    [ZKEY_SECTION.b1, "G1", qap.b],
    [ZKEY_SECTION.b2, "G2", qap.b],
  ];
}

/**
 * Returns, for each section, a callback that turns the number of finished points into the finished share of all
 * points.
 */
function countPoints(
  qap: EvaluatedQap,
  report: (share: number) => void,
): (group: GroupName) => (points: number) => void {
  const weight = (group: GroupName): number => (group === "G1" ? 1 : G2_WEIGHT);
  const total =
    pointSections(qap).reduce((sum, [, group, scalars]) => sum + weight(group) * scalars.length, 0) / 32;
  let finished = 0;
  return (group) => {
    let before = 0;
    return (points) => {
      finished += weight(group) * (points - before);
      before = points;
      report(finished / total);
    };
  };
}

async function headerPoints(
  { wires, publicInputs }: R1cs,
  domain: number,
  { alpha, beta, gamma, delta }: Secrets,
  fixedBase: FixedBase,
): Promise<ZkeyHeader> {
  const g1 = await fixedBase.multiply("G1", scalars(alpha, beta, delta));
  const g2 = await fixedBase.multiply("G2", scalars(beta, gamma, delta));
  const point1 = (i: number): Uint8Array => g1.subarray(64 * i, 64 * (i + 1));
  const point2 = (i: number): Uint8Array => g2.subarray(128 * i, 128 * (i + 1));
  return {
    wires,
    publicInputs,
    domain,
    alpha1: point1(0),
    beta1: point1(1),
    delta1: point1(2),
    beta2: point2(0),
    gamma2: point2(1),
    delta2: point2(2),
  };
}

function scalars(...values: bigint[]): Uint8Array {
  return Buffer.concat(values.map(toBytesLE32));
}

function drawSecrets(): Secrets {
  const [tau, alpha, beta, gamma, delta] = [
    randomScalar(),
    randomScalar(),
    randomScalar(),
    randomScalar(),
    randomScalar(),
  ];
  return { tau, alpha, beta, gamma, delta };
}

/** Uniform in 2 .. p - 1: no secret may be 0, and gamma and delta must not be 1, which would give the generator. */
function randomScalar(): bigint {
  for (;;) {
    const value = BigInt(`0x${randomBytes(32).toString("hex")}`) >> 2n;
    if (value > 1n && value < P) return value;
  }
}
