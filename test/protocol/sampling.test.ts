// Which positions and leaves a seed asks for: the vectors, the ranges, and that they are uniform.
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import { permute4 } from "../../protocol/poseidon2.ts";
import { drawSamples, leafAt, TAG_SAMPLE, type Range } from "../../protocol/sampling.ts";
import { vectors } from "../helpers/vectors.ts";

const range = { seed: 0x5eedn, start: 0, length: 1000, samples: 4 };
const positionsOf = (asked: Range & { samples: number }): number[] =>
  drawSamples(asked).map(({ position }) => position);

describe("protocol: sampling", () => {
  it("agrees with the vectors", () => {
    const { tagSample, cases } = vectors("sampling");
    expect(TAG_SAMPLE).to.equal(BigInt(tagSample));
    for (const { seed, draws, ...rest } of cases) {
      expect(drawSamples({ ...rest, seed: BigInt(seed) })).to.deep.equal(draws);
    }
  });

  it("begins with the same draws however many are asked for", () => {
    const many = drawSamples({ ...range, samples: 40 });
    for (const samples of [1, 3, 11, 12, 13, 25]) {
      expect(drawSamples({ ...range, samples })).to.deep.equal(many.slice(0, samples));
    }
  });

  it("shifts by the start", () => {
    const start = 2 ** 40 - 1000;
    const shifted = drawSamples(range).map(({ position, v }) => ({ position: position + start, v }));
    expect(drawSamples({ ...range, start })).to.deep.equal(shifted);
  });

  it("stays inside the longest range", () => {
    const length = 2 ** 40;
    const positions = positionsOf({ ...range, length, samples: 64 });
    expect(positions.every((x) => Number.isSafeInteger(x) && x >= 0 && x < length)).to.be.true;
    expect(Math.max(...positions)).to.be.greaterThan(2 ** 39);
  });

  it("takes 0 for a seed, and 50 and 34 bits of each third of an element", () => {
    const elements = permute4([0n, 0n, 0n, TAG_SAMPLE]);
    const windows = [0, 1, 2, 3].map((j) => present(elements[Math.floor(j / 3)]) >> BigInt(84 * (j % 3)));
    expect(drawSamples({ ...range, seed: 0n })).to.deep.equal(
      windows.map((w) => ({
        position: Number(((w % 2n ** 50n) * 1000n) / 2n ** 50n),
        v: Number((w / 2n ** 50n) % 2n ** 34n),
      })),
    );
  });

  it("chooses the first leaf by 0, the last by 2^34 - 1, and rounds down", () => {
    for (const leaves of [1, 2, 3, 81, 2 ** 24, 2 ** 28]) {
      expect(leafAt(0, leaves)).to.equal(0);
      expect(leafAt(2 ** 34 - 1, leaves)).to.equal(leaves - 1);
    }
    expect(leafAt(2 ** 33 - 1, 2)).to.equal(0);
    expect(leafAt(2 ** 33, 2)).to.equal(1);
    expect(leafAt(2 ** 34 - 2, 2 ** 28 - 1)).to.equal(2 ** 28 - 2);
  });

  it("refuses a seed that is not below 2^248", () => {
    for (const seed of [-1n, 2n ** 248n]) {
      expect(() => drawSamples({ ...range, seed })).to.throw(RangeError, '"seed"');
    }
    expect(() => drawSamples({ ...range, seed: 5 as unknown as bigint })).to.throw(TypeError, '"seed"');
    expect(drawSamples({ ...range, seed: 2n ** 248n - 1n }).length).to.equal(4);
  });

  it("refuses a range that is empty or ends beyond 2^40", () => {
    for (const start of [-1, 0.5, NaN, 2 ** 40]) {
      expect(() => drawSamples({ ...range, start })).to.throw(RangeError, '"start"');
    }
    for (const length of [0, -1, 0.5, NaN, 2 ** 40 + 1]) {
      expect(() => drawSamples({ ...range, length })).to.throw(RangeError, '"length" expected 1 to');
    }
    expect(() => drawSamples({ ...range, start: 5, length: 2 ** 40 - 4 })).to.throw(
      RangeError,
      `"length" expected 1 to ${2 ** 40 - 5}, got`,
    );
    expect(drawSamples({ ...range, start: 5, length: 2 ** 40 - 5 }).length).to.equal(4);
  });

  it("refuses a number of samples below 1", () => {
    for (const samples of [0, -1, 0.5, NaN]) {
      expect(() => drawSamples({ ...range, samples })).to.throw(RangeError, '"samples"');
    }
  });

  describe("over 10^5 samples", () => {
    const CELLS = 1000;
    let positions: number[];
    let leaves: number[];
    before(() => {
      const draws = drawSamples({ ...range, length: CELLS, samples: 100_000 });
      positions = draws.map(({ position }) => position);
      leaves = draws.map(({ v }) => leafAt(v, CELLS));
    });

    it("is uniform by the chi-squared test", () => {
      expect(deviation(positions, CELLS)).to.be.below(4);
    });

    it("is uniform in each part of an element, but for the leaf of the third", () => {
      const part = (values: readonly number[], own: number): number[] =>
        values.filter((_, j) => j % 3 === own);
      for (const own of [0, 1, 2]) expect(deviation(part(positions, own), CELLS), `${own}`).to.be.below(4);
      for (const own of [0, 1]) expect(deviation(part(leaves, own), CELLS), `leaf ${own}`).to.be.below(4);
    });

    it("draws the first 2.4 % of a segment a third likelier, in every third sample", () => {
      // p is 3.0245 * 2^252: what an element is modulo 2^252 has four chances in there, three elsewhere.
      const first = (part: number): number =>
        leaves.filter((leaf, j) => j % 3 === part && leaf < 24).length / (leaves.length / 3);
      for (const [part, density] of [1, 1, 4 / 3.0245].entries()) {
        const expected = density * 0.024;
        const sigma = Math.sqrt((expected * (1 - expected)) / (leaves.length / 3));
        expect(Math.abs(first(part) - expected) / sigma, `part ${part}`).to.be.below(4);
      }
    });

    it("leaves one position independent of the next, and the leaf of the position", () => {
      expect(dependence(positions.slice(0, -1), positions.slice(1), CELLS)).to.be.below(4);
      expect(dependence(positions, leaves, CELLS)).to.be.below(4);
    });
  });
});

/** How far pairs are off what independent values below `cells` would be, in standard deviations of chi-squared. */
function dependence(first: readonly number[], second: readonly number[], cells: number): number {
  const share = (x: number): number => Math.floor((x * 32) / cells);
  const pairs = first.map((x, j) => 32 * share(x) + share(present(second[j])));
  // Shares of 31 or 32 values: the expected counts differ.
  const shares = Array.from({ length: cells }, (_, x) => share(x));
  const sizes = Array.from({ length: 32 }, (_, own) => shares.filter((x) => x === own).length);
  const expected = (pair: number): number =>
    (pairs.length * present(sizes[Math.floor(pair / 32)]) * present(sizes[pair % 32])) / cells ** 2;
  return deviation(pairs, 1024, expected);
}

/** By how many standard deviations chi-squared is off its mean, for these numbers of cells. */
function deviation(
  values: readonly number[],
  cells: number,
  expected: (cell: number) => number = () => values.length / cells,
): number {
  const counts = new Array<number>(cells).fill(0);
  for (const x of values) counts[x] = present(counts[x]) + 1;
  const chi2 = counts.reduce((sum, n, cell) => sum + (n - expected(cell)) ** 2 / expected(cell), 0);
  return Math.abs(chi2 - (cells - 1)) / Math.sqrt(2 * (cells - 1));
}
