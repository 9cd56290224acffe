// What a segment costs per epoch, as the contract computes it.
import { expect } from "chai";
import { priceOf } from "../../protocol/price.ts";

const UNIT = 10n ** 18n;

describe("protocol: a segment's price", () => {
  it("is what its leaves cost, rounded up to a unit and to the quantum", () => {
    expect(priceOf(3, 5n * UNIT, 0)).to.equal(15n);
    expect(priceOf(3, 5n * UNIT + 1n, 0), "a unit more").to.equal(16n);
    expect(priceOf(3, 5n * UNIT, 3)).to.equal(16n);
    expect(priceOf(16, UNIT, 4)).to.equal(16n);
    expect(priceOf(17, UNIT, 4)).to.equal(32n);
  });
});
