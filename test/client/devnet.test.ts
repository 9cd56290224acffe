// How the local network reads the events: which epochs were decided by a proof, and where the money of the others went.
import { expect } from "chai";
import type { ChainEvent } from "../../client/chain.ts";
import { compensationIn, refundsIn } from "../../client/devnet/accounting.ts";
import { decisionsOf } from "../../client/devnet/decisions.ts";

type Args = Readonly<Record<string, bigint | number>>;

function eventsOf(...told: readonly (readonly [name: string, args: Args])[]): ChainEvent[] {
  return told.map(([name, args]) => ({
    contract: "audits",
    name,
    block: 1,
    transaction: "0x",
    args: {
      vNode: 1n,
      ...Object.fromEntries(Object.entries(args).map(([key, value]) => [key, BigInt(value)])),
    },
  }));
}
const spans = [{ vNode: 1n, since: 2n, epoch: 5n }];

describe("client: which epochs were decided, and how", () => {
  it("counts those that waited for a proof with the one that it is of", () => {
    const events = eventsOf(
      ["Proven", { since: 2, epoch: 2 }],
      ["EpochDeferred", { epoch: 3 }],
      ["Proven", { since: 3, epoch: 4 }],
      ["EpochsRefunded", { since: 5, epoch: 5 }],
    );
    expect(decisionsOf(events, spans)).to.deep.equal({ proven: 3, refunded: 1, deferred: 1, wrong: [] });
  });

  it("finds an epoch that was paid without a proof of it or a later one, or twice", () => {
    const gap = eventsOf(["Proven", { since: 2, epoch: 3 }], ["Proven", { since: 5, epoch: 5 }]);
    expect(decisionsOf(gap, spans).wrong).to.deep.equal(["epoch 4 of vNode 1: 0 proofs, 0 refunds"]);
    const twice = eventsOf(["Proven", { since: 2, epoch: 5 }], ["EpochsRefunded", { since: 3, epoch: 3 }]);
    expect(decisionsOf(twice, spans).wrong).to.deep.equal(["epoch 3 of vNode 1: 1 proofs, 1 refunds"]);
  });

  it("leaves other vNodes and epochs that are not settled alone", () => {
    const events = eventsOf(["Proven", { since: 2, epoch: 5 }], ["Proven", { vNode: 2, since: 3, epoch: 3 }]);
    expect(decisionsOf(events, spans).wrong).to.deep.equal([]);
    expect(decisionsOf(events, [{ vNode: 1n, since: 2n, epoch: 1n }]).proven).to.equal(0);
  });
});

describe("client: what the owners get back", () => {
  it("is what no proof followed, and what was audited and not paid for", () => {
    const events = eventsOf(["EpochsRefunded", { amount: 30 }], ["Proven", { amount: 90, refunded: 7 }]);
    expect(refundsIn(events)).to.equal(37n);
  });

  it("is what penalties leave: without the reporters' shares, and the treasury's of a challenge", () => {
    const misses = eventsOf(["Slashed", { amount: 100, reward: 10 }]);
    expect(compensationIn(misses)).to.equal(90n);
    const lost = eventsOf(
      ...([["Slashed", { amount: 200, reward: 20 }]] as const),
      ...([["Failed", { taken: 200, reward: 20 }]] as const),
      ...([["OwnersCompensated", { amount: 160 }]] as const),
    );
    expect(compensationIn([...misses, ...lost])).to.equal(250n);
  });
});
