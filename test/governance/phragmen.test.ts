// Elections by sequential Phragmén are exact: they agree with an independent implementation, and with cases done by hand.
import { expect } from "chai";
import { elect, type Edge, type Election, type Outcome } from "../../client/governance/phragmen.ts";
import { randomOf, type Random } from "../../evidence/simulation/random.ts";
import { buySeats } from "./purchases.ts";

const ELECTIONS = 1_000;

/** Small stakes make ties, large ones make long numbers, and some are 0. */
function randomElection(random: Random): Election {
  const between = (low: number, high: number): number => random.between(low, high);
  const most = [1, 3, 10, 1_000, 2 ** 50][between(0, 4)] ?? 1;
  const scale = between(0, 3) === 0 ? 10n ** 24n : 1n;
  const stake = (): bigint => (between(0, 5) === 0 ? 0n : BigInt(between(0, most)) * scale);
  const name = between(0, 1) === 0 ? (i: number) => i : (i: number) => `c${i}`;
  const ids = Array.from({ length: between(0, 9) }, (_, i) => name(i + 5));
  const shuffled = ids.toSorted(() => between(0, 1) - 0.5);
  const nominators = Array.from({ length: between(0, 14) }, (_, i) => ({
    id: `n${i}`,
    stake: stake(),
    targets: ids.filter(() => between(0, 2) === 0),
  }));
  const candidates = shuffled.map((id) => ({ id, stake: between(0, 1) === 0 ? 0n : stake() }));
  return { seats: between(1, 7), candidates, nominators };
}

const byEnds = (edges: readonly Edge[]): Map<string, bigint> =>
  new Map(edges.map(({ nominator, candidate, stake }) => [`${nominator} ${candidate}`, stake]));

function expectSame(outcome: Outcome, other: ReturnType<typeof buySeats>, what: string): void {
  expect(outcome.winners, what).to.deep.equal(other.winners);
  expect(outcome.supports, what).to.deep.equal(other.supports);
  expect(outcome.edges.length, what).to.equal(other.edges.length);
  expect(byEnds(outcome.edges), what).to.deep.equal(byEnds(other.edges));
}

/** Each target of 1, 2, 3 is a candidate without own stake. */
const plain = (seats: number, nominators: readonly [stake: bigint, ...targets: number[]][]): Outcome =>
  elect({
    seats,
    candidates: [1, 2, 3].map((id) => ({ id, stake: 0n })),
    nominators: nominators.map(([stake, ...targets], i) => ({ id: `n${i}`, stake, targets })),
  });

describe("governance: an election by sequential Phragmén", () => {
  it(`agrees with an independent implementation on ${ELECTIONS} random elections`, function () {
    this.timeout(120_000);
    let [ties, zeros] = [0, 0];
    for (let seed = 0; seed < ELECTIONS; seed++) {
      const election = randomElection(randomOf("election", seed));
      const outcome = elect(election);
      expectSame(outcome, buySeats(election), `election ${seed}`);
      const { candidates, nominators } = election;
      if ([...candidates, ...nominators].some(({ stake }) => stake === 0n)) zeros++;
      if (new Set(outcome.supports).size < outcome.supports.length) ties++;
    }
    expect(ties).to.be.greaterThan(100);
    expect(zeros).to.be.greaterThan(300);
  });

  it("agrees on one with 64 candidates and 16 seats, and uses all stake behind the winners", () => {
    const random = randomOf("large");
    const between = (low: number, high: number): number => random.between(low, high);
    const units = (): bigint => BigInt(between(1, 2 ** 50)) * 10n ** 12n;
    const candidates = Array.from({ length: 64 }, (_, i) => ({ id: i + 1, stake: units() }));
    const nominators = Array.from({ length: 60 }, (_, i) => ({
      id: `n${i}`,
      stake: units(),
      targets: [...new Set(Array.from({ length: 16 }, () => between(1, 64)))],
    }));
    const election = { seats: 16, candidates, nominators };
    const outcome = elect(election);
    expectSame(outcome, buySeats(election), "large");
    const winners = new Set(outcome.winners);
    const backing = [...candidates.map((each) => ({ ...each, targets: [each.id] })), ...nominators]
      .filter(({ targets }) => targets.some((target) => winners.has(target)))
      .reduce((sum, { stake }) => sum + stake, 0n);
    expect(outcome.supports.reduce((sum, each) => sum + each)).to.equal(backing);
  });

  it("shares a stake in proportion to the loads, and gives what rounding leaves to the first winner", () => {
    const { winners, supports, edges } = plain(2, [
      [10n, 1, 2],
      [3n, 2],
      [1n, 1],
    ]);
    // 2 has 13 behind it and wins first, with 1/13; 1 follows with (1 + 10/13) / 11 = 23/143.
    expect(winners).to.deep.equal([2, 1]);
    // Of the loads 11/143 and 12/143, 10 * 12/23 is 5 and a part.
    expect(edges).to.deep.equal([
      { nominator: "n0", candidate: 2, stake: 5n },
      { nominator: "n0", candidate: 1, stake: 5n },
      { nominator: "n1", candidate: 2, stake: 3n },
      { nominator: "n2", candidate: 1, stake: 1n },
    ]);
    expect(supports).to.deep.equal([8n, 6n]);
  });

  it("lists a winner whose edges were all rounded down to nothing", () => {
    const { winners, supports, edges } = plain(2, [[1n, 1, 2]]);
    expect([winners, supports]).to.deep.equal([
      [1, 2],
      [1n, 0n],
    ]);
    expect(edges).to.deep.equal([{ nominator: "n0", candidate: 1, stake: 1n }]);
  });

  it("counts a candidate's own stake for itself alone", () => {
    const { winners, edges } = elect({
      seats: 1,
      candidates: [
        { id: 1, stake: 4n },
        { id: 2, stake: 5n },
      ],
      nominators: [],
    });
    expect(winners).to.deep.equal([2]);
    expect(edges).to.deep.equal([{ nominator: 2, candidate: 2, stake: 5n }]);
  });

  it("elects nobody without stake, and leaves seats empty instead", () => {
    const { winners, edges } = plain(3, [
      [0n, 1],
      [7n, 3],
    ]);
    expect(winners).to.deep.equal([3]);
    expect(edges).to.have.lengthOf(1);
    expect(plain(1, []).winners).to.deep.equal([]);
  });

  describe("of equal scores", () => {
    const first = (...ids: (number | string)[]): unknown =>
      elect({ seats: 1, candidates: ids.map((id) => ({ id, stake: 1n })), nominators: [] }).winners[0];

    it("takes the smaller number, and digits in strings by their value", () => {
      expect(first(10, 9)).to.equal(9);
      expect(first("10", "9")).to.equal("9");
      expect(first("10", 9)).to.equal(9);
    });

    it("takes other strings by their code units, after all numbers", () => {
      expect(first("c9", "c10")).to.equal("c10");
      expect(first("a", "B")).to.equal("B");
      expect(first("1a", 5, "20")).to.equal(5);
    });

    it("compares exactly, however close the scores are", () => {
      const stake = 10n ** 40n;
      const { winners } = plain(1, [
        [stake, 1],
        [stake + 1n, 2],
      ]);
      expect(winners).to.deep.equal([2]);
    });
  });
});
