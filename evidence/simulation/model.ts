/**
 * The assumptions of the simulation: the deployment, the market, and the definition of profit.
 *
 * The unit of all results is an epoch's rate: what all customers of the vNode pay for one epoch. The profit of some accounts
 * in a run is
 *
 *     tokens at the end - tokens at the beginning - STORING · what they stored - gas
 *
 * Tokens are those in accounts and in all bonds, after all segments have ended, were decided, and were claimed. "What they
 * stored" is the sum, over all epochs, of the leaves that they really had, at the price at which the market begins. Junk that
 * a node has made itself costs nothing to store. Gas is GAS · GAS_PRICE. Bonds pay no interest, and a lost leaf cannot be
 * recovered. Both favour a node that drops data.
 *
 * For owners that attack: data that they want stored is worth what they pay for it; data that they store to do harm is worth
 * nothing.
 */
import type { Profile } from "../../protocol/profiles.ts";

/** Samples as in production; small depths, so that a vNode is cheap to simulate. */
export const PROFILE: Omit<Profile, "name"> = { samples: 20, dataDepth: 2, directoryDepth: 4 };
export const LEAVES_PER_SEGMENT = 16 ** PROFILE.dataDepth;

export const EPOCH_SECONDS = 3600;
export const MARGIN = 60;
/** A week. */
export const UNBOND_SECONDS = 168 * EPOCH_SECONDS;
/** Basis points: the least that the contracts accept. */
export const PROTOCOL_FEE = 200;

/** Token units per leaf and epoch in markets with one price. */
export const LEAF_PRICE = 500;
/** Leaves that all customers of a vNode store together. */
export const CUSTOMER_LEAVES = 2048;
/** Token units that all customers pay for an epoch: the unit of all results. */
export const RATE = LEAF_PRICE * CUSTOMER_LEAVES;
/** Less than 8 epochs' rate, so that the bond of a challenge follows from the rate. */
export const MIN_CHALLENGE_BOND = RATE;
/** Token units in each account at the beginning, and the bond of a node. */
export const FUNDS = 10n ** 17n;

/**
 * Cost of storing a leaf for an epoch, as a share of LEAF_PRICE. The fees leave a node 0.95. With a cost of 0.8 a node earns
 * little by honesty and saves much by deleting. With a cost of 0.95 it would earn nothing by honesty.
 */
export const STORING = 0.8;
/** Costs for which the results are asserted too. They hold for all costs between, because a profit is linear in the cost. */
export const STORING_BOUNDS = [0.5, 0.9] as const;

/** Gas of transactions that are sent alone (docs/contracts.md, "Gas"). */
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
/** Price of a unit of gas, in epochs' rate: a proof that is sent alone costs a hundredth of its pay. */
export const GAS_PRICE = 0.01 / 284_000;

/** Gas of a compaction: a base, and for each entry that stays (measured by long-run.ts). */
const COMPACTION = { base: 100_000, entry: 60_000 };

/** @param entries number of entries that a compaction writes again */
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

/** The defaults of `holdfast manager create-cluster`, with the fees for auditors and managers in docs/contracts.md. */
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
/** The market that a strategy is played in. */
export interface Market {
  readonly params: Params;
  /** Price of the dearest leaf, as a multiple of the cheapest. */
  readonly spread: number;
  /** Whether only the players of the strategy record the randomness. */
  readonly ownBeacon: boolean;
  /** Least and greatest number of epochs for which a segment is stored. */
  readonly life: readonly [number, number];
  /** Share of the segments that are extended once. */
  readonly extended: number;
  /** Number of the customers' segments on a vNode. */
  readonly segments: number;
  /** Number of dates per life at which groups of segments end together. 0: each segment ends at its own time. */
  readonly tides: number;
  /** Number of vNodes, all served by one node. */
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
/** The laxest terms that the contracts allow. */
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
/** The laxest terms with a grace. */
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
  /** No grace, and a node is removed only after many misses. */
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
  /** Without fees for manager and auditors. */
  free64: { ...TIDES, params: { ...RARE, managerFee: 0, auditFee: 0 } },
  /** All segments end at the same time, and are followed by as many. */
  tides: TIDES,
  tides8: { ...TIDES, params: SELDOM },
  tides64: { ...TIDES, params: RARE },
  /** A sixth of the segments end at a time. */
  ebbs8: { ...TIDES, params: SELDOM, tides: 6 },
  ebbs64: { ...TIDES, params: RARE, tides: 6 },
  /** So many parts that each is less than what is proven before it ends. */
  ripples64: { ...TIDES, params: RARE, tides: 22, segments: 22 },
  /** With longer epochs (long-run.ts). */
  long: { ...BASE, params: { ...USUAL, window: 7200 } },
  three: { ...BASE, vNodes: 3 },
  beacon: { ...BASE, ownBeacon: true },
} satisfies Record<string, Market>;
export type MarketName = keyof typeof MARKETS;
