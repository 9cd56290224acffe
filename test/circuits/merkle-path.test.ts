// InsertChild and MerklePath in circom: every digit, both trees, and each kind of broken input.
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import { compress16, compress4 } from "../../protocol/poseidon2.ts";
import { circuitPath } from "../../protocol/statement.ts";
import { costOf, testCircuit } from "../helpers/circuits.ts";

const bits = (value: number, count: number): bigint[] =>
  Array.from({ length: count }, (_, i) => BigInt((value >> i) & 1));

describe("circuits: InsertChild", () => {
  for (const { b, cost } of [
    { b: 2, cost: 3 },
    { b: 4, cost: 15 },
  ]) {
    it(`puts the node at any of ${2 ** b} places, in ${cost} constraints`, async () => {
      const main = `InsertChild(${b})`;
      expect(await costOf("insert_child.circom", main)).to.equal(cost);
      const circuit = await testCircuit(main);
      const sibling = Array.from({ length: 2 ** b - 1 }, (_, i) => BigInt(100 + i));
      for (let digit = 0; digit < 2 ** b; digit++) {
        const input = { node: 7n, digit: bits(digit, b), sibling: present(circuitPath([sibling], digit)[0]) };
        const witness = await circuit.witness(input);
        expect(circuit.read(witness, "child"), String(digit)).to.deep.equal(sibling.toSpliced(digit, 0, 7n));
        expect(circuit.broken(witness)).to.deep.equal([]);
        expect(await circuit.free(input)).to.deep.equal([]);
      }
    });
  }
});

describe("circuits: MerklePath", () => {
  for (const { b, cost, compress } of [
    { b: 2, cost: 267, compress: compress4 },
    { b: 4, cost: 570, compress: compress16 },
  ]) {
    const depth = 2;
    const arity = 2 ** b;
    const sibling = Array.from({ length: depth }, (_, level) =>
      Array.from({ length: arity - 1 }, (_, i) => BigInt(1000 * level + i + 1)),
    );
    const rootAt = (node: bigint, index: number): bigint =>
      sibling.reduce(
        (at, others, level) => compress(others.toSpliced(Math.floor(index / arity ** level) % arity, 0, at)),
        node,
      );
    const circuit = testCircuitOnce(`MerklePath(${depth}, ${b})`);

    it(`costs ${cost} constraints for each level of a ${arity}-ary tree`, async () => {
      expect((await circuit()).constraints.length).to.equal(depth * cost);
    });

    it(`leads to the root of a ${arity}-ary tree from any index`, async () => {
      const { witness, read, broken } = await circuit();
      for (const index of [0, 1, arity - 1, arity, arity ** depth - 2, arity ** depth - 1]) {
        const path = await witness({
          node: 5n,
          bit: bits(index, depth * b),
          sibling: circuitPath(sibling, index),
        });
        expect(read(path, "root"), String(index)).to.deep.equal([rootAt(5n, index)]);
        expect(broken(path)).to.deep.equal([]);
      }
    });

    it(`binds node, index and siblings of a ${arity}-ary tree`, async () => {
      const { free } = await circuit();
      expect(await free({ node: 5n, bit: bits(arity + 1, depth * b), sibling })).to.deep.equal([]);
    });
  }
});

function testCircuitOnce(main: string): () => ReturnType<typeof testCircuit> {
  let circuit: ReturnType<typeof testCircuit> | undefined;
  return () => (circuit ??= testCircuit(main));
}
