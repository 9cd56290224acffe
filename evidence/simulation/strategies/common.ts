/**
 * Steps that many strategies share.
 */
import type { Segment } from "../ground.ts";
import { LEAVES_PER_SEGMENT, RATE } from "../model.ts";
import type { Play } from "../play.ts";

/** Lets the node report its own misses before the auditors, because the reporter gets a share of the slash. */
export function reportOwnMisses(play: Play, role = "node"): void {
  for (const ground of play.missed) play.settle(role, ground);
}

export interface Junk {
  readonly segments: readonly Segment[];
  /** Ends the segments that have not ended. */
  end(): void;
}

/**
 * Stores made-up data for the node itself, at a multiple of the customers' rate, in `pieces` segments.
 */
export function storeJunk(
  play: Play,
  times: number,
  options: { epochs?: number; owner?: string; pieces?: number; stolen?: boolean } = {},
): Junk {
  const { epochs = play.last, owner = "node", pieces = 1, stolen = false } = options;
  const segments: Segment[] = [];
  const price = Math.max(1, Math.round((times * RATE) / (pieces * LEAVES_PER_SEGMENT)));
  // The gas of each call must fit into a transaction.
  for (let left = pieces; left > 0; left -= PIECES)
    play.store({
      owner,
      price,
      epochs,
      junk: !stolen,
      count: Math.min(left, PIECES),
      then: (segment) => {
        if (segment) segments.push(segment);
      },
    });
  return {
    segments,
    end() {
      for (const segment of segments) if (segment.end > play.epoch + 3) play.endEarly(segment);
    },
  };
}

const PIECES = 100;

/** Whether the node is still responsible. In epoch 0 no node is. */
export const isServing = (play: Play, role = "node"): boolean =>
  play.epoch <= 1 || play.view().node === play.node(role).id;
