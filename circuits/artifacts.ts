/**
 * The compiled circuit of a profile and its key: where the files are, how they are made, and how they are checked
 * when loaded.
 */
import { createHash } from "node:crypto";
import { glob, mkdir, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { VerificationKey } from "snarkjs";
import { readR1cs } from "../groth16/r1cs.ts";
import { readSomeSections, section } from "../groth16/sections.ts";
import { readZkeyCounts } from "../groth16/zkey-reader.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { parseCircuitManifest, type CircuitManifest } from "../protocol/manifest.ts";
import { PROFILES, type Profile, type ProfileName } from "../protocol/profiles.ts";
import { sha256, sha256File, writeJson, writeWhole } from "../system/files.ts";
import { hasCeremonyKey } from "./ceremony-key.ts";
import { compile, compilerVersion, ROOT } from "./compile.ts";
import { renderPoseidon2Constants } from "./constants.ts";

export { loadHashEngine } from "../wasm/hash-engine.ts";

export interface ArtifactPaths {
  readonly dir: string;
  readonly r1cs: string;
  readonly wasm: string;
  readonly zkey: string;
  readonly verificationKey: string;
  readonly manifest: string;
  /** Only a ceremony's key has one. */
  readonly transcript: string;
}

export interface BuildOptions {
  /** Receives one line for people per step. */
  readonly log?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Folder of all artifacts; by default the repository's `build/`. */
  readonly build?: string | undefined;
}

export interface CircuitInfo {
  readonly profile: ProfileName;
  readonly samples: number;
  readonly dataDepth: number;
  readonly directoryDepth: number;
  readonly constraints: number;
  readonly wires: number;
  readonly publicInputs: readonly string[];
}

/** The files that a prover needs. */
export interface ProvingArtifacts {
  readonly manifest: CircuitManifest;
  /** In memory that threads can share. */
  readonly wasm: Uint8Array;
  /** The path of the key: each engine keeps in memory what it needs of it. */
  readonly zkey: string;
  /** Its SHA-256. Whoever reads the file later must find this content. */
  readonly zkeyHash: string;
  readonly verificationKey: VerificationKey;
}

const BUILD = join(ROOT, "build");
const CIRCUITS = join(ROOT, "circuits");
const ZKEY_HEADER = 2;
/** In the order of the statement (protocol.md, section 7). */
const PUBLIC_INPUTS = ["directoryRoot", "seed", "start", "length"] as const;

export function artifactPaths(profile: ProfileName, build: string = BUILD): ArtifactPaths {
  const dir = join(build, profile);
  return {
    dir,
    r1cs: join(dir, "circuit.r1cs"),
    wasm: join(dir, "circuit.wasm"),
    zkey: join(dir, "circuit.zkey"),
    verificationKey: join(dir, "verification_key.json"),
    manifest: join(dir, "manifest.json"),
    transcript: join(dir, "transcript.json"),
  };
}

/**
 * Compiles the circuit of a profile, unless the existing files come from the same sources and compiler.
 *
 * @throws HoldfastError "key" if it would replace a circuit that has a ceremony's key
 */
export async function compileCircuit(
  profile: ProfileName,
  options: BuildOptions = {},
): Promise<CircuitManifest> {
  const { log, signal, build } = options;
  const paths = artifactPaths(profile, build);
  await writeConstants();
  const [sources, compiler] = await Promise.all([hashSources(profile), compilerVersion()]);
  const old = await existingManifest(paths);
  if (old?.sources === sources && old.compiler === compiler && (await isIntact(paths, old))) return old;

  log?.(`compiling the ${profile} circuit`);
  await mkdir(paths.dir, { recursive: true });
  const out = await mkdtemp(join(paths.dir, "compile-"));
  try {
    const made = await compile(join(CIRCUITS, "main", `${profile}.circom`), out, { signal });
    const r1cs = readR1cs(await readFile(made.r1cs));
    const hashes = { r1cs: await sha256File(made.r1cs), wasm: await sha256File(made.wasm) };
    if (!isDeepStrictEqual(old?.hashes, hashes)) await refuseOtherCircuit(profile, paths, old);
    await rename(made.r1cs, paths.r1cs);
    await rename(made.wasm, paths.wasm);
    const manifest: CircuitManifest = {
      profile,
      compiler,
      sources,
      constraints: r1cs.constraints,
      wires: r1cs.wires,
      publicInputs: r1cs.publicInputs,
      hashes,
      // The key depends only on the constraints, so it stays if a change of the sources left them unchanged.
      ...(old?.key && old.hashes.r1cs === hashes.r1cs && { key: old.key }),
    };
    await writeJson(paths.manifest, manifest);
    log?.(`compiled ${profile}: ${r1cs.constraints} constraints`);
    return manifest;
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

async function refuseOtherCircuit(
  profile: ProfileName,
  paths: ArtifactPaths,
  manifest: CircuitManifest | undefined,
): Promise<void> {
  if (!(await hasCeremonyKey(paths, manifest))) return;
  const message = `${paths.dir} has a ${profile} key that is not a development key, and it belongs to other sources than these, or has lost its manifest: move the folder away, or check out the sources that the key was made for`;
  throw new HoldfastError("key", message, { profile, dir: paths.dir });
}

/** Parameters and size of a compiled circuit. */
export async function circuitInfo(profile: ProfileName, build?: string): Promise<CircuitInfo> {
  const { samples, dataDepth, directoryDepth }: Profile = PROFILES[profile];
  const { constraints, wires } = await loadCircuitManifest(profile, build);
  return { profile, samples, dataDepth, directoryDepth, constraints, wires, publicInputs: PUBLIC_INPUTS };
}

/**
 * @throws HoldfastError "not-found" if the profile was never built here
 * @throws HoldfastError "corrupt" if the manifest is malformed, "key" if it is another profile's
 */
export async function loadCircuitManifest(profile: ProfileName, build?: string): Promise<CircuitManifest> {
  const paths = artifactPaths(profile, build);
  let text: string;
  try {
    text = await readFile(paths.manifest, "utf8");
  } catch (cause) {
    const hint = `run \`npm run -s holdfast -- keys make --profile ${profile}\``;
    throw new HoldfastError(
      "not-found",
      `the ${profile} circuit has not been built: ${hint}`,
      { path: paths.manifest },
      { cause },
    );
  }
  const manifest = parseManifestText(text, paths.manifest);
  if (manifest.profile !== profile) {
    throw new HoldfastError(
      "key",
      `${paths.manifest} belongs to the profile ${manifest.profile}, not to ${profile}: restore the right file, or make the key again`,
    );
  }
  return manifest;
}

/**
 * Loads all files for proving, each checked against the manifest. @throws HoldfastError "key" if one is missing or
 * altered
 */
export async function loadProvingArtifacts(profile: ProfileName, build?: string): Promise<ProvingArtifacts> {
  const paths = artifactPaths(profile, build);
  const manifest = await loadCircuitManifest(profile, build);
  const { key } = manifest;
  if (!key) {
    const hint = `run \`npm run -s holdfast -- keys make --profile ${profile}\``;
    throw new HoldfastError("key", `the ${profile} circuit has no key yet: ${hint}`, { path: paths.zkey });
  }
  const [wasm, verificationKey] = await Promise.all([
    loadChecked(paths.wasm, manifest.hashes.wasm),
    loadChecked(paths.verificationKey, key.verificationKey),
    checkFile(paths.zkey, key.zkey),
  ]);
  if (!(await isKeyOf(manifest, paths.zkey))) {
    throw new HoldfastError("key", `${paths.zkey} is the key of another circuit: make the key again`, {
      path: paths.zkey,
    });
  }
  const parsed = JSON.parse(Buffer.from(verificationKey).toString("utf8")) as VerificationKey;
  return { manifest, wasm, zkey: paths.zkey, zkeyHash: key.zkey, verificationKey: parsed };
}

/** Loads the verification key, checked against the manifest. */
export async function loadVerificationKey(profile: ProfileName, build?: string): Promise<VerificationKey> {
  const paths = artifactPaths(profile, build);
  const { key } = await loadCircuitManifest(profile, build);
  if (!key)
    throw new HoldfastError(
      "key",
      `the ${profile} circuit has no key yet: run \`npm run -s holdfast -- keys make --profile ${profile}\``,
      { path: paths.verificationKey },
    );
  const bytes = await loadChecked(paths.verificationKey, key.verificationKey);
  return JSON.parse(Buffer.from(bytes).toString("utf8")) as VerificationKey;
}

async function loadChecked(path: string, expected: string): Promise<Uint8Array> {
  let read: Buffer;
  try {
    read = await readFile(path);
  } catch (cause) {
    throw missing(path, cause);
  }
  refuseAltered(path, expected, sha256(read));
  const bytes = new Uint8Array(new SharedArrayBuffer(read.length));
  bytes.set(read);
  return bytes;
}

async function checkFile(path: string, expected: string): Promise<void> {
  const actual = await sha256File(path).catch((cause: unknown) => {
    throw missing(path, cause);
  });
  refuseAltered(path, expected, actual);
}

function missing(path: string, cause: unknown): HoldfastError {
  return new HoldfastError("key", `${path} is missing: make the key again`, { path }, { cause });
}

function refuseAltered(path: string, expected: string, actual: string): void {
  if (actual === expected) return;
  const message = `${path} is damaged or belongs to another key, because its SHA-256 is not the manifest's: make the key again`;
  throw new HoldfastError("key", message, { path, expected, actual });
}

async function isKeyOf({ wires, publicInputs }: CircuitManifest, zkey: string): Promise<boolean> {
  const header = section(await readSomeSections(zkey, "zkey", [ZKEY_HEADER]), ZKEY_HEADER, "zkey");
  const counts = readZkeyCounts(header);
  return counts.wires === wires && counts.publicInputs === publicInputs;
}

/** Writes generated/poseidon2_constants.circom if it is out of date. */
export async function writeConstants(): Promise<void> {
  const path = join(CIRCUITS, "generated", "poseidon2_constants.circom");
  const text = renderPoseidon2Constants();
  const old = await readFile(path, "utf8").catch(() => undefined);
  if (old === text) return;
  await mkdir(join(CIRCUITS, "generated"), { recursive: true });
  await writeWhole(path, (file) => file.writeFile(text));
}

/** SHA-256 over the names and contents of all circom files that the circuit may include. */
async function hashSources(profile: ProfileName): Promise<string> {
  const patterns = [
    "circuits/*.circom",
    "circuits/generated/*.circom",
    "node_modules/circomlib/circuits/*.circom",
  ];
  const files = [`circuits/main/${profile}.circom`];
  for await (const file of glob(patterns, { cwd: ROOT })) files.push(file);
  const hash = createHash("sha256");
  for (const file of files.sort()) {
    const text = await readFile(join(ROOT, file));
    hash.update(`${file}\0${text.length}\0`).update(text);
  }
  return hash.digest("hex");
}

/** The existing manifest; undefined if there is none that can be read, and then everything is made again. */
async function existingManifest(paths: ArtifactPaths): Promise<CircuitManifest | undefined> {
  try {
    return parseManifestText(await readFile(paths.manifest, "utf8"), paths.manifest);
  } catch {
    return undefined;
  }
}

function parseManifestText(text: string, path: string): CircuitManifest {
  try {
    return parseCircuitManifest(JSON.parse(text));
  } catch (cause) {
    throw new HoldfastError("corrupt", `${path} is not a manifest: make the key again`, { path }, { cause });
  }
}

async function isIntact(paths: ArtifactPaths, { hashes }: CircuitManifest): Promise<boolean> {
  const matches = async (path: string, hash: string): Promise<boolean> =>
    (await stat(path).catch(() => undefined)) !== undefined && (await sha256File(path)) === hash;
  return (await matches(paths.wasm, hashes.wasm)) && (await matches(paths.r1cs, hashes.r1cs));
}
