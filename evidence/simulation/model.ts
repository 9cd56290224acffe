/**
 * What the simulation assumes: the deployment, the market, and what a profit is.
 *
 * Everything is told in epochs' rate: 1 is what all customers of the vNode pay for one epoch. The profit of some accounts
 * over a run is
 *
 *     tokens at the end - tokens at the beginning - STORING · what they stored - gas
 *
 * where tokens are those in accounts and in bonds of every kind, after all that was stored has ended, was decided, and was
 * claimed. What they stored is the sum, over all epochs, of the leaves that they really held, at the price of a leaf at
 * which the market begins; junk that one has made oneself costs nothing to store. Gas is GAS · GAS_PRICE. A bond is lent
 * without interest, and a lost leaf cannot be had back: both favour whoever does not keep what it is paid for.
 *
 * Of owners that attack: what they have stored and want is worth what they pay for it; what they store to do harm is
 * worth nothing.
 */
import type { Profile } from "../../protocol/profiles.ts";

/** k as in production; depths so small that a vNode is cheap to keep. */
export const PROFILE: Omit<Profile, "name"> = { samples: 20, dataDepth: 2, directoryDepth: 4 };
export const LEAVES_PER_SEGMENT = 16 ** PROFILE.dataDepth;

export const EPOCH_SECONDS = 3600;
export const MARGIN = 60;
/** A week. */
export const UNBOND_SECONDS = 168 * EPOCH_SECONDS;
/** Basis points: the least that the contracts take. */
export const PROTOCOL_FEE = 200;

/** Token units per epoch of a leaf, where all cost the same. */
export const LEAF_PRICE = 500;
/** Leaves of all customers of a vNode. */
export const CUSTOMER_LEAVES = 2048;
/** Token units that they pay for an epoch: the unit of all results. */
export const RATE = LEAF_PRICE * CUSTOMER_LEAVES;
/** Less than 8 epochs of the rate, so that the rate decides. */
export const MIN_CHALLENGE_BOND = RATE;
/** In each account at first; a node's bond is as much. */
export const FUNDS = 10n ** 17n;

/**
 * What it costs to store a leaf for an epoch, as a part of LEAF_PRICE. The fees leave a node 0.95: 0.8 is a node that earns
 * little by honesty and saves much by deleting. A node that saves more would earn nothing by storing.
 */
export const STORING = 0.8;
/** What is asserted is asserted for these as well, and so for all in between: a profit is linear in it. */
export const STORING_BOUNDS = [0.5, 0.9] as const;

/** Of transactions that are sent alone (docs/contracts.md, "Gas"). */
export const GAS: Readonly<Record<string, number>> = {
  prove: 284_000,
  takeOver: 284_000,
  answer: 297_000,
  store: 330_000,
  extend: 114_000,
  endEarly: 92_000,
  retire: 240_000,
  settle: 120_000,
  recordBeacon: 189_000,
  challenge: 230_000,
  expire: 276_000,
  assign: 90_000,
  pause: 73_000,
  announceLeave: 70_000,
  claimMany: 70_000,
  topUp: 90_000,
};
const OTHER_GAS = 60_000;
/** Epochs' rate that a unit of gas costs: a proof that is sent alone costs a hundredth of what it is paid for. */
export const GAS_PRICE = 0.01 / 284_000;

/** Of a compaction: what it costs anyway, and for each entry that is written again (long-run.ts measures it). */
const COMPACTION = { base: 100_000, entry: 60_000 };

/** @param entries that a compaction writes again. */
export const gasOf = (name: string, entries = 0): number =>
  name === "compact" ? COMPACTION.base + COMPACTION.entry * entries : (GAS[name] ?? OTHER_GAS);

/** A cluster's terms, in the order of ClusterParams. */
export interface Params {
  readonly odds: number;
  readonly window: number;
  readonly grace: number;
  readonly maxMisses: number;
  readonly slashMultiple: number;
  readonly faultMultiple: number;
  readonly syncEpochs: number;
  readonly bondEpochs: number;
  readonly managerFee: number;
  readonly auditFee: number;
  readonly reporterShare: number;
}

