// The alarm when an acceptance is used that the node did not sign, and cases that must not raise it.
import { expect } from "chai";
import { toHex32 } from "../../protocol/field.ts";
import { extendingOf, storingOf } from "../../prover/consents.ts";
import { isHealthy } from "../../prover/status.ts";
import type { NodeStatus } from "../../prover/status.ts";
import { createWatch } from "../../prover/watch.ts";
import { createDutyBench, type DutyBench } from "../helpers/duty-bench.ts";
import { BUCKET, NODE, OPERATOR, PEER, STRANGER, VNODE, type FakeChain } from "../helpers/fake-chain.ts";
import { useFolder } from "../helpers/folder.ts";

describe("prover: watch", () => {
  const folder = useFolder();
  const root = toHex32(7n);
  const acceptSeconds = 10;
  let bench: DutyBench;
  let chain: FakeChain;

  beforeEach(async () => {
    bench = await createDutyBench(folder());
    ({ chain } = bench);
    bench.journal.beganAt(80);
    chain.time = 100;
  });
  afterEach(() => bench.end());

  /** The events that a node sees when it starts now. */
  const look = async (): Promise<NodeStatus> => {
    const { journal, logs } = bench;
    const began = journal.beganAt(chain.time);
    const watch = createWatch({ node: NODE, acceptSeconds, began }, { journal, log: logs.log });
    const duties = bench.create({ repairLost: false }, {}, watch);
    await bench.lookOnce(duties);
    return duties.status;
  };
  const alarms = (): number => bench.linesOf("foreign acceptance").length;
  /** Signs like the node, for a segment of 5 leaves that ends with epoch 9. */
  const sign = (consents: string[]): bigint =>
    bench.journal.recordAcceptance({
      vNode: VNODE,
      bucket: BUCKET,
      epochs: 3n,
      rent: 1n,
      deadline: 200n,
      segments: [{ root, leaves: 5 }],
      consents,
    });
  const terms = { vNode: VNODE, bucket: BUCKET, root, leaves: 5, perEpoch: 20n, epochs: 3 };
  const store = (): number => chain.store({ root, leaves: 5, end: 9 });

  it("is silent about what was signed, as often as it was, also after a restart", async () => {
    sign([storingOf(terms)]);
    sign([storingOf(terms)]);
    store();
    store();
    expect((await look()).alarm).to.equal(undefined);
    await bench.restart();
    expect((await look()).alarm).to.equal(undefined);
    expect(alarms()).to.equal(0);
  });

  it("is raised by one use more than was signed, loudly, once, and until the key is another", async () => {
    sign([storingOf(terms)]);
    store();
    store();
    const status = await look();
    expect(status.alarm?.foreign).to.have.lengthOf(1);
    expect(status.alarm?.foreign[0]).to.include({ vNode: VNODE, serial: 1, operator: OPERATOR.address });
    expect(status.alarm?.advice).to.match(/revokeAcceptances/);
    expect(isHealthy(status)).to.equal(false);
    expect(await bench.metrics.text()).to.match(/holdfast_foreign_acceptances 1\n/);
    await look();
    expect(alarms()).to.equal(1);
    expect(bench.linesOf("the operator's key may be stolen")).to.have.lengthOf(2); // once a start, and an epoch
    expect(bench.linesOf("foreign acceptance")[0]).to.include({
      vNode: 7,
      serial: 1,
      event: "SegmentStored",
    });
    Object.assign(chain, { operator: STRANGER.address });
    expect((await look()).alarm).to.equal(undefined);
  });

  for (const change of [
    { bucket: 6n },
    { leaves: 4 },
    { perEpoch: 24n },
    { epochs: 4 },
    { root: toHex32(8n) },
    { vNode: 8n },
  ]) {
    it(`is raised by other terms than those that were signed: ${Object.keys(change).join()}`, async () => {
      sign([storingOf({ ...terms, ...change })]);
      store();
      expect((await look()).alarm?.foreign).to.have.lengthOf(1);
    });
  }

  it("looks at extensions likewise, from wherever the end was", async () => {
    sign([storingOf(terms), extendingOf({ vNode: VNODE, serial: 0, epochs: 2 })]);
    store();
    chain.reschedule(0, 11);
    chain.reschedule(0, 8);
    expect((await look()).alarm).to.equal(undefined);
    chain.reschedule(0, 10);
    expect((await look()).alarm?.foreign.map(({ serial }) => serial)).to.deep.equal([0]);
  });

  it("is not raised by what is stored while another node answers", async () => {
    chain.emit("NodeAssigned", { vNode: VNODE, node: PEER, fromEpoch: 6n });
    chain.emit("NodeSwitched", { vNode: VNODE, node: PEER, fromEpoch: 6n });
    store();
    chain.emit("NodeAssigned", { vNode: VNODE, node: NODE, fromEpoch: 7n });
    expect((await look()).alarm).to.equal(undefined);
    chain.emit("NodeSwitched", { vNode: VNODE, node: NODE, fromEpoch: 7n });
    store();
    expect((await look()).alarm?.foreign.map(({ serial }) => serial)).to.deep.equal([1]);
  });

  it("is not raised by what a journal that was lost had signed: before the new one began, or could be used after", async () => {
    for (const time of [80, 90]) {
      chain.time = time;
      store();
      expect((await look()).alarm).to.equal(undefined);
    }
    chain.time = 91;
    store();
    expect((await look()).alarm?.foreign).to.have.lengthOf(1);
  });

  it("does not take an old use of the same terms for one of what was signed since", async () => {
    chain.time = 80;
    chain.store({ root, leaves: 5, end: 8 });
    await look();
    chain.time = 100;
    sign([storingOf(terms)]);
    store();
    expect((await look()).alarm).to.equal(undefined);
  });

  it("counts anew when the events are read again after a reorganization", async () => {
    sign([storingOf(terms)]);
    store();
    const { journal, logs } = bench;
    const watch = createWatch({ node: NODE, acceptSeconds, began: 80 }, { journal, log: logs.log });
    const duties = bench.create({}, {}, watch);
    await bench.lookOnce(duties);
    chain.reorganize(chain.history().map((event, i) => ({ ...event, block: i + 1 })));
    await bench.lookOnce(duties);
    expect(duties.status.alarm).to.equal(undefined);
  });
});
