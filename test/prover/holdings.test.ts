// Directories rebuilt from events: in order, at two times, through resets and reorganizations.
import { expect } from "chai";
import { pino } from "pino";
import { toHex32 } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
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
  const [a, b, c] = [toHex32(11n), toHex32(12n), toHex32(13n)];
  let chain: FakeChain;
  let holdings: Holdings;
  const create = (): Holdings =>
    createHoldings(
      { directoryDepth: PROFILES.tiny.directoryDepth, fromBlock: 0 },
      { chain, log: pino({ level: "silent" }) },
    );
  beforeEach(() => {
    chain = createFakeChain();
    holdings = create();
  });
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
    chain.emit("SegmentExtended", { vNode: VNODE, bucket: BUCKET, serial: 0n, end: 12n });
    chain.emit("SegmentEndedEarly", { vNode: VNODE, bucket: BUCKET, serial: 1n, end: 7n });
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

  it("counts serials from the last reset", async () => {
    chain.store({ root: a, leaves: 5 });
    chain.retireNow(0);
    chain.emit("DirectoryReset", { vNode: VNODE });
    chain.emit("SegmentStored", {
      ...{ vNode: VNODE, bucket: BUCKET, serial: 1n, root: b, leaves: 3n, end: 9n },
    });
    await holdings.update();
    const { directory, holdings: entries } = holdings.latest(VNODE);
    expect(entries.map(({ serial, root }) => [serial, root])).to.deep.equal([[1, b]]);
    expect(directory.total).to.equal(3);
  });

  it("reads everything again when the last block is no longer on the chain", async () => {
    chain.store({ root: a, leaves: 5 });
    await holdings.update();
    const named = { name: "NodeAssigned", args: { vNode: VNODE, node: NODE } };
    const args = { vNode: VNODE, bucket: BUCKET, serial: 0n, root: c, leaves: 4n, end: 9n };
    chain.reorganize([
      { ...named, block: 1, timestamp: 100 },
      { name: "SegmentStored", args, block: 2, timestamp: 100 },
    ]);
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
    chain.emit("SegmentStored", {
      ...{ vNode: VNODE, bucket: BUCKET, serial: 1n, root: b, leaves: 3n, end: 9n },
    });
    await holdings.update();
    const error = await errorOf(Promise.resolve().then(() => holdings.latest(VNODE)));
    expect(error.message).to.include("incomplete");
  });

  it("knows who holds a segment of a bucket until all its entries are retired", async () => {
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
