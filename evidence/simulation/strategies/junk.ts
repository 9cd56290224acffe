/**
 * Strategies that pay themselves for made-up data, so that samples fall on that.
 */
import type { MarketName } from "../model.ts";
import { isServing, reportOwnMisses, storeJunk, type Junk } from "./common.ts";
import type { Strategy } from "./strategy.ts";

interface JunkPlan {
  readonly name: string;
  readonly about: string;
  /** Price of the junk, as a multiple of the customers' rate. */
  readonly times: number;
  /** Share of the customers' leaves that is dropped. */
  readonly drop: number;
  readonly market?: MarketName;
  readonly mine?: readonly string[];
  readonly pieces?: number;
  /** Epochs for which junk is stored each time. Default: all. */
  readonly period?: number;
  /** Whether it is stored for long, and ended as soon as possible. */
  readonly endsEarly?: boolean;
  /** Whether ended junk stays in the directory as tombstones. */
  readonly tombstones?: boolean;
  readonly uncompensated?: boolean;
}

export const junk = (plan: JunkPlan): Strategy => {
  const { name, about, times, drop, market = "base", mine = ["node"], pieces = 1, period } = plan;
  return {
    name,
    about,
    market,
    mine,
    victims: [],
    uncompensated: plan.uncompensated === true,
    play: (play) => {
      const all: Junk[] = [];
      const epochs = plan.endsEarly === true ? 100 : (period ?? play.last);
      const store = (): unknown => all.push(storeJunk(play, times, { epochs, pieces }));
      return {
        open() {
          store();
          play.node().holding.drop(() => drop);
          play.node().tidies = true;
          if (plan.tombstones === true) play.node().compacts = false;
        },
        early() {
          reportOwnMisses(play);
          if (plan.endsEarly === true) all.pop()?.end();
          if (!isServing(play)) for (const one of all) one.end();
          else if (period !== undefined && plan.tombstones !== true && play.epoch % period === 0) store();
        },
        late() {
          if (plan.tombstones !== true) return;
          const gone = all.flatMap(({ segments }) => segments).filter(({ end }) => end === play.epoch);
          if (gone.length !== 0) play.retire("node", gone);
        },
      };
    },
  };
};

/** Markets whose terms remove a node only after a long time. For these, less is asserted. */
const WEAK: readonly MarketName[] = ["lax", "lax64", "patient"];

const times = (d: number, drop: number, market: MarketName = "base"): Strategy =>
  junk({
    name: `junk-${String(d)}x-drop-${String(100 * drop)}${market === "base" ? "" : `-${market}`}`,
    about: `pays itself ${d} times the customers' rate for junk and drops ${100 * drop} %`,
    times: d,
    drop,
    market,
    uncompensated: WEAK.includes(market),
  });

export const JUNK: readonly Strategy[] = [
  ...[1, 10, 25, 100, 1000].map((d) => times(d, 1)),
  ...[1, 10, 100].map((d) => times(d, 0.1)),
  ...[10, 22, 35, 50].map((d) => times(d, 1, "lax")),
  ...[22, 40].map((d) => times(d, 1, "patient")),
  times(25, 1, "odds8"),
  times(25, 1, "odds64"),
  ...[22, 35].map((d) => times(d, 1, "lax64")),
  junk({
    name: "junk-25x-coalition",
    times: 25,
    drop: 1,
    market: "beacon",
    mine: ["node", "manager", "auditor"],
    about: "pays itself 25 times the rate, with manager and auditor in on it",
  }),
  junk({
    name: "tiny-junk",
    times: 0.001,
    drop: 0.1,
    pieces: 200,
    about: "200 junk segments of hardly any price, and drops 10 %",
  }),
  junk({
    name: "tombstones-9x",
    times: 9,
    drop: 0.5,
    period: 1,
    tombstones: true,
    about: "junk of 9 times the rate for one epoch, retired and left there, and drops 50 %",
  }),
  junk({
    name: "tombstones-third",
    times: 1 / 3,
    drop: 0.01,
    period: 1,
    tombstones: true,
    about: "tombstones down to the coverage that is paid in full, and drops 1 %",
  }),
  junk({
    name: "end-and-store-again",
    times: 1,
    drop: 0.05,
    period: 1,
    endsEarly: true,
    about: "stores junk of the customers' rate in every epoch, ends it at once, and drops 5 %",
  }),
  junk({
    name: "junk-every-epoch",
    times: 1,
    drop: 0.05,
    period: 1,
    about: "stores junk of the customers' rate for one epoch in each, and drops 5 %",
  }),
];
