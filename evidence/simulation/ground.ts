/**
 * A vNode as the chain's events describe it: its segments and its directory, now and at the epoch's start.
 */
import { Directory, type Entry } from "../../protocol/directory.ts";
import { PROFILE } from "./model.ts";

export interface Segment {
  readonly serial: number;
  readonly root: bigint;
  readonly leaves: number;
  /** Token units. */
  readonly perEpoch: number;
  readonly from: number;
  /** The first epoch that is not paid for. */
  end: number;
  /** Role of the segment's owner. */
  readonly owner: string;
  /** The node has made the data up itself, and can make it again at any time, for nothing. */
  readonly junk: boolean;
}

export interface Audited {
  readonly directory: Directory;
  readonly root: bigint;
  readonly total: number;
}

export class Ground {
  readonly id: number;
  /** Indexed by serial. */
  readonly segments: Segment[] = [];
  readonly #byRoot = new Map<bigint, Segment>();
  /** The segments of the directory's entries, in order. */
  #entries: Segment[] = [];
  /** The segments that had not ended when something was stored last. */
  #recent: Segment[] = [];
  #directory = new Directory(PROFILE.directoryDepth);
  #before: Audited;
  #changed = -1;

  constructor(id: number) {
    this.id = id;
    this.#before = this.#now();
  }

  #now(): Audited {
    return { directory: this.#directory, root: this.#directory.root, total: this.#directory.total };
  }

  /** The directory that an epoch's proofs are about. */
  audited(epoch: number): Audited {
    return this.#changed === epoch ? this.#before : this.#now();
  }

  /** The segments of the directory's entries now, in order. */
  get segmentsNow(): readonly Segment[] {
    return this.#entries;
  }

  get directory(): Directory {
    return this.#directory;
  }

  segmentOf(entry: Entry): Segment {
    const segment = this.#byRoot.get(entry.root);
    if (!segment) throw new Error(`no segment has the root ${entry.root}`);
    return segment;
  }

  /** The segments that are paid for in an epoch, which must not be over. */
  active(epoch: number): Segment[] {
    return this.#recent.filter(({ from, end }) => from <= epoch && epoch < end);
  }

  rate(epoch: number): number {
    return this.active(epoch).reduce((sum, { perEpoch }) => sum + perEpoch, 0);
  }

  /** Share of the directory's range that is paid for in an epoch. */
  coverage(epoch: number): number {
    return this.#directory.total === 0 ? 1 : this.rate(epoch) / this.#directory.total;
  }

  #remember(epoch: number): void {
    if (this.#changed === epoch) return;
    [this.#before, this.#changed] = [this.#now(), epoch];
  }

  append(epoch: number, segment: Omit<Segment, "serial">): Segment {
    this.#remember(epoch);
    this.#recent = this.#recent.filter(({ end }) => end >= epoch);
    const { root, perEpoch: weight, leaves } = segment;
    this.#directory.append({ root, weight, leaves });
    const stored = { ...segment, serial: this.segments.length };
    this.segments.push(stored);
    this.#entries.push(stored);
    this.#recent.push(stored);
    this.#byRoot.set(root, stored);
    return stored;
  }

  /** The arguments of a compaction in an epoch: the openings of the entries that stay, and the siblings of their multi-path. */
  compaction(epoch: number): { openings: Opening[]; siblings: bigint[]; apply: () => void } {
    const kept = this.#entries.map((_, i) => i).filter((i) => (this.#entries[i] as Segment).end > epoch + 1);
    const openings = kept.map((i) => this.#opening(i));
    return {
      openings,
      siblings: kept.length === 0 ? [] : this.#directory.multiPath(kept),
      apply: () => {
        this.#remember(epoch);
        const fresh = new Directory(PROFILE.directoryDepth);
        this.#entries = kept.map((i) => this.#entries[i] as Segment);
        for (const { root, perEpoch: weight, leaves } of this.#entries)
          fresh.append({ root, weight, leaves });
        this.#directory = fresh;
      },
    };
  }

  #opening(index: number): Opening {
    const { serial, root } = this.#entries[index] as Segment;
    const { start } = this.#directory.entries[index] as Entry;
    return { serial, start, root };
  }

  /** The arguments of a call that replaces the entries of these segments by tombstones. */
  retirement(epoch: number, gone: readonly Segment[]): ReturnType<Ground["compaction"]> {
    const indices = gone.map((segment) => this.#entries.indexOf(segment)).sort((a, b) => a - b);
    return {
      openings: indices.map((i) => this.#opening(i)),
      siblings: this.#directory.multiPath(indices),
      apply: () => {
        this.#remember(epoch);
        const copy = new Directory(PROFILE.directoryDepth);
        // A tombstone cannot be appended: append all entries, and retire the old tombstones again.
        for (const { root, perEpoch: weight, leaves } of this.#entries) copy.append({ root, weight, leaves });
        for (const [i, { root }] of this.#directory.entries.entries()) if (root === 0n) copy.retire(i);
        for (const i of indices) copy.retire(i);
        this.#directory = copy;
      },
    };
  }
}

export interface Opening {
  readonly serial: number;
  readonly start: number;
  readonly root: bigint;
}
