// RangeCheck, CanonicalBits, Scale and SampleDraws in circom: the vectors, and no choice of sample.
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
  let position: TestCircuit;
  let leaf: TestCircuit;
  before(async () => {
    position = await testCircuit("Scale(50, 40)");
    leaf = await testCircuit("Scale(34, 28)");
  });

  it("costs 1 + w + n constraints", () => {
    expect(position.constraints.length).to.equal(1 + 50 + 40);
    expect(leaf.constraints.length).to.equal(1 + 34 + 28);
  });

  it("rounds down, and stays below the size for the largest window", async () => {
    const offset = async (circuit: TestCircuit, window: bigint, size: bigint): Promise<bigint> => {
      const witness = await circuit.witness({ window, size });
      expect(circuit.broken(witness)).to.deep.equal([]);
      return circuit.read(witness, "bit").reduce((sum, bit, i) => sum + (bit << BigInt(i)), 0n);
    };
    const window = 2n ** 49n + 12345n;
    expect(await offset(position, window, 1_000_003n)).to.equal((window * 1_000_003n) >> 50n);
    expect(await offset(position, 2n ** 50n - 1n, 2n ** 40n)).to.equal(2n ** 40n - 1n);
    expect(await offset(position, 2n ** 50n - 1n, 1n)).to.equal(0n);
    expect(await offset(position, 0n, 1_000_003n)).to.equal(0n);
    expect(await offset(leaf, 2n ** 34n - 1n, 2n ** 28n)).to.equal(2n ** 28n - 1n);
    expect(await offset(leaf, 2n ** 33n - 1n, 2n)).to.equal(0n);
    expect(await offset(leaf, 2n ** 33n, 2n)).to.equal(1n);
  });

  it("refuses an offset of more bits", async () => {
    expect(await errorOf(leaf.witness({ window: 2n ** 34n - 1n, size: 2n ** 28n + 2n }))).to.have.property(
      "code",
      "proof",
    );
  });
});

describe("circuits: SampleDraws", () => {
  let twenty: TestCircuit;
  before(async () => void (twenty = await testCircuit("SampleDraws(20)")));

  it("costs 264 for each block, 353 for each element and 91 for each sample", async () => {
    expect(await costOf("sample_draws.circom", "SampleDraws(2)")).to.equal(264 + 353 + 2 * 91);
    expect(await costOf("sample_draws.circom", "SampleDraws(20)")).to.equal(2 * 264 + 7 * 353 + 20 * 91);
  });

  it("agrees with the vectors", async () => {
    for (const { seed, start, length, draws } of vectors("sampling").cases) {
      const witness = await twenty.witness({ seed, start, length });
      expect(twenty.broken(witness)).to.deep.equal([]);
      const [positions, choices] = ["position", "v"].map((name) => twenty.read(witness, name));
      // A sample is the same however many there are.
      const drawn = draws.slice(0, 20).map(({ position, v }) => [BigInt(position), BigInt(v)]);
      expect(drawn.map((_, j) => [positions?.[j], choices?.[j]])).to.deep.equal(drawn);
    }
  });
});
