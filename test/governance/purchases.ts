/**
 * Sequential Phragmén by another account of it, for comparison: each voter earns its budget per unit of time, and a seat
 * costs 1. A candidate gets a seat at the moment at which its voters have 1 together, and they spend all they have on it.
 * Everything is a reduced fraction, and is computed anew in each round.
 */
import type { Edge, Election } from "../../client/governance/phragmen.ts";

interface Fraction {
  readonly n: bigint;
  readonly d: bigint;
}

const ZERO = { n: 0n, d: 1n };

function fraction(n: bigint, d: bigint): Fraction {
  let [a, b] = [n, d];
  while (b !== 0n) [a, b] = [b, a % b];
  return { n: n / a, d: d / a };
}
const plus = (a: Fraction, b: Fraction): Fraction => fraction(a.n * b.d + b.n * a.d, a.d * b.d);
const minus = (a: Fraction, b: Fraction): Fraction => fraction(a.n * b.d - b.n * a.d, a.d * b.d);
const times = (a: Fraction, k: bigint): Fraction => fraction(a.n * k, a.d);
const over = (a: Fraction, b: Fraction): Fraction => fraction(a.n * b.d, a.d * b.n);
const isBefore = (a: Fraction, b: Fraction): boolean => a.n * b.d < b.n * a.d;

interface Purse {
  readonly owner: Edge["nominator"];
  readonly income: bigint;
  readonly wants: ReadonlySet<Edge["candidate"]>;
  /** When it was emptied last. */
  readonly emptied: Fraction;
  /** For how long it had earned what it paid for each seat. */
  readonly spent: readonly { readonly seat: Edge["candidate"]; readonly time: Fraction }[];
}

export interface Bought {
  readonly winners: readonly Edge["candidate"][];
  readonly supports: readonly bigint[];
  readonly edges: readonly Edge[];
}

/** Ids are numbers, or strings that are compared by their code units. */
export function buySeats({ seats, candidates, nominators }: Election): Bought {
  const purse = (owner: Edge["nominator"], income: bigint, wants: readonly Edge["candidate"][]): Purse => ({
    owner,
    income,
    wants: new Set(wants),
    emptied: ZERO,
    spent: [],
  });
  let purses = [
    ...candidates.map(({ id, stake }) => purse(id, stake, [id])),
    ...nominators.map(({ id, stake, targets }) => purse(id, stake, targets)),
  ];
  const winners: Edge["candidate"][] = [];
  for (let seat = 0; seat < seats; seat++) {
    const next = firstToAfford(
      candidates.map(({ id }) => id).filter((id) => !winners.includes(id)),
      purses,
    );
    if (next === undefined) break;
    winners.push(next.id);
    purses = purses.map((each) =>
      each.wants.has(next.id)
        ? {
            ...each,
            emptied: next.time,
            spent: [...each.spent, { seat: next.id, time: minus(next.time, each.emptied) }],
          }
        : each,
    );
  }
  const edges = purses.flatMap(divide).filter(({ stake }) => stake !== 0n);
  const supports = winners.map((id) =>
    edges.reduce((sum, { candidate, stake }) => sum + (candidate === id ? stake : 0n), 0n),
  );
  return { winners, supports, edges };
}

function firstToAfford(
  ids: readonly Edge["candidate"][],
  purses: readonly Purse[],
): { id: Edge["candidate"]; time: Fraction } | undefined {
  let first: { id: Edge["candidate"]; time: Fraction } | undefined;
  for (const id of ids) {
    const theirs = purses.filter(({ wants }) => wants.has(id));
    const income = theirs.reduce((sum, purse) => sum + purse.income, 0n);
    if (income === 0n) continue;
    // sum of income * (time - emptied) = 1
    const missed = theirs.reduce((sum, purse) => plus(sum, times(purse.emptied, purse.income)), ZERO);
    const time = over(plus({ n: 1n, d: 1n }, missed), fraction(income, 1n));
    const isFirst = !first || isBefore(time, first.time);
    const isSmaller = first && !isBefore(first.time, time) && id < first.id;
    if (isFirst || isSmaller) first = { id, time };
  }
  return first;
}

function divide({ owner, income, spent, emptied }: Purse): Edge[] {
  const edges = spent.map(({ seat, time }) => {
    const { n, d } = times(over(time, emptied), income);
    return { nominator: owner, candidate: seat, stake: n / d };
  });
  const [first] = edges;
  if (!first) return [];
  const rest = income - edges.reduce((sum, { stake }) => sum + stake, 0n);
  return [{ ...first, stake: first.stake + rest }, ...edges.slice(1)];
}
