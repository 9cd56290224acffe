/**
 * Strategies about challenges: challenging oneself or rivals, and exploiting others' challenges.
 */
import { RATE } from "../model.ts";
import type { Play } from "../play.ts";
import { isServing, reportOwnMisses, storeJunk } from "./common.ts";
import type { Hooks, Strategy } from "./strategy.ts";

const LOSS = 100;
const SHILLS = ["shill1", "shill2", "shill3", "shill4"];

/** The range of an owner's own tiny segment, which is cheap to challenge. */
const rangeOf = (play: Play, owner: string): { start: number; length: number } | undefined => {
  const index = play.ground.segmentsNow.findIndex((segment) => segment.owner === owner);
  const entry = play.ground.directory.entries[index];
  return entry && { start: entry.start, length: entry.weight };
};

const challengeOwn = (play: Play, shills: readonly string[], owner: string): void => {
  const range = rangeOf(play, owner);
  if (range) for (const shill of shills) play.challenges.make(shill, range);
};

/** An honest auditor challenges the vNode after a loss. The node stores junk for itself `at` epochs later. */
const capture = (name: string, about: string, at: number): Strategy => ({
  name,
  about,
  market: "odds64",
  mine: ["node"],
  victims: [],
  play: (play) => ({
    early() {
      reportOwnMisses(play);
      const since = play.epoch - LOSS;
      if (since === 0) play.node().holding.drop(() => 0.5);
      if (since === 10 + at && isServing(play)) storeJunk(play, 5, { epochs: 20 });
      if (since === 10 && isServing(play)) play.challenges.make("auditor");
    },
  }),
});

export const CHALLENGES: readonly Strategy[] = [
  capture(
    "store-before-challenge",
    "knows of a challenge before, and stores junk for its share of the penalty",
    -1,
  ),
  capture("store-during-challenge", "stores junk once it is challenged, for its share of the penalty", 0),
  capture("store-late-in-challenge", "stores junk just before a challenge that it cannot answer is over", 2),
  capture("store-after-challenge", "stores junk after the verdict", 3),
  {
    name: "challenge-own-leaf",
    about: "drops all, and has four accounts of its own challenge one leaf of its own",
    market: "odds64",
    mine: ["node", ...SHILLS],
    victims: [],
    play: (play) => ({
      open: () => void storeJunk(play, 0.001),
      early() {
        reportOwnMisses(play);
        if (play.epoch === LOSS) play.node().holding.drop(() => 1);
        if (play.epoch === LOSS) play.node().idle = true;
        if (play.epoch === LOSS && isServing(play)) challengeOwn(play, SHILLS, "node");
      },
    }),
  },
  {
    name: "squat-own-slots",
    about: "drops half, and keeps all slots for challenges taken by its own, which it answers",
    market: "odds64",
    mine: ["node", ...SHILLS],
    victims: [],
    play: (play): Hooks => ({
      open: () => void storeJunk(play, 0.001),
      early() {
        reportOwnMisses(play);
        if (play.epoch === LOSS) play.node().holding.drop(() => 0.5);
        if (play.epoch < LOSS || !isServing(play)) return;
        if (play.challenges.open.length === 0) challengeOwn(play, SHILLS, "node");
        if (play.epoch % 20 === 0) play.challenges.make("auditor");
      },
    }),
  },
  {
    name: "challenge-rivals",
    about: "challenges an honest node over and over, with four accounts",
    market: "base",
    mine: SHILLS,
    victims: ["node"],
    play: (play) => ({
      early() {
        if (play.epoch % 10 === 0 && play.epoch < play.last - 5)
          for (const shill of SHILLS) play.challenges.make(shill);
      },
    }),
  },
  {
    name: "challenge-the-lost",
    about: "an honest auditor challenges a node that dropped 5 %, as often as one in 20 epochs",
    market: "odds64",
    mine: ["node"],
    victims: [],
    play: (play) => ({
      open: () => play.node().holding.drop(() => 0.05),
      early() {
        reportOwnMisses(play);
        if (play.epoch % 20 === 0 && isServing(play) && play.epoch < play.last - 5)
          play.challenges.make("auditor");
      },
    }),
  },
  {
    name: "jackpot-of-an-outage",
    about: "owns a thousandth of what an offline node stores, and challenges it for that",
    market: "base",
    mine: ["owner"],
    victims: [],
    // What any reporter of the outage gets: a tenth of two penalties (5, and 5 + 10), and its share of the rest.
    allowed: 2.02,
    play: (play) => ({
      open: () =>
        play.store({ owner: "owner", leaves: 2, price: Math.round(RATE / 2000), epochs: play.last }),
      early() {
        const since = play.epoch - LOSS;
        // All misses but the last, which is settled when the challenge ends.
        if (since < 3) reportOwnMisses(play, "owner");
        if (since === 0) play.node().idle = true;
        if (since === 0) challengeOwn(play, ["owner"], "owner");
        if (since === 4) play.node().idle = false;
      },
    }),
  },
];
