/**
 * Dropping a part of the data, and proving whenever nothing of it is asked for.
 */
import type { Dropping } from "../holding.ts";
import type { Strategy } from "./strategy.ts";

const dropping = (name: string, about: string, drop: Dropping, more: Partial<Strategy> = {}): Strategy => ({
  name,
  about,
  market: "base",
  mine: ["node"],
  victims: [],
  play: (play) => ({
    open: () => play.node().holding.drop(drop),
    // Whoever reports a miss has a share of the slash.
    early: () => {
      for (const ground of play.missed) play.settle("node", ground);
    },
  }),
  ...more,
});

const percent = (share: number): Strategy =>
  dropping(`drop-${String(share).replace(".", "_")}`, `drops ${share} % of all leaves`, () => share / 100);

export const LOSS: readonly Strategy[] = [0.1, 1, 5, 10, 50, 100].map(percent);
