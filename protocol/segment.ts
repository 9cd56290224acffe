/**
 * The segment tree: 16-ary, of fixed depth, over the hashes of a segment's leaves (protocol.md, section 4).
 *
 * Level 0 holds the leaf hashes, level `depth` the root. Level 0 is never kept: to open a leaf, its group of 16 leaves
 * is hashed again.
 */
import {
  ELEMENT_BYTES,
  fromBytesLE32,
  leafCount,
  LEAF_BYTES,
  leafElements,
  padLeaf,
  toBytesLE32,
} from "./field.ts";
import { compress16 } from "./poseidon2.ts";

/** Children of a node. */
export const ARITY = 16;
/** Bytes of a full group of sibling leaves. */
export const GROUP_BYTES = ARITY * LEAF_BYTES;
const CHILDREN_BYTES = ARITY * ELEMENT_BYTES;

/** Hashes many leaves or nodes at once. Nodes are 32 little-endian bytes each. */
export interface HashEngine {
  readonly name: string;
  /** From n leaves (496 n bytes) to their n hashes, written to `output` (32 n bytes) if given. */
  hashLeaves(leaves: Uint8Array, output?: Uint8Array): Uint8Array;
  /** From n times 16 nodes (512 n bytes) to their n parents, written to `output` (32 n bytes) if given. */
  hashNodes(children: Uint8Array, output?: Uint8Array): Uint8Array;
  /** Missing if only the calling thread hashes. */
  readonly spread?: Spread;
}

/**
 * Has whole groups of leaves hashed elsewhere: n groups (7,936 n bytes) to their n nodes of level 1, written to `nodes`
 * (32 n bytes). Resolves once it has a copy of the groups, which is not before there is room for them.
 */
export type Spread = (groups: Uint8Array, nodes: Uint8Array) => Promise<{ readonly hashed: Promise<void> }>;

/** The plain implementation, with BigInt. */
export const referenceEngine: HashEngine = {
  name: "reference",
  hashLeaves: (leaves, output) => hashEach(leaves, LEAF_BYTES, leafElements, output),
  hashNodes: (children, output) => hashEach(children, CHILDREN_BYTES, nodes, output),
};

function hashEach(
  input: Uint8Array,
  bytes: number,
  elements: (chunk: Uint8Array) => bigint[],
  given?: Uint8Array,
): Uint8Array {
  const { count, output } = hashesOf(input, bytes, given);
  for (let i = 0; i < count; i++) {
    output.set(
      toBytesLE32(compress16(elements(input.subarray(i * bytes, (i + 1) * bytes)))),
      i * ELEMENT_BYTES,
    );
  }
  return output;
}

/**
 * The number of inputs of `bytes` bytes each, and where their hashes go. @throws RangeError if the lengths do not fit
 */
export function hashesOf(
  input: Uint8Array,
  bytes: number,
  output?: Uint8Array,
): { count: number; output: Uint8Array } {
  const count = input.length / bytes;
  if (!Number.isInteger(count))
    throw new RangeError(`expected a multiple of ${bytes} bytes, got ${input.length}`);
  if (output && output.length !== count * ELEMENT_BYTES)
    throw new RangeError(`expected ${count * ELEMENT_BYTES} bytes of output, got ${output.length}`);
  return { count, output: output ?? new Uint8Array(count * ELEMENT_BYTES) };
}

function nodes(bytes: Uint8Array): bigint[] {
  return Array.from({ length: bytes.length / ELEMENT_BYTES }, (_, i) => fromBytesLE32(nodeAt(bytes, i)));
}

function nodeAt(level: Uint8Array, index: number): Uint8Array {
  return level.subarray(index * ELEMENT_BYTES, (index + 1) * ELEMENT_BYTES);
}

const zeros: bigint[] = [compress16(new Array<bigint>(ARITY).fill(0n))];

