/**
 * A vNode's directory, built from events alone: the present tree, and the tree when an epoch began (protocol.md,
 * section 5).
 */
import { Directory, type NewEntry } from "../protocol/directory.ts";
import { Entries, type SegmentFacts } from "../protocol/entries.ts";

export interface StoredSegment extends SegmentFacts, NewEntry {}

export interface DirectoryState {
  readonly root: bigint;
  readonly total: number;
}

/**
 * Changes come in the order of the chain, with the epoch in which they were made. They count from the next epoch on.
 */
export class Holdings {
  readonly #entries = new Entries<StoredSegment>();
  #directory: Directory;
  /** The directory before the first change of an epoch, for the last two epochs with changes. */
  #before: readonly (DirectoryState & { readonly epoch: number })[] = [];

  constructor(depth: number) {
    this.#directory = new Directory(depth);
  }

  get now(): DirectoryState {
    const { root, total } = this.#directory;
    return { root, total };
  }

  /** The directory when the epoch began. Only for the epoch of the last change, or a later one. */
  at(epoch: number): DirectoryState {
    const { root, total } = this.#before.find((before) => before.epoch >= epoch) ?? this.now;
    return { root, total };
  }

  /** Whether any segment in the tree is paid for in the epoch or later. */
  lasts(epoch: number): boolean {
    return this.#entries.live.some(({ end }) => end > epoch);
  }

  store(epoch: number, segment: StoredSegment): void {
    this.#change(epoch);
    this.#directory.append(segment);
    this.#entries.store(segment);
  }

  /** A segment was extended or ended early. */
  setEnd(serial: number, end: number): void {
    this.#entries.setEnd(serial, end);
  }

  retire(epoch: number, serial: number): void {
    this.#change(epoch);
    this.#directory.retire(this.#entries.retire(serial).index);
  }

  reset(epoch: number): void {
    this.#change(epoch);
    this.#entries.reset();
    this.#rewrite();
  }

  beginCompaction(lastEnd: number): void {
    this.#entries.beginCompaction(lastEnd);
  }

  compact(epoch: number): void {
    this.#entries.compact();
    this.#change(epoch);
    this.#rewrite();
  }

  #rewrite(): void {
    this.#directory = new Directory(this.#directory.depth);
    for (const segment of this.#entries.live) this.#directory.append(segment);
  }

  #change(epoch: number): void {
    if (this.#before.at(-1)?.epoch === epoch) return;
    this.#before = [...this.#before.slice(-1), { epoch, ...this.now }];
  }
}
