// Directories rebuilt from events: in order, at two times, through resets and reorganizations.
import { expect } from "chai";
import { pino } from "pino";
import { isIncomplete } from "../../chain/follow.ts";
import { Directory } from "../../protocol/directory.ts";
import { toHex32, type Hex } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import type { Contents } from "../../prover/history.ts";
import { createHoldings, type Holdings } from "../../prover/holdings.ts";
import { errorOf } from "../helpers/errors.ts";
import {
  BUCKET,
  CLUSTER,
  createFakeChain,
  NODE,
  OPERATOR,
  PEER,
  VNODE,
  type FakeChain,
} from "../helpers/fake-chain.ts";

describe("prover: holdings", () => {
  const [a, b, c, d] = [11n, 12n, 13n, 14n].map(toHex32) as [Hex, Hex, Hex, Hex];
  const stored = (change: object): Record<string, unknown> => ({
    vNode: VNODE,
    bucket: BUCKET,
    serial: 0n,
    root: b,
    start: 0n,
    leaves: 3n,
    perEpoch: 12n,
    from: 6n,
    end: 9n,
    ...change,
  });
  let chain: FakeChain;
  let holdings: Holdings;
  const create = (): Holdings =>
    createHoldings(
      { node: NODE, directoryDepth: PROFILES.tiny.directoryDepth, fromBlock: 0 },
      { chain, log: pino({ level: "silent" }) },
    );
  beforeEach(() => {
    chain = createFakeChain();
    holdings = create();
  });
  /** The same as `stored`. */
  const directoryOf = (root: Hex, leaves: number): Directory => {
    const made = new Directory(PROFILES.tiny.directoryDepth);
    made.append({ root: BigInt(root), weight: 3, leaves });
    return made;
  };
  const contractSays = ({ root, total, entries }: Directory): void => {
    chain.directoryAt = () => Promise.resolve({ root, total, count: entries.length });
  };
  const toEpoch = (epoch: number): void => void (chain.time = epoch * chain.epochSeconds);

  it("agrees with the contract after segments are stored and retired", async () => {
    chain.store({ root: a, leaves: 5 });
    await holdings.update();
    chain.store({ root: b, leaves: 3 });
    chain.retireNow(0);
    await holdings.update();
    const { directory, holdings: entries } = holdings.latest(VNODE);
    expect(directory.root).to.equal((await chain.directory(VNODE)).root);
    expect(entries.map(({ root, retired }) => [root, retired])).to.deep.equal([
      [a, true],
      [b, false],
    ]);
  });

  it("knows how long a segment is paid for, after it was extended and ended early", async () => {
    chain.store({ root: a, leaves: 5, end: 9 });
    chain.store({ root: b, leaves: 5, end: 9 });
    chain.reschedule(0, 12);
    chain.reschedule(1, 7);
    await holdings.update();
    const { directory, holdings: entries } = holdings.latest(VNODE);
    expect(entries.map(({ end, retired }) => [end, retired])).to.deep.equal([
      [12, false],
      [7, false],
    ]);
    expect(directory.root).to.equal((await chain.directory(VNODE)).root);
  });

  it("keeps the directory as it stood when the epoch began", async () => {
    chain.store({ root: a, leaves: 5 });
    toEpoch(6);
    chain.store({ root: b, leaves: 3 });
    chain.retireNow(0);
    await holdings.update();
    for (const epoch of [6, 7, 6]) {
      toEpoch(epoch);
      const { directory } = holdings.atStartOf(VNODE, epoch);
      const duty = await chain.duty(VNODE, epoch);
      expect([directory.root, directory.total]).to.deep.equal([duty?.root, duty?.total]);
    }
  });

  it("weighs entries by what they pay, in the cluster's quanta", async () => {
    chain.store({ root: a, leaves: 5, weight: 1 });
    chain.store({ root: b, leaves: 3, weight: 1_000 });
    await holdings.update();
    const { directory, holdings: entries } = holdings.latest(VNODE);
    expect(directory.entries.map(({ start, weight }) => [start, weight])).to.deep.equal([
      [0, 1],
      [1, 1_000],
    ]);
    expect(entries.map(({ perEpoch }) => perEpoch)).to.deep.equal([4n, 4_000n]);
    expect(directory.root).to.equal((await chain.directory(VNODE)).root);
  });

  it("counts serials on, and places from 0, after a reset", async () => {
    chain.store({ root: a, leaves: 5 });
    chain.retireNow(0);
    chain.emit("DirectoryReset", { vNode: VNODE });
    chain.emit("SegmentStored", stored({ serial: 1n, root: b, leaves: 3n, perEpoch: 12n }));
    contractSays(directoryOf(b, 3));
    await holdings.update();
    const { directory, holdings: entries } = holdings.latest(VNODE);
    expect(entries.map(({ serial, root }) => [serial, root])).to.deep.equal([[1, b]]);
    expect(directory.total).to.equal(3);
  });

  describe("compaction", () => {
    /** a is live, b has ended, c was retired, d is live by an extension; it is epoch 6. */
    beforeEach(async () => {
      for (const [root, end] of [
        [a, 9],
        [b, 6],
        [c, 6],
        [d, 6],
      ] as const)
        chain.store({ root, leaves: 5, end });
      chain.reschedule(3, 9);
      toEpoch(6);
      chain.retireNow(2);
      await holdings.update();
    });
    const serials = ({ holdings: entries }: Contents): number[] => entries.map(({ serial }) => serial);

    it("leaves what has not ended, in the order of serials, and agrees with the contract", async () => {
      chain.compactNow();
      await holdings.update();
      const contents = holdings.latest(VNODE);
      expect(serials(contents)).to.deep.equal([0, 3]);
      const { root, total } = await chain.directory(VNODE);
      expect([contents.directory.root, contents.directory.total]).to.deep.equal([root, total]);
      expect(total).to.equal(10);
      for (const gone of [b, c]) expect(holdings.holdersOf(BUCKET, gone)).to.deep.equal([]);
      for (const kept of [a, d]) expect(holdings.holdersOf(BUCKET, kept)).to.deep.equal([VNODE]);
    });

    it("counts from the next epoch on: the running one, and a challenge, ask about the old tree", async () => {
      const id = chain.challengeNow();
      toEpoch(7);
      const before = await chain.directory(VNODE);
      chain.compactNow();
      await holdings.update();
      expect(holdings.atStartOf(VNODE, 7).directory.root).to.equal(before.root);
      expect(holdings.atChallenge(VNODE, id)?.directory.root).to.equal(before.root);
      expect(serials(holdings.atStartOf(VNODE, 8))).to.deep.equal([0, 3]);
      chain.emit("Dismissed", { id, vNode: VNODE, node: NODE });
      await holdings.update();
      expect(holdings.atChallenge(VNODE, id)).to.equal(undefined);
      expect(holdings.atStartOf(VNODE, 7).holdings).to.have.lengthOf(4);
    });

    it("goes on with serials, places and all that happens to what is left", async () => {
      chain.compactNow();
      const serial = chain.store({ root: b, leaves: 2, weight: 7 });
      expect(serial).to.equal(4);
      chain.reschedule(3, 20);
      toEpoch(9);
      chain.retireNow(0);
      await holdings.update();
      const { directory, holdings: entries } = holdings.latest(VNODE);
      expect(entries.map(({ serial: s, end, retired }) => [s, end, retired])).to.deep.equal([
        [0, 9, true],
        [3, 20, false],
        [4, 1_000, false],
      ]);
      expect(directory.root).to.equal((await chain.directory(VNODE)).root);
      chain.compactNow();
      await holdings.update();
      expect(serials(holdings.latest(VNODE))).to.deep.equal([3, 4]);
      expect(holdings.latest(VNODE).directory.root).to.equal((await chain.directory(VNODE)).root);
    });

    it("takes the epoch in which it began for what has ended, however late it is done", async () => {
      const { directory } = holdings.latest(VNODE);
      chain.emit("CompactionStarted", { vNode: VNODE, lastEnd: 7n });
      const fresh = new Directory(directory.depth);
      for (const root of [a, d]) fresh.append({ root: BigInt(root), weight: 5, leaves: 5 });
      contractSays(fresh);
      toEpoch(9); // all has ended by now
      const root = toHex32(fresh.root);
      chain.emit("Compacted", { vNode: VNODE, entries: 2n, total: 10n, root });
      await holdings.update();
      expect(serials(holdings.latest(VNODE))).to.deep.equal([0, 3]);
    });

    it("keeps the tree when one is given up, and takes the next one's beginning", async () => {
      chain.emit("CompactionStarted", { vNode: VNODE, lastEnd: 6n });
      await holdings.update();
      expect(holdings.latest(VNODE).holdings).to.have.lengthOf(4);
      toEpoch(9);
      chain.compactNow();
      await holdings.update();
      expect(holdings.latest(VNODE).directory.root).to.equal((await chain.directory(VNODE)).root);
      expect(serials(holdings.latest(VNODE))).to.deep.equal([]);
    });

    for (const wrong of [{ entries: 3n }, { total: 9n }, { root: a }]) {
      it(`refuses one with another ${Object.keys(wrong).join()} than its entries make`, async () => {
        const { shown } = chain;
        chain.shown = (event) =>
          event.name === "Compacted" ? { ...event, args: { ...event.args, ...wrong } } : event;
        chain.compactNow();
        expect(isIncomplete(await errorOf(holdings.update()))).to.equal(true);
        chain.shown = shown;
        await holdings.update();
        expect(serials(holdings.latest(VNODE))).to.deep.equal([0, 3]);
      });
    }
  });

  describe("when an endpoint leaves events out", () => {
    /** The contract has them. */
    const MADE: Readonly<Record<string, () => void>> = {
      ClusterCreated: () => chain.emit("ClusterCreated", { cluster: 9n, quantumBits: 2n }),
      NodeRegistered: () => chain.emit("NodeRegistered", { node: NODE }),
      VNodeAdded: () => chain.emit("VNodeAdded", { vNode: 8n, cluster: CLUSTER }),
      NodeAssigned() {
        chain.emit("NodeAssigned", { vNode: 8n, node: NODE, fromEpoch: 7n });
        chain.assignments = () => Promise.resolve([{ vNode: 8n, node: 0n, next: NODE }]);
        const directoryAt = chain.directoryAt.bind(chain);
        chain.directoryAt = (vNode, at) =>
          vNode === VNODE ? directoryAt(vNode, at) : Promise.resolve({ root: EMPTY, total: 0, count: 0 });
      },
      SegmentStored: () => void chain.store({ root: c, leaves: 5 }),
      SegmentRetired: () => chain.retireNow(0),
      Challenged: () => void chain.challengeNow(),
      CompactionStarted: () => chain.compactNow(),
      Compacted: () => chain.compactNow(),
    };
    const EMPTY = new Directory(PROFILES.tiny.directoryDepth).root;
    beforeEach(() => {
      chain.store({ root: a, leaves: 5 });
      chain.store({ root: b, leaves: 5, end: 6 });
    });
    for (const [name, make] of Object.entries(MADE)) {
      const refusesWithout = async (): Promise<void> => {
        const { shown } = chain;
        const old = chain.history().length;
        make();
        const added = chain.history().slice(old);
        chain.shown = (event) => (event.name === name && added.includes(event) ? [] : event);
        expect(isIncomplete(await errorOf(holdings.update()))).to.equal(true);
        chain.shown = shown;
        await holdings.update();
        expect(holdings.latest(VNODE).directory.root).to.equal((await chain.directory(VNODE)).root);
      };
      it(`does not begin without ${name}`, refusesWithout);
      it(`does not go into another epoch without ${name}`, async () => {
        await holdings.update();
        toEpoch(6);
        await refusesWithout();
      });
    }
  });

  it("reads everything again when the last block is no longer on the chain", async () => {
    chain.store({ root: a, leaves: 5 });
    await holdings.update();
    const named = { name: "NodeAssigned", args: { vNode: VNODE, node: NODE } };
    const args = stored({ serial: 0n, root: c, leaves: 4n });
    const added = { name: "VNodeAdded", args: { vNode: VNODE, cluster: CLUSTER } };
    const created = { name: "ClusterCreated", args: { cluster: CLUSTER, quantumBits: 2n } };
    chain.reorganize([
      ...[created, added, named].map((event) => ({ ...event, block: 1, timestamp: 100 })),
      { name: "SegmentStored", args, block: 2, timestamp: 100 },
    ]);
    contractSays(directoryOf(c, 4));
    // A shorter chain cannot be told from a server that lags.
    for (let i = 0; i < 10; i++) chain.emit("BucketTransferred", { bucket: BUCKET });
    await holdings.update();
    expect(holdings.latest(VNODE).holdings.map(({ root }) => root)).to.deep.equal([c]);
    expect(holdings.holdersOf(BUCKET, a)).to.deep.equal([]);
  });

  it("takes in each event once, however many ask at a time", async () => {
    chain.store({ root: a, leaves: 5 });
    await Promise.all([holdings.update(), holdings.update(), holdings.update()]);
    expect(holdings.latest(VNODE).holdings).to.have.lengthOf(1);
  });

  it("refuses a history with a gap", async () => {
    chain.emit("SegmentStored", stored({ serial: 1n }));
    expect(isIncomplete(await errorOf(holdings.update()))).to.equal(true);
  });

  it("refuses an entry that does not begin where the one before ends, and one of an unknown cluster", async () => {
    chain.emit("SegmentStored", stored({ serial: 0n, start: 1n }));
    expect(isIncomplete(await errorOf(holdings.update()))).to.equal(true);
  });

  it("takes in nothing twice when it could not take in all of it", async () => {
    chain.store({ root: a, leaves: 5 });
    chain.emit("VNodeAdded", { vNode: 8n, cluster: CLUSTER });
    chain.store({ root: b, leaves: 5, vNode: 8n });
    const { shown } = chain;
    chain.shown = (event) => (event.name === "VNodeAdded" && event.args["vNode"] === 8n ? [] : event);
    expect(isIncomplete(await errorOf(holdings.update()))).to.equal(true);
    chain.shown = shown;
    await holdings.update();
    expect(holdings.latest(VNODE).holdings).to.have.lengthOf(1);
  });

  it("knows who holds a segment of a bucket until all its entries are retired", async () => {
    chain.emit("VNodeAdded", { vNode: 8n, cluster: CLUSTER });
    chain.store({ root: a, leaves: 5 });
    chain.store({ root: a, leaves: 5 });
    chain.store({ root: a, leaves: 5, bucket: BUCKET + 1n });
    chain.store({ root: a, leaves: 5, vNode: 8n });
    await holdings.update();
    expect(holdings.holdersOf(BUCKET, a)).to.deep.equal([VNODE, 8n]);
    chain.retireNow(0);
    await holdings.update();
    expect(holdings.holdersOf(BUCKET, a)).to.deep.equal([VNODE, 8n]);
    chain.retireNow(1);
    await holdings.update();
    expect(holdings.holdersOf(BUCKET, a)).to.deep.equal([8n]);
  });

  it("knows who was named for a vNode, its cluster, who operates a node, and the last proof", async () => {
    chain.emit("TookOver", { vNode: VNODE, node: PEER });
    chain.emit("Proven", { vNode: VNODE, node: PEER, epoch: 4n });
    await holdings.update();
    expect([holdings.namedFor(NODE), holdings.namedFor(PEER)]).to.deep.equal([[VNODE], [VNODE]]);
    expect(holdings.clusterOf(VNODE)).to.equal(CLUSTER);
    expect(holdings.operatedBy(OPERATOR.address)).to.deep.equal([NODE]);
    expect(holdings.lastProven(VNODE)).to.equal(4);
  });
});