/** Z[level]: the value of a missing node. */
export function zeroNode(level: number): bigint {
  while (zeros.length <= level) zeros.push(compress16(new Array<bigint>(ARITY).fill(zeros.at(-1) ?? 0n)));
  return zeros[level] ?? 0n;
}

export interface SegmentTree {
  readonly bytes: number;
  readonly leaves: number;
  readonly root: bigint;
  /** levels[i] has the present nodes of level i + 1, 32 bytes each; the last is the root. */
  readonly levels: readonly Uint8Array[];
}

/** Groups hashed at a time: enough to keep an engine busy, little enough to stay in the cache. */
export const BATCH_GROUPS = 64;

/**
 * Computes a segment's tree from a stream of its bytes: by `update` and `finish` on the calling thread, or by `push` and
 * `end` on all that the engine has. The memory is that of the levels it returns, 0.43 % of the bytes, and a batch with its
 * hashes: nothing that grows with the segment is ever copied, and no batch leaves garbage.
 */
export class SegmentHasher {
  readonly #depth: number;
  readonly #engine: HashEngine;
  readonly #batch = new Uint8Array(BATCH_GROUPS * GROUP_BYTES);
  readonly #hashes = new Uint8Array(BATCH_GROUPS * ARITY * ELEMENT_BYTES);
  readonly #groups: GrowingBytes;
  /** Batches that are hashed elsewhere. */
  readonly #pending = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  #filled = 0;
  #bytes = 0;

  constructor({ depth, engine }: { depth: number; engine: HashEngine }) {
    if (!Number.isInteger(depth) || depth < 1)
      throw new RangeError(`"depth" expected 1 or more, got ${depth}`);
    this.#depth = depth;
    this.#engine = engine;
    this.#groups = new GrowingBytes(ARITY ** (depth - 1) * ELEMENT_BYTES);
  }

