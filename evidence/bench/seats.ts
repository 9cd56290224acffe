/**
 * What a provider gains by pretending to be ten under the seats that the beacon draws: the seats of one provider with a share of
 * all capacity, and of ten with a tenth of it each, in the same ring with the same others.
 */
import { createHash } from "node:crypto";
import { drawSeat, type DrawRules, type Lot } from "../../client/governance/proof-draw.ts";

export interface SeatsCase {
  /** Percent of all seats that are offered. */
  readonly share: number;
  readonly others: number;
  readonly vNodes: number;
  /** Seats that are offered for each vNode. */
  readonly offered: number;
}

export interface SeatsRow extends SeatsCase {
  readonly draws: number;
  /** Percent of the vNodes' time. */
  readonly whole: number;
  readonly split: number;
  /** Percent by which the parts have more than the whole. */
  readonly advantage: number;
}

export const SEATS_CASES: readonly SeatsCase[] = [
  { share: 10, others: 9, vNodes: 50, offered: 2 },
  { share: 10, others: 9, vNodes: 50, offered: 8 },
  { share: 20, others: 4, vNodes: 50, offered: 4 },
  { share: 20, others: 8, vNodes: 50, offered: 4 },
  { share: 30, others: 7, vNodes: 50, offered: 4 },
];
const PARTS = 10;

interface Party extends Lot {
  readonly isMine: boolean;
  readonly quota: number;
  seats: number;
  weight: number;
  owed: number;
}

/** @param draws for the whole and for the parts each */
export function benchSeats(draws = 40_000, cases = SEATS_CASES): SeatsRow[] {
  return cases.map((one) => {
    const whole = shareOf(one, 1, draws);
    const split = shareOf(one, PARTS, draws);
    const advantage = 100 * (split / whole - 1);
    const round = (percent: number): number => Math.round(100 * percent) / 100;
    return {
      ...one,
      draws,
      whole: round(100 * whole),
      split: round(100 * split),
      advantage: round(advantage),
    };
  });
}

/** The part of all seats, over time, that the provider's parts have. Each step one vNode falls vacant and is drawn. */
function shareOf({ share, others, vNodes, offered }: SeatsCase, parts: number, draws: number): number {
  const seats = vNodes * offered;
  const parties = [
    ...partiesOf("mine", parts, (seats * share) / 100 / parts),
    ...partiesOf("other", others, Math.round((seats * (100 - share)) / 100 / others)),
  ];
  const next = randomNumbers(`${share} ${others} ${vNodes} ${offered} ${parts}`);
  const ring: (Party | undefined)[] = Array.from({ length: vNodes });
  const rules: DrawRules<number> = {
    costOf: () => -Math.log(next()),
    isLess: (cost, weight, cost2, weight2) => cost * weight2 < cost2 * weight,
  };
  let [mine, all] = [0, 0];
  for (let i = 0; i < vNodes + draws; i++) {
    const at = i < vNodes ? i : Math.floor(next() * vNodes);
    vacate(ring, at);
    seat(ring, at, parties, rules);
    if (i < vNodes) continue;
    mine += ring.filter((party) => party?.isMine).length;
    all += ring.filter(Boolean).length;
  }
  return mine / all;
}

function partiesOf(name: string, count: number, quota: number): Party[] {
  return Array.from({ length: count }, (_, i) => {
    const node = name === "mine" ? i + 1 : 1000 + i;
    return {
      node,
      provider: `${name} ${i}`,
      isMine: name === "mine",
      quota,
      seats: 0,
      weight: quota,
      owed: 0,
    };
  });
}

function vacate(ring: (Party | undefined)[], at: number): void {
  const party = ring[at];
  if (!party) return;
  party.seats--;
  party.weight++;
  ring[at] = undefined;
}

function seat(
  ring: (Party | undefined)[],
  at: number,
  parties: readonly Party[],
  rules: DrawRules<number>,
): void {
  const around = [ring[(at + 1) % ring.length], ring.at(at - 1)];
  const providers = new Set(around.flatMap((party) => (party ? [party.provider] : [])));
  const { winner, owedMore, owedLess } = drawSeat(parties, providers, rules);
  const party = parties.find(({ node }) => node === winner);
  for (const each of parties) {
    if (each.node === owedMore) each.owed = Math.min(15, each.owed + 1);
    if (each.node === owedLess) each.owed--;
  }
  if (!party) return;
  party.seats++;
  party.weight--;
  ring[at] = party;
}

/** Numbers in (0, 1) that are the same each time. */
function randomNumbers(seed: string): () => number {
  const [BITS, PER_HASH] = [2 ** 32, 8];
  let [count, block] = [0, Buffer.alloc(0)];
  return () => {
    const at = count % PER_HASH;
    if (at === 0) block = createHash("sha256").update(`${seed} ${count}`).digest();
    count++;
    return (block.readUInt32BE(4 * at) + 0.5) / BITS;
  };
}
