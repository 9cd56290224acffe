/**
 * Sequential Phragmén: which candidates get the seats, and how much of whose stake backs each of them. All loads and scores
 * are exact.
 *
 * Each winner brings a load of 1, and those who back it carry the load in proportion to their budgets. In each round the
 * candidate wins whose backers would then carry the least load per unit of budget:
 *
 *     score(c) = (1 + sum of budget * load over c's backers) / (sum of the budgets of c's backers)
 *
 * All backers of the winner then have its score as their load. A candidate's own stake is the budget of a voter that backs
 * this candidate alone. No candidate wins without stake behind it.
 */
import { compareIds, idKey, type ElectionId } from "./ids.ts";

/** Stakes are token units. */
export interface Candidate {
  readonly id: ElectionId;
  readonly stake: bigint;
}

export interface Nominator {
  readonly id: ElectionId;
  readonly stake: bigint;
  /** The candidates whom it backs, each once. */
  readonly targets: readonly ElectionId[];
}

export interface Election {
  readonly seats: number;
  readonly candidates: readonly Candidate[];
  readonly nominators: readonly Nominator[];
}

/** The part of a nominator's stake that backs a winner. A candidate's own stake is an edge from the candidate to itself. */
export interface Edge {
  readonly nominator: ElectionId;
  readonly candidate: ElectionId;
  /** More than 0. */
  readonly stake: bigint;
}

export interface Outcome {
  /** In the order of their election. */
  readonly winners: readonly ElectionId[];
  /** Token units behind each winner, in the same order: the sum of its edges. */
  readonly supports: readonly bigint[];
  readonly edges: readonly Edge[];
}

interface Voter {
  readonly id: ElectionId;
  readonly budget: bigint;
  /** Places of candidates in the order of their ids. */
  readonly targets: readonly number[];
  /** The rounds in which one of its targets won. */
  readonly rounds: number[];
}

/** @param election as checkElection leaves it: no id twice, and only targets that are candidates */
export function elect({ seats, candidates, nominators }: Election): Outcome {
  const ordered = candidates.toSorted((a, b) => compareIds(a.id, b.id));
  const voters = votersOf(ordered, nominators);
  const { winners, scores } = hold(seats, ordered.length, voters);
  const ids = ordered.map(({ id }) => id);
  return share(
    winners.map((place) => ids[place] as ElectionId),
    scores,
    voters,
  );
}

function votersOf(ordered: readonly Candidate[], nominators: readonly Nominator[]): Voter[] {
  const places = new Map(ordered.map(({ id }, place) => [idKey(id), place]));
  const own = ordered.map(({ id, stake }, place) => ({ id, budget: stake, targets: [place] }));
  const others = nominators.map(({ id, stake, targets }) => ({
    id,
    budget: stake,
    targets: targets.map((target) => places.get(idKey(target)) as number),
  }));
  return [...own, ...others].map((voter) => ({ ...voter, rounds: [] as number[] }));
}

/**
 * Elects, and notes with each voter the rounds in which it won.
 *
 * @returns the winners' places, and their scores, all times the same number
 */
function hold(
  seats: number,
  candidates: number,
  voters: readonly Voter[],
): { winners: number[]; scores: bigint[] } {
  const backersOf = Array.from({ length: candidates }, (): Voter[] => []);
  for (const voter of voters) for (const target of voter.targets) backersOf[target]?.push(voter);
  const budgets = backersOf.map((backers) => backers.reduce((sum, { budget }) => sum + budget, 0n));
  const left = new Set([...budgets.keys()].filter((place) => (budgets[place] as bigint) > 0n));
  // Sums of budget * load of each candidate's backers. These, 1 and the scores are all kept times the same number, so that
  // all of them are integers.
  let carried = budgets.map(() => 0n);
  let one = 1n;
  let scores: bigint[] = [];
  const winners: number[] = [];

  while (winners.length < seats && left.size > 0) {
    const winner = leastScore(left, one, carried, budgets);
    const round = winners.push(winner) - 1;
    left.delete(winner);
    const budget = budgets[winner] as bigint;
    const load = one + (carried[winner] as bigint);
    const common = gcd(load, budget);
    const factor = budget / common;
    const score = load / common;
    one *= factor;
    carried = carried.map((sum) => sum * factor);
    scores = [...scores.map((earlier) => earlier * factor), score];
    for (const voter of backersOf[winner] as Voter[]) {
      const before = scores[voter.rounds.at(-1) ?? -1] ?? 0n;
      const added = voter.budget * (score - before);
      for (const target of voter.targets) carried[target] = (carried[target] as bigint) + added;
      voter.rounds.push(round);
    }
  }
  return { winners, scores };
}

/** Of equal scores, the first place. */
function leastScore(
  left: Iterable<number>,
  one: bigint,
  carried: readonly bigint[],
  budgets: readonly bigint[],
): number {
  let best = -1;
  let [bestLoad, bestBudget] = [1n, 0n];
  for (const place of left) {
    const load = one + (carried[place] as bigint);
    const budget = budgets[place] as bigint;
    if (best >= 0 && load * bestBudget >= bestLoad * budget) continue;
    [best, bestLoad, bestBudget] = [place, load, budget];
  }
  return best;
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

/**
 * Divides each budget among the voter's winners, in proportion to the load that each has brought it. The first winner also
 * gets what rounding leaves.
 */
function share(winners: readonly ElectionId[], scores: readonly bigint[], voters: readonly Voter[]): Outcome {
  const supports = winners.map(() => 0n);
  const edges: Edge[] = [];
  for (const { id: nominator, budget, rounds } of voters) {
    const loads = rounds.map((round) => scores[round] as bigint);
    const whole = loads.at(-1) ?? 1n;
    const stakes = loads.map((load, i) => (budget * (load - (loads[i - 1] ?? 0n))) / whole);
    const rest = budget - stakes.reduce((sum, stake) => sum + stake, 0n);
    for (const [i, round] of rounds.entries()) {
      const stake = (stakes[i] as bigint) + (i === 0 ? rest : 0n);
      if (stake === 0n) continue;
      supports[round] = (supports[round] as bigint) + stake;
      edges.push({ nominator, candidate: winners[round] as ElectionId, stake });
    }
  }
  return { winners, supports, edges };
}
