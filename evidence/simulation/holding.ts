/**
 * The data that a node still has: everything that it accepted, less what it has dropped.
 */
import type { Entry } from "../../protocol/directory.ts";
import type { Ground, Segment } from "./ground.ts";
import type { Holder } from "./oracle.ts";
import { randomOf } from "./random.ts";

/** The share of a segment that is dropped, 0 to 1. */
export type Dropping = (segment: Segment) => number;

export class Holding {
  readonly #seed: string;
  #dropping: Dropping | undefined;
  readonly #lost = new Map<Segment, { part: number; leaves: Set<number> }>();

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** Drops data from now on. Data that is stored later is dropped at once. */
  drop(dropping: Dropping): void {
    this.#dropping = dropping;
    this.#lost.clear();
  }

  /** Gets all data back, as a node that fetches it from others. */
  restore(): void {
    this.#dropping = undefined;
  }

  get hasAll(): boolean {
    return this.#dropping === undefined;
  }

  /** Share of the segment's leaves that are lost. */
  lostShare(segment: Segment): number {
    return this.#dropping === undefined || segment.junk ? 0 : this.#lostOf(segment).size / segment.leaves;
  }

  /** Each leaf is dropped independently, with the share as probability. */
  #lostOf(segment: Segment): Set<number> {
    const part = this.#dropping?.(segment) ?? 0;
    const known = this.#lost.get(segment);
    if (known?.part === part) return known.leaves;
    const lost = new Set<number>();
    const random = randomOf(this.#seed, segment.serial, segment.root.toString(36));
    for (let leaf = 0; leaf < segment.leaves; leaf++) if (random.next() < part) lost.add(leaf);
    this.#lost.set(segment, { part, leaves: lost });
    return lost;
  }

  on(ground: Ground): Holder {
    return {
      hasAll: this.hasAll,
      has: (entry: Entry, leaf: number) => {
        const segment = ground.segmentOf(entry);
        return segment.junk || !this.#lostOf(segment).has(leaf);
      },
    };
  }
}
