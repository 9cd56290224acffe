// Poseidon2 in circom: against the shared vectors, its exact cost, and whether any wire is free.
import { expect } from "chai";
import { compress16, compress4 } from "../../protocol/poseidon2.ts";
import { P } from "../../protocol/field.ts";
import { testCircuit, type TestCircuit } from "../helpers/circuits.ts";
import { vectors } from "../helpers/vectors.ts";

describe("circuits: Poseidon2", () => {
  for (const { t, cost } of [
    { t: 4, cost: 264 },
    { t: 16, cost: 555 },
  ] as const) {
    describe(`width ${t}`, () => {
      let permutation: TestCircuit;
      let compression: TestCircuit;
      before(async () => {
        permutation = await testCircuit("poseidon2.circom", `Poseidon2(${t})`);
        compression = await testCircuit("compress.circom", `Compress(${t})`);
      });

      it(`costs exactly ${cost} constraints`, () => {
        expect(permutation.constraints.length).to.equal(cost);
        expect(compression.constraints.length).to.equal(cost);
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
    });
  }

  it("takes three constraints for an S-box and refuses another power", async () => {
    const circuit = await testCircuit("pow5.circom", "Pow5()");
    expect(circuit.constraints.length).to.equal(3);
    const witness = await circuit.witness({ in: 3n });
    expect(circuit.read(witness, "out")).to.deep.equal([243n]);
    expect(await circuit.free({ in: 3n })).to.deep.equal([]);
  });
});
