/**
 * A vNode's directory: the 4-ary tree of fixed depth over the segments it is paid for (protocol.md, section 5).
 */
import { P } from "./field.ts";
import { compress4 } from "./poseidon2.ts";

/** "entry" in ASCII. */
export const TAG_ENTRY = 0x656e747279n;
/** A directory's total of weights stays below this. */
export const MAX_TOTAL = 2 ** 40;
/** Leaves that an entry can have: as many as the deepest segment tree that sampling is meant for, 16^7. */
export const MAX_LEAVES = 2 ** 28;
const ARITY = 4;

/** What a directory needs to know of a segment. */
export interface NewEntry {
  readonly root: bigint;
  /** What it pays per epoch, in the cluster's quanta: at least 1. */
  readonly weight: number;
  readonly leaves: number;
}

export interface Entry extends NewEntry {
  /** 0 for a tombstone. */
  readonly root: bigint;
  /** Sum of the weights of all entries before this one. */
  readonly start: number;
}

/** The tag is below 2^40, so different numbers of leaves never give the same sum. */
export const entryHash = ({ root, start, weight, leaves }: Entry): bigint =>
  compress4([root, BigInt(start), BigInt(weight), BigInt(leaves) * 2n ** 40n + TAG_ENTRY]);

const empties: bigint[] = [0n];

/** E[level]: the value of an empty node. */
export function emptyNode(level: number): bigint {
  while (empties.length <= level)
    empties.push(compress4(new Array<bigint>(ARITY).fill(empties.at(-1) ?? 0n)));
  return empties[level] ?? 0n;
}

export class Directory {
  readonly depth: number;
  readonly #entries: Entry[] = [];
  /** #levels[i] holds the nodes of level i that are not empty. */
  readonly #levels: bigint[][];
  /** Nodes of level 1 whose hashes, and those above them, are out of date. */
  readonly #stale = new Set<number>();
  #total = 0;

