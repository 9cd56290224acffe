/**
 * The statement that a proof shows, the seed that ties it to one vNode, node and epoch, and the circuit's inputs
 * (protocol.md, sections 7 and 9.2).
 */
import { keccak_256 } from "@noble/hashes/sha3.js";
import type { Directory, Entry } from "./directory.ts";
import { fromBytesLE, toBytesLE32, type Hex } from "./field.ts";
import type { Profile } from "./profiles.ts";
import { drawSamples, leafAt, type Draw, type Range } from "./sampling.ts";
import type { LeafOpening } from "./segment.ts";

export interface Statement extends Range {
  readonly directoryRoot: bigint;
}

/** In the order of the circuit's and the contract's public inputs. */
export function publicInputs({
  directoryRoot,
  seed,
  start,
  length,
}: Statement): [bigint, bigint, bigint, bigint] {
  return [directoryRoot, seed, BigInt(start), BigInt(length)];
}

/** What a seed is made from: it ties a proof to one chain, contract, vNode, node and epoch. */
export interface SeedInput {
  readonly chainId: bigint;
  /** Address of the Audits contract. */
  readonly audits: string;
  readonly vNode: bigint;
  readonly node: bigint;
  /** The epoch, or the id of a challenge. */
  readonly epoch: bigint;
  /** The beacon's 32 bytes. */
  readonly randomness: Hex;
}

/** uint256(keccak256(abi.encode(chainId, audits, vNode, node, epoch, randomness))) >> 8. */
export function auditSeed({ chainId, audits, vNode, node, epoch, randomness }: SeedInput): bigint {
  if (!/^0x[0-9a-fA-F]{40}$/.test(audits)) throw new TypeError(`"audits" expected an address, got ${audits}`);
  if (!/^0x[0-9a-fA-F]{64}$/.test(randomness))
    throw new TypeError(`"randomness" expected 32 bytes, got ${randomness}`);
  return keccakWords([chainId, BigInt(audits), vNode, node, epoch, BigInt(randomness)]) >> 8n;
}

/** "due" in ASCII, left-aligned in 32 bytes as Solidity's bytes32("due"). */
const TAG_DUE = 0x647565n << 232n;

/** Whether the seed makes a vNode due: with probability 1 / odds, independent of the samples. */
export function isDue(seed: bigint, odds: number): boolean {
  if (!Number.isInteger(odds) || odds < 1) throw new RangeError(`"odds" expected 1 or more, got ${odds}`);
  return keccakWords([seed, TAG_DUE]) % BigInt(odds) === 0n;
}

function keccakWords(words: readonly bigint[]): bigint {
  const bytes = new Uint8Array(32 * words.length);
  for (const [i, word] of words.entries()) bytes.set(toBytesLE32(word).reverse(), 32 * i);
  return fromBytesLE(keccak_256(bytes).reverse());
}

/** One sample: what was drawn, and the entry and leaf that it leads to. */
export interface Sample extends Draw {
  readonly entryIndex: number;
  readonly entry: Entry;
  readonly leafIndex: number;
}

/** The entries and leaves that a range asks for. */
export function samplesOf(directory: Directory, range: Range, profile: Profile): Sample[] {
  return drawSamples({ ...range, samples: profile.samples }).map((draw) => sampleOf(directory, draw));
}

/** @throws RangeError for a position outside the directory */
export function sampleOf(directory: Directory, draw: Draw): Sample {
  const { index, entry } = directory.find(draw.position);
  return { ...draw, entryIndex: index, entry, leafIndex: leafAt(draw.v, entry.leaves) };
}

/** The circuit's signals by name. */
export type CircuitInput = Readonly<Record<string, NestedBigints>>;
export type NestedBigints = bigint | readonly NestedBigints[];

/**
 * The inputs of `StorageAudit`.
 *
 * openings[j] opens sample j. It is undefined for a tombstone, whose leaf the circuit ignores.
 *
 * @throws RangeError if an opening is missing or opens another leaf
 */
export function circuitInput(
  directory: Directory,
  range: Range,
  samples: readonly Sample[],
  openings: readonly (LeafOpening | undefined)[],
  profile: Profile,
): CircuitInput {
  const nothing: LeafOpening = {
    leafIndex: 0,
    elements: new Array<bigint>(16).fill(0n),
    siblings: Array.from({ length: profile.dataDepth }, () => new Array<bigint>(15).fill(0n)),
  };
  const opened = samples.map((sample, j) => {
    const opening = openings[j];
    if (!opening && sample.entry.root !== 0n) throw new RangeError(`sample ${j} is not opened`);
    if (opening && opening.leafIndex !== sample.leafIndex)
      throw new RangeError(`sample ${j} is leaf ${sample.leafIndex}, opened is leaf ${opening.leafIndex}`);
    return opening ?? nothing;
  });
  return {
    directoryRoot: directory.root,
    seed: range.seed,
    start: BigInt(range.start),
    length: BigInt(range.length),
    entryRoot: samples.map(({ entry }) => entry.root),
    entryStart: samples.map(({ entry }) => BigInt(entry.start)),
    entryWeight: samples.map(({ entry }) => BigInt(entry.weight)),
    entryLeaves: samples.map(({ entry }) => BigInt(entry.leaves)),
    entryIndex: samples.map(({ entryIndex }) => BigInt(entryIndex)),
    entrySiblings: samples.map(({ entryIndex }) => circuitPath(directory.path(entryIndex), entryIndex)),
    leaf: opened.map(({ elements }) => elements),
    leafSiblings: opened.map(({ siblings, leafIndex }) => circuitPath(siblings, leafIndex)),
  };
}

/**
 * A path's siblings in the circuit's order. For each level: the node's neighbour, then the two nodes of the next
 * pair, then the four beside those, then eight (circuits/insert_child.circom).
 *
 * path[level] holds the siblings in the order of the children, one fewer than the tree's arity.
 */
export function circuitPath(path: readonly (readonly bigint[])[], index: number): bigint[][] {
  return path.map((siblings, level) => {
    const arity = siblings.length + 1;
    const digit = Math.floor(index / arity ** level) % arity;
    const children = siblings.toSpliced(digit, 0, 0n);
    const ordered: bigint[] = [];
    for (let size = 1; size < arity; size *= 2) {
      const beside = (Math.floor(digit / size) ^ 1) * size;
      ordered.push(...children.slice(beside, beside + size));
    }
    return ordered;
  });
}
