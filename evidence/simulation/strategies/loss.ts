/**
 * Strategies that drop a part of the data, and prove whenever none of it is sampled.
 */
import type { Dropping } from "../holding.ts";
import { PROFILE, STORING, type MarketName } from "../model.ts";
import { reportOwnMisses, storeJunk } from "./common.ts";
import type { Strategy } from "./strategy.ts";

/** Segments from this epoch on count as new. */
const NEW_SINCE = 50;

const dropping = (name: string, about: string, drop: Dropping, market: MarketName = "base"): Strategy => ({
  name,
  about,
  market,
  mine: ["node"],
  victims: [],
  play: (play) => ({
    open: () => play.node().holding.drop(drop),
    early: () => reportOwnMisses(play),
  }),
});

const percent = (share: number, market: MarketName = "base"): Strategy => {
  const where = market === "base" ? "" : `-${market}`;
  const name = `drop-${String(share).replace(".", "_")}${where}`;
  return dropping(name, `drops ${share} % of all leaves`, () => share / 100, market);
};

/** In the market "spread", a leaf costs 500 to 2,000. */
const CHEAP = 950;
const DEAR = 1_550;

/** Share of the rate that a node is paid. */
const PAID = 0.95;
/** Junk that hides the end, as a multiple of the customers' rate. */
const HIDING = 2.1;

export const LOSS: readonly Strategy[] = [
  ...[0.1, 1, 5, 10, 50, 100].map((share) => percent(share)),
  dropping("drop-cheapest", "drops the cheapest third", cheaperThan(CHEAP), "spread"),
  dropping("drop-dearest", "drops the dearest third", (one) => 1 - cheaperThan(DEAR)(one), "spread"),
  dropping("drop-newest", "drops all that comes after 50 epochs", ({ from }) => (from > NEW_SINCE ? 1 : 0)),
  dropping("drop-one", "drops one segment of twelve", ({ serial }) => (serial === 5 ? 1 : 0)),
  ...[0.1, 1, 10, 100].map((share) => percent(share, "odds8")),
  ...[1, 10, 100].map((share) => percent(share, "odds64")),
  ...[1, 10, 100].map((share) => percent(share, "lax")),
  ...[1, 10].map((share) => percent(share, "patient")),
  ...(["tides", "tides8", "tides64", "ebbs8", "ebbs64", "ripples64"] as const).map((market) =>
    dropBeforeEnd(market),
  ),
  dropBeforeEnd("tides8", true),
  dropBeforeEnd("tides64", true),
  dropBeforeEnd("ripples64", true),
  oneOfMany(),
  thin(),
];

function cheaperThan(price: number): Dropping {
  return ({ perEpoch, leaves }) => (perEpoch / leaves < price ? 1 : 0);
}

/** Share of the most profitable amount. The rest is a margin, because a second miss is slashed. */
const CAUTION = 0.75;

/**
 * Drops segments that will probably end before the next proof. That proof pays for them, even after their end. The longer ago
 * the last proof, the more is at stake. Data that is stored later is kept.
 *
 * Dropping the share s for the last x epochs saves STORING · s · x. In each epoch it is sampled with probability 1 / odds, and
 * found missing with 1 - (1-s)^k. Then the node loses the deferred pay of the epochs since the last proof.
 *
 * @param hides whether it stores junk in the last epoch, so that the end is only a small fall of the rate
 */
function dropBeforeEnd(market: MarketName, hides = false): Strategy {
  return {
    name: `drop-before-end-${market}${hides ? "-hidden" : ""}`,
    about: `drops what is likely to end before the next proof, which then pays for it${hides ? ", and hides the end behind junk" : ""}`,
    market,
    mine: ["node"],
    victims: [],
    play: (play) => {
      const { odds } = play.market.params;
      const dropped = new Set<bigint>();
      let proven = 0;
      return {
        open: () => play.node().holding.drop(({ root }) => (dropped.has(root) ? 1 : 0)),
        early() {
          reportOwnMisses(play);
          const ends = play.ground.active(play.epoch).filter(({ end }) => end === play.epoch + 1);
          if (hides && ends.some(({ root }) => dropped.has(root))) storeJunk(play, HIDING, { epochs: 1 });
        },
        late() {
          const { epoch, ground } = play;
          if (play.view().due && play.missed.size === 0) proven = epoch;
          const active = ground.active(epoch).filter(({ junk }) => !junk);
          for (const end of new Set(active.map((segment) => segment.end))) {
            const together = active.filter((segment) => segment.end === end);
            const share = together.reduce((sum, { perEpoch }) => sum + perEpoch, 0) / ground.rate(epoch);
            const seen = 1 - (1 - share) ** PROFILE.samples;
            const longest = CAUTION * ((STORING * share * odds) / (PAID * seen)) - (epoch - proven);
            if (end - epoch <= longest) for (const { root } of together) dropped.add(root);
          }
        },
      };
    },
  };
}

function oneOfMany(): Strategy {
  return {
    name: "one-bond-three-vnodes",
    about: "serves three vNodes with a bond that is just enough, and drops all of the first",
    market: "three",
    mine: ["node"],
    victims: [],
    node: { bond: 140_000_000n },
    play: (play) => ({
      open: () => {
        const dropped = new Set(play.grounds[0]?.segments);
        play
          .node()
          .holding.drop((segment) =>
            dropped.has(segment) || play.grounds[0]?.segments.includes(segment) === true ? 1 : 0,
          );
      },
      early: () => reportOwnMisses(play),
    }),
  };
}

function thin(): Strategy {
  return {
    name: "thin-bond-5",
    about: "drops 5 % with a bond that is just enough, and none of it free",
    market: "base",
    mine: ["node"],
    victims: [],
    node: { bond: 40_000_000n },
    play: (play) => ({
      open: () => play.node().holding.drop(() => 0.05),
      early: () => reportOwnMisses(play),
    }),
  };
}
