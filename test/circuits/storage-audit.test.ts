// The whole statement, on the tiny profile: its public inputs, none of which can be bent.
// That no wire is free, and what a cheat would rather claim: test/assurance/.
import { expect } from "chai";
import { P } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { publicInputs } from "../../protocol/statement.ts";
import { testCircuit, type TestCircuit } from "../helpers/circuits.ts";
import { errorOf } from "../helpers/errors.ts";
import { honestStatement } from "../helpers/statement.ts";

const PUBLIC = ["directoryRoot", "seed", "start", "length"];
const profile = PROFILES.tiny;
const SIZES = [3000, 10, 9000]; // 7, 1 and 19 leaves

describe("circuits: StorageAudit", () => {
  let circuit: TestCircuit;
  before(async () => void (circuit = await testCircuit("StorageAudit(2, 2, 2)")));

  it("costs 120 constraints more than its parts", () => {
    const draws = 264 + 353 + 2 * 91;
    const opening = 935 + 269 * 2 + 574 * 2;
    expect(circuit.constraints.length).to.equal(120 + draws + 2 * opening);
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

  it("refuses each public input that is changed", async () => {
    // The one position of the first segment: the next ones are answered from other segments.
    const asked = { profile, seed: 12345n, sizes: SIZES, weights: [1, 1, 1], range: { start: 0, length: 1 } };
    const { input } = honestStatement(asked);
    for (const name of PUBLIC) {
      const changed = { ...input, [name]: (2n * (input[name] as bigint) + 1n) % P };
      expect(await errorOf(circuit.witness(changed)), name).to.have.property("code", "proof");
      expect(circuit.broken(await circuit.forge(changed)), name).not.to.deep.equal([]);
    }
  });
});
