// Draws by lot: exact, in proportion to weights, and fair to who does not pretend to be many.
import { expect } from "chai";
import { drawSeat, exactRules, log2Down, lotCost, type Lot } from "../../client/governance/proof-draw.ts";
import { benchSeats } from "../../evidence/bench/seats.ts";

const seedOf = (value: number): string => `0x${value.toString(16).padStart(64, "0")}`;
const lot = (node: number, weight = 1, owed = 0, provider = `p${node}`): Lot => ({
  node,
  provider,
  weight,
  owed,
});

describe("governance: a draw by lot", () => {
  it("has exact logarithms", () => {
    expect(log2Down(1n)).to.equal(0n);
    expect(log2Down(2n ** 128n)).to.equal(128n << 48n);
    for (const [u, bits] of [
      [3n, Math.log2(3)],
      [10n ** 30n, 30 * Math.log2(10)],
      [2n ** 128n - 1n, 128],
    ] as const) {
      const error = Number(log2Down(u)) / 2 ** 48 - bits;
      expect(Math.abs(error)).to.be.lessThan(1e-12);
    }
  });

  it("falls to each member in proportion to its weight", () => {
    const lots = [lot(1, 1), lot(2, 2), lot(3, 5), lot(4, 0)];
    const draws = 4000;
    const won = new Map<number | undefined, number>();
    for (let i = 0; i < draws; i++) {
      const { winner } = drawSeat(lots, new Set(), exactRules(seedOf(i)));
      won.set(winner, (won.get(winner) ?? 0) + 1);
    }
    expect(won.get(4)).to.equal(undefined);
    for (const [node, part] of [
      [1, 1 / 8],
      [2, 2 / 8],
      [3, 5 / 8],
    ] as const) {
      const sigma = Math.sqrt(draws * part * (1 - part));
      expect(Math.abs((won.get(node) ?? 0) - draws * part)).to.be.lessThan(4 * sigma);
    }
  });

  it("does not change between two others when a member joins, goes or has another weight", () => {
    for (let i = 0; i < 200; i++) {
      const rules = exactRules(seedOf(i));
      const before = drawSeat([lot(1), lot(2)], new Set(), rules).winner;
      for (const weight of [1, 7]) {
        const { winner } = drawSeat([lot(1), lot(2), lot(3, weight)], new Set(), rules);
        expect([before, 3]).to.include(winner);
      }
    }
  });

  it("goes to nobody's neighbour, owes the member that won next to its own, and gives back later", () => {
    const rules = exactRules(seedOf(1));
    const [first, second] = [1, 2].toSorted((a, b) => Number(lotCost(seedOf(1), a) - lotCost(seedOf(1), b)));
    const next = new Set([`p${first}`]);
    expect(drawSeat([lot(1), lot(2)], next, rules)).to.deep.equal({
      winner: second,
      least: first,
      owedMore: first,
      owedLess: undefined,
    });
    expect(drawSeat([lot(first ?? 0)], next, rules)).to.deep.include({
      winner: undefined,
      owedMore: undefined,
    });
    const lots = [lot(first ?? 0), lot(second ?? 0, 1, 1)];
    expect(drawSeat(lots, new Set(), rules)).to.deep.include({
      winner: second,
      least: first,
      owedLess: second,
    });
    expect(drawSeat(lots, new Set([`p${second}`]), rules)).to.deep.include({
      winner: first,
      owedLess: undefined,
    });
  });

  it("gives a provider at most 5 % more seats for pretending to be ten", function () {
    this.timeout(60_000);
    for (const row of benchSeats(20_000)) {
      expect(row.advantage, JSON.stringify(row)).to.be.lessThan(5);
      expect(Math.abs(row.whole - row.share), JSON.stringify(row)).to.be.lessThan(1.5);
    }
  });
});
