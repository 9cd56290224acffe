/**
 * The prover without a chain: commits a folder's files as the segments of one directory and proves all of it.
 *
 * Memory holds the upper levels of the trees (0.41 % of the bytes) and one chunk: files are read once to commit them,
 * and again only where they are sampled.
 */
import { constants } from "node:fs";
import { mkdir, open, readdir, type FileHandle } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { loadHashEngine, loadProvingArtifacts } from "../circuits/artifacts.ts";
import { createEngine } from "../groth16/engine.ts";
import type { EngineName } from "../groth16/engines.ts";
import { Directory } from "../protocol/directory.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { toHex32, type Hex } from "../protocol/field.ts";
import { maxBytes, maxSegments, profileNamed, type Profile, type ProfileName } from "../protocol/profiles.ts";
import {
  GROUP_BYTES,
  openLeaf,
  rootOf,
  SegmentHasher,
  type HashEngine,
  type LeafOpening,
  type SegmentTree,
} from "../protocol/segment.ts";
import { circuitInput, samplesOf, type Sample } from "../protocol/statement.ts";
import { writeJson } from "../system/files.ts";

export interface ProveFolderOptions {
  readonly dir: string;
  readonly profile: ProfileName;
  /** Below 2^248. */
  readonly seed: bigint;
  /** Receives proof.json and public.json; made if missing. */
  readonly out: string;
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Folder of the artifacts; default `build/`. */
  readonly build?: string;
  /** Default: "wasm". */
  readonly engine?: EngineName;
}

/** What a test replaces. */
export interface ProveFolderModules {
  /** Default: the WebAssembly engine of `build/`. */
  readonly hashEngine?: HashEngine;
}

export interface ProvenFolder {
  readonly profile: ProfileName;
  readonly files: number;
  readonly bytes: number;
  /** Leaves of all files, each the weight of its file: the length of the range that is proven. */
  readonly total: number;
  readonly directoryRoot: Hex;
  readonly positions: readonly number[];
  readonly commitMs: number;
  readonly witnessMs: number;
  readonly proveMs: number;
  readonly proof: string;
  readonly publicSignals: string;
}

const READ_BYTES = 1 << 20;

interface Committed {
  readonly path: string;
  readonly tree: SegmentTree;
}

/**
 * @throws HoldfastError "not-found" if there is no folder or nothing in it; "bad-input" for an empty file or too many;
 *   "too-large" for a file over the profile's limit; "corrupt" for a file that changes meanwhile; "key" for artifacts
 *   that are missing or altered
 */
export async function proveFolder(
  options: ProveFolderOptions,
  modules: ProveFolderModules = {},
): Promise<ProvenFolder> {
  const { dir, seed, out, log, signal, build } = options;
  const profile = profileNamed(options.profile);
  if (seed < 0n || seed >> 248n !== 0n) throw new RangeError('"seed" expected an integer below 2^248');
  const paths = await regularFiles(dir, profile);
  const artifacts = await loadProvingArtifacts(profile.name, build);
  const hashEngine = modules.hashEngine ?? (await loadHashEngine(build === undefined ? {} : { build }));

  const begun = performance.now();
  const files: Committed[] = [];
  for (const path of paths) files.push({ path, tree: await commit(path, profile, hashEngine, signal) });
  const directory = new Directory(profile.directoryDepth);
  for (const { tree } of files) directory.append({ ...tree, weight: tree.leaves });
  const bytes = files.reduce((sum, { tree }) => sum + tree.bytes, 0);
  const commitMs = performance.now() - begun;
  log?.(`committed ${files.length} files, ${bytes} bytes, ${directory.total} leaves`);

  const range = { seed, start: 0, length: directory.total };
  const samples = samplesOf(directory, range, profile);
  const openings: LeafOpening[] = [];
  for (const sample of samples)
    openings.push(await openSample(files[sample.entryIndex] as Committed, sample, hashEngine));
  signal?.throwIfAborted();

  log?.(`proving ${samples.length} samples`);
  const engine = await createEngine(artifacts, { engine: options.engine, log });
  try {
    const { proof, publicSignals, witnessMs, proveMs } = await engine.prove(
      circuitInput(directory, range, samples, openings, profile),
      { threads: availableParallelism(), signal },
    );
    if (!(await engine.verify(proof, publicSignals))) {
      throw new HoldfastError(
        "proof",
        "the proof does not verify under its own key: make the key again, or take another --engine",
      );
    }
    const written = { proof: join(out, "proof.json"), publicSignals: join(out, "public.json") };
    await mkdir(out, { recursive: true });
    await writeJson(written.proof, proof);
    await writeJson(written.publicSignals, publicSignals);
    return {
      ...{ profile: profile.name, files: files.length, bytes, total: directory.total },
      directoryRoot: toHex32(directory.root),
      positions: samples.map(({ position }) => position),
      ...{ commitMs, witnessMs, proveMs },
      ...written,
    };
  } finally {
    await engine.close();
  }
}

