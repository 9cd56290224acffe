// Compares the implementations of the protocol, and checks that a difference would be noticed.
import { expect } from "chai";
import { completeness } from "../../evidence/assurance/completeness.ts";
import { FULL, SMALL } from "../../evidence/assurance/scale.ts";
import { solidity } from "../../evidence/assurance/solidity.ts";
import { templateOf, TEMPLATES } from "../../evidence/assurance/templates.ts";
import { expectAllHold, rowsOf } from "../helpers/rows.ts";

describe("assurance: completeness", function () {
  this.timeout(120_000);

  it("holds for vectors of every template, and at every limit", async () => {
    await expectAllHold(completeness(SMALL));
  });

  it("holds in Solidity", async () => {
    await expectAllHold(solidity(SMALL));
  });

  it("has 100,000 vectors at full scale", () => {
    const drawn = TEMPLATES.reduce((sum, { vectors }) => sum + vectors, 0);
    expect(drawn * FULL.vectors).to.be.at.least(88_000); // and 12,000 in Solidity
  });

  it("fails where the circuit gives something else", async () => {
    const rows = await rowsOf(
      completeness(SMALL, [{ ...templateOf("Compress(4)"), expected: () => ({ out: [1n] }) }]),
    );
    expect(rows.map(({ holds, detail }) => [holds, /another "out"$/.test(detail)])).to.deep.equal([
      [false, true],
    ]);
  });

  it("fails where the circuit refuses", async () => {
    const rows = await rowsOf(
      completeness(SMALL, [{ ...templateOf("RangeCheck(40)"), draw: () => ({ in: 2n ** 40n }) }]),
    );
    expect(rows[0]).to.include({ holds: false });
    expect(rows[0]?.detail).to.match(/refused/);
  });
});
