// The price of a segment, and the node whose consent it needs.
import { expect } from "chai";
import { priceOf, pricesOf } from "../../prover/consents.ts";
import {
  responsibilityAfter,
  consenter,
  mayGoOn,
  NO_RESPONSIBILITY,
  type Responsibility,
} from "../../prover/responsibility.ts";

describe("prover: consents", () => {
  it("cost leaves times rent, rounded up, and then up to the quantum", () => {
    const unit = 10n ** 18n;
    expect(priceOf(3, unit, 0)).to.equal(3n);
    expect(priceOf(3, unit / 2n, 0)).to.equal(2n);
    expect(priceOf(1, 1n, 0)).to.equal(1n);
    expect(priceOf(8, unit, 3)).to.equal(8n);
    expect(priceOf(9, unit, 3)).to.equal(16n);
    expect(pricesOf([{ leaves: 1 }, { leaves: 9 }], unit, 3)).to.equal(24n);
  });

  describe("are those of who is responsible", () => {
    const after = (...events: [name: string, node: number, fromEpoch?: number][]): Responsibility =>
      events.reduce(
        (responsibility, [name, node, fromEpoch = 5]) =>
          responsibilityAfter(responsibility, {
            name,
            args: { node: BigInt(node), fromEpoch: BigInt(fromEpoch) },
            block: 1,
            transaction: "",
            timestamp: 0,
          }),
        NO_RESPONSIBILITY,
      );

    it("who is named where nobody is, who waits behind somebody not, until the switch", () => {
      expect(consenter(NO_RESPONSIBILITY)).to.equal(0n);
      expect(consenter(after(["NodeAssigned", 1]))).to.equal(1n);
      expect(consenter(after(["NodeSwitched", 1], ["NodeAssigned", 2]))).to.equal(1n);
      expect(consenter(after(["NodeSwitched", 1], ["NodeAssigned", 2], ["NodeSwitched", 2]))).to.equal(2n);
    });

    it("nobody who was taken back, dropped, faulted or has left", () => {
      expect(after(["NodeSwitched", 1], ["NodeAssigned", 2], ["NodeAssigned", 0, 0])).to.include({
        node: 1n,
        next: 0n,
      });
      expect(after(["NodeSwitched", 1], ["NodeAssigned", 2], ["NodeAssigned", 1, 0])).to.include({
        node: 1n,
        next: 0n,
      });
      expect(after(["NodeSwitched", 1], ["NodeAssigned", 2], ["SyncDropped", 2])).to.include({
        node: 1n,
        next: 0n,
      });
      for (const name of ["SyncDropped", "Faulted", "Left"])
        expect(after(["NodeSwitched", 1], [name, 1])).to.include({ node: 0n, former: 1n });
      expect(after(["NodeSwitched", 1], ["Faulted", 9]), "of before").to.include({ node: 1n });
      expect(consenter(after(["NodeSwitched", 1], ["Faulted", 1], ["TookOver", 3]))).to.equal(3n);
    });

    it("remembers who answered before, across one that never did", () => {
      const events = [
        ["NodeSwitched", 1],
        ["Left", 1],
        ["NodeAssigned", 2],
        ["NodeSwitched", 2],
      ] as const;
      expect(after(...events.map(([name, node]): [string, number] => [name, node])).former).to.equal(1n);
    });
  });

  it("know that a compaction goes on in the epoch in which it began and in the next one", () => {
    expect([5, 6, 7].map((epoch) => mayGoOn(5, epoch))).to.deep.equal([true, true, false]);
    expect(mayGoOn(undefined, 0)).to.equal(false);
  });
});
