/**
 * All strategies, and the honest market that each is compared with.
 */
import type { MarketName } from "../model.ts";
import { BEACONS } from "./beacons.ts";
import { CHALLENGES } from "./challenges.ts";
import { DUE } from "./due.ts";
import { EXITS } from "./exits.ts";
import { JUNK } from "./junk.ts";
import { LOSS } from "./loss.ts";
import { MANAGERS } from "./managers.ts";
import { OTHERS } from "./others.ts";
import { OWNERS } from "./owners.ts";
import type { Strategy } from "./strategy.ts";

export const honestIn = (market: MarketName): Strategy => ({
  name: `honest-${market}`,
  about: "everybody does what the protocol expects",
  market,
  mine: ["node"],
  victims: [],
  play: () => ({}),
});

/** @throws RangeError for an unknown name */
export function strategyNamed(name: string): Strategy {
  const found = STRATEGIES.find((strategy) => strategy.name === name);
  if (!found) throw new RangeError(`there is no strategy "${name}"`);
  return found;
}

/** The strategies that must not pay. */
export const asserted = (): Strategy[] => STRATEGIES.filter(({ outside }) => outside === undefined);

export const STRATEGIES: readonly Strategy[] = [
  ...LOSS,
  ...DUE,
  ...JUNK,
  ...EXITS,
  ...CHALLENGES,
  ...BEACONS,
  ...MANAGERS,
  ...OWNERS,
  ...OTHERS,
];
