// The quantum of a cluster: how small it can be, and how much a vNode can be paid with it.
import { expect } from "chai";
import { defaultQuantumBits, quantumBitsOf, reachOf } from "../../client/quantum.ts";

describe("client: a cluster's quantum", () => {
  it("is a power of two, and at most what was asked for", () => {
    expect([1n, 2n, 3n, 4n, 1_000_000_000n].map(quantumBitsOf)).to.deep.equal([0, 1, 1, 2, 29]);
    expect(quantumBitsOf(2n ** 79n)).to.equal(79);
  });

  it("is no less than a unit and below 2^80", () => {
    expect(() => quantumBitsOf(0n)).to.throw(/is at least one token unit/);
    expect(() => quantumBitsOf(2n ** 80n)).to.throw(/is at most 2\^79 token units/);
  });

  it("is by default as fine as lets a vNode be paid 1,000 tokens per epoch", () => {
    for (const decimals of [0, 6, 18]) {
      const bits = defaultQuantumBits(decimals);
      const reach = 1_000n * 10n ** BigInt(decimals);
      expect(reachOf(bits) >= reach, `${decimals} decimals`).to.equal(true);
      expect(bits === 0 || reachOf(bits - 1) < reach, `${decimals} decimals`).to.equal(true);
    }
  });
});
