// The auditor's own reckoning of what a proof must show, from events alone.
import { expect } from "chai";
import { Directory } from "../../protocol/directory.ts";
import { toHex32, type Hex } from "../../protocol/field.ts";
import { auditSeed } from "../../protocol/statement.ts";
import type { AuditEvent } from "../../verifier/chain.ts";
import { createModel, type Model } from "../../verifier/model.ts";

const AUDITS = `0x${"ab".repeat(20)}`;
const EPOCH = 100;
const DEPTH = 2;
const randomness = (epoch: number): Hex => toHex32(BigInt(1000 + epoch));

/** One vNode of one cluster; what happens in epoch e has its middle as its time. */
function story(): { model: Model; tell: (epoch: number, name: string, args: object) => void } {
  const model = createModel({
    ...{ chainId: 31337n, audits: AUDITS, genesis: 0, epochSeconds: EPOCH },
    directoryDepth: () => DEPTH,
  });
  const tell = (epoch: number, name: string, args: object): void => {
    const event: AuditEvent = {
      ...{ name, block: epoch, transaction: "0x", timestamp: epoch * EPOCH + EPOCH / 2 },
      args: { vNode: 1n, ...args },
    };
    model.apply(event);
  };
  tell(0, "ClusterCreated", { cluster: 1n, beacon: 0n, profile: 0n });
  tell(0, "VNodeAdded", { cluster: 1n });
  tell(0, "NodeAssigned", { node: 7n, fromEpoch: 1n });
  for (let epoch = 1; epoch < 20; epoch++)
    tell(epoch, "BeaconRecorded", { beacon: 0n, epoch: BigInt(epoch), randomness: randomness(epoch) });
  return { model, tell };
}

const store = (serial: number, root: bigint, leaves: number): object => ({
  ...{ serial: BigInt(serial), root: toHex32(root), leaves: BigInt(leaves) },
});

function directoryOf(...entries: readonly [root: bigint, leaves: number][]): Directory {
  const directory = new Directory(DEPTH);
  for (const [root, leaves] of entries) directory.append({ root, leaves });
  return directory;
}

const seedOf = (node: bigint, epoch: number): bigint =>
  auditSeed({
    chainId: 31337n,
    audits: AUDITS,
    vNode: 1n,
    node,
    epoch: BigInt(epoch),
    randomness: randomness(epoch),
  });