  /**
   * @throws RangeError once the segment is too long for a tree of this depth
   * @throws TypeError if `chunk` is not bytes
   */
  update(chunk: Uint8Array): this {
    for (const batch of this.#batches(chunk)) this.#hash(batch);
    return this;
  }

  /** Throws RangeError if there were no bytes. */
  finish(): SegmentTree {
    if (this.#bytes === 0) throw new RangeError("a segment has at least one byte");
    const whole = this.#filled - (this.#filled % LEAF_BYTES);
    const padded = new Uint8Array(whole + LEAF_BYTES);
    padded.set(this.#batch.subarray(0, whole));
    padded.set(padLeaf(this.#batch.subarray(whole, this.#filled)), whole);
    this.#hash(padded);

    const levels = levelsFrom(this.#groups.bytes(), this.#depth, this.#engine);
    const top = levels.at(-1) ?? new Uint8Array();
    return {
      bytes: this.#bytes,
      leaves: leafCount(this.#bytes),
      root: fromBytesLE32(nodeAt(top, 0)),
      levels,
    };
  }

  /** As `update`; the chunk may be written over when it resolves, and no other one may come before. */
  async push(chunk: Uint8Array): Promise<void> {
    if (this.#failure) throw this.#failure.error;
    try {
      for (const batch of this.#batches(chunk)) {
        if (this.#engine.spread) await this.#spread(batch, this.#engine.spread);
        else this.#hash(batch);
      }
    } catch (error) {
      this.#failure ??= { error }; // a batch is missing
    }
    if (this.#failure) throw this.#failure.error;
  }

  /** As `finish`, when all batches are hashed. Throws what became of one that is not. */
  async end(): Promise<SegmentTree> {
    await Promise.all(this.#pending);
    if (this.#failure) throw this.#failure.error;
    return this.finish();
  }

  /** Each batch that the chunk fills, valid until the next one is taken. */
  *#batches(chunk: Uint8Array): Generator<Uint8Array> {
    if (!(chunk instanceof Uint8Array)) throw new TypeError(`"chunk" expected bytes, got ${typeof chunk}`);
    this.#bytes += chunk.length;
    if (Math.floor(this.#bytes / LEAF_BYTES) + 1 > ARITY ** this.#depth) {
      throw new RangeError(
        `a segment of depth ${this.#depth} has at most ${ARITY ** this.#depth * LEAF_BYTES - 1} bytes`,
      );
    }
    let rest = chunk;
    while (rest.length > 0) {
      const take = Math.min(rest.length, this.#batch.length - this.#filled);
      this.#batch.set(rest.subarray(0, take), this.#filled);
      this.#filled += take;
      rest = rest.subarray(take);
      if (this.#filled < this.#batch.length) continue;
      yield this.#batch;
      this.#filled = 0;
    }
  }

  #hash(leaves: Uint8Array): void {
    const hashes = this.#hashes.subarray(0, (leaves.length / LEAF_BYTES) * ELEMENT_BYTES);
    this.#engine.hashLeaves(leaves, hashes);
    hashParents(this.#engine, hashes, 0, this.#groups.extend(parentsBytes(hashes)));
  }

  async #spread(batch: Uint8Array, spread: Spread): Promise<void> {
    const { hashed } = await spread(batch, this.#groups.extend(BATCH_GROUPS * ELEMENT_BYTES));
    const done = hashed
      .catch((error: unknown) => void (this.#failure ??= { error }))
      .then(() => void this.#pending.delete(done));
    this.#pending.add(done);
  }
}

/** Writes the level above `level`; `height` is the height of `level`. */
function hashParents(engine: HashEngine, level: Uint8Array, height: number, parents: Uint8Array): void {
  const whole = level.length - (level.length % CHILDREN_BYTES);
  const end = (whole / CHILDREN_BYTES) * ELEMENT_BYTES;
  engine.hashNodes(level.subarray(0, whole), parents.subarray(0, end));
  if (whole < level.length)
    engine.hashNodes(padChildren(level.subarray(whole), height), parents.subarray(end));
}

/**
 * All levels of a tree of that depth, from level 1 to the root. `groups` is level 1: one node for each group of
 * leaves.
 */
export function levelsFrom(groups: Uint8Array, depth: number, engine: HashEngine): Uint8Array[] {
  const levels = [groups];
  let top = groups;
  for (let height = 1; height < depth; height++) {
    const parents = new Uint8Array(parentsBytes(top));
    hashParents(engine, top, height, parents);
    levels.push(parents);
    top = parents;
  }
  return levels;
}

/** The nodes of level 1 over consecutive groups. If the groups end the segment, its last leaf is padded. */
export function groupNodes(bytes: Uint8Array, isEnd: boolean, engine: HashEngine): Uint8Array {
  const whole = bytes.length - (bytes.length % LEAF_BYTES);
  const leaves = isEnd ? new Uint8Array(whole + LEAF_BYTES) : bytes;
  if (isEnd) {
    leaves.set(bytes.subarray(0, whole));
    leaves.set(padLeaf(bytes.subarray(whole)), whole);
  }
  const hashes = engine.hashLeaves(leaves);
  const nodes = new Uint8Array(parentsBytes(hashes));
  hashParents(engine, hashes, 0, nodes);
  return nodes;
}

function parentsBytes(level: Uint8Array): number {
  return Math.ceil(level.length / CHILDREN_BYTES) * ELEMENT_BYTES;
}

/** Fewer than 16 nodes followed by missing ones. */
function padChildren(nodes: Uint8Array, height: number): Uint8Array {
  const children = new Uint8Array(CHILDREN_BYTES);
  children.set(nodes);
  const zero = toBytesLE32(zeroNode(height));
  for (let at = nodes.length; at < CHILDREN_BYTES; at += ELEMENT_BYTES) children.set(zero, at);
  return children;
}

/** The most bytes of addresses to reserve: enough for the level above the leaf hashes of 266 GB. */
const MAX_RESERVED = 2 ** 30;

/** Bytes that grow in place, in addresses reserved beforehand. */
class GrowingBytes {
  readonly #buffer: ArrayBuffer;

  constructor(maxBytes: number) {
    this.#buffer = new ArrayBuffer(0, { maxByteLength: Math.min(maxBytes, MAX_RESERVED) });
  }

  /** Grows by `bytes` and returns the new part, to be written. */
  extend(bytes: number): Uint8Array {
    const end = this.#buffer.byteLength;
    this.#buffer.resize(end + bytes);
    return new Uint8Array(this.#buffer, end, bytes);
  }

  /** All bytes so far, not copied. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#buffer, 0, this.#buffer.byteLength);
  }
}

/** A leaf with its path: shows that the leaf is in a segment. */
export interface LeafOpening {
  readonly leafIndex: number;
  /** The leaf, 16 elements. */
  readonly elements: readonly bigint[];
  /** siblings[level] has the other 15 children of the node's parent, in order. */
  readonly siblings: readonly (readonly bigint[])[];
}

/**
 * Opens one leaf.
 *
 * `group` holds the segment's bytes of the 16 leaves from `16 * floor(leafIndex / 16)` on: at most 7,936 bytes,
 * without padding. `levels` are those of `SegmentTree`.
 */
export function openLeaf(
  { leaves, levels }: Pick<SegmentTree, "leaves" | "levels">,
  leafIndex: number,
  group: Uint8Array,
  engine: HashEngine,
): LeafOpening {
  if (!Number.isInteger(leafIndex) || leafIndex < 0 || leafIndex >= leaves) {
    throw new RangeError(`"leafIndex" expected 0 to ${leaves - 1}, got ${leafIndex}`);
  }
  const first = leafIndex - (leafIndex % ARITY);
  const padded = padGroup(group, leaves - first);
  const slot = (leafIndex - first) * LEAF_BYTES;
  const siblings = [siblingsIn(engine.hashLeaves(padded), leafIndex % ARITY, 0, 0)];
  for (let height = 1; height < levels.length; height++) {
    const index = Math.floor(leafIndex / ARITY ** height);
    siblings.push(siblingsIn(levels[height - 1] ?? new Uint8Array(), index, index - (index % ARITY), height));
  }
  return { leafIndex, elements: leafElements(padded.subarray(slot, slot + LEAF_BYTES)), siblings };
}

/** The whole leaves of a group, with the segment's padding if the group is its last. */
function padGroup(group: Uint8Array, leavesLeft: number): Uint8Array {
  if (leavesLeft > ARITY) {
    if (group.length !== GROUP_BYTES)
      throw new RangeError(`"group" expected ${GROUP_BYTES} bytes, got ${group.length}`);
    return group;
  }
  const whole = (leavesLeft - 1) * LEAF_BYTES;
  if (group.length < whole || group.length >= whole + LEAF_BYTES) {
    throw new RangeError(
      `"group" expected ${leavesLeft} leaves with the last one partial, got ${group.length} bytes`,
    );
  }
  const padded = new Uint8Array(whole + LEAF_BYTES);
  padded.set(group.subarray(0, whole));
  padded.set(padLeaf(group.subarray(whole)), whole);
  return padded;
}

function siblingsIn(level: Uint8Array, index: number, first: number, height: number): bigint[] {
  const present = level.length / ELEMENT_BYTES;
  return Array.from({ length: ARITY }, (_, i) => first + i)
    .filter((i) => i !== index)
    .map((i) => (i < present ? fromBytesLE32(nodeAt(level, i)) : zeroNode(height)));
}

/** The root that an opening leads to. */
export function rootOf({ leafIndex, elements, siblings }: LeafOpening): bigint {
  return siblings.reduce(
    (node, others, height) =>
      compress16(others.toSpliced(Math.floor(leafIndex / ARITY ** height) % ARITY, 0, node)),
    compress16(elements),
  );
}
