// The fees that a transaction offers, also if an endpoint asks for far too much.
import { expect } from "chai";
import { excess, feesFor, GWEI, isBelow, raisedFees, type Quote } from "../../chain/fees.ts";

describe("chain: fees", () => {
  const MAX = 500n * GWEI;
  const quote = (baseFee: bigint, tip: bigint): Quote => ({
    maxFeePerGas: 2n * baseFee + tip,
    maxPriorityFeePerGas: tip,
    gasPrice: baseFee + tip,
  });

  it("are what is asked for, with room for the base fee to double", () => {
    expect(feesFor(quote(20n * GWEI, 2n * GWEI), MAX)).to.deep.equal({
      maxFeePerGas: 42n * GWEI,
      maxPriorityFeePerGas: 2n * GWEI,
    });
  });

  it("give whoever makes the block a tenth of the highest fee at most, however much an endpoint asks", () => {
    for (const tip of [2_000_000n * GWEI, 2n ** 200n])
      expect(feesFor(quote(20n * GWEI, tip), MAX)).to.deep.equal({
        maxFeePerGas: 70n * GWEI,
        maxPriorityFeePerGas: 30n * GWEI,
      });
    expect(feesFor(quote(10n ** 9n * GWEI, 10n ** 9n * GWEI), MAX)).to.deep.equal({
      maxFeePerGas: MAX,
      maxPriorityFeePerGas: 50n * GWEI,
    });
  });

  it("are never above the highest fee, and say by how much the chain asks more", () => {
    expect(feesFor(quote(400n * GWEI, GWEI), MAX).maxFeePerGas).to.equal(MAX);
    expect(excess(quote(400n * GWEI, GWEI), MAX)).to.equal(301n * GWEI);
    expect(excess(quote(200n * GWEI, GWEI), MAX)).to.equal(0n);
  });

  it("are too low when the base fee alone is more", () => {
    const offered = feesFor(quote(20n * GWEI, 2n * GWEI), MAX);
    expect(isBelow(offered, quote(42n * GWEI, 2n * GWEI))).to.equal(false);
    expect(isBelow(offered, quote(43n * GWEI, 2n * GWEI))).to.equal(true);
    expect(isBelow(offered, { maxFeePerGas: null, maxPriorityFeePerGas: null, gasPrice: GWEI })).to.equal(
      false,
    );
  });

  it("are a gas price where the chain knows no base fee", () => {
    const legacy = { maxFeePerGas: null, maxPriorityFeePerGas: null, gasPrice: 7n * GWEI };
    expect(feesFor(legacy, MAX)).to.deep.equal({ maxFeePerGas: 7n * GWEI, maxPriorityFeePerGas: 7n * GWEI });
  });

  describe("raised", () => {
    const old = { maxFeePerGas: 4n * GWEI, maxPriorityFeePerGas: GWEI };

    it("are a quarter more of both", () => {
      expect(raisedFees(old, quote(GWEI, GWEI), MAX)).to.deep.equal({
        maxFeePerGas: 5n * GWEI + 1n,
        maxPriorityFeePerGas: (125n * GWEI) / 100n + 1n,
      });
    });

    it("are what is asked for by now after a jump, at once", () => {
      expect(raisedFees(old, quote(200n * GWEI, GWEI), MAX)?.maxFeePerGas).to.equal(401n * GWEI);
    });

    it("go up to the highest fee, and stay there", () => {
      const high = { maxFeePerGas: 450n * GWEI, maxPriorityFeePerGas: 2n * GWEI };
      expect(raisedFees(high, quote(400n * GWEI, GWEI), MAX)?.maxFeePerGas).to.equal(MAX);
      expect(raisedFees({ ...high, maxFeePerGas: 480n * GWEI }, quote(GWEI, GWEI), MAX)).to.equal(undefined);
    });
  });
});
