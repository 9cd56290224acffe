// Every cheat by its name. Its row says which constraint of the circuit refuses it.
import { expect } from "chai";
import { cheating } from "../../evidence/assurance/cheating.ts";
import { CHEATS } from "../../evidence/assurance/cheats.ts";
import type { EvidenceRow } from "../../evidence/assurance/row.ts";
import { errorOf } from "../helpers/errors.ts";
import { rowsOf } from "../helpers/rows.ts";

describe("assurance: cheats", function () {
  this.timeout(120_000);
  let rows: readonly EvidenceRow[];
  before(async () => void (rows = await rowsOf(cheating())));

  for (const { main, claim } of CHEATS) {
    it(`are refused by ${main}: ${claim}`, () => {
      const [row, ...others] = rows.filter(({ subject }) => subject === `${main}: ${claim}`);
      expect(others, "cheats of this name").to.deep.equal([]);
      expect(row).to.have.property("holds", true, row?.detail);
    });
  }

  it("are made as an honest witness is, which is accepted", () => {
    const honest = rows.filter(({ evidence }) => evidence === "an honest witness is accepted");
    expect(honest.filter(({ holds }) => !holds)).to.deep.equal([]);
    expect(honest.map(({ subject }) => subject)).to.have.members([
      ...new Set(CHEATS.map(({ main }) => main)),
    ]);
  });

  it("are not said to be refused when they are honest", async () => {
    const honest = { main: "RangeCheck(40)", claim: "5 is below 2^40", input: () => ({ in: 5n }) };
    expect(await rowsOf(cheating([honest]))).to.have.nested.property("[1].holds", false);
  });

  it("are not said to break one constraint when they break more", async () => {
    const one = {
      main: "RangeCheck(40)",
      claim: "2^40 is below 2^40",
      input: () => ({ in: 2n ** 40n }),
      breaks: 2,
    };
    expect(await rowsOf(cheating([one]))).to.have.nested.property("[1].holds", false);
  });

  it("are not made by a program that has other signals", async () => {
    const patches = [
      ["range_check.circom", "signal input in;", "signal input in; signal more <-- in;"],
    ] as const;
    const longer = { main: "RangeCheck(40)", claim: "one more", input: () => ({ in: 5n }), patches };
    expect(await errorOf(rowsOf(cheating([longer])))).to.include({ code: "bad-input" });
  });
});
