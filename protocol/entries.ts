/**
 * Which entries a directory has, and where: serials and indices, weights and starts, without a hash (protocol.md, section 5).
 */
import { HoldfastError } from "./errors.ts";

export interface SegmentFacts {
  readonly serial: number;
  /** In quanta per epoch. */
  readonly weight: number;
  /** First epoch that is not paid for. */
  readonly end: number;
}

/** Of an entry that is no tombstone. */
export interface Place {
  readonly index: number;
  /** Weights of all entries before it. */
  readonly start: number;
}

/** Takes changes in the order of the chain. Throws HoldfastError "corrupt" for a segment that it has not heard of. */
export class Entries<Segment extends SegmentFacts> {
  /** In the order of serials, which is that of indices. */
  readonly #live = new Map<number, Segment & Place>();
  #count = 0;
  #total = 0;
  /** What ends by then is left out of the tree that is being written. */
  #lastEnd: number | undefined;

  /** Weight of all entries, tombstones included. */
  get total(): number {
    return this.#total;
  }

  /** Without the tombstones. */
  get live(): readonly (Segment & Place)[] {
    return [...this.#live.values()];
  }

  find(serial: number): Segment & Place {
    const found = this.#live.get(serial);
    if (found) return found;
    throw new HoldfastError("corrupt", `the events speak of segment ${serial}, which is not there`);
  }

  store(segment: Segment): void {
    const place = { index: this.#count++, start: this.#total };
    this.#live.set(segment.serial, { ...segment, ...place });
    this.#total += segment.weight;
  }

  /** Extended, or ended early. */
  setEnd(serial: number, end: number): void {
    this.#live.set(serial, { ...this.find(serial), end });
  }

  /** @returns what became a tombstone */
  retire(serial: number): Segment & Place {
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

  /** What ends after lastEnd is all that there is, in the order of serials. */
  compact(): void {
    const lastEnd = this.#lastEnd;
    if (lastEnd === undefined) throw new HoldfastError("corrupt", "a compaction ends that did not begin");
    this.#lastEnd = undefined;
    this.#rewrite(this.live.filter(({ end }) => end > lastEnd));
  }

  #rewrite(segments: readonly Segment[]): void {
    this.#live.clear();
    [this.#count, this.#total] = [0, 0];
    for (const segment of segments) this.store(segment);
  }
}