describe("verifier: the model", () => {
  it("expects the directory as it stood when the epoch began", () => {
    const { model, tell } = story();
    tell(1, "SegmentStored", store(0, 11n, 5));
    tell(3, "SegmentStored", store(1, 12n, 6));
    const early = directoryOf([11n, 5]);
    const who = { node: 7n, profile: 0 };
    expect(model.expected(1n, 3)).to.deep.equal({ ...who, inputs: [early.root, seedOf(7n, 3), 0n, 5n] });
    const late = directoryOf([11n, 5], [12n, 6]);
    expect(model.expected(1n, 4)).to.deep.equal({ ...who, inputs: [late.root, seedOf(7n, 4), 0n, 11n] });
  });

  it("puts a tombstone where a segment was retired, and starts anew at a reset", () => {
    const { model, tell } = story();
    tell(1, "SegmentStored", store(0, 11n, 5));
    tell(1, "SegmentStored", store(1, 12n, 6));
    tell(2, "SegmentRetired", { serial: 0n });
    const retired = directoryOf([11n, 5], [12n, 6]);
    retired.retire(0);
    expect(model.expected(1n, 3).inputs[0]).to.equal(retired.root);
    tell(4, "DirectoryReset", {});
    tell(4, "SegmentStored", store(2, 13n, 7));
    expect(model.expected(1n, 5).inputs).to.deep.equal([directoryOf([13n, 7]).root, seedOf(7n, 5), 0n, 7n]);
    tell(6, "SegmentStored", store(3, 14n, 1));
    tell(6, "SegmentRetired", { serial: 2n });
    const after = directoryOf([13n, 7], [14n, 1]);
    after.retire(0);
    expect(model.expected(1n, 7).inputs[0]).to.equal(after.root);
  });

  it("expects the node that was responsible", () => {
    const { model, tell } = story();
    tell(1, "SegmentStored", store(0, 11n, 5));
    tell(3, "NodeAssigned", { node: 8n, fromEpoch: 4n });
    expect(model.expected(1n, 3).node).to.equal(7n);
    expect(model.expected(1n, 4)).to.deep.include({ node: 8n });
    expect(model.expected(1n, 4).inputs[1]).to.equal(seedOf(8n, 4));
  });

  it("lets the last word count if the manager changes its mind within an epoch", () => {
    const { model, tell } = story();
    tell(1, "SegmentStored", store(0, 11n, 5));
    tell(3, "NodeAssigned", { node: 8n, fromEpoch: 4n });
    tell(3, "NodeAssigned", { node: 9n, fromEpoch: 4n });
    expect(model.expected(1n, 4).node).to.equal(9n);
  });

  for (const name of ["Faulted", "SyncDropped"]) {
    it(`expects nobody after ${name} until the next one takes over`, () => {
      const { model, tell } = story();
      tell(1, "SegmentStored", store(0, 11n, 5));
      tell(5, name, { node: 7n, epoch: 4n });
      tell(5, "TookOver", { node: 9n, fromEpoch: 6n });
      expect(() => model.expected(1n, 5)).to.throw(/nothing to prove for vNode 1 in epoch 5/);
      expect(model.expected(1n, 6).node).to.equal(9n);
    });
  }

  it("expects nobody after a node has left, or the standby that took over", () => {
    const { model, tell } = story();
    tell(1, "SegmentStored", store(0, 11n, 5));
    tell(5, "Left", { node: 7n, fromEpoch: 6n });
    expect(model.expected(1n, 5).node).to.equal(7n);
    expect(() => model.expected(1n, 6)).to.throw(/nothing to prove/);
    tell(5, "TookOver", { node: 9n, fromEpoch: 6n });
    expect(model.expected(1n, 6).node).to.equal(9n);
  });

  it("takes the beacon that the cluster's terms of the epoch name", () => {
    const { model, tell } = story();
    tell(1, "SegmentStored", store(0, 11n, 5));
    const change = (beacon: bigint, fromEpoch: bigint): object => ({
      ...{ cluster: 1n, beacon, profile: 0n, fromEpoch },
    });
    tell(2, "ClusterChanged", change(3n, 5n));
    tell(3, "ClusterChanged", change(1n, 6n));
    expect(model.expected(1n, 5).inputs[1], "the first change was given up").to.equal(seedOf(7n, 5));
    expect(() => model.expected(1n, 6)).to.throw(/nothing to prove/);
    tell(6, "BeaconRecorded", { beacon: 1n, epoch: 6n, randomness: randomness(17) });
    tell(7, "ClusterChanged", change(0n, 10n));
    expect(model.expected(1n, 6).inputs[1]).not.to.equal(seedOf(7n, 6));
    expect(model.expected(1n, 10).inputs[1]).to.equal(seedOf(7n, 10));
  });

  it("keeps a node that was named before the fault", () => {
    const { model, tell } = story();
    tell(1, "SegmentStored", store(0, 11n, 5));
    tell(5, "NodeAssigned", { node: 8n, fromEpoch: 6n });
    tell(5, "Faulted", { node: 7n, epoch: 4n });
    expect(model.expected(1n, 6).node).to.equal(8n);
  });

  it("expects nothing of an empty vNode or without randomness", () => {
    const { model, tell } = story();
    expect(() => model.expected(1n, 2)).to.throw(/nothing to prove/);
    tell(2, "SegmentStored", store(0, 11n, 5));
    expect(() => model.expected(1n, 25)).to.throw(/nothing to prove/);
  });

  it("refuses events about a vNode that was never added", () => {
    expect(() => story().tell(1, "NodeAssigned", { vNode: 2n, node: 1n, fromEpoch: 2n })).to.throw(
      /never added/,
    );
  });
});