  constructor(depth: number) {
    if (!Number.isInteger(depth) || depth < 1)
      throw new RangeError(`"depth" expected 1 or more, got ${depth}`);
    this.depth = depth;
    this.#levels = Array.from({ length: depth + 1 }, () => []);
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Weight of all entries, tombstones included. */
  get total(): number {
    return this.#total;
  }

  get root(): bigint {
    return this.#node(this.depth, 0);
  }

  /**
   * @throws RangeError if the root, weight or leaves are out of range or the directory is full; it then changes
   *   nothing
   */
  append({ root, weight, leaves }: NewEntry): Entry {
    if (typeof root !== "bigint") throw new TypeError(`"root" expected a bigint, got ${typeof root}`);
    if (root <= 0n || root >= P) throw new RangeError('"root" expected a non-zero field element');
    if (!Number.isSafeInteger(weight) || weight < 1)
      throw new RangeError(`"weight" expected 1 or more, got ${weight}`);
    if (!Number.isInteger(leaves) || leaves < 1 || leaves > MAX_LEAVES)
      throw new RangeError(`"leaves" expected 1 to 2^28, got ${leaves}`);
    if (this.#entries.length === ARITY ** this.depth)
      throw new RangeError(`the directory is full: ${this.#entries.length} segments`);
    if (this.#total + weight >= MAX_TOTAL) throw new RangeError("the directory is full: a weight of 2^40");
    const entry = { root, start: this.#total, weight, leaves };
    this.#entries.push(entry);
    this.#total += weight;
    this.#update(this.#entries.length - 1, entry);
    return entry;
  }

  /** Replaces an entry by its tombstone. @throws RangeError if there is no such live entry */
  retire(index: number): void {
    const entry = this.#entry(index);
    if (entry.root === 0n) throw new RangeError(`entry ${index} is retired already`);
    const tombstone = { ...entry, root: 0n };
    this.#entries[index] = tombstone;
    this.#update(index, tombstone);
  }

  /** A new directory with only the live entries, in their order. */
  compacted(): Directory {
    const fresh = new Directory(this.depth);
    for (const entry of this.#entries) if (entry.root !== 0n) fresh.append(entry);
    return fresh;
  }

  /** path[level] has the 3 other children of the parent, in order. */
  path(index: number): bigint[][] {
    this.#entry(index);
    return Array.from({ length: this.depth }, (_, level) =>
      this.#siblings(level, Math.floor(index / ARITY ** level)),
    );
  }

  /**
   * The siblings that directoryRootOfMany needs for these entries. They go from the bottom up, level by level and
   * parent by parent, in order of position; a child is left out if it is given or follows from the nodes below it.
   *
   * @throws RangeError unless the indices are those of entries, strictly increasing, and at least one
   */
  multiPath(indices: readonly number[]): bigint[] {
    expectIncreasing(indices, this.#entries.length);
    const siblings: bigint[] = [];
    let known = new Set(indices);
    for (let level = 0; level < this.depth; level++) {
      const parents = parentsOf(known);
      for (const child of parents.flatMap(childrenOf))
        if (!known.has(child)) siblings.push(this.#node(level, child));
      known = new Set(parents);
    }
    return siblings;
  }

  /** The entry that `position` belongs to. */
  find(position: number): { index: number; entry: Entry } {
    if (!Number.isSafeInteger(position) || position < 0 || position >= this.#total) {
      throw new RangeError(`"position" expected 0 to ${this.#total - 1}, got ${position}`);
    }
    let [low, high] = [0, this.#entries.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#entry(middle).start <= position) low = middle;
      else high = middle - 1;
    }
    return { index: low, entry: this.#entry(low) };
  }

  #entry(index: number): Entry {
    const entry = this.#entries[index];
    if (!entry) throw new RangeError(`there is no entry ${index}`);
    return entry;
  }

  #node(level: number, index: number): bigint {
    if (this.#stale.size > 0) this.#refresh();
    return this.#nodeOrEmpty(level, index);
  }

  #siblings(level: number, index: number): bigint[] {
    return childrenOf(Math.floor(index / ARITY))
      .filter((i) => i !== index)
      .map((i) => this.#node(level, i));
  }

  /** Changes only mark nodes; many changes in a row are hashed once, when a node above them is read. */
  #update(index: number, entry: Entry): void {
    const [leaves] = this.#levels as [bigint[]];
    leaves[index] = entryHash(entry);
    this.#stale.add(Math.floor(index / ARITY));
  }

  #refresh(): void {
    let stale: Iterable<number> = this.#stale;
    for (const [level, nodes] of this.#levels.entries()) {
      if (level === 0) continue;
      const parents = new Set<number>();
      for (const i of stale) {
        nodes[i] = compress4(childrenOf(i).map((child) => this.#nodeOrEmpty(level - 1, child)));
        parents.add(Math.floor(i / ARITY));
      }
      stale = parents;
    }
    this.#stale.clear();
  }

  #nodeOrEmpty(level: number, index: number): bigint {
    return this.#levels[level]?.[index] ?? emptyNode(level);
  }
}

/** The root that an entry at `index` with this path leads to. */
export function directoryRootOf(entry: Entry, index: number, path: readonly (readonly bigint[])[]): bigint {
  return path.reduce(
    (node, others, level) => compress4(others.toSpliced(Math.floor(index / ARITY ** level) % ARITY, 0, node)),
    entryHash(entry),
  );
}

/**
 * The root that entries at these indices lead to, with the siblings that multiPath gives.
 *
 * @throws RangeError unless the indices are strictly increasing positions in a tree of this depth, there is at least
 *   one, each has one entry, and there are exactly as many siblings as needed
 */
export function directoryRootOfMany(
  entries: readonly Entry[],
  indices: readonly number[],
  siblings: readonly bigint[],
  depth: number,
): bigint {
  expectIncreasing(indices, ARITY ** depth);
  if (entries.length !== indices.length)
    throw new RangeError(`"entries" expected ${indices.length}, got ${entries.length}`);
  let used = 0;
  const next = (): bigint => {
    const sibling = siblings[used++];
    if (sibling === undefined) throw new RangeError(`"siblings" expected more than ${siblings.length}`);
    return sibling;
  };
  let known = new Map(entries.map((entry, i) => [indices[i] as number, entryHash(entry)]));
  for (let level = 0; level < depth; level++) {
    known = new Map(
      parentsOf(known.keys()).map((parent) => [
        parent,
        compress4(childrenOf(parent).map((child) => known.get(child) ?? next())),
      ]),
    );
  }
  if (used < siblings.length) throw new RangeError(`"siblings" expected ${used}, got ${siblings.length}`);
  return known.get(0) as bigint;
}

function expectIncreasing(indices: readonly number[], limit: number): void {
  if (indices.length === 0) throw new RangeError('"indices" expected at least one');
  for (const [i, index] of indices.entries()) {
    if (!Number.isInteger(index) || index < 0 || index >= limit)
      throw new RangeError(`there is no entry ${index}`);
    if (i > 0 && index <= (indices[i - 1] as number))
      throw new RangeError(`"indices" expected strictly increasing ones, got ${index} at ${i}`);
  }
}

/** Takes increasing indices and keeps their order. */
const parentsOf = (indices: Iterable<number>): number[] => [
  ...new Set([...indices].map((index) => Math.floor(index / ARITY))),
];

const childrenOf = (parent: number): number[] => Array.from({ length: ARITY }, (_, i) => ARITY * parent + i);
