import { expect } from "chai";
import { randomOf } from "../../evidence/simulation/random.ts";
import { FAULT_KINDS, isOutage, nextFault, nextQuiet } from "../../evidence/soak/faults.ts";

describe("soak: faults", () => {
  const plan = (seed: number) => {
    const random = randomOf(seed, "endpoint", "node-1");
    return Array.from({ length: 300 }, () => [nextQuiet(random), nextFault(random)]);
  };

  it("come in the same order from the same seed, and in another from another", () => {
    expect(plan(1)).to.deep.equal(plan(1));
    expect(plan(1)).to.not.deep.equal(plan(2));
  });

  it("are of all kinds in the long run", () => {
    const random = randomOf(1, "all");
    const kinds = new Set(Array.from({ length: 300 }, () => nextFault(random).kind));
    expect([...kinds].sort()).to.deep.equal([...FAULT_KINDS].sort());
  });

  it("are outages only where most requests meet them and none can be helped", () => {
    expect(isOutage({ kind: "errors", share: 1 })).to.equal(true);
    expect(isOutage({ kind: "errors", share: 0.3 })).to.equal(false);
    for (const kind of ["ranges refused", "batches refused", "gas lies"] as const)
      expect(isOutage({ kind, share: 1 })).to.equal(false);
  });
});
