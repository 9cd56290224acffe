/**
 * Segments on disk: a file of bytes and a file of its tree, both named by the root. The only file that knows the disk.
 *
 * A segment is there whole or not at all: both files are written under another name and synced, then renamed, the tree
 * last, and the folder is synced before anybody is told. What a crash leaves behind is removed at the next start.
 */
import { randomUUID } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { mkdir, open, readFile, readdir, rename, rm, stat, statfs, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { HoldfastError } from "../protocol/errors.ts";
import { ELEMENT_BYTES, fromHex32, leafCount, type Hex } from "../protocol/field.ts";
import { maxBytes, type Profile } from "../protocol/profiles.ts";
import {
  ARITY,
  GROUP_BYTES,
  openLeaf,
  rootOf,
  type HashEngine,
  type LeafOpening,
  type SegmentTree,
} from "../protocol/segment.ts";
import { commit, type Announced } from "./commit.ts";

export interface StoredSegment {
  readonly root: Hex;
  readonly bytes: number;
  readonly leaves: number;
}

export interface Store {
  /** Bytes of segments that are here or on their way in. */
  readonly usedBytes: number;
  /** Of everything that was here at the last look. */
  readonly segments: ReadonlyMap<Hex, StoredSegment>;
  /**
   * Stores a segment, or, if it is here already, only checks that the body is it.
   *
   * @throws HoldfastError "too-large" for more than the profile's limit, "disk-full" beyond the quota or the disk,
   *   "busy" while the same segment is coming in, and what `commit` throws; nothing is left behind then
   */
  receive(
    body: AsyncIterable<Uint8Array>,
    announced: Announced,
  ): Promise<StoredSegment & { existed: boolean }>;
  /** Looks at the disk: undefined if it is not there (any more). */
  find(root: Hex): Promise<StoredSegment | undefined>;
  /** @throws HoldfastError "not-found" if it is gone, "corrupt" if what is there does not lead to the root, "io" */
  openLeaf(root: Hex, leafIndex: number): Promise<LeafOpening>;
  /** Bytes from start to end, both included. */
  read(root: Hex, start: number, end: number): Readable;
  /** Does nothing if it is not there. */
  remove(root: Hex): Promise<void>;
}

export interface StoreOptions {
  readonly folder: string;
  readonly profile: Profile;
  readonly quotaBytes: number;
  /** Of the disk, to leave free. */
  readonly reserveBytes: number;
}

/** What a test replaces. */
export interface StoreModules {
  readonly engine: HashEngine;
  readonly openFile?: typeof open;
  readonly freeBytes?: (folder: string) => Promise<number>;
}

/** Trees kept in memory: one of 8.3 GB of data has 36 MB. */
const CACHED_TREES = 4;
const NAME = /^[0-9a-f]{64}$/;
const TREE = ".tree";
/** A name that turns out to be a link is refused. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW;

export async function createStore(
  { folder, profile, quotaBytes, reserveBytes }: StoreOptions,
  { engine, openFile = open, freeBytes = freeOnDisk }: StoreModules,
): Promise<Store> {
  const segmentsFolder = join(folder, "segments");
  const incomingFolder = join(folder, "incoming");
  await rm(incomingFolder, { recursive: true, force: true });
  for (const each of [segmentsFolder, incomingFolder]) await mkdir(each, { recursive: true, mode: 0o700 });
  const pathOf = (root: Hex): string => join(segmentsFolder, nameOf(root));
  const limit = maxBytes(profile);
  const trees = new Map<Hex, SegmentTree>();
  const arriving = new Set<Hex>();
  const segments = new Map<Hex, StoredSegment>();
  let incomingBytes = 0;

  const forget = (root: Hex): undefined => {
    segments.delete(root);
    trees.delete(root);
  };
  const find = async (root: Hex): Promise<StoredSegment | undefined> => {
    try {
      await stat(pathOf(root) + TREE);
      const { size } = await stat(pathOf(root));
      if (size === 0) {
        forget(root);
        return;
      }
      const segment = { root, bytes: size, leaves: leafCount(size) };
      segments.set(root, segment);
      return segment;
    } catch (error) {
      if (isGone(error)) {
        forget(root);
        return;
      }
      throw ioError(error, pathOf(root));
    }
  };
  for (const file of await readdir(segmentsFolder)) {
    const name = file.endsWith(TREE) ? file.slice(0, -TREE.length) : file;
    if (NAME.test(name) && !(await find(`0x${name}`))) await rm(join(segmentsFolder, file), { force: true });
  }
  const usedBytes = (): number =>
    [...segments.values()].reduce((sum, { bytes }) => sum + bytes, 0) + incomingBytes;

  const write = async (body: AsyncIterable<Uint8Array>, announced: Announced): Promise<void> => {
    const temporary = join(incomingFolder, randomUUID());
    try {
      const tree = await writeSynced(openFile, temporary, (file) =>
        commit(body, announced, { profile, engine }, (chunk) => writeAll(file, chunk)),
      );
      await writeSynced(openFile, temporary + TREE, async (file) => {
        for (const level of tree.levels) await writeAll(file, level);
      });
      const path = pathOf(announced.root);
      await rename(temporary, path);
      await rename(temporary + TREE, path + TREE);
      await syncFolder(segmentsFolder);
    } finally {
      await rm(temporary, { force: true });
      await rm(temporary + TREE, { force: true });
    }
  };
  const reserve = async (bytes: number): Promise<void> => {
    const room = quotaBytes - usedBytes();
    if (bytes > room) throw noRoom(bytes, room, "the node's quota");
    // Taken before anything is awaited, so that parallel uploads cannot pass the quota together.
    incomingBytes += bytes;
    const free = (await freeBytes(folder)) - reserveBytes - (incomingBytes - bytes);
    if (bytes > free) {
      incomingBytes -= bytes;
      throw noRoom(bytes, free, "the node's disk");
    }
  };
  const treeOf = async (root: Hex): Promise<SegmentTree> => {
    const cached = trees.get(root);
    const tree = cached ?? (await readTree(pathOf(root), root, profile));
    trees.delete(root); // and in again at the end: the first one is the one used longest ago
    trees.set(root, tree);
    if (trees.size > CACHED_TREES) trees.delete(trees.keys().next().value as Hex);
    return tree;
  };

  return {
    get usedBytes() {
      return usedBytes();
    },
    segments,
    find,
    async receive(body, announced) {
      const { root, bytes } = announced;
      nameOf(root);
      if (!Number.isSafeInteger(bytes) || bytes < 1) {
        throw new HoldfastError("bad-input", "a segment has at least one byte", { bytes });
      }
      if (bytes > limit) {
        const message = `a segment of the ${profile.name} profile has up to ${limit} bytes, this one has ${bytes}`;
        throw new HoldfastError("too-large", message, { bytes, limit });
      }
      if (arriving.has(root)) {
        throw new HoldfastError("busy", `${root} is coming in already: try again later`, { root });
      }
      arriving.add(root);
      try {
        const existing = await find(root);
        if (existing) {
          await commit(body, announced, { profile, engine }, () => Promise.resolve());
          return { ...existing, existed: true };
        }
        await reserve(bytes);
        try {
          await write(body, announced);
          const segment = { root, bytes, leaves: leafCount(bytes) };
          segments.set(root, segment);
          return { ...segment, existed: false };
        } finally {
          incomingBytes -= bytes;
        }
      } catch (error) {
        throw ioError(error, root);
      } finally {
        arriving.delete(root);
      }
    },
    async openLeaf(root, leafIndex) {
      try {
        const tree = await treeOf(root);
        const group = await readGroup(pathOf(root), tree, leafIndex);
        const opening = openLeaf(tree, leafIndex, group, engine);
        if (rootOf(opening) === fromHex32(root)) return opening;
      } catch (error) {
        trees.delete(root);
        if (isGone(error)) segments.delete(root);
        if (!(error instanceof RangeError)) throw ioError(error, pathOf(root));
      }
      trees.delete(root);
      const message = `the data of segment ${root} on disk is not what was stored`;
      throw new HoldfastError("corrupt", message, { root, leafIndex });
    },
    // The type lacks flags as a number, which node:fs documents.
    read: (root, start, end) =>
      createReadStream(pathOf(root), { start, end, flags: READ as unknown as string }),
    async remove(root) {
      if (arriving.has(root)) return;
      await rm(pathOf(root) + TREE, { force: true });
      await rm(pathOf(root), { force: true });
      await syncFolder(segmentsFolder);
      segments.delete(root);
      trees.delete(root);
    },
  };
}

/** The only place where a name of a file is made. */
function nameOf(root: Hex): string {
  const name = root.slice(2);
  if (!root.startsWith("0x") || !NAME.test(name)) {
    throw new TypeError(`"root" expected 0x and 64 lower-case hex digits, got ${JSON.stringify(root)}`);
  }
  return name;
}

function noRoom(bytes: number, free: number, where: string): HoldfastError {
  const message = `${where} has room for ${Math.max(0, free)} bytes, not for ${bytes}: use another node`;
  return new HoldfastError("disk-full", message, { bytes, free: Math.max(0, free) });
}

function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

function ioError(error: unknown, path: string): Error {
  if (error instanceof HoldfastError || error instanceof TypeError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const cause = { cause: error };
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new HoldfastError("disk-full", "the disk is full: free some room, or use another node", {}, cause);
  }
  if (code === "ENOENT") return new HoldfastError("not-found", `${path} is not there`, {}, cause);
  return new HoldfastError("io", `${path}: ${message}`, {}, cause);
}

async function freeOnDisk(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

async function writeSynced<T>(
  openFile: typeof open,
  path: string,
  write: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await openFile(path, "wx", 0o600);
  try {
    const result = await write(file);
    await file.sync();
    return result;
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The levels follow one another; how long each is follows from the number of leaves. */
async function readTree(path: string, root: Hex, profile: Profile): Promise<SegmentTree> {
  const { size: bytes } = await stat(path);
  const file = await readFile(path + TREE, { flag: READ as unknown as string });
  const leaves = leafCount(bytes);
  const levels: Uint8Array[] = [];
  let at = 0;
  for (let height = 1, nodes = leaves; height <= profile.dataDepth; height++) {
    nodes = Math.ceil(nodes / ARITY);
    levels.push(file.subarray(at, (at += nodes * ELEMENT_BYTES)));
  }
  if (at !== file.length) throw new RangeError(`${path + TREE} has ${file.length} bytes, not ${at}`);
  return { bytes, leaves, root: fromHex32(root), levels };
}

async function readGroup(path: string, { bytes }: SegmentTree, leafIndex: number): Promise<Uint8Array> {
  const first = Math.floor(leafIndex / ARITY) * GROUP_BYTES;
  const group = new Uint8Array(Math.max(0, Math.min(GROUP_BYTES, bytes - first)));
  const file = await open(path, READ);
  try {
    for (let at = 0; at < group.length;) {
      const { bytesRead } = await file.read(group, at, group.length - at, first + at);
      if (bytesRead === 0) throw new RangeError(`${path} ends at ${first + at}`);
      at += bytesRead;
    }
    return group;
  } finally {
    await file.close();
  }
}
