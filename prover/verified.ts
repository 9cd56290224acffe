/**
 * Segments read so that every byte is shown to lead to the root. The data decides: a tree is what was computed from it, and
 * a file of a tree only saves computing it again, which costs no more than it is worth when it is wrong, missing or cannot
 * be written.
 */
import { constants } from "node:fs";
import { HoldfastError } from "../protocol/errors.ts";
import { ELEMENT_BYTES, fromHex32, leafCount, type Hex } from "../protocol/field.ts";
import { maxBytes, type Profile } from "../protocol/profiles.ts";
import {
  ARITY,
  GROUP_BYTES,
  groupNodes,
  levelsFrom,
  openLeaf,
  rootOf,
  SegmentHasher,
  type HashEngine,
  type LeafOpening,
  type SegmentTree,
} from "../protocol/segment.ts";
import { isUnreadable, type Disk, type DiskFile } from "./disk.ts";

/** What is on disk under a root's name does not lead to it. */
export class Damage extends Error {
  /** Of the file that was read: another one may have its name by now. */
  readonly inode: number;

  constructor(inode: number, reason: string) {
    super(reason);
    this.inode = inode;
  }
}

export interface Verified {
  /** @throws RangeError for a leaf that the segment does not have; and as all of these Damage, or what the disk throws */
  openLeaf(root: Hex, leafIndex: number): Promise<LeafOpening>;
  /** Bytes from start to end, both included, in pieces. */
  read(root: Hex, start: number, end: number): AsyncGenerator<Uint8Array>;
  /**
   * Reads all of the data, and writes the file of the tree again if that is not the data's: then it says "rebuilt".
   *
   * @param pace is waited for after so many bytes
   */
  check(root: Hex, pace?: Pace): Promise<"whole" | "rebuilt">;
  /** Also the file, if it can be written. */
  keepTree(root: Hex, tree: SegmentTree): Promise<void>;
  /** Of what was there under this name. */
  forget(root: Hex): void;
}

export type Pace = (bytes: number) => Promise<void>;

export interface VerifiedModules {
  readonly disk: Disk;
  readonly engine: HashEngine;
  /** Of the data. */
  readonly pathOf: (root: Hex) => string;
  /** A name for a file until it is whole. */
  readonly temporary: () => string;
}

export const TREE = ".tree";
/** A name that turns out to be a link is refused; a pipe is not waited for. */
export const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Trees kept in memory: one of 8.3 GB of data has 36 MB. */
const CACHED_TREES = 4;
/** Groups read and hashed at a time: some milliseconds in which nothing else happens. */
const READ_GROUPS = 32;

