// Poseidon2 in TypeScript: constants and values against the vectors, and what it refuses.
import { expect } from "chai";
import { add, mod, P, toHex32 } from "../../protocol/field.ts";
import { compress16, compress4, permute16, permute4, poseidon2Parameters } from "../../protocol/poseidon2.ts";
import { vectors } from "../helpers/vectors.ts";

describe("protocol: Poseidon2", () => {
  for (const { t, permute, compress } of [
    { t: 4, permute: permute4, compress: compress4 },
    { t: 16, permute: permute16, compress: compress16 },
  ] as const) {
    describe(`width ${t}`, () => {
      const expected = vectors("poseidon2")[`t${t}`];

      it("derives the constants of the vectors from the LFSR", () => {
        const { externalRounds, internalRounds, roundConstants, internalDiagonal } = poseidon2Parameters(t);
        expect([externalRounds, internalRounds]).to.deep.equal([
          expected.externalRounds,
          expected.internalRounds,
        ]);
        expect(roundConstants.length).to.equal(8 * t + internalRounds);
        expect(roundConstants.slice(0, t).map(toHex32)).to.deep.equal(expected.firstRoundConstants);
        expect(toHex32(roundConstants[4 * t] ?? 0n)).to.equal(expected.firstPartialConstant);
        expect(roundConstants.slice(-t).map(toHex32)).to.deep.equal(expected.lastRoundConstants);
        expect(roundConstants.every((x) => x >= 0n && x < P)).to.be.true;
        expect(internalDiagonal).to.deep.equal(expected.internalDiagonalMinusOne.map((d) => mod(BigInt(d))));
      });

      it("agrees with the vectors", () => {
        for (const vector of expected.permute) {
          expect(permute(vector.in.map(BigInt)).map(toHex32)).to.deep.equal(vector.out);
        }
        for (const vector of expected.compress) {
          expect(toHex32(compress(vector.in.map(BigInt)))).to.equal(vector.out);
        }
      });

      it("feeds the first element forward when it compresses", () => {
        const input = Array.from({ length: t }, (_, i) => P - 1n - BigInt(i));
        expect(compress(input)).to.equal(add(permute(input)[0] ?? 0n, P - 1n));
      });

      it("refuses another number of elements", () => {
        for (const length of [0, t - 1, t + 1]) {
          const input = new Array<bigint>(length).fill(0n);
          expect(() => permute(input)).to.throw(RangeError, `expected ${t} elements, got ${length}`);
          expect(() => compress(input)).to.throw(RangeError, `expected ${t} elements, got ${length}`);
        }
      });

      it("refuses what is not an element", () => {
        for (const x of [-1n, P, 2n ** 256n]) {
          const input = new Array<bigint>(t).fill(0n).with(t - 1, x);
          expect(() => permute(input)).to.throw(RangeError, "scalar field");
        }
      });
    });
  }
});
