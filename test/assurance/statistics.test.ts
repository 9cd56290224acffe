// The statistics of the samples, the compiler's inspection, and the command.
import { expect } from "chai";
import { compilation } from "../../evidence/assurance/compilation.ts";
import { SMALL } from "../../evidence/assurance/scale.ts";
import { statistics } from "../../evidence/assurance/statistics.ts";
import { expectAllHold, rowsOf } from "../helpers/rows.ts";

describe("assurance: statistics", function () {
  this.timeout(60_000);

  it("hold", async () => {
    expect(await expectAllHold(statistics(SMALL))).to.have.lengthOf(23);
  });

  it("are the same in every run", async () => {
    const few = { positions: 1_600, audits: 20 };
    expect(await rowsOf(statistics(few))).to.deep.equal(await rowsOf(statistics(few)));
  });
});

describe("assurance: compilation", function () {
  this.timeout(120_000);

  it("is without a warning, and gives the same bytes in another folder", async () => {
    const rows = await expectAllHold(compilation(SMALL));
    expect(rows.map(({ subject }) => subject)).to.deep.equal(["tiny", "tiny"]);
  });
});
