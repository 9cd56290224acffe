// Sparse elimination, with known results: rows that are sums of others, and wires that rows leave open.
import { expect } from "chai";
import { createRandom } from "../../evidence/assurance/random.ts";
import { dependentRows, undetermined } from "../../evidence/assurance/rank.ts";
import type { MatrixRow } from "../../evidence/assurance/system.ts";
import { mod } from "../../protocol/field.ts";

const row = (...values: (number | bigint)[]): MatrixRow =>
  new Map(values.flatMap((value, i) => (BigInt(value) === 0n ? [] : [[i + 1, mod(BigInt(value))] as const])));
const all = new Set([1, 2, 3]);

describe("assurance: rank", () => {
  it("finds the rows that are sums of others, and no more", () => {
    expect(dependentRows([row(1, 2, 0), row(0, 1, 1), row(1, 3, 1)])).to.deep.equal([0, 1, 2]);
    expect(dependentRows([row(1, 2, 0), row(2, 4, 0), row(0, 1, 1)])).to.deep.equal([0, 1]);
    expect(dependentRows([row(1, 2, 0), row(0, 1, 1), row(1, 3, 2)])).to.deep.equal([]);
    expect(dependentRows([row(0, 0, 0), row(1, 0, 0)])).to.deep.equal([0]);
  });

  it("finds them in what it has to eliminate, whatever the order", () => {
    const random = createRandom("rank");
    const wires = 12;
    const rows = Array.from({ length: wires }, () => row(...random.elements(wires)));
    expect(dependentRows(rows)).to.deep.equal([]);
    const sum: MatrixRow = new Map();
    for (let wire = 1; wire <= wires; wire++)
      sum.set(wire, mod(3n * (rows[3]?.get(wire) ?? 0n) + 5n * (rows[7]?.get(wire) ?? 0n)));
    expect(dependentRows([sum, ...rows])).to.deep.equal([0, 4, 8]);
  });

  it("finds the wires that rows leave open", () => {
    expect([...undetermined([row(1, 0, 0), row(1, 1, 0), row(0, 1, 1)], all)]).to.deep.equal([]);
    expect([...undetermined([row(1, 1, 0), row(1, -1, 0)], all)]).to.deep.equal([3]);
    expect([...undetermined([row(1, 1, 1)], all)]).to.have.lengthOf(2);
    expect([...undetermined([row(1, 1, 1)], new Set([2]))]).to.deep.equal([]);
  });
});
