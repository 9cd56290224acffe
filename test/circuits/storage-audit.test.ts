// The whole statement, on the tiny profile: honest audits pass, and no public or private claim can be bent.
import { expect } from "chai";
import { publicInputs } from "../../protocol/statement.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { P } from "../../protocol/field.ts";
import type { CircuitInput, SignalValue } from "../../prover/witness.ts";
import { testCircuit, type TestCircuit } from "../helpers/circuits.ts";
import { errorOf } from "../helpers/errors.ts";
import { honestStatement } from "../helpers/statement.ts";

const PUBLIC = ["directoryRoot", "seed", "start", "length"];
const profile = PROFILES.tiny;
const SIZES = [3000, 10, 9000]; // 7, 1 and 19 leaves

describe("circuits: StorageAudit", () => {
  let circuit: TestCircuit;
  before(
    async () => void (circuit = await testCircuit("storage_audit.circom", "StorageAudit(2, 2, 2)", PUBLIC)),
  );

  async function expectRefused(input: CircuitInput): Promise<number[]> {
    expect(await errorOf(circuit.witness(input))).to.have.property("code", "proof");
    const broken = circuit.broken(await circuit.forge(input));
    expect(broken).not.to.deep.equal([]);
    return broken;
  }

  it("costs 81 constraints more than its parts", () => {
    const positions = 264 + 353 + 2 * 101;
    const opening = 820 + 269 * 2 + 578 * 2;
    expect(circuit.constraints.length).to.equal(81 + positions + 2 * opening);
  });

  it("has the statement's public inputs first, in their order", async () => {
    const { input, directory } = honestStatement({
      profile,
      seed: 7n,
      sizes: SIZES,
      range: { start: 3, length: 20 },
    });
    const statement = { directoryRoot: directory.root, seed: 7n, start: 3, length: 20 };
    expect((await circuit.witness(input)).slice(0, 5)).to.deep.equal([1n, ...publicInputs(statement)]);
  });

  it("accepts honest audits of a whole directory, of one segment and of one leaf", async () => {
    for (let seed = 0n; seed < 5n; seed++) {
      for (const range of [undefined, { start: 8, length: 19 }, { start: 7, length: 1 }]) {
        const { input } = honestStatement({ profile, seed, sizes: SIZES, ...(range && { range }) });
        expect(circuit.broken(await circuit.witness(input))).to.deep.equal([]);
      }
    }
  });

  it("accepts the smallest and the fullest directory", async () => {
    for (const sizes of [[1], new Array<number>(16).fill(400), [256 * 496 - 1]]) {
      const { input } = honestStatement({ profile, seed: 99n, sizes });
      expect(circuit.broken(await circuit.witness(input))).to.deep.equal([]);
    }
  }).timeout(60_000);

  it("accepts samples that land on tombstones", async () => {
    const { input, samples } = honestStatement({ profile, seed: 12345n, sizes: SIZES, tombstones: [0] });
    expect(samples.map(({ entry }) => entry.root === 0n)).to.deep.equal([true, false]);
    expect(circuit.broken(await circuit.witness(input))).to.deep.equal([]);
  });

  it("accepts a position that is drawn twice", async () => {
    const { input, samples } = honestStatement({ profile, seed: 1n, sizes: [1] });
    expect(samples.map(({ position }) => position)).to.deep.equal([0, 0]);
    expect(circuit.broken(await circuit.witness(input))).to.deep.equal([]);
  });

  it("leaves no wire free", async () => {
    const { input } = honestStatement({ profile, seed: 12345n, sizes: SIZES });
    expect(await circuit.free(input)).to.deep.equal([]);
  });

  it("refuses each public input that is changed", async () => {
    const { input } = honestStatement({ profile, seed: 12345n, sizes: SIZES });
    for (const name of PUBLIC)
      await expectRefused({ ...input, [name]: (2n * (input[name] as bigint) + 1n) % P });
  });

  it("refuses samples that are swapped or repeated", async () => {
    const { input } = honestStatement({ profile, seed: 12345n, sizes: SIZES });
    const pick = (order: readonly number[]): CircuitInput =>
      Object.fromEntries(
        Object.entries(input).map(([name, value]) => [
          name,
          PUBLIC.includes(name)
            ? value
            : order.map((i) => (value as readonly SignalValue[])[i] as SignalValue),
        ]),
      );
    expect(circuit.broken(await circuit.witness(pick([0, 1])))).to.deep.equal([]);
    for (const order of [
      [1, 0],
      [0, 0],
      [1, 1],
    ])
      await expectRefused(pick(order));
  });

  it("refuses the samples of another seed or another range", async () => {
    const of = (seed: bigint, length: number): CircuitInput =>
      honestStatement({ profile, seed, sizes: SIZES, range: { start: 0, length } }).input;
    await expectRefused({ ...of(12345n, 27), seed: 54321n });
    await expectRefused({ ...of(12345n, 8), length: 27n });
  });

  it("refuses an empty range", async () => {
    const { input } = honestStatement({ profile, seed: 5n, sizes: SIZES, range: { start: 9, length: 1 } });
    expect(await expectRefused({ ...input, length: 0n })).to.have.lengthOf(1);
  });

  it("refuses a start or a length of 2^40", async () => {
    // In a directory whose only segment begins at 2^40, or at -1, everything else would hold.
    const { input } = honestStatement({ profile, seed: 5n, sizes: [1] });
    await expectRefused({ ...input, start: 2n ** 40n });
    await expectRefused({ ...input, start: P - 1n });
    await expectRefused({ ...input, length: 2n ** 40n });
  });
});
