// What it costs to buy a score by serving oneself.
import { expect } from "chai";
import { benchReputation, FEE_PER_1000 } from "../../../evidence/bench/reputation.ts";
import { present } from "../../../evidence/world/present.ts";

describe("contracts: the price of a score", () => {
  it("is the fees of all that is paid, whoever pays, whenever it is stored, and more for who leaves epochs out", async () => {
    const [plain, single, moments, missing] = (await benchReputation(96)).map((row) => ({
      ...row,
      price: present(row.feesPer1000) / FEE_PER_1000,
    }));
    expect(present(plain).fees).to.equal((present(plain).paid * BigInt(FEE_PER_1000)) / 1000n);
    // Chance draws a few epochs more or fewer.
    expect(present(plain).price).to.be.within(0.75, 1.25);
    // One payer counts up to the bound, and pays the fees of all.
    expect(present(single).fees).to.equal(present(plain).fees);
    expect(present(single).score).to.equal((present(plain).score * 3n) / 4n);
    // Nobody knows before an epoch whether it is drawn, so that chosen moments are as good as others.
    expect(present(moments).price).to.be.within(0.5, 1.5);
    expect(present(missing).price).to.be.greaterThan(1.2 * present(plain).price);
  });
});
