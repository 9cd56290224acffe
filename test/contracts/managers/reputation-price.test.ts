// What it costs to buy a score by serving oneself.
import { expect } from "chai";
import { benchReputation, FEE_PER_1000 } from "../../../evidence/bench/reputation.ts";
import { present } from "../../../evidence/world/present.ts";

describe("contracts: the price of a score", () => {
  it("is the fees of all that is paid, whoever pays and whenever it is stored, and missing earns nothing", async () => {
    const [plain, single, moments, missing] = (await benchReputation(96)).map(present);
    expect(present(plain).fees).to.equal((present(plain).paid * BigInt(FEE_PER_1000)) / 1000n);
    expect(present(plain).feesPer1000).to.be.closeTo(FEE_PER_1000, FEE_PER_1000 / 4);
    // One payer counts up to the bound, and pays the fees of all.
    expect(present(single).fees).to.equal(present(plain).fees);
    expect(present(single).score).to.equal((present(plain).score * 3n) / 4n);
    // Nobody knows before an epoch whether it is drawn, so that chosen moments are as good as others.
    expect(present(moments).feesPer1000).to.be.closeTo(FEE_PER_1000, FEE_PER_1000 / 2);
    expect(present(missing).score).to.equal(0n);
    expect(present(missing).fees).to.be.greaterThan(0n);
  });
});
