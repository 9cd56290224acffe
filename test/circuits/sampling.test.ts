// RangeCheck, CanonicalBits, Scale and SamplePositions in circom: the vectors, and no choice of sample.
// That no wire is free, and what a cheat would rather claim: test/assurance/.
import { expect } from "chai";
import { P } from "../../protocol/field.ts";
import { costOf, testCircuit, type TestCircuit } from "../helpers/circuits.ts";
import { errorOf } from "../helpers/errors.ts";
import { vectors } from "../helpers/vectors.ts";

describe("circuits: RangeCheck", () => {
  let circuit: TestCircuit;
  before(async () => void (circuit = await testCircuit("RangeCheck(40)")));

  it("costs one constraint for each bit", () => expect(circuit.constraints.length).to.equal(40));

  it("accepts 0 and 2^40 - 1 and refuses 2^40 and -1", async () => {
    for (const value of [0n, 2n ** 40n - 1n])
      expect(circuit.broken(await circuit.witness({ in: value }))).to.deep.equal([]);
    for (const value of [2n ** 40n, P - 1n])
      expect(await errorOf(circuit.witness({ in: value }))).to.have.property("code", "proof");
  });
});

describe("circuits: CanonicalBits", () => {
  let circuit: TestCircuit;
  before(async () => void (circuit = await testCircuit("CanonicalBits()")));
  const bitsOf = (value: bigint): bigint[] =>
    Array.from({ length: 254 }, (_, i) => (value >> BigInt(i)) & 1n);

  it("costs 353 constraints", async () =>
    expect(await costOf("canonical_bits.circom", "CanonicalBits()")).to.equal(353));

  it("leaves no wire free", async () => {
    // Below 3 * 2^252. Above, a bit that must be 0 is the double root of -bit^2 = 0: derivatives tell nothing of it.
    for (const value of [5n, 3n * 2n ** 252n - 1n])
      expect(await circuit.free({ in: value })).to.deep.equal([]);
  });

  it("spells 0, p - 1 and what lies around its runs of zeros", async () => {
    const ends = [0n, 1n, P - 1n, P - 2n, P - 2n ** 28n, P - 1n - 2n ** 28n, 2n ** 253n - 1n, 2n ** 253n];
    for (const value of ends) {
      const witness = await circuit.witness({ in: value });
      expect(circuit.broken(witness), String(value)).to.deep.equal([]);
      expect(circuit.read(witness, "bit"), String(value)).to.deep.equal(bitsOf(value));
    }
  });
});

describe("circuits: Scale", () => {
  const window = 2n ** 59n + 12345n;
  const length = 1_000_003n;
  let circuit: TestCircuit;
  before(async () => void (circuit = await testCircuit("Scale()")));

  it("costs 101 constraints", () => expect(circuit.constraints.length).to.equal(101));

  it("rounds down, and stays below the length for the largest window", async () => {
    const offset = async (w: bigint, l: bigint): Promise<bigint[]> =>
      circuit.read(await circuit.witness({ window: w, length: l }), "offset");
    expect(await offset(window, length)).to.deep.equal([(window * length) >> 60n]);
    expect(await offset(2n ** 60n - 1n, 2n ** 40n - 1n)).to.deep.equal([2n ** 40n - 2n]);
    expect(await offset(2n ** 60n - 1n, 1n)).to.deep.equal([0n]);
    expect(await offset(0n, length)).to.deep.equal([0n]);
  });
});

describe("circuits: SamplePositions", () => {
  let twenty: TestCircuit;
  before(async () => void (twenty = await testCircuit("SamplePositions(20)")));

  it("costs 264 for each block, 353 for each element and 101 for each sample", async () => {
    const two = await testCircuit("SamplePositions(2)");
    expect(two.constraints.length).to.equal(264 + 353 + 2 * 101);
    expect(twenty.constraints.length).to.equal(2 * 264 + 5 * 353 + 20 * 101);
  });

  it("agrees with the vectors", async () => {
    for (const { seed, start, length, positions } of vectors("sampling").cases) {
      const witness = await twenty.witness({ seed, start, length });
      expect(twenty.broken(witness)).to.deep.equal([]);
      // A sample is the same however many there are.
      const both = Math.min(20, positions.length);
      expect(twenty.read(witness, "position").slice(0, both)).to.deep.equal(
        positions.slice(0, both).map(BigInt),
      );
    }
  });
});