export function createVerified(
  profile: Profile,
  { disk, engine, pathOf, temporary }: VerifiedModules,
): Verified {
  const trees = new Map<Hex, Promise<SegmentTree>>();

  const withData = async <T>(root: Hex, use: (file: DiskFile, found: Size) => Promise<T>): Promise<T> => {
    const file = await disk.open(pathOf(root), READ).catch(async (error: unknown) => {
      if (!isUnreadable(error)) throw error;
      throw new Damage((await disk.lstat(pathOf(root))).ino, "cannot be opened");
    });
    try {
      const found = await file.stat();
      if (!found.isFile() || found.size === 0 || found.size > maxBytes(profile))
        throw new Damage(found.ino, `${found.size} bytes, or no file`);
      return await use(file, found).catch((error: unknown) => {
        // A part that the disk cannot read is as good as another one.
        if (isUnreadable(error)) throw new Damage(found.ino, "unreadable");
        throw error;
      });
    } finally {
      await file.close();
    }
  };

  const compute = (root: Hex, pace?: Pace): Promise<SegmentTree> =>
    withData(root, async (file, { size, ino }) => {
      const hasher = new SegmentHasher({ depth: profile.dataDepth, engine });
      const buffer = new Uint8Array(READ_GROUPS * GROUP_BYTES);
      for (let at = 0; at < size;) {
        const count = await file.read(buffer, 0, Math.min(buffer.length, size - at), at);
        if (count === 0) throw new Damage(ino, `ends at ${at} of ${size} bytes`);
        await hasher.push(buffer.subarray(0, count));
        at += count;
        await pace?.(count);
      }
      const tree = await hasher.end();
      if (tree.root !== fromHex32(root)) throw new Damage(ino, "the data has another root");
      return tree;
    });

  /** Those of the groups from first until end, with what level 1 says of them. */
  const readGroups = (root: Hex, tree: SegmentTree, first: number, end: number): Promise<Uint8Array> =>
    withData(root, async (file, { size, ino }) => {
      if (size !== tree.bytes) throw new Damage(ino, `${size} bytes, not ${tree.bytes}`);
      const start = first * GROUP_BYTES;
      const bytes = new Uint8Array(Math.min(end * GROUP_BYTES, size) - start);
      for (let at = 0; at < bytes.length;) {
        const count = await file.read(bytes, at, bytes.length - at, start + at);
        if (count === 0) throw new Damage(ino, `ends at ${start + at} of ${size} bytes`);
        at += count;
      }
      const nodes = groupNodes(bytes, end >= groupsOf(tree), engine);
      const stored = tree.levels[0]?.subarray(first * ELEMENT_BYTES, first * ELEMENT_BYTES + nodes.length);
      if (!stored || Buffer.compare(nodes, stored) !== 0)
        throw new Damage(ino, `other data in the ${bytes.length} bytes from ${start}`);
      return bytes;
    });

  /** From its file; undefined if that is not there or does not lead to the root. */
  const load = async (root: Hex): Promise<SegmentTree | undefined> => {
    const { size: bytes } = await disk.lstat(pathOf(root));
    const level = await readLevel(root, bytes);
    const levels = level && levelsFrom(level, profile.dataDepth, engine);
    const tree = levels && { bytes, leaves: leafCount(bytes), root: fromHex32(root), levels };
    if (!tree || Buffer.compare(levels.at(-1) ?? new Uint8Array(), toNode(root)) !== 0) return undefined;
    // The end of the data says how long it is, which no node does.
    await readGroups(root, tree, groupsOf(tree) - 1, groupsOf(tree));
    return tree;
  };

  const readLevel = async (root: Hex, bytes: number): Promise<Uint8Array | undefined> => {
    try {
      const file = await disk.open(pathOf(root) + TREE, READ);
      try {
        const found = await file.stat();
        if (!found.isFile() || found.size !== treeBytes(bytes, profile)) return undefined;
        const level = new Uint8Array(Math.ceil(leafCount(bytes) / ARITY) * ELEMENT_BYTES);
        for (let at = 0; at < level.length;) {
          const count = await file.read(level, at, level.length - at, at);
          if (count === 0) return undefined;
          at += count;
        }
        return level;
      } finally {
        await file.close();
      }
    } catch (error) {
      if (error instanceof HoldfastError) throw error;
      return undefined;
    }
  };

  const write = async (root: Hex, { levels }: SegmentTree): Promise<void> => {
    const name = temporary();
    try {
      const file = await disk.open(name, "wx");
      try {
        for (const level of levels) await file.write(level);
        await file.sync();
      } finally {
        await file.close();
      }
      await disk.rename(name, pathOf(root) + TREE);
    } catch {
      // It is computed again when it is needed.
      await disk.rm(name).catch(() => undefined);
    }
  };

  const treeOf = async (root: Hex): Promise<SegmentTree> => {
    const loading =
      trees.get(root) ??
      load(root).then(async (found) => {
        if (found) return found;
        const tree = await compute(root);
        await write(root, tree);
        return tree;
      });
    trees.delete(root); // and in again at the end: the first one is the one used longest ago
    trees.set(root, loading);
    if (trees.size > CACHED_TREES) trees.delete(trees.keys().next().value as Hex);
    try {
      return await loading;
    } catch (error) {
      if (trees.get(root) === loading) trees.delete(root);
      throw error;
    }
  };

  return {
    async openLeaf(root, leafIndex) {
      const tree = await treeOf(root);
      if (!Number.isInteger(leafIndex) || leafIndex < 0 || leafIndex >= tree.leaves)
        throw new RangeError(`"leafIndex" expected 0 to ${tree.leaves - 1}, got ${leafIndex}`);
      const group = Math.floor(leafIndex / ARITY);
      const opening = openLeaf(tree, leafIndex, await readGroups(root, tree, group, group + 1), engine);
      if (rootOf(opening) === fromHex32(root)) return opening;
      throw new HoldfastError("io", `the opening of leaf ${leafIndex} of ${root} went wrong: try again`);
    },
    async *read(root, start, end) {
      const tree = await treeOf(root);
      const last = Math.floor(end / GROUP_BYTES) + 1;
      for (let group = Math.floor(start / GROUP_BYTES); group < last; group += READ_GROUPS) {
        // Data that ends with a group is followed by a leaf of padding alone, in a group of its own.
        const until = Math.min(group + READ_GROUPS, last);
        const bytes = await readGroups(root, tree, group, until);
        const from = group * GROUP_BYTES;
        yield bytes.subarray(Math.max(0, start - from), Math.min(bytes.length, end + 1 - from));
      }
    },
    async check(root, pace) {
      const tree = await compute(root, pace);
      const level = await readLevel(root, tree.bytes);
      if (level && tree.levels[0] && Buffer.compare(level, tree.levels[0]) === 0) return "whole";
      trees.delete(root);
      await write(root, tree);
      return "rebuilt";
    },
    keepTree: write,
    forget: (root) => void trees.delete(root),
  };
}

interface Size {
  readonly size: number;
  readonly ino: number;
}

/** Of the file: its levels follow one another, and how long each is follows from the number of leaves. */
export function treeBytes(bytes: number, profile: Profile): number {
  let total = 0;
  for (let height = 1, nodes = leafCount(bytes); height <= profile.dataDepth; height++) {
    nodes = Math.ceil(nodes / ARITY);
    total += nodes * ELEMENT_BYTES;
  }
  return total;
}

const groupsOf = ({ leaves }: SegmentTree): number => Math.ceil(leaves / ARITY);

/** As levels have it: little-endian. */
const toNode = (root: Hex): Uint8Array => Buffer.from(root.slice(2), "hex").reverse();
