// What settling is worth: rewards, and what the proofs of a cluster bring, against gas.
import { expect } from "chai";
import type { AuditEvent, Preview } from "../../verifier/chain.ts";
import {
  allowances,
  chooseWorth,
  createIncomes,
  GAS_PER_PROOF,
  inBatches,
  pays,
  type Price,
} from "../../verifier/worth.ts";

describe("verifier: what settling is worth", () => {
  const GWEI = 10n ** 9n;
  const preview = (change: Partial<Preview> = {}): Preview => ({
    vNode: 1n,
    cluster: 1n,
    from: 3,
    through: 5,
    auditFee: 100,
    gas: 100_000n,
    reward: 0n,
    ...change,
  });
  const unknown: Price = { gasPrice: GWEI, coinValue: 0n };
  /** A token has as many units as a coin has wei, and is worth two: 100,000 gas cost 50,000 gwei of it. */
  const known: Price = { gasPrice: GWEI, coinValue: 5n * 10n ** 17n };
  const proven = (vNode: bigint, epoch: number, amount = 9_000n, fee = 1_000n): AuditEvent => ({
    name: "Proven",
    args: { vNode, epoch: BigInt(epoch), amount, fee },
    block: 1,
    transaction: "0x",
    timestamp: 1,
  });

  it("is the reward: as much as the gas, or any where nobody knows what a token is worth", () => {
    expect(pays(preview({ reward: 50_000n * GWEI }), known)).to.equal(true);
    expect(pays(preview({ reward: 50_000n * GWEI - 1n }), known)).to.equal(false);
    expect(pays(preview({ reward: 1n }), unknown)).to.equal(true);
    expect(pays(preview(), unknown)).to.equal(false);
  });

  it("is what a cluster's proofs brought since an epoch, each proof once, even if its event comes again", () => {
    const incomes = createIncomes();
    for (const event of [proven(1n, 2), proven(1n, 3), proven(1n, 3), proven(2n, 3), proven(3n, 3)])
      incomes.note(event);
    incomes.note({ ...proven(4n, 3), name: "Missed" });
    expect([...incomes.since(3)]).to.deep.equal([
      [1n, [10_000n]],
      [2n, [10_000n]],
      [3n, [10_000n]],
    ]);
    expect(incomes.since(0).get(1n), "what is older is forgotten").to.deep.equal([10_000n]);
    incomes.clear();
    expect(incomes.since(0).size).to.equal(0);
  });

  it("is so much gas a proof, or what its audit fee buys where one knows what a token is worth", () => {
    const previews = [preview(), preview({ vNode: 2n }), preview({ vNode: 3n, cluster: 2n })];
    const paid = new Map([
      [1n, [10n ** 13n, 10n ** 13n]],
      [2n, [10n ** 13n]],
    ]);
    expect([...allowances(previews, paid, unknown)]).to.deep.equal([
      [1n, 3n * GAS_PER_PROOF],
      [2n, 0n],
    ]);
    // A hundredth of 10^13 units is 2 * 10^11 wei: 200 gas.
    expect(allowances(previews, paid, known).get(1n)).to.equal(600n);
  });

  it("is nothing where no fee goes to auditors", () => {
    const paid = new Map([
      [1n, [10n ** 13n]],
      [2n, [99n]],
    ]);
    const free = [preview({ auditFee: 0 }), preview({ vNode: 2n })];
    expect(allowances(free, paid, unknown).get(1n)).to.equal(0n);
  });

  it("lets a cluster's vNodes be settled as far as it has earned it, what has waited longest first", () => {
    const previews = [
      preview({ vNode: 1n }),
      preview({ vNode: 2n, from: 1 }),
      preview({ vNode: 3n, from: 2 }),
      preview({ vNode: 4n, from: 5, gas: 9_000n }),
      preview({ vNode: 5n, cluster: 2n, reward: 7n }),
      preview({ vNode: 6n, cluster: 2n, from: 0 }),
    ];
    const paid = new Map([[1n, Array.from({ length: 10 }, () => 10_000n)]]);
    const chosen = (spent: bigint): [bigint, boolean][] =>
      chooseWorth({ previews, paid, spent: new Map([[1n, spent]]), price: unknown }).map(
        ({ vNode, onCluster }) => [vNode, onCluster],
      );
    expect(chosen(0n), "250,000 gas").to.deep.equal([
      [5n, false],
      [2n, true],
      [3n, true],
    ]);
    expect(chosen(100_000n)).to.deep.equal([
      [5n, false],
      [2n, true],
    ]);
    expect(chosen(200_000n)).to.deep.equal([[5n, false]]);
  });

  it("is settled in batches that fit", () => {
    const chosen = [40n, 50n, 20n, 90n, 100n, 1n, 1n, 1n, 1n].map((gas) => ({
      ...preview({ gas }),
      onCluster: false,
    }));
    const gas = inBatches(chosen, 100n, 3).map((batch) => batch.map((each) => Number(each.gas)));
    expect(gas).to.deep.equal([[40, 50], [20], [90], [100], [1, 1, 1], [1]]);
  });
});
