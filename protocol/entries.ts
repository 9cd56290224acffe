/**
 * The entries of a directory and their positions in the tree: serials, indices, weights and starts, but no hashes
 * (protocol.md, section 5).
 */
import { HoldfastError } from "./errors.ts";

export interface SegmentFacts {
  readonly serial: number;
  /** In quanta per epoch. */
  readonly weight: number;
  /** The first epoch that is not paid for. */
  readonly end: number;
}

/** The position of a live entry in the tree. */
export interface TreePlace {
  readonly index: number;
  /** Sum of the weights of all entries before it. */
  readonly start: number;
}

/**
 * Changes must come in the order of the chain. Every method with a serial fails with HoldfastError "corrupt" if it is
 * unknown.
 */
export class Entries<Segment extends SegmentFacts> {
  /** In the order of serials, which is also the order of indices. */
  readonly #live = new Map<number, Segment & TreePlace>();
  #count = 0;
  #total = 0;
  /** The compaction that is under way leaves out segments that end in or before this epoch. */
  #lastEnd: number | undefined;

  /** Weight of all entries, tombstones included. */
  get total(): number {
    return this.#total;
  }

  /** All entries but the tombstones. */
  get live(): readonly (Segment & TreePlace)[] {
    return [...this.#live.values()];
  }

  find(serial: number): Segment & TreePlace {
    const found = this.#live.get(serial);
    if (found) return found;
    throw new HoldfastError("corrupt", `the events name segment ${serial}, which was never stored`);
  }

  store(segment: Segment): void {
    const place = { index: this.#count++, start: this.#total };
    this.#live.set(segment.serial, { ...segment, ...place });
    this.#total += segment.weight;
  }

  /** A segment was extended or ended early. */
  setEnd(serial: number, end: number): void {
    this.#live.set(serial, { ...this.find(serial), end });
  }

  /** @returns the segment whose entry became a tombstone */
  retire(serial: number): Segment & TreePlace {
    const found = this.find(serial);
    this.#live.delete(serial);
    return found;
  }

  reset(): void {
    this.#rewrite([]);
  }

  beginCompaction(lastEnd: number): void {
    this.#lastEnd = lastEnd;
  }

  /** Keeps only the segments that end after lastEnd, in the order of serials. */
  compact(): void {
    const lastEnd = this.#lastEnd;
    if (lastEnd === undefined)
      throw new HoldfastError("corrupt", "the events end a compaction that never began");
    this.#lastEnd = undefined;
    this.#rewrite(this.live.filter(({ end }) => end > lastEnd));
  }

  #rewrite(segments: readonly Segment[]): void {
    this.#live.clear();
    [this.#count, this.#total] = [0, 0];
    for (const segment of segments) this.store(segment);
  }
}