/** As `holdfast cluster create` proposes it, with the reward for auditors and managers that docs/contracts.md shows. */
const USUAL: Params = {
  odds: 1,
  window: 1800,
  grace: 1,
  maxMisses: 3,
  slashMultiple: 5,
  faultMultiple: 10,
  syncEpochs: 3,
  bondEpochs: 30,
  managerFee: 200,
  auditFee: 100,
  reporterShare: 1000,
};
/** A customer's segment of so many leaves and epochs. */
export interface Market {
  readonly params: Params;
  /** What the dearest leaf costs, in the cheapest one's price. */
  readonly spread: number;
  /** Whether only who plays records the randomness. */
  readonly ownBeacon: boolean;
  /** Epochs that a segment is stored for: at least, at most. */
  readonly life: readonly [number, number];
  /** Part of the segments that are extended once. */
  readonly extended: number;
  /** Segments of the customers of a vNode. */
  readonly segments: number;
  /** How many times segments end, evenly in a life, if all live equally long; 0: each at a time of its own. */
  readonly tides: number;
  /** vNodes, all served by one node. */
  readonly vNodes: number;
}

const BASE: Market = {
  params: USUAL,
  spread: 1,
  ownBeacon: false,
  life: [100, 600],
  extended: 0.2,
  segments: 12,
  tides: 0,
  vNodes: 1,
};
const TIDES: Market = { ...BASE, life: [126, 126], extended: 0, tides: 1 };
const RARE: Params = { ...USUAL, odds: 64, slashMultiple: 100, faultMultiple: 540, bondEpochs: 740 };
const SELDOM: Params = { ...USUAL, odds: 8, slashMultiple: 20, faultMultiple: 50, bondEpochs: 90 };
/** The least that the contracts ask of a cluster's terms. */
const LAX: Params = {
  odds: 1,
  window: 1800,
  grace: 2,
  maxMisses: 3,
  slashMultiple: 0,
  faultMultiple: 13,
  syncEpochs: 3,
  bondEpochs: 13,
  managerFee: 0,
  auditFee: 0,
  reporterShare: 2000,
};
/** The least of them that has patience. */
const PATIENT: Params = {
  ...LAX,
  grace: 3,
  maxMisses: 8,
  slashMultiple: 32,
  faultMultiple: 0,
  bondEpochs: 160,
};

export const MARKETS = {
  base: BASE,
  spread: { ...BASE, spread: 4 },
  odds8: { ...BASE, params: SELDOM },
  odds64: { ...BASE, params: RARE },
  lax: { ...BASE, params: LAX },
  patient: { ...BASE, params: PATIENT },
  lax64: { ...BASE, params: { ...LAX, odds: 64, faultMultiple: 780, bondEpochs: 780 } },
  /** Without a grace, and no removal for long. */
  steady64: {
    ...BASE,
    params: {
      ...LAX,
      odds: 63,
      grace: 0,
      maxMisses: 32,
      slashMultiple: 79,
      faultMultiple: 0,
      bondEpochs: 2528,
    },
  },
  /** Without a manager's and auditors' fees. */
  free64: { ...TIDES, params: { ...RARE, managerFee: 0, auditFee: 0 } },
  /** All that is stored ends at the same time, and is followed by as much. */
  tides: TIDES,
  tides8: { ...TIDES, params: SELDOM },
  tides64: { ...TIDES, params: RARE },
  /** A sixth of it at a time. */
  ebbs8: { ...TIDES, params: SELDOM, tides: 6 },
  ebbs64: { ...TIDES, params: RARE, tides: 6 },
  /** In so many parts that each is less than is proven before it ends. */
  ripples64: { ...TIDES, params: RARE, tides: 22, segments: 22 },
  /** Of longer epochs (long-run.ts). */
  long: { ...BASE, params: { ...USUAL, window: 7200 } },
  three: { ...BASE, vNodes: 3 },
  beacon: { ...BASE, ownBeacon: true },
} satisfies Record<string, Market>;
export type MarketName = keyof typeof MARKETS;
