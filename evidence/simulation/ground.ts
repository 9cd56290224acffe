/**
 * One vNode as whoever follows the chain knows it: its segments and its directory, as they are and as they stood when
 * the epoch began.
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
  /** The first epoch in which it is not paid for. */
  end: number;
  /** Role of its owner. */
  readonly owner: string;
  /** Made up by who is to store it: it can be had back at any time, for nothing. */
  readonly junk: boolean;
}

export interface Audited {
  readonly directory: Directory;
  readonly root: bigint;
  readonly total: number;
}

export class Ground {
  readonly id: number;
  /** By serial. */
  readonly segments: Segment[] = [];
  readonly #byRoot = new Map<bigint, Segment>();
  /** Of the entries, in their order. */
  #entries: Segment[] = [];
  /** All that had not ended when something was stored last. */
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

  /** What an epoch's proofs are about. */
  audited(epoch: number): Audited {
    return this.#changed === epoch ? this.#before : this.#now();
  }

  /** Of the directory's entries, in their order. */
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

  /** Those that are paid for in an epoch, which is not over. */
  active(epoch: number): Segment[] {
    return this.#recent.filter(({ from, end }) => from <= epoch && epoch < end);
  }

  rate(epoch: number): number {
    return this.active(epoch).reduce((sum, { perEpoch }) => sum + perEpoch, 0);
  }

  /** Part of the directory's range that is paid for in an epoch. */
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

  /** What a compaction in an epoch writes again: the openings, and the siblings of their multi-path. */
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

  /** What a retirement of the segments makes tombstones of. */
  retirement(epoch: number, gone: readonly Segment[]): ReturnType<Ground["compaction"]> {
    const indices = gone.map((segment) => this.#entries.indexOf(segment)).sort((a, b) => a - b);
    return {
      openings: indices.map((i) => this.#opening(i)),
      siblings: this.#directory.multiPath(indices),
      apply: () => {
        this.#remember(epoch);
        const copy = new Directory(PROFILE.directoryDepth);
        // A tombstone's root cannot be appended: all are appended, and those that were are retired again.
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
