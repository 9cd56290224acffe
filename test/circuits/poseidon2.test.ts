// Poseidon2 in circom: against the shared vectors, its exact cost, and whether any wire is free.
import { expect } from "chai";
import { P } from "../../protocol/field.ts";
import { compress16, compress4 } from "../../protocol/poseidon2.ts";
import { testCircuit, type TestCircuit } from "../helpers/circuits.ts";
import { vectors } from "../helpers/vectors.ts";

/** The computations that a cheat changes: in the layers, which depend on the width, and in the rest. */
const LAYERS = [
  { change: "another internal matrix", from: "sum + diagonal[i]", to: "sum - diagonal[i]" },
  { change: "another external matrix", from: "mixed[i + 1] + last", to: "mixed[i + 1] - last" },
];
const REST = [
  { change: "another power", from: "state[i] = fourth[box]", to: "state[i] = square[box]" },
  {
    change: "another constant",
    from: "<-- state[i] + constants",
    to: "<-- state[i] + (box == 4 * t) + constants",
  },
  { change: "another output", from: "out[i] <-- state[i]", to: "out[i] <-- state[i] + 1" },
];

describe("circuits: Poseidon2", () => {
  for (const { t, cost, coefficients } of [
    { t: 4, cost: 264, coefficients: 576 },
    { t: 16, cost: 555, coefficients: 1878 },
  ] as const) {
    describe(`width ${t}`, () => {
      let permutation: TestCircuit;
      let compression: TestCircuit;
      before(async () => {
        permutation = await testCircuit(`Poseidon2(${t})`);
        compression = await testCircuit(`Compress(${t})`);
      });

      it(`costs exactly ${cost} constraints`, () => {
        expect(permutation.constraints.length).to.equal(cost);
        expect(compression.constraints.length).to.equal(cost);
      });

      it(`has ${coefficients} coefficients of A and B, which are those in a key`, () => {
        for (const { constraints } of [permutation, compression]) {
          const terms = constraints.map(([a, b]) => a.length + b.length);
          expect(terms.reduce((sum, count) => sum + count)).to.equal(coefficients);
        }
      });

      it("agrees with the vectors", async () => {
        const { permute, compress } = vectors("poseidon2")[`t${t}`];
        for (const vector of permute) {
          const witness = await permutation.witness({ in: vector.in });
          expect(permutation.broken(witness)).to.deep.equal([]);
          expect(permutation.read(witness, "out")).to.deep.equal(vector.out.map(BigInt));
        }
        for (const vector of compress) {
          expect(compression.read(await compression.witness({ in: vector.in }), "out")).to.deep.equal([
            BigInt(vector.out),
          ]);
        }
      });

      it("agrees with the reference at the ends of the field", async () => {
        const input = Array.from({ length: t }, (_, i) => (i % 2 === 0 ? P - 1n : 0n));
        const expected = t === 4 ? compress4(input) : compress16(input);
        expect(compression.read(await compression.witness({ in: input }), "out")).to.deep.equal([expected]);
      });

      it("leaves no wire free", async () => {
        const input = Array.from({ length: t }, (_, i) => BigInt(i + 1));
        expect(await permutation.free({ in: input })).to.deep.equal([]);
        expect(await compression.free({ in: input })).to.deep.equal([]);
      });

      for (const { change, from, to } of [...LAYERS, ...(t === 4 ? REST : [])]) {
        it(`refuses ${change}`, async () => {
          const input = Array.from({ length: t }, (_, i) => BigInt(i + 1));
          const honest = await permutation.forge({ in: input });
          expect(permutation.broken(honest)).to.deep.equal([]);
          const forged = await permutation.forge({ in: input }, ["poseidon2.circom", from, to]);
          expect(permutation.read(forged, "out")).to.not.deep.equal(permutation.read(honest, "out"));
          expect(permutation.broken(forged)).to.not.deep.equal([]);
        });
      }
    });
  }
});
