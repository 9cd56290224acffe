/**
 * Reads segments so that every byte is verified against the root. The data decides. A tree is computed from the data,
 * and its file only saves computing it again; a tree file that is wrong, missing or cannot be written does no harm.
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

/** The file on disk under a root's name does not lead to that root. */
export class Damage extends Error {
  /** The file that was read. Another one may have the name by now. */
  readonly inode: number;

  constructor(inode: number, reason: string) {
    super(reason);
    this.inode = inode;
  }
}

export interface Verified {
  /** @throws RangeError if the segment has no such leaf; and as all methods, Damage or what the disk throws */
  openLeaf(root: Hex, leafIndex: number): Promise<LeafOpening>;
  /** Bytes from start to end, both inclusive, in pieces. */
  read(root: Hex, start: number, end: number): AsyncGenerator<Uint8Array>;
  /**
   * Reads all of the data. If the tree file does not match the data, writes it again and returns "rebuilt".
   *
   * @param pace is awaited after so many bytes
   */
  check(root: Hex, pace?: Pace): Promise<"whole" | "rebuilt">;
  /** Keeps a tree, and writes its file if possible. */
  keepTree(root: Hex, tree: SegmentTree): Promise<void>;
  /** Forgets the tree of a file that is gone. */
  forget(root: Hex): void;
}

export type Pace = (bytes: number) => Promise<void>;

export interface VerifiedModules {
  readonly disk: Disk;
  readonly engine: HashEngine;
  /** Path of the data file. */
  readonly pathOf: (root: Hex) => string;
  /** A temporary name for a new file. */
  readonly temporary: () => string;
}

export const TREE = ".tree";
/** Links are refused, and pipes are not waited for. */
export const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Trees kept in memory. The tree of 8.3 GB of data has 36 MB. */
const CACHED_TREES = 4;
/** Groups read and hashed at a time: a few milliseconds in which nothing else runs. */
const READ_GROUPS = 32;

export function createVerified(
  profile: Profile,
  { disk, engine, pathOf, temporary }: VerifiedModules,
): Verified {
  const trees = new Map<Hex, Promise<SegmentTree>>();

  const withData = async <T>(root: Hex, use: (file: DiskFile, found: Size) => Promise<T>): Promise<T> => {
    const file = await disk.open(pathOf(root), READ).catch(async (error: unknown) => {
      if (!isUnreadable(error)) throw error;
      throw new Damage((await disk.lstat(pathOf(root))).ino, "the file cannot be opened");
    });
    try {
      const found = await file.stat();
      if (!found.isFile() || found.size === 0 || found.size > maxBytes(profile))
        throw new Damage(found.ino, `it has ${found.size} bytes, or is not a file`);
      return await use(file, found).catch((error: unknown) => {
        // A part that the disk cannot read makes the segment as useless as a wrong part.
        if (isUnreadable(error)) throw new Damage(found.ino, "the disk cannot read it");
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
        if (count === 0) throw new Damage(ino, `it ends at byte ${at} of ${size}`);
        await hasher.push(buffer.subarray(0, count));
        at += count;
        await pace?.(count);
      }
      const tree = await hasher.end();
      if (tree.root !== fromHex32(root)) throw new Damage(ino, "its data has another root");
      return tree;
    });

  /** Reads groups from `first` until `end` and compares them with the nodes of level 1. */
  const readGroups = (root: Hex, tree: SegmentTree, first: number, end: number): Promise<Uint8Array> =>
    withData(root, async (file, { size, ino }) => {
      if (size !== tree.bytes) throw new Damage(ino, `it has ${size} bytes, not ${tree.bytes}`);
      const start = first * GROUP_BYTES;
      const bytes = new Uint8Array(Math.min(end * GROUP_BYTES, size) - start);
      for (let at = 0; at < bytes.length;) {
        const count = await file.read(bytes, at, bytes.length - at, start + at);
        if (count === 0) throw new Damage(ino, `it ends at byte ${start + at} of ${size}`);
        at += count;
      }
      const nodes = groupNodes(bytes, end >= groupsOf(tree), engine);
      const stored = tree.levels[0]?.subarray(first * ELEMENT_BYTES, first * ELEMENT_BYTES + nodes.length);
      if (!stored || Buffer.compare(nodes, stored) !== 0)
        throw new Damage(ino, `it has other data in the ${bytes.length} bytes from ${start} on`);
      return bytes;
    });

  /** Loads a tree from its file; undefined if there is none or it does not lead to the root. */
  const load = async (root: Hex): Promise<SegmentTree | undefined> => {
    const { size: bytes } = await disk.lstat(pathOf(root));
    const level = await readLevel(root, bytes);
    const levels = level && levelsFrom(level, profile.dataDepth, engine);
    const tree = levels && { bytes, leaves: leafCount(bytes), root: fromHex32(root), levels };
    if (!tree || Buffer.compare(levels.at(-1) ?? new Uint8Array(), toNode(root)) !== 0) return undefined;
    // No node of the tree says how long the data is; only the end of the data does.
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
      // The tree is computed again when it is needed.
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
    trees.delete(root); // then set again at the end, so that the first tree is the one used longest ago
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
      throw new HoldfastError(
        "io",
        `the opening of leaf ${leafIndex} of ${root} does not lead to its root: try again`,
      );
    },
    async *read(root, start, end) {
      const tree = await treeOf(root);
      const last = Math.floor(end / GROUP_BYTES) + 1;
      for (let group = Math.floor(start / GROUP_BYTES); group < last; group += READ_GROUPS) {
        // If the data ends with a full group, a group with only a leaf of padding follows.
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

/** Length of the tree file. Its levels follow one another, and their lengths follow from the number of leaves. */
export function treeBytes(bytes: number, profile: Profile): number {
  let total = 0;
  for (let height = 1, nodes = leafCount(bytes); height <= profile.dataDepth; height++) {
    nodes = Math.ceil(nodes / ARITY);
    total += nodes * ELEMENT_BYTES;
  }
  return total;
}

const groupsOf = ({ leaves }: SegmentTree): number => Math.ceil(leaves / ARITY);

/** Little-endian, as levels store it. */
const toNode = (root: Hex): Uint8Array => Buffer.from(root.slice(2), "hex").reverse();
