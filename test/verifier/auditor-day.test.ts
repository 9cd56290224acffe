// A day of the auditor, with its own clock: how much it sends, how early, and why.
import { expect } from "chai";
import { EPOCH_SECONDS, MARGIN, runDay, STRANGERS, type Day } from "../../evidence/world/auditor-day.ts";

/** A block after the source point, and one more where a transaction was lost and sent again. */
const IN_TIME = 60;

describe("verifier: a day of an auditor", function () {
  this.timeout(60_000);
  const latest = ({ recordedAfter }: Day): number => Math.max(...recordedAfter.values());

  it("of 400 vNodes has all beacons in time and all settled, with few transactions, of which some are lost", async () => {
    const day = await runDay({ vNodes: 400, epochs: 24, loseEvery: 20 });
    expect(day.recordedAfter.size).to.equal(24);
    expect(latest(day)).to.be.at.most(IN_TIME);
    expect(day.behind).to.deep.equal({ paying: 0, stranger: STRANGERS });
    expect(day.strangerGas, "what pays nothing costs nothing").to.equal(0);
    expect(day.transactions).to.be.at.most(75);
    expect(day.verified).to.be.above(8_000);
  });

  it("settles everything where it is told to", async () => {
    const day = await runDay({ vNodes: 200, epochs: 4, settle: "all" });
    expect(day.behind).to.deep.equal({ paying: 0, stranger: 0 });
    expect(day.strangerGas).to.be.above(0);
  });

  it("settles nothing where it is told not to", async () => {
    const { mined, recordedAfter } = await runDay({ vNodes: 200, epochs: 4, settle: "none" });
    expect(mined).to.deep.equal({ recordBeacon: 4 });
    expect(recordedAfter.size).to.equal(4);
  });

  it("in which it is killed with transactions on their way sends nothing twice", async () => {
    const kills = [1, 2, 3].flatMap((epoch) =>
      [5, 20, 22, 35].map((s) => epoch * EPOCH_SECONDS + MARGIN + s),
    );
    const day = await runDay({ vNodes: 200, epochs: 4, kills });
    expect(day.mined).to.deep.include({ recordBeacon: 4 });
    expect(latest(day)).to.be.at.most(IN_TIME);
    expect(day.needless).to.equal(0);
    expect(day.behind.paying).to.equal(0);
  });
});
