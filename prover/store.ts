/**
 * Segments on disk: a file of bytes and a file of its tree's upper levels, both named by the root. The only file that
 * knows the disk.
 *
 * A segment is there whole or not at all: it is written to incoming/, synced, renamed, and its folder synced, before
 * anybody is told.
 */
import { createHash, randomUUID } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { mkdir, open, readFile, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { HoldfastError } from "../protocol/errors.ts";
import { ELEMENT_BYTES, fromHex32, leafCount, toHex32, type Hex } from "../protocol/field.ts";
import { maxBytes, type Profile } from "../protocol/profiles.ts";
import {
  ARITY,
  GROUP_BYTES,
  openLeaf,
  rootOf,
  SegmentHasher,
  type HashEngine,
  type LeafOpening,
  type SegmentTree,
} from "../protocol/segment.ts";

export interface StoredSegment {
  readonly root: Hex;
  readonly bytes: number;
  readonly leaves: number;
}

export interface Incoming {
  readonly root: Hex;
  /** Announced length: exactly as many bytes must come. */
  readonly bytes: number;
  readonly body: AsyncIterable<Uint8Array>;
  /** Hex SHA-256 that the sender signed; not checked if undefined. */
  readonly sha256?: string | undefined;
}

export interface Store {
  /** Bytes of segments that are here or coming in. */
  readonly usedBytes: number;
  /**
   * Stores a segment, or says that it is here already without reading the body.
   *
   * @throws HoldfastError "too-large" over the profile's limit, "disk-full" over the quota or the disk's room,
   *   "corrupt" if the root or the SHA-256 is another, "bad-input" for another number of bytes, "busy" if the same
   *   segment is coming in already
   */
  receive(incoming: Incoming): Promise<StoredSegment & { readonly existed: boolean }>;
  find(root: Hex): Promise<StoredSegment | undefined>;
  list(): Promise<StoredSegment[]>;
  /** Throws "not-found", or "corrupt" if what is on disk does not lead to the root. */
  open(root: Hex, leafIndex: number): Promise<LeafOpening>;
  /** Bytes start to end, both included. */
  read(root: Hex, start: number, end: number): Readable;
  remove(root: Hex): Promise<void>;
}

export interface StoreOptions {
  readonly folder: string;
  readonly profile: Profile;
  readonly quotaBytes: number;
}

/** Trees kept in memory: 8.3 GB of data have 36 MB of tree. */
const CACHED_TREES = 8;
const NAME = /^[0-9a-f]{64}$/;

export async function createStore(
  { folder, profile, quotaBytes }: StoreOptions,
  { engine }: { engine: HashEngine },
): Promise<Store> {
  const segments = join(folder, "segments");
  const incoming = join(folder, "incoming");
  await rm(incoming, { recursive: true, force: true }); // what a crash left
  await mkdir(segments, { recursive: true, mode: 0o700 });
  await mkdir(incoming, { recursive: true, mode: 0o700 });
  const dataPath = (root: Hex): string => join(segments, fileName(root));
  const treePath = (root: Hex): string => `${dataPath(root)}.tree`;
  const trees = new Map<Hex, SegmentTree>();
  const arriving = new Set<Hex>();
  const pathOf = (name: string): string => join(segments, name);

  const find = async (root: Hex): Promise<StoredSegment | undefined> => {
    try {
      await stat(treePath(root)); // renamed last
      const { size } = await stat(dataPath(root));
      return { root, bytes: size, leaves: leafCount(size) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT" || error instanceof RangeError) return undefined;
      throw ioError(error, dataPath(root));
    }
  };
  const list = async (): Promise<StoredSegment[]> => {
    const names = (await readdir(segments)).filter((name) => NAME.test(name));
    const found = await Promise.all(names.map((name) => find(`0x${name}`)));
    return found.filter((segment) => segment !== undefined);
  };
  for (const name of await readdir(segments)) {
    // A crash between the two renames leaves data without a tree.
    if (NAME.test(name) && !(await find(`0x${name}`))) await rm(pathOf(name), { force: true });
  }
  let usedBytes = (await list()).reduce((sum, { bytes }) => sum + bytes, 0);

  const loadTree = async (root: Hex): Promise<SegmentTree> => {
    let tree = trees.get(root);
    if (!tree) {
      tree = await readTree(treePath(root), root, profile);
      if (trees.size >= CACHED_TREES) trees.delete(trees.keys().next().value as Hex);
    }
    trees.delete(root); // the most recent one is last
    trees.set(root, tree);
    return tree;
  };

  const write = async ({ root, bytes, body, sha256 }: Incoming): Promise<void> => {
    const temporary = join(incoming, randomUUID());
    try {
      const hasher = new SegmentHasher({ depth: profile.dataDepth, engine });
      const digest = createHash("sha256");
      let received = 0;
      await writeSynced(temporary, async (file) => {
        for await (const chunk of body) {
          received += chunk.length;
          if (received > bytes) throw wrongLength(received, bytes);
          hasher.update(chunk);
          digest.update(chunk);
          await writeAll(file, chunk);
        }
        if (received !== bytes) throw wrongLength(received, bytes);
      });
      const tree = hasher.finish();
      const hash = digest.digest("hex");
      if (tree.root !== fromHex32(root)) {
        const message = `the bytes have the root ${toHex32(tree.root)}, not ${root}: upload what was announced`;
        throw new HoldfastError("corrupt", message, { announced: root, actual: toHex32(tree.root) });
      }
      if (sha256 !== undefined && sha256 !== hash) {
        throw new HoldfastError("corrupt", `the body has the SHA-256 ${hash}, not the signed ${sha256}`, {
          actual: hash,
        });
      }
      await writeSynced(`${temporary}.tree`, async (file) => {
        for (const level of tree.levels) await writeAll(file, level);
      });
      await rename(temporary, dataPath(root));
      await rename(`${temporary}.tree`, treePath(root));
      await syncFolder(segments);
    } finally {
      await rm(temporary, { force: true });
      await rm(`${temporary}.tree`, { force: true });
    }
  };

  return {
    get usedBytes() {
      return usedBytes;
    },
    find,
    list,
    async receive(segment) {
      const { root, bytes } = segment;
      const limit = maxBytes(profile);
      if (!Number.isSafeInteger(bytes) || bytes < 1) {
        throw new HoldfastError("bad-input", "a segment has at least one byte", { bytes });
      }
      if (bytes > limit) {
        const message = `a segment of the ${profile.name} profile has at most ${limit} bytes, this one has ${bytes}`;
        throw new HoldfastError("too-large", message, { bytes, limit });
      }
      if (arriving.has(root))
        throw new HoldfastError("busy", `${root} is being uploaded already; try again later`);
      // Taken before anything is awaited: parallel uploads cannot pass the quota together.
      arriving.add(root);
      try {
        const existing = await find(root);
        if (existing) return { ...existing, existed: true };
        const free = quotaBytes - usedBytes;
        if (bytes > free) {
          throw new HoldfastError("disk-full", `there is room for ${free} bytes, not for ${bytes}`, {
            free,
            bytes,
          });
        }
        usedBytes += bytes;
        try {
          await write(segment);
        } catch (error) {
          usedBytes -= bytes;
          throw ioError(error, dataPath(root));
        }
        return { root, bytes, leaves: leafCount(bytes), existed: false };
      } finally {
        arriving.delete(root);
      }
    },
    async open(root, leafIndex) {
      const tree = await loadTree(root);
      const group = await readGroup(dataPath(root), tree, leafIndex);
      const opening = openLeaf(tree, leafIndex, group, engine);
      if (rootOf(opening) === fromHex32(root)) return opening;
      throw new HoldfastError("corrupt", `the data of ${root} on disk is not what was stored`, {
        root,
        leafIndex,
      });
    },
    read: (root, start, end) =>
      createReadStream(dataPath(root), {
        flags: constants.O_RDONLY | constants.O_NOFOLLOW,
        start,
        end,
      } as object),
    async remove(root) {
      const existing = await find(root);
      if (!existing || arriving.has(root)) return;
      trees.delete(root);
      await rm(treePath(root), { force: true });
      await rm(dataPath(root), { force: true });
      usedBytes -= existing.bytes;
    },
  };
}

function fileName(root: Hex): string {
  const name = root.slice(2);
  if (!NAME.test(name)) throw new TypeError(`"root" expected 0x and 64 lower-case hex digits, got ${root}`);
  return name;
}

function wrongLength(received: number, bytes: number): HoldfastError {
  const message = `${received} bytes came where ${bytes} were announced; upload it again`;
  return new HoldfastError("bad-input", message, { received, bytes });
}

function ioError(error: unknown, path: string): Error {
  if (error instanceof HoldfastError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new HoldfastError(
      "disk-full",
      "the disk is full: free room or move the data folder",
      { path },
      { cause: error },
    );
  }
  if (code === "ENOENT")
    return new HoldfastError("not-found", `${path} is not there`, { path }, { cause: error });
  return new HoldfastError("io", `${path}: ${(error as Error).message}`, { path }, { cause: error });
}

async function writeSynced(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await write(file);
    await file.sync();
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

/** The levels, one after the other: how long each is follows from the number of leaves. */
async function readTree(path: string, root: Hex, profile: Profile): Promise<SegmentTree> {
  const dataFile = path.slice(0, -".tree".length);
  let file: Buffer;
  let bytes: number;
  try {
    file = await readFile(path, { flag: constants.O_RDONLY | constants.O_NOFOLLOW } as object);
    bytes = (await stat(dataFile)).size;
  } catch (error) {
    throw ioError(error, path);
  }
  const corrupt = (): HoldfastError =>
    new HoldfastError("corrupt", `${path} is not the tree of ${root}`, { root });
  if (bytes < 1) throw corrupt();
  const leaves = leafCount(bytes);
  const levels: Uint8Array[] = [];
  let [at, nodes] = [0, leaves];
  for (let height = 1; height <= profile.dataDepth; height++) {
    nodes = Math.ceil(nodes / ARITY);
    levels.push(file.subarray(at, (at += nodes * ELEMENT_BYTES)));
  }
  if (at !== file.length) throw corrupt();
  return { bytes, leaves, root: fromHex32(root), levels };
}

async function readGroup(
  path: string,
  { bytes, leaves }: SegmentTree,
  leafIndex: number,
): Promise<Uint8Array> {
  if (leafIndex >= leaves) throw new RangeError(`"leafIndex" expected 0 to ${leaves - 1}, got ${leafIndex}`);
  const first = Math.floor(leafIndex / ARITY) * GROUP_BYTES;
  const group = new Uint8Array(Math.min(GROUP_BYTES, bytes - first));
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    throw ioError(error, path);
  }
  try {
    for (let at = 0; at < group.length;) {
      const { bytesRead } = await file.read(group, at, group.length - at, first + at);
      if (bytesRead === 0)
        throw new HoldfastError("corrupt", `${path} is shorter than its tree says`, { path });
      at += bytesRead;
    }
    return group;
  } catch (error) {
    throw ioError(error, path);
  } finally {
    await file.close();
  }
}
