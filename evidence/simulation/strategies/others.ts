/**
 * Strategies with a stolen operator key, with a chosen total of the directory, and combinations.
 */
import { RATE } from "../model.ts";
import { canProve, proofOf } from "../oracle.ts";
import { isServing, reportOwnMisses, storeJunk, type Junk } from "./common.ts";
import type { Strategy } from "./strategy.ts";

const LOSS = 100;
/** The most that acceptances may lock in an epoch, in epochs' rate: somewhat more than the customers' data needs at first. */
const LOCKED = 40;

export const OTHERS: readonly Strategy[] = [
  {
    name: "thief-of-the-hot-key",
    about: "signs for junk that the node does not have, as much as may be locked, and settles the misses",
    market: "base",
    mine: ["thief"],
    victims: [],
    uncompensated: true,
    node: { lockPerEpoch: BigInt(LOCKED * RATE) },
    allowed: LOCKED,
    play: (play) => {
      let junk: Junk | undefined;
      return {
        early() {
          reportOwnMisses(play, "thief");
          if (play.epoch !== LOSS) return;
          play.node().holding.drop(({ owner }) => (owner === "thief" ? 1 : 0));
          junk = storeJunk(play, LOCKED / play.market.params.bondEpochs - 0.1, {
            owner: "thief",
            stolen: true,
          });
        },
        late() {
          if (play.epoch > LOSS && !isServing(play)) junk?.end();
        },
      };
    },
  },
  {
    name: "choose-the-total",
    about: "drops 10 %, and looks for a weight to store with which the samples would miss the loss",
    market: "base",
    mine: ["node"],
    victims: [],
    play: (play) => ({
      open: () => play.node().holding.drop(() => 0.1),
      early: () => reportOwnMisses(play),
      late() {
        const [view, ground, node] = [play.view(), play.ground, play.node()];
        if (!play.missed.has(ground)) return;
        const { directory } = ground.audited(play.epoch);
        for (let weight = 1; weight <= 8; weight++) {
          const length = view.total + weight;
          const padded = { root: view.root, seed: view.seed, start: 0, length: view.total - weight };
          if (!canProve(padded, directory, node.holding.on(ground))) continue;
          const proof = proofOf(padded, directory, node.holding.on(ground)) ?? "";
          play.store({ owner: "node", leaves: 1, price: length - view.total, epochs: 1, junk: true });
          play.call("node", "Audits", "prove", [ground.id, play.epoch, proof], ({ success }) => {
            if (success) play.missed.delete(ground);
          });
          return;
        }
      },
    }),
  },
  {
    name: "junk-and-squat",
    about: "drops all behind 25 times the rate of junk, and squats on its own challenges' slots",
    market: "odds64",
    mine: ["node", "shill1", "shill2"],
    victims: [],
    play: (play) => {
      let junk: Junk | undefined;
      return {
        open() {
          junk = storeJunk(play, 25);
          play.node().holding.drop(() => 1);
        },
        early() {
          reportOwnMisses(play);
          if (!isServing(play)) return junk?.end();
          if (play.epoch % 3 !== 0 || play.epoch > play.last - 5) return;
          for (const shill of ["shill1", "shill2"]) play.challenges.make(shill, { start: 0, length: 1 });
        },
      };
    },
  },
  {
    name: "junk-pause-leave",
    about: "drops all behind 10 times the rate of junk, pauses when it has missed, and leaves after that",
    market: "base",
    mine: ["node"],
    victims: [],
    play: (play) => {
      let junk: Junk | undefined;
      return {
        open() {
          junk = storeJunk(play, 10);
          play.node().holding.drop(() => 1);
        },
        early() {
          if (!isServing(play)) return junk?.end();
          if (play.missed.size !== 0) {
            play.call("node", "Audits", "pause", [play.ground.id, 20], () => undefined);
            play.call("node", "Audits", "announceLeave", [play.ground.id], () => undefined);
          }
          reportOwnMisses(play);
        },
      };
    },
  },
];
