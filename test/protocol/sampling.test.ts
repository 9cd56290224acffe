// Which positions a seed asks for: the vectors, the ranges, and that they are uniform.
import { expect } from "chai";
import { permute4 } from "../../protocol/poseidon2.ts";
import { samplePositions, TAG_SAMPLE } from "../../protocol/sampling.ts";
import { present } from "../helpers/present.ts";
import { vectors } from "../helpers/vectors.ts";

const range = { seed: 0x5eedn, start: 0, length: 1000, samples: 4 };

describe("protocol: sampling", () => {
  it("agrees with the vectors", () => {
    const { tagSample, cases } = vectors("sampling");
    expect(TAG_SAMPLE).to.equal(BigInt(tagSample));
    for (const { seed, positions, ...rest } of cases) {
      expect(samplePositions({ ...rest, seed: BigInt(seed) })).to.deep.equal(positions);
    }
  });

  it("begins with the same positions however many are asked for", () => {
    const many = samplePositions({ ...range, samples: 40 });
    for (const samples of [1, 15, 16, 17, 33]) {
      expect(samplePositions({ ...range, samples })).to.deep.equal(many.slice(0, samples));
    }
  });

  it("shifts by the start", () => {
    const start = 2 ** 40 - 1;
    expect(samplePositions({ ...range, start })).to.deep.equal(samplePositions(range).map((x) => x + start));
  });

  it("stays inside the longest range", () => {
    const length = 2 ** 40 - 1;
    const positions = samplePositions({ ...range, length, samples: 64 });
    expect(positions.every((x) => Number.isSafeInteger(x) && x >= 0 && x < length)).to.be.true;
    expect(Math.max(...positions)).to.be.greaterThan(2 ** 39);
  });

  it("takes 0 for a seed", () => {
    const [first] = permute4([0n, 0n, 0n, TAG_SAMPLE]);
    const w = present(first) % 2n ** 60n;
    expect(samplePositions({ ...range, seed: 0n })[0]).to.equal(Number((w * 1000n) / 2n ** 60n));
  });

  it("refuses a seed that is not below 2^248", () => {
    for (const seed of [-1n, 2n ** 248n]) {
      expect(() => samplePositions({ ...range, seed })).to.throw(RangeError, '"seed"');
    }
    expect(() => samplePositions({ ...range, seed: 5 as unknown as bigint })).to.throw(TypeError, '"seed"');
    expect(samplePositions({ ...range, seed: 2n ** 248n - 1n }).length).to.equal(4);
  });

  it("refuses a range that is not below 2^40", () => {
    for (const start of [-1, 0.5, NaN, 2 ** 40]) {
      expect(() => samplePositions({ ...range, start })).to.throw(RangeError, '"start"');
    }
    for (const length of [0, -1, 0.5, NaN, 2 ** 40]) {
      expect(() => samplePositions({ ...range, length })).to.throw(RangeError, '"length"');
    }
    for (const samples of [0, -1, 0.5, NaN]) {
      expect(() => samplePositions({ ...range, samples })).to.throw(RangeError, '"samples"');
    }
  });

  describe("over 10^5 samples", () => {
    const CELLS = 1000;
    const positions = (): number[] => samplePositions({ ...range, length: CELLS, samples: 100_000 });

    it("is uniform by the chi-squared test", () => {
      expect(deviation(positions(), CELLS)).to.be.below(4);
    });

    it("is uniform in each of the four windows of an element", () => {
      const all = positions();
      for (const window of [0, 1, 2, 3]) {
        const own = all.filter((_, j) => j % 4 === window);
        expect(deviation(own, CELLS), `window ${window}`).to.be.below(4);
      }
    });

    it("leaves one position independent of the next", () => {
      const all = positions();
      const pairs = all
        .slice(1)
        .map((x, j) => 32 * Math.floor((x * 32) / CELLS) + Math.floor((present(all[j]) * 32) / CELLS));
      // Cells of 31 or 32 positions: the expected counts differ.
      const sizes = Array.from({ length: CELLS }, (_, x) => Math.floor((x * 32) / CELLS));
      const size = (cell: number): number => sizes.filter((x) => x === cell).length;
      const expected = (pair: number): number =>
        (pairs.length * size(Math.floor(pair / 32)) * size(pair % 32)) / CELLS ** 2;
      expect(deviation(pairs, 1024, expected)).to.be.below(4);
    });
  });
});

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
