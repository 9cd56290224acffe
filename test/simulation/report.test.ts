// The report of several runs, and its assertions.
import { expect } from "chai";
import type { Outcome } from "../../evidence/simulation/outcome.ts";
import { rowsOf, tableOf, violations } from "../../evidence/simulation/report.ts";
import { strategyNamed } from "../../evidence/simulation/strategies/index.ts";

const strategy = strategyNamed("drop-10");
const rivals = strategyNamed("challenge-rivals");

const outcome = (more: Partial<Outcome>): Outcome => ({
  strategy: "drop-10",
  seed: 1,
  profit: 1,
  honest: 14,
  stored: 90,
  honestStored: 100,
  customersLost: 0,
  customersGot: 0,
  auditorsEarned: 1,
  victims: {},
  roles: {},
  ...more,
});

function violationsOf(...outcomes: Outcome[]): string[] {
  const played = [outcomes[0]?.strategy === rivals.name ? rivals : strategy];
  return violations(played, rowsOf(played, outcomes, 100), outcomes);
}

describe("simulation: report", () => {
  it("gives the mean, and two standard errors around it", () => {
    const [row] = rowsOf([strategy], [outcome({ profit: 1 }), outcome({ profit: 3 })], 100);
    expect(row).to.include({ epochs: 100, profit: 2, honest: 14, low: 0, high: 4 });
  });

  it("says that a strategy pays, and where", () => {
    expect(violationsOf(outcome({ profit: 15 }))).to.deep.equal([
      "drop-10 pays where storing costs 80 % of the price: 15.00 at least, honesty 14.00",
      "drop-10 pays where storing costs 90 % of the price: 6.00 at least, honesty 4.00",
    ]);
  });

  it("holds nothing against one that may be honesty's equal", () => {
    expect(violationsOf(outcome({ profit: 13 }), outcome({ profit: 16 }))).to.deep.equal([]);
  });

  it("says that an honest node is harmed", () => {
    const harm = {
      strategy: rivals.name,
      profit: -9,
      honest: 0,
      stored: 0,
      honestStored: 0,
      victims: { node: -2 },
    };
    expect(violationsOf(outcome(harm))).to.deep.equal(["challenge-rivals costs an honest node 2.00"]);
  });

  it("says that customers have a loss that costs nobody as much", () => {
    const loss = { profit: 10, customersLost: 9, customersGot: 4 };
    expect(violationsOf(outcome(loss))).to.deep.equal([
      "drop-10 leaves customers with a loss of 9.00, and gives them 4.00",
    ]);
  });

  it("fits 80 columns", () => {
    const rows = rowsOf([strategy], [outcome({ profit: -123456.7 })], 2000);
    for (const line of tableOf(rows).split("\n")) expect(line.length).to.be.at.most(80);
  });
});
