/**
 * What many strategies do.
 */
import type { Segment } from "../ground.ts";
import { LEAVES_PER_SEGMENT, RATE } from "../model.ts";
import type { Play } from "../play.ts";

/** Whoever reports a miss has a share of the slash: the node does it itself, before the auditors. */
export function reportOwnMisses(play: Play, role = "node"): void {
  for (const ground of play.missed) play.settle(role, ground);
}

export interface Junk {
  readonly segments: readonly Segment[];
  /** Ends what has not ended. */
  end(): void;
}

/**
 * Stores for itself what it makes up, at so many times the customers' rate, in one segment per `pieces`.
 */
export function storeJunk(
  play: Play,
  times: number,
  options: { epochs?: number; owner?: string; pieces?: number; stolen?: boolean } = {},
): Junk {
  const { epochs = play.last, owner = "node", pieces = 1, stolen = false } = options;
  const segments: Segment[] = [];
  const price = Math.max(1, Math.round((times * RATE) / (pieces * LEAVES_PER_SEGMENT)));
  // The directory's last call must fit a transaction.
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

/** Whether the node is still the one that is asked. In epoch 0 nobody is. */
export const isServing = (play: Play, role = "node"): boolean =>
  play.epoch <= 1 || play.view().node === play.node(role).id;
