/**
 * The history of one vNode's directory, from the chain's events in log order. It gives the directory as it stood now,
 * when an epoch began, or when a challenge was made.
 */
import { incomplete } from "../chain/follow.ts";
import { Directory } from "../protocol/directory.ts";
import { fromHex32, type Hex } from "../protocol/field.ts";

/** An entry of a directory. */
export interface Holding {
  readonly serial: number;
  readonly bucket: bigint;
  readonly root: Hex;
  readonly leaves: number;
  /** Token units per epoch. In quanta, this is the entry's weight. */
  readonly perEpoch: bigint;
  readonly weight: number;
  /** The first epoch that is not paid for. */
  readonly end: number;
  readonly retired: boolean;
}

/** A directory as it stood at one time. Do not keep it: the next look may change it. */
export interface Contents {
  readonly directory: Directory;
  /** In the order of the directory's entries. */
  readonly holdings: readonly Holding[];
}

export type Change =
  | {
      readonly kind: "stored";
      readonly epoch: number;
      readonly holding: Holding;
      /** Start of its range, as the contract says. */
      readonly start: number;
    }
  | {
      readonly kind: "rescheduled";
      readonly epoch: number;
      readonly serial: number;
      readonly end: number;
    }
  | { readonly kind: "retired"; readonly epoch: number; readonly serial: number }
  | { readonly kind: "reset"; readonly epoch: number }
  /** A compaction begins, for the entries of segments that end after `lastEnd`. */
  | { readonly kind: "compacting"; readonly epoch: number; readonly lastEnd: number }
  | {
      readonly kind: "compacted";
      readonly epoch: number;
      readonly entries: number;
      readonly total: number;
      readonly root: bigint;
    };

/**
 * All changes of one vNode. It caches the directory at two times that move forward, and at those of open challenges.
 */
export class History {
  readonly #depth: number;
  readonly #changes: Change[] = [];
  /** Entries that are neither retired nor compacted away, by serial. */
  readonly #live = new Map<number, Holding>();
  #lastEnd = 0;
  /** For each challenge, the number of changes before it, and the directory after them. */
  readonly #marks = new Map<bigint, { readonly changes: number; contents?: Contents }>();
  #latest: Replay | undefined;
  #snapshot: Replay | undefined;

  constructor(depth: number) {
    this.#depth = depth;
  }

  /** @returns segments that this vNode no longer holds for their buckets: no live entry has the same root and bucket */
  add(change: Change): Holding[] {
    this.#changes.push(change);
    const gone: Holding[] = [];
    const drop = (serial: number): void => {
      const holding = this.#live.get(serial);
      if (holding) gone.push(holding);
      this.#live.delete(serial);
    };
    switch (change.kind) {
      case "stored":
        this.#live.set(change.holding.serial, change.holding);
        break;
      case "rescheduled": {
        const holding = this.#live.get(change.serial);
        if (holding) this.#live.set(change.serial, { ...holding, end: change.end });
        break;
      }
      case "retired":
        drop(change.serial);
        break;
      case "compacting":
        this.#lastEnd = change.lastEnd;
        break;
      case "compacted":
        for (const { serial, end } of [...this.#live.values()]) if (end <= this.#lastEnd) drop(serial);
    }
    if (gone.length === 0) return gone;
    const stillThere = new Set([...this.#live.values()].map(({ bucket, root }) => `${bucket}/${root}`));
    return gone.filter(({ bucket, root }) => !stillThere.has(`${bucket}/${root}`));
  }

  mark(challenge: bigint): void {
    this.#marks.set(challenge, { changes: this.#changes.length });
  }

  unmark(challenge: bigint): void {
    this.#marks.delete(challenge);
  }

  /** Whether a challenge is open, according to the events. */
  get isMarked(): boolean {
    return this.#marks.size > 0;
  }

  atMark(challenge: bigint): Contents | undefined {
    const mark = this.#marks.get(challenge);
    if (!mark) return undefined;
    const before = this.#changes.slice(0, mark.changes);
    return (mark.contents ??= new Replay(this.#depth).advance(before, Infinity));
  }

  latest(): Contents {
    this.#latest ??= new Replay(this.#depth);
    return this.#latest.advance(this.#changes, Infinity);
  }

  before(epoch: number): Contents {
    if (!this.#snapshot || this.#snapshot.reached > epoch) this.#snapshot = new Replay(this.#depth);
    return this.#snapshot.advance(this.#changes, epoch);
  }
}

class Replay implements Contents {
  readonly #depth: number;
  directory: Directory;
  holdings: Holding[] = [];
  /** All changes of epochs before this one have been applied. */
  reached = 0;
  #applied = 0;
  #nextSerial = 0;
  #lastEnd = 0;
  /** Index of each entry, by serial. */
  readonly #index = new Map<number, number>();

  constructor(depth: number) {
    this.#depth = depth;
    this.directory = new Directory(depth);
  }

  advance(changes: readonly Change[], epoch: number): this {
    this.reached = epoch;
    for (
      let change = changes[this.#applied];
      change && change.epoch < epoch;
      change = changes[this.#applied]
    ) {
      this.#apply(change);
      this.#applied++;
    }
    return this;
  }

  #apply(change: Change): void {
    switch (change.kind) {
      case "stored": {
        const { holding, start } = change;
        if (holding.serial !== this.#nextSerial || start !== this.directory.total) throw incomplete();
        this.#append(holding);
        this.#nextSerial++;
        return;
      }
      case "rescheduled":
        this.#replace(change.serial, { end: change.end });
        return;
      case "retired":
        this.directory.retire(this.#replace(change.serial, { retired: true }));
        return;
      case "reset":
        this.#empty();
        return;
      case "compacting":
        this.#lastEnd = change.lastEnd;
        return;
      case "compacted": {
        const kept = this.holdings.filter(({ end }) => end > this.#lastEnd);
        this.#empty();
        for (const holding of kept) this.#append(holding);
        const { total, root } = this.directory;
        if (kept.length !== change.entries || total !== change.total || root !== change.root)
          throw incomplete();
      }
    }
  }

  #append(holding: Holding): void {
    const { root, weight, leaves, serial } = holding;
    this.directory.append({ root: fromHex32(root), weight, leaves });
    this.#index.set(serial, this.holdings.length);
    this.holdings.push(holding);
  }

  #replace(serial: number, change: Partial<Holding>): number {
    const index = this.#index.get(serial);
    const holding = index === undefined ? undefined : this.holdings[index];
    if (index === undefined || !holding) throw incomplete();
    this.holdings[index] = { ...holding, ...change };
    return index;
  }

  #empty(): void {
    this.directory = new Directory(this.#depth);
    this.holdings = [];
    this.#index.clear();
  }
}
