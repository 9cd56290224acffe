// A short version of `npm run simulate -- --long`: as many segments, in fewer epochs.
import { expect } from "chai";
import { longViolations, runLong, THREE_YEARS } from "../../evidence/simulation/long-run.ts";

describe("simulation: years of a vNode", function () {
  this.timeout(180_000);

  it("keeps coverage above 3/4 and its upkeep below 1.5 times what storing costs, and is never full", async () => {
    const figures = await runLong({ ...THREE_YEARS, epochs: 240, meanLife: 30, live: 24, seed: 1 });
    expect(longViolations(figures)).to.deep.equal([]);
    expect(figures.compactions).to.be.greaterThan(3);
    expect(figures.stored).to.be.greaterThan(150);
  });
});
