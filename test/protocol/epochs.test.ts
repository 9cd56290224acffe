// A deployment's time: when what is asked is known, and what the contracts take for a margin.
import { expect } from "chai";
import { roundFor, roundTime } from "../../drand/rounds.ts";
import { epochAt, epochStart, maxMargin, minMargin, sourcePoint } from "../../protocol/epochs.ts";

describe("protocol: epochs", () => {
  const clock = { genesis: 1000, epochSeconds: 200, margin: 30 };

  it("start one after the other, and draw a margin later", () => {
    expect([0, 1, 7].map((epoch) => epochStart(epoch, clock))).to.deep.equal([1000, 1200, 2400]);
    expect([0, 1, 7].map((epoch) => sourcePoint(epoch, clock))).to.deep.equal([1030, 1230, 2430]);
  });

  it("hold the times from their start until the next one's", () => {
    expect([0, 999, 1000, 1199, 1200].map((time) => epochAt(time, clock))).to.deep.equal([0, 0, 0, 0, 1]);
  });

  it("draw a round that nobody can have before the margin is over", () => {
    for (const period of [1, 3, 7, 170])
      for (const epoch of [0, 1, 2, 1000]) {
        const drand = { genesis: 998, period };
        const round = roundFor(epoch, clock, drand);
        expect(roundTime(round, drand)).to.be.at.least(sourcePoint(epoch, clock));
        expect(roundTime(round - 1, drand)).to.be.below(sourcePoint(epoch, clock));
      }
  });

  it("have a margin of 30 seconds to a quarter, of a quarter where that is less", () => {
    expect([20, 119, 120, 3600].map(minMargin)).to.deep.equal([5, 29, 30, 30]);
    expect([20, 119, 120, 3600].map(maxMargin)).to.deep.equal([5, 29, 30, 900]);
  });
});