/** In name order, by UTF-16 code units. What is no regular file (folders, links, devices) is passed over. */
async function regularFiles(dir: string, profile: Profile): Promise<string[]> {
  let found;
  try {
    found = await readdir(dir, { withFileTypes: true });
  } catch (cause) {
    throw new HoldfastError("not-found", `${dir} is not a folder that can be read`, { dir }, { cause });
  }
  const names = found.filter((entry) => entry.isFile()).map((entry) => entry.name);
  if (names.length === 0)
    throw new HoldfastError("not-found", `${dir} has no files: there is nothing to prove`, { dir });
  const limit = maxSegments(profile);
  if (names.length > limit) {
    const message = `${dir} has ${names.length} files; a directory of the ${profile.name} profile holds ${limit}`;
    throw new HoldfastError("bad-input", message, { files: names.length, limit });
  }
  return names.sort().map((name) => join(dir, name));
}

async function commit(
  path: string,
  profile: Profile,
  engine: HashEngine,
  signal?: AbortSignal,
): Promise<SegmentTree> {
  return withFile(path, async (file) => {
    const { size } = await file.stat();
    if (size === 0)
      throw new HoldfastError("bad-input", `${path} is empty: a segment has at least one byte`, { path });
    const limit = maxBytes(profile);
    const tooLarge = (bytes: number): HoldfastError => {
      const message = `${path} is too large: ${bytes} bytes; the ${profile.name} profile takes ${limit} in a segment`;
      return new HoldfastError("too-large", message, { path, bytes, limit });
    };
    if (size > limit) throw tooLarge(size);

    const hasher = new SegmentHasher({ depth: profile.dataDepth, engine });
    const buffer = new Uint8Array(READ_BYTES);
    for (let at = 0; ;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, READ_BYTES, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      if (at > limit) throw tooLarge(at); // it grows while we read
      await hasher.push(buffer.subarray(0, bytesRead));
    }
    return hasher.end();
  });
}

async function openSample(
  { path, tree }: Committed,
  sample: Sample,
  engine: HashEngine,
): Promise<LeafOpening> {
  const first = Math.floor(sample.leafIndex / 16) * GROUP_BYTES;
  const group = new Uint8Array(Math.min(GROUP_BYTES, tree.bytes - first));
  const changed = (): HoldfastError =>
    new HoldfastError("corrupt", `${path} changed while it was proven`, { path });
  await withFile(path, async (file) => {
    for (let at = 0; at < group.length;) {
      const { bytesRead } = await file.read(group, at, group.length - at, first + at);
      if (bytesRead === 0) throw changed();
      at += bytesRead;
    }
  });
  const opening = openLeaf(tree, sample.leafIndex, group, engine);
  if (rootOf(opening) !== tree.root) throw changed();
  return opening;
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (cause) {
    throw new HoldfastError("io", `${path} cannot be read`, { path }, { cause });
  }
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
