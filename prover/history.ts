/**
 * What happened to one vNode's directory, by the chain's events in log order, and the directory as it stood at any time that
 * somebody asks about: now, when an epoch began, when a challenge was made.
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
  /** Token units; in quanta it is the entry's weight. */
  readonly perEpoch: bigint;
  readonly weight: number;
  /** First epoch that is not paid for. */
  readonly end: number;
  readonly retired: boolean;
}

/** A directory as it stood at one time; the next look may change it. */
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
      /** Of its range, by the contract. */
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
  /** The entries of segments that end after `lastEnd` begin to be written again. */
  | { readonly kind: "compacting"; readonly epoch: number; readonly lastEnd: number }
  | {
      readonly kind: "compacted";
      readonly epoch: number;
      readonly entries: number;
      readonly total: number;
      readonly root: bigint;
    };

/**
 * All changes of one vNode, and that directory at two times, both kept as they move forward, and at those of open
 * challenges.
 */
export class History {
  readonly #depth: number;
  readonly #changes: Change[] = [];
  /** Neither retired nor compacted away, by serial. */
  readonly #live = new Map<number, Holding>();
  #lastEnd = 0;
  /** By challenge, how many changes came before it, and the directory after them. */
  readonly #marks = new Map<bigint, { readonly changes: number; contents?: Contents }>();
  #latest: Replay | undefined;
  #snapshot: Replay | undefined;

  constructor(depth: number) {
    this.#depth = depth;
  }

  /** Buckets' segments that are no longer held after it: no live entry of this vNode has the same root and bucket. */
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
    const held = new Set([...this.#live.values()].map(({ bucket, root }) => `${bucket}/${root}`));
    return gone.filter(({ bucket, root }) => !held.has(`${bucket}/${root}`));
  }

  mark(challenge: bigint): void {
    this.#marks.set(challenge, { changes: this.#changes.length });
  }

  unmark(challenge: bigint): void {
    this.#marks.delete(challenge);
  }

  /** Whether a challenge is open, by the events. */
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
  /** Changes of all epochs before this one are in. */
  reached = 0;
  #applied = 0;
  #nextSerial = 0;
  #lastEnd = 0;
  /** By serial. */
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
