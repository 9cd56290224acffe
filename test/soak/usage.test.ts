import { expect } from "chai";
import { flatness } from "../../evidence/soak/usage.ts";

describe("soak: usage", () => {
  const samples = (...memory: number[]) =>
    memory.map((megabytes, at) => ({ at, memory: megabytes, descriptors: 20 }));

  it("compares the second quarter with the last", () => {
    const found = flatness(samples(900, 900, 400, 400, 410, 420, 480, 490, 500), "memory");
    expect(found).to.deep.equal({ early: 400, late: 490, isFlat: true });
  });

  it("takes a quarter more, a little more where there is little, and no more", () => {
    expect(flatness(samples(1, 400, 400, 400, 400, 400, 501, 501, 501), "memory").isFlat).to.equal(false);
    expect(flatness(samples(1, 400, 400, 400, 400, 400, 500, 500, 500), "memory").isFlat).to.equal(true);
    expect(flatness(samples(1, 100, 100, 100, 100, 100, 164, 164, 164), "memory").isFlat).to.equal(true);
    expect(flatness(samples(1, 100, 100, 100, 100, 100, 165, 165, 165), "memory").isFlat).to.equal(false);
  });

  it("has a bound for what is flat", () => {
    expect(flatness(samples(...Array.from({ length: 9 }, () => 1024)), "memory").isFlat).to.equal(true);
    expect(flatness(samples(...Array.from({ length: 9 }, () => 1025)), "memory").isFlat).to.equal(false);
  });
});
