/**
 * Strategies of owners against an honest node. Data that they store to do harm is worth nothing to them.
 */
import type { Segment } from "../ground.ts";
import { CUSTOMER_LEAVES, LEAVES_PER_SEGMENT, RATE } from "../model.ts";
import type { Play } from "../play.ts";
import type { Strategy } from "./strategy.ts";

const priceOf = (times: number): number => Math.max(1, Math.round((times * RATE) / LEAVES_PER_SEGMENT));

/** Stores segments and ends them as soon as possible, besides one that stays to get a share of the refunds. */
const storeAndEnd = (times: number, period: number): Strategy => ({
  name: `store-and-end-${times}x`.replace(".", "_"),
  about: `stores ${times} times the customers' rate and ends it at once, every ${period} epochs`,
  market: "base",
  mine: ["owner", "harm"],
  victims: ["node"],
  play: (play) => {
    let last: Segment | undefined;
    return {
      open: () => storeWanted(play),
      early() {
        if (last && last.end > play.epoch + 3) play.endEarly(last);
        last = undefined;
        if (play.epoch % period === 0) storeHarm(play, times, 100, (segment) => (last = segment));
      },
    };
  },
});

const storeHarm = (
  play: Play,
  times: number,
  epochs: number,
  then?: (segment: Segment | undefined) => void,
): void => play.store({ owner: "harm", price: priceOf(times), epochs, ...(then ? { then } : {}) });

/** Stores a twentieth of what the customers store, to get a share of the refunds. */
const storeWanted = (play: Play): void =>
  play.store({ owner: "owner", leaves: Math.round(CUSTOMER_LEAVES / 20), epochs: play.last });

export const OWNERS: readonly Strategy[] = [
  storeAndEnd(0.5, 4),
  storeAndEnd(1, 4),
  storeAndEnd(3, 4),
  {
    name: "store-for-one-epoch",
    about: "stores as much as all customers for one epoch, every other epoch",
    market: "base",
    mine: ["owner", "harm"],
    victims: ["node"],
    play: (play) => ({
      open: () => storeWanted(play),
      early() {
        if (play.epoch % 2 === 0) storeHarm(play, 1, 1);
      },
    }),
  },
  {
    name: "spam-tiny-segments",
    about: "stores 12 segments of the least price for one epoch, every 4 epochs, to fill the directory",
    market: "base",
    mine: ["owner", "harm"],
    victims: ["node"],
    play: (play) => ({
      open: () => storeWanted(play),
      early() {
        if (play.epoch % 4 === 0) play.store({ owner: "harm", leaves: 1, price: 1, epochs: 1, count: 12 });
      },
    }),
  },
  {
    name: "refuse-to-extend",
    about: "stores half as much as all customers for 12 epochs and never extends, every 12 epochs",
    market: "base",
    mine: ["owner", "harm"],
    victims: ["node"],
    play: (play) => ({
      open: () => storeWanted(play),
      early() {
        if (play.epoch % 12 === 0) storeHarm(play, 0.5, 12);
      },
    }),
  },
];
