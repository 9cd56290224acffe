/**
 * A vNode's directory: the 4-ary tree of fixed depth over the segments it holds (protocol.md, section 5).
 */
import { P } from "./field.ts";
import { compress4 } from "./poseidon2.ts";

/** "entry" in ASCII. */
export const TAG_ENTRY = 0x656e747279n;
/** A directory's total of leaves stays below this. */
export const MAX_TOTAL = 2 ** 40;
const ARITY = 4;

export interface Entry {
  /** 0 for a tombstone. */
  readonly root: bigint;
  /** Sum of the leaves of all entries before this one. */
  readonly start: number;
  readonly leaves: number;
}

export const entryHash = ({ root, start, leaves }: Entry): bigint =>
  compress4([root, BigInt(start), BigInt(leaves), TAG_ENTRY]);

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
  /** #levels[i] has the present nodes of level i. */
  readonly #levels: bigint[][];
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

  /** Leaves of all entries, tombstones included. */
  get total(): number {
    return this.#total;
  }

  get root(): bigint {
    return this.#levels[this.depth]?.[0] ?? emptyNode(this.depth);
  }

  /** Throws RangeError if the root, the leaves or one entry more cannot be, and changes nothing then. */
  append({ root, leaves }: { root: bigint; leaves: number }): Entry {
    if (typeof root !== "bigint") throw new TypeError(`"root" expected a bigint, got ${typeof root}`);
    if (root <= 0n || root >= P) throw new RangeError('"root" expected a non-zero field element');
    if (!Number.isSafeInteger(leaves) || leaves < 1)
      throw new RangeError(`"leaves" expected 1 or more, got ${leaves}`);
    if (this.#entries.length === ARITY ** this.depth)
      throw new RangeError(`the directory is full: ${this.#entries.length} segments`);
    if (this.#total + leaves >= MAX_TOTAL) throw new RangeError("the directory is full: 2^40 leaves");
    const entry = { root, start: this.#total, leaves };
    this.#entries.push(entry);
    this.#total += leaves;
    this.#update(this.#entries.length - 1, entry);
    return entry;
  }

  /** Replaces an entry by its tombstone. Throws RangeError if there is no such live entry. */
  retire(index: number): void {
    const entry = this.#entry(index);
    if (entry.root === 0n) throw new RangeError(`entry ${index} is retired already`);
    const tombstone = { ...entry, root: 0n };
    this.#entries[index] = tombstone;
    this.#update(index, tombstone);
  }

  /** path[level] has the 3 other children of the parent, in order. */
  path(index: number): bigint[][] {
    this.#entry(index);
    return Array.from({ length: this.depth }, (_, level) =>
      this.#siblings(level, Math.floor(index / ARITY ** level)),
    );
  }

  /** The entry that the leaf at `position` belongs to. */
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
    return this.#levels[level]?.[index] ?? emptyNode(level);
  }

  #siblings(level: number, index: number): bigint[] {
    const first = index - (index % ARITY);
    return [0, 1, 2, 3]
      .map((i) => first + i)
      .filter((i) => i !== index)
      .map((i) => this.#node(level, i));
  }

  #update(index: number, entry: Entry): void {
    let node = entryHash(entry);
    for (const [level, nodes] of this.#levels.entries()) {
      const i = Math.floor(index / ARITY ** level);
      nodes[i] = node;
      if (level < this.depth) node = compress4(this.#siblings(level, i).toSpliced(i % ARITY, 0, node));
    }
  }
}

/** The root that an entry at `index` with this path leads to. */
export function directoryRootOf(entry: Entry, index: number, path: readonly (readonly bigint[])[]): bigint {
  return path.reduce(
    (node, others, level) => compress4(others.toSpliced(Math.floor(index / ARITY ** level) % ARITY, 0, node)),
    entryHash(entry),
  );
}
