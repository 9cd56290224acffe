/**
 * A vNode's directory as events alone say it is: entries by their serials, in the tree as it is now and as it stood when an
 * epoch began (protocol.md, section 5).
 */
import { Directory } from "../protocol/directory.ts";
import { HoldfastError } from "../protocol/errors.ts";

export interface StoredSegment {
  readonly serial: number;
  readonly root: bigint;
  readonly leaves: number;
  /** In quanta per epoch. */
  readonly weight: number;
  /** First epoch that is not paid for. */
  readonly end: number;
}

export interface DirectoryState {
  readonly root: bigint;
  readonly total: number;
}

/** Changes come in the order of the chain, each with the epoch in which it was made: it counts from the next one on. */
export class Holdings {
  readonly #depth: number;
  #directory: Directory;
  /** Those whose entries are in the tree and no tombstones, in the order of their serials; and at which index. */
  #segments = new Map<number, StoredSegment & { readonly index: number }>();
  /** What was there when the epoch began, before its first change: of the last two epochs with changes. */
  #before: readonly (DirectoryState & { readonly epoch: number })[] = [];
  /** What ends by then is left out of the tree that is being written. */
  #lastEnd: number | undefined;

  constructor(depth: number) {
    this.#depth = depth;
    this.#directory = new Directory(depth);
  }

  get now(): DirectoryState {
    const { root, total } = this.#directory;
    return { root, total };
  }

  /** As it stood when the epoch began: the one of the last change, or a later one. */
  at(epoch: number): DirectoryState {
    const { root, total } = this.#before.find((before) => before.epoch >= epoch) ?? this.now;
    return { root, total };
  }

  /** Whether anything is paid for in the epoch, or will be. */
  lasts(epoch: number): boolean {
    return [...this.#segments.values()].some(({ end }) => end > epoch);
  }

  store(epoch: number, segment: StoredSegment): void {
    this.#change(epoch);
    this.#append(segment);
  }

  /** Extended, or ended early. */
  setEnd(serial: number, end: number): void {
    this.#segments.set(serial, { ...this.#find(serial), end });
  }

  retire(epoch: number, serial: number): void {
    this.#change(epoch);
    this.#directory.retire(this.#find(serial).index);
    this.#segments.delete(serial);
  }

  reset(epoch: number): void {
    this.#change(epoch);
    this.#rewrite([]);
  }

  beginCompaction(lastEnd: number): void {
    this.#lastEnd = lastEnd;
  }

  /** The tree has the segments that end after lastEnd, and nothing else. */
  compact(epoch: number): void {
    const lastEnd = this.#lastEnd;
    if (lastEnd === undefined) throw new HoldfastError("corrupt", "a compaction ends that did not begin");
    this.#lastEnd = undefined;
    this.#change(epoch);
    this.#rewrite([...this.#segments.values()].filter(({ end }) => end > lastEnd));
  }

  #rewrite(segments: readonly StoredSegment[]): void {
    this.#directory = new Directory(this.#depth);
    this.#segments = new Map();
    for (const segment of segments) this.#append(segment);
  }

  #append(segment: StoredSegment): void {
    const index = this.#directory.entries.length;
    this.#directory.append(segment);
    this.#segments.set(segment.serial, { ...segment, index });
  }

  #change(epoch: number): void {
    if (this.#before.at(-1)?.epoch === epoch) return;
    this.#before = [...this.#before.slice(-1), { epoch, ...this.now }];
  }

  #find(serial: number): StoredSegment & { readonly index: number } {
    const found = this.#segments.get(serial);
    if (found) return found;
    throw new HoldfastError("corrupt", `the events speak of segment ${serial}, which is not there`);
  }
}
