// A part of `npm run simulate`: strategies that lose, or gain nothing, within few epochs.
import { expect } from "chai";
import type { Outcome } from "../../evidence/simulation/outcome.ts";
import { rowsOf, violations, type Row } from "../../evidence/simulation/report.ts";
import { run } from "../../evidence/simulation/run.ts";
import { STRATEGIES, strategyNamed } from "../../evidence/simulation/strategies/index.ts";
import { present } from "../../evidence/world/present.ts";

const EPOCHS = 130;
const PLAYED = [
  "drop-10",
  "drop-100",
  "drop-newest",
  "one-bond-three-vnodes",
  "junk-25x-drop-100",
  "tiny-junk",
  "tombstones-9x",
  "leave-at-loss",
  "pause-and-leave",
  "unbond-at-loss",
  "challenge-own-leaf",
  "store-during-challenge",
  "squat-own-slots",
  "challenge-rivals",
  "beacon-too-late",
  "to-and-fro",
  "comeback",
  "store-and-end-1x",
  "thief-of-the-hot-key",
].map(strategyNamed);

/** Hardhat's closeTo is for integers. */
function expectClose(value: number, expected: number, by: number): void {
  expect(Math.abs(value - expected), `${value} instead of ${expected}`).to.be.at.most(by);
}

describe("simulation: strategies", function () {
  this.timeout(240_000);

  let outcomes: Outcome[];
  let rows: Row[];
  const rowOf = (name: string): Row => present(rows.find(({ strategy }) => strategy === name));

  before(async () => {
    // run() throws if tokens are not conserved.
    outcomes = await run({ strategies: PLAYED, epochs: EPOCHS, seed: 1 });
    rows = rowsOf(PLAYED, outcomes, EPOCHS);
  });

  it("none of them earns more than honesty, costs an honest node, or leaves a loss", () => {
    expect(violations(PLAYED, rows, outcomes)).to.deep.equal([]);
  });

  it("an honest node earns what it is paid, less fees, storage and gas", () => {
    // 0.95 of the rate, 0.8 of it for storing, and a hundredth for a proof.
    expectClose(rowOf("drop-100").honest / EPOCHS, 0.14, 0.001);
  });

  it("who drops everything loses what was at stake, most of it to the customers", () => {
    const { profit, customersLost, customersGot } = rowOf("drop-100");
    // 5 and 5 + 10 epochs' rate, a tenth of it back to who reports, which is the node itself.
    expectClose(profit, -18, 0.1);
    expectClose(customersGot - customersLost, 18, 0.1);
  });

  it("a challenger of an honest node pays for it", () => {
    const { victims } = present(outcomes.find(({ strategy }) => strategy === "challenge-rivals"));
    expect(victims["node"]).to.be.greaterThan(100);
    expect(rowOf("challenge-rivals").profit).to.be.lessThan(-200);
  });

  it("a thief of the operator's key takes less than the provider lets be locked", () => {
    const { profit, honest } = rowOf("thief-of-the-hot-key");
    expect(profit).to.be.greaterThan(0).and.lessThan(honest);
  });
});

describe("simulation: the list", () => {
  it("has 30 strategies at least, each with a name of its own", () => {
    const names = STRATEGIES.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length).and.greaterThan(30);
  });

  it("refuses a name that none has", () => {
    expect(() => strategyNamed("none")).to.throw(RangeError, 'there is no strategy "none"');
  });
});
