/**
 * A vNode's directory as events alone say it is: the tree as it is now and as it stood when an epoch began (protocol.md,
 * section 5).
 */
import { Directory, type NewEntry } from "../protocol/directory.ts";
import { Entries, type SegmentFacts } from "../protocol/entries.ts";

export interface StoredSegment extends SegmentFacts, NewEntry {}

export interface DirectoryState {
  readonly root: bigint;
  readonly total: number;
}

/** Changes come in the order of the chain, each with the epoch in which it was made: it counts from the next one on. */
export class Holdings {
  readonly #entries = new Entries<StoredSegment>();
  #directory: Directory;
  /** What was there when the epoch began, before its first change: of the last two epochs with changes. */
  #before: readonly (DirectoryState & { readonly epoch: number })[] = [];

  constructor(depth: number) {
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

  /** Whether anything that is in the tree is paid for in the epoch, or will be. */
  lasts(epoch: number): boolean {
    return this.#entries.live.some(({ end }) => end > epoch);
  }

  store(epoch: number, segment: StoredSegment): void {
    this.#change(epoch);
    this.#directory.append(segment);
    this.#entries.store(segment);
  }

  /** Extended, or ended early. */
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
