// The auditor's own reckoning of what a proof must show, from events alone.
import { expect } from "chai";
import { Directory } from "../../protocol/directory.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { toHex32, type Hex } from "../../protocol/field.ts";
import { auditSeed } from "../../protocol/statement.ts";
import type { AuditEvent } from "../../verifier/chain.ts";
import { createModel, type Model } from "../../verifier/model.ts";

const AUDITS = `0x${"ab".repeat(20)}`;
const GENESIS = 1_700_000_000;
const EPOCH = 100;
const DEPTH = 2;
const LEAVES = 3;
const QUANTUM_BITS = 4n;
const randomness = (epoch: number): Hex => toHex32(BigInt(1000 + epoch));

/** One vNode of one cluster; what happens in epoch e has its middle as its time. */
function story(): { model: Model; tell: (epoch: number, name: string, args: object) => string | undefined } {
  const model = createModel({
    chainId: 31337n,
    audits: AUDITS,
    genesis: GENESIS,
    epochSeconds: EPOCH,
    directoryDepth: () => DEPTH,
  });
  const tell = (epoch: number, name: string, args: object): string | undefined => {
    const event: AuditEvent = {
      name,
      block: epoch,
      transaction: "0x",
      timestamp: GENESIS + epoch * EPOCH + EPOCH / 2,
      args: { vNode: 1n, ...args },
    };
    return model.apply(event);
  };
  tell(0, "ClusterCreated", { cluster: 1n, beacon: 0n, profile: 0n, quantumBits: QUANTUM_BITS });
  tell(0, "VNodeAdded", { cluster: 1n });
  tell(0, "NodeAssigned", { node: 7n, fromEpoch: 1n });
  tell(1, "NodeSwitched", { node: 7n, fromEpoch: 1n });
  for (let epoch = 1; epoch < 20; epoch++)
    tell(epoch, "BeaconRecorded", { beacon: 0n, epoch: BigInt(epoch), randomness: randomness(epoch) });
  return { model, tell };
}

interface StoredEvent {
  readonly start?: number;
  readonly end?: number;
  readonly perEpoch?: bigint;
}

const store = (serial: number, root: bigint, weight: number, more: StoredEvent = {}): object => ({
  serial: BigInt(serial),
  root: toHex32(root),
  leaves: BigInt(LEAVES),
  start: BigInt(more.start ?? 0),
  end: BigInt(more.end ?? 99),
  perEpoch: more.perEpoch ?? BigInt(weight) << QUANTUM_BITS,
});

function directoryOf(...entries: readonly [root: bigint, weight: number][]): Directory {
  const directory = new Directory(DEPTH);
  for (const [root, weight] of entries) directory.append({ root, weight, leaves: LEAVES });
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

describe("verifier: the model's directories", () => {
  it("weigh what segments pay, and are expected as they stood when the epoch began", () => {
    const { model, tell } = story();
    expect(tell(1, "SegmentStored", store(0, 11n, 5))).to.equal(undefined);
    expect(tell(3, "SegmentStored", store(1, 12n, 6, { start: 5 }))).to.equal(undefined);
    const early = directoryOf([11n, 5]);
    const who = { node: 7n, profile: 0 };
    expect(model.expected(1n, 3)).to.deep.equal({ ...who, inputs: [early.root, seedOf(7n, 3), 0n, 5n] });
    expect(model.directory(1n, 3)).to.deep.equal({ root: early.root, total: 5 });
    const late = directoryOf([11n, 5], [12n, 6]);
    expect(model.expected(1n, 4)).to.deep.equal({ ...who, inputs: [late.root, seedOf(7n, 4), 0n, 11n] });
    expect(model.directory(1n, 4)).to.deep.equal({ root: late.root, total: 11 });
  });

  it("contradict a start that is not the sum before it, and a price that is no multiple of the quantum", () => {
    const { tell } = story();
    tell(1, "SegmentStored", store(0, 11n, 5));
    expect(tell(1, "SegmentStored", store(1, 12n, 6, { start: 6 }))).to.match(/starts at 6, .* weigh 5/);
    const odd = { start: 11, perEpoch: (2n << QUANTUM_BITS) + 1n };
    expect(tell(1, "SegmentStored", store(2, 13n, 2, odd))).to.match(/not a multiple of the quantum/);
  });

  it("have a tombstone where a segment was retired, and start anew at a reset, with serials that go on", () => {
    const { model, tell } = story();
    tell(1, "SegmentStored", store(0, 11n, 5));
    tell(1, "SegmentStored", store(1, 12n, 6, { start: 5 }));
    tell(2, "SegmentRetired", { serial: 0n });
    const retired = directoryOf([11n, 5], [12n, 6]);
    expect(model.expected(1n, 2).inputs[0]).to.equal(retired.root);
    retired.retire(0);
    expect(model.expected(1n, 3).inputs).to.deep.equal([retired.root, seedOf(7n, 3), 0n, 11n]);
    tell(4, "SegmentRetired", { serial: 1n });
    tell(4, "DirectoryReset", {});
    expect(tell(4, "SegmentStored", store(2, 13n, 7))).to.equal(undefined);
    expect(model.expected(1n, 4).inputs[0]).to.equal(retired.root);
    expect(model.expected(1n, 5).inputs).to.deep.equal([directoryOf([13n, 7]).root, seedOf(7n, 5), 0n, 7n]);
    tell(6, "SegmentStored", store(3, 14n, 1, { start: 7 }));
    tell(6, "SegmentRetired", { serial: 2n });
    const after = directoryOf([13n, 7], [14n, 1]);
    after.retire(0);
    expect(model.expected(1n, 7).inputs[0]).to.equal(after.root);
  });

  describe("when they are compacted", () => {
    /** Segments 0 to 3 of weights 5 to 8; 0 ends in epoch 4, 2 in epoch 5; 1 is retired by then, 3 goes on. */
    function ending(): ReturnType<typeof story> {
      const one = story();
      const ends = [4, 3, 5, 99];
      const starts = [0, 5, 11, 18];
      for (const [serial, end] of ends.entries())
        one.tell(
          1,
          "SegmentStored",
          store(serial, 11n + BigInt(serial), 5 + serial, { start: starts[serial] ?? 0, end }),
        );
      one.tell(3, "SegmentRetired", { serial: 1n });
      return one;
    }
    const compacted = (directory: Directory): object => ({
      entries: BigInt(directory.entries.length),
      total: BigInt(directory.total),
      root: toHex32(directory.root),
    });

    it("have all that ends later than was said when that began, in the order of serials, from the next epoch on", () => {
      const { model, tell } = ending();
      const before = model.directory(1n, 5).root;
      tell(3, "CompactionStarted", { lastEnd: 4n });
      const fresh = directoryOf([13n, 7], [14n, 8]);
      expect(tell(5, "Compacted", compacted(fresh)), "2 has ended by then and is there").to.equal(undefined);
      expect(model.expected(1n, 5).inputs).to.deep.equal([before, seedOf(7n, 5), 0n, 26n]);
      expect(model.expected(1n, 6).inputs).to.deep.equal([fresh.root, seedOf(7n, 6), 0n, 15n]);
      expect(tell(6, "SegmentStored", store(4, 15n, 1, { start: 15 }))).to.equal(undefined);
      tell(6, "SegmentRetired", { serial: 2n });
      const later = directoryOf([13n, 7], [14n, 8], [15n, 1]);
      later.retire(0);
      expect(model.expected(1n, 7).inputs[0], "2 is entry 0 now").to.equal(later.root);
      expect(() => tell(7, "SegmentRetired", { serial: 0n })).to.throw(/segment 0, which was never stored/);
    });

    it("go by the ends as they are then: extended, or earlier", () => {
      const { model, tell } = ending();
      tell(3, "SegmentExtended", { serial: 0n, end: 7n });
      tell(3, "SegmentEndedEarly", { serial: 3n, end: 6n });
      tell(5, "CompactionStarted", { lastEnd: 6n });
      const fresh = directoryOf([11n, 5]);
      expect(tell(6, "Compacted", compacted(fresh))).to.equal(undefined);
      expect(model.expected(1n, 7).inputs).to.deep.equal([fresh.root, seedOf(7n, 7), 0n, 5n]);
    });

    it("keep what ends early, but later than was said", () => {
      const { tell } = ending();
      tell(3, "SegmentEndedEarly", { serial: 3n, end: 6n });
      tell(4, "CompactionStarted", { lastEnd: 5n });
      expect(tell(5, "Compacted", compacted(directoryOf([14n, 8])))).to.equal(undefined);
    });

    it("start anew where nothing goes on", () => {
      const { model, tell } = ending();
      tell(3, "SegmentEndedEarly", { serial: 3n, end: 6n });
      tell(5, "CompactionStarted", { lastEnd: 6n });
      expect(tell(6, "Compacted", compacted(new Directory(DEPTH)))).to.equal(undefined);
      expect(() => model.expected(1n, 7)).to.throw(/nothing to prove/);
      expect(tell(7, "SegmentStored", store(4, 15n, 1))).to.equal(undefined);
    });

    it("begin anew where one was given up", () => {
      const { tell } = ending();
      tell(3, "CompactionStarted", { lastEnd: 4n });
      tell(5, "CompactionStarted", { lastEnd: 6n });
      expect(tell(5, "Compacted", compacted(directoryOf([14n, 8])))).to.equal(undefined);
    });

    it("contradict another root, another total, and the end of a compaction that never began", () => {
      for (const wrong of [{ root: toHex32(5n) }, { total: 14n }]) {
        const { tell } = ending();
        tell(3, "CompactionStarted", { lastEnd: 4n });
        const said = { ...compacted(directoryOf([13n, 7], [14n, 8])), ...wrong };
        expect(tell(4, "Compacted", said)).to.match(/not consist of exactly the segments that continue/);
      }
      expect(() => ending().tell(4, "Compacted", compacted(directoryOf([13n, 7])))).to.throw(/never began/);
    });
  });
});

describe("verifier: the model's nodes", () => {
  /** One segment, from epoch 2 until epoch 98. */
  function holding(): ReturnType<typeof story> {
    const one = story();
    one.tell(1, "SegmentStored", store(0, 11n, 5));
    return one;
  }

  it("are those that were named, once the chain says that they are responsible", () => {
    const { model, tell } = story();
    tell(1, "NodeAssigned", { node: 8n, fromEpoch: 2n });
    expect(tell(2, "NodeSwitched", { node: 8n, fromEpoch: 2n })).to.equal(undefined);
    tell(2, "SegmentStored", store(0, 11n, 5));
    expect(model.expected(1n, 3).node).to.equal(8n);
    expect(model.expected(1n, 3).inputs[1]).to.equal(seedOf(8n, 3));
  });

  it("stay until the next one has proven that it has the data, under its own seed", () => {
    const { model, tell } = holding();
    tell(3, "NodeAssigned", { node: 8n, fromEpoch: 4n });
    expect(() => model.expectedOfSuccessor(1n, 3), "not before it is named for").to.throw(/nothing to prove/);
    expect(model.expected(1n, 4).node).to.equal(7n);
    const { node, inputs } = model.expectedOfSuccessor(1n, 4);
    expect([node, inputs[1]]).to.deep.equal([8n, seedOf(8n, 4)]);
    expect(inputs[0]).to.equal(model.expected(1n, 4).inputs[0]);
    expect(tell(4, "TakeOverProven", { node: 8n, epoch: 5n })).to.equal(undefined);
    expect(() => model.expectedOfSuccessor(1n, 4), "once is enough").to.throw(/nothing to prove/);
    expect(model.expected(1n, 4).node).to.equal(7n);
    expect(tell(5, "NodeSwitched", { node: 8n, fromEpoch: 5n })).to.equal(undefined);
    expect(model.expected(1n, 5).inputs[1]).to.equal(seedOf(8n, 5));
  });

  it("may not go for one that has not proven, was not named, or was for later", () => {
    const { tell } = holding();
    tell(3, "NodeAssigned", { node: 8n, fromEpoch: 4n });
    expect(tell(4, "NodeSwitched", { node: 8n, fromEpoch: 4n })).to.match(/without a proof/);
    expect(tell(5, "NodeSwitched", { node: 9n, fromEpoch: 5n })).to.match(
      /node 9 takes over without having been named/,
    );
    expect(tell(5, "TakeOverProven", { node: 9n, epoch: 6n })).to.match(
      /node 9 proves a take-over without having been named/,
    );
    tell(5, "NodeAssigned", { node: 8n, fromEpoch: 5n });
    expect(tell(5, "NodeSwitched", { node: 9n, fromEpoch: 5n })).to.match(
      /node 9 takes over without having been named/,
    );
    tell(6, "NodeAssigned", { node: 7n, fromEpoch: 7n });
    expect(tell(6, "NodeSwitched", { node: 7n, fromEpoch: 6n })).to.match(
      /node 7 takes over without having been named/,
    );
  });

  it("take over in no epoch before the one that was proven for", () => {
    const { tell } = holding();
    tell(3, "NodeAssigned", { node: 8n, fromEpoch: 4n });
    tell(4, "TakeOverProven", { node: 8n, epoch: 5n });
    expect(tell(4, "NodeSwitched", { node: 8n, fromEpoch: 4n })).to.match(
      /node 8 takes over without having been named/,
    );
  });

  it("go without a proof where nothing is paid for any more", () => {
    const { tell } = story();
    tell(1, "SegmentStored", store(0, 11n, 5, { end: 4 }));
    tell(3, "NodeAssigned", { node: 8n, fromEpoch: 4n });
    expect(tell(4, "NodeSwitched", { node: 8n, fromEpoch: 4n })).to.equal(undefined);
  });

  it("are the last one that was named, or nobody's if that was taken back", () => {
    const { model, tell } = holding();
    tell(3, "NodeAssigned", { node: 8n, fromEpoch: 4n });
    tell(3, "NodeAssigned", { node: 9n, fromEpoch: 4n });
    expect(model.expectedOfSuccessor(1n, 4).node).to.equal(9n);
    tell(4, "NodeAssigned", { node: 0n, fromEpoch: 0n });
    expect(() => model.expectedOfSuccessor(1n, 5)).to.throw(/nothing to prove/);
    expect(model.expected(1n, 5).node).to.equal(7n);
  });

  it("stay where the one that waits is dropped", () => {
    const { model, tell } = holding();
    tell(3, "NodeAssigned", { node: 8n, fromEpoch: 4n });
    expect(tell(7, "SyncDropped", { node: 8n, epoch: 6n })).to.equal(undefined);
    expect(() => model.expectedOfSuccessor(1n, 7)).to.throw(/nothing to prove/);
    expect(model.expected(1n, 7).node).to.equal(7n);
  });

  for (const name of ["Faulted", "SyncDropped", "Left"]) {
    it(`are nobody after ${name} until the next one is there, which needs no proof before`, () => {
      const { model, tell } = holding();
      expect(tell(5, name, { node: 7n, epoch: 4n })).to.equal(undefined);
      tell(5, "TookOver", { node: 9n, fromEpoch: 6n });
      expect(() => model.expected(1n, 5)).to.throw(/nothing to prove for vNode 1 in epoch 5/);
      expect(() => model.expectedOfSuccessor(1n, 6), "it proves as the node").to.throw(/nothing to prove/);
      expect(tell(6, "NodeSwitched", { node: 9n, fromEpoch: 6n })).to.equal(undefined);
      expect(model.expected(1n, 6).node).to.equal(9n);
      expect(tell(6, "TakeOverProven", { node: 9n, epoch: 6n }), "its first proof").to.equal(undefined);
      expect(tell(6, name, { node: 8n, epoch: 5n })).to.match(/node 8 is removed, but was not responsible/);
    });
  }
});

describe("verifier: the model", () => {
  it("takes the beacon that the cluster's terms of the epoch name", () => {
    const { model, tell } = story();
    tell(1, "SegmentStored", store(0, 11n, 5));
    const change = (beacon: bigint, fromEpoch: bigint): object => ({
      cluster: 1n,
      beacon,
      profile: 0n,
      fromEpoch,
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

  it("knows which challenges are open", () => {
    const { model, tell } = story();
    for (const id of [1n, 2n, 3n, 4n, 5n]) tell(Number(id), "Challenged", { id });
    for (const [i, name] of ["Answered", "Failed", "Voided", "Dismissed"].entries())
      tell(6, name, { id: BigInt(i + 1) });
    expect([...model.challenges]).to.deep.equal([[5n, 5]]);
  });

  it("expects nothing of an empty vNode or without randomness", () => {
    const { model, tell } = story();
    expect(() => model.expected(1n, 2)).to.throw(/nothing to prove/);
    tell(2, "SegmentStored", store(0, 11n, 5));
    expect(() => model.expected(1n, 25)).to.throw(/nothing to prove/);
  });

  it("keeps terms that hold from the epoch on in which others are announced", () => {
    const { model, tell } = story();
    tell(1, "SegmentStored", store(0, 11n, 5));
    const change = { cluster: 1n, profile: 2n };
    tell(2, "ClusterChanged", { ...change, beacon: 0n, fromEpoch: 3n });
    tell(3, "ClusterChanged", { ...change, beacon: 1n, fromEpoch: 6n });
    expect([2, 3, 4].map((epoch) => model.expected(1n, epoch).profile)).to.deep.equal([0, 2, 2]);
  });

  it("names its vNodes, and passes over what it does not know", () => {
    const { model, tell } = story();
    tell(1, "VNodeAdded", { vNode: 5n, cluster: 1n });
    expect(tell(1, "Withdrawn", { account: AUDITS })).to.equal(undefined);
    expect(tell(1, "BeaconRecorded", { beacon: 0n, epoch: 30n, randomness: randomness(30) })).to.equal(
      undefined,
    );
    expect(model.vNodes).to.deep.equal([1n, 5n]);
  });

  it("refuses events about a vNode or a cluster that was never made", () => {
    const { model, tell } = story();
    const corrupt = (work: () => unknown, words: RegExp): void => {
      expect(work).to.throw(HoldfastError, words).with.property("code", "corrupt");
    };
    const named = { vNode: 2n, node: 1n, fromEpoch: 2n };
    corrupt(() => tell(1, "NodeAssigned", named), /vNode 2, which was never added/);
    corrupt(() => tell(1, "VNodeAdded", { vNode: 2n, cluster: 9n }), /cluster 9, which was never created/);
    corrupt(() => model.expected(1n, 2), /nothing to prove for vNode 1 in epoch 2/);
    expect(() => model.expected(1n, 2))
      .to.throw(HoldfastError)
      .with.deep.property("details", { node: 7n, randomness: randomness(2), total: 0 });
  });
});
