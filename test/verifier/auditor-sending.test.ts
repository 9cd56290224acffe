// What the auditor sends, and in which order: it waits for no transaction, and beacons come first.
import { expect } from "chai";
import { EPOCH, looked, MARGIN, prove, world } from "../../evidence/world/audited.ts";
import { present } from "../../evidence/world/present.ts";
import { openState } from "../../verifier/state.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";

describe("verifier: what the auditor sends", () => {
  const never = new Promise<never>(() => undefined);
  const kinds = ({ sent }: ReturnType<typeof world>): string[] => sent.map(({ kind }) => kind);
  /** Many vNodes with something to settle and no other events. */
  const addVNodes = (one: ReturnType<typeof world>, count: number): void => {
    for (let id = 2n; id <= BigInt(count); id++) {
      one.mine(0, { name: "VNodeAdded", args: { vNode: id, cluster: 1n } });
      one.fake.states.set(id, { settled: 0, idle: false });
    }
  };

  it("holds up nothing else, if it is never mined, and is a trouble then", async () => {
    const one = world();
    one.fake.held = () => never;
    const auditor = one.start();
    prove(one);
    await auditor.tick();
    expect(one.recorded).to.have.length(1);
    expect(one.said("verified")).to.have.length(1);
    one.mine(3);
    await auditor.tick();
    expect(auditor.status.troubles).to.deep.equal([]);
    one.fake.late = ["beacon/0/2"];
    expect(auditor.status.troubles.join()).to.match(/beacon\/0\/2 has not been mined/);
    const running = auditor.run();
    one.ending.abort();
    await running;
  });

  it("ends at once with the auditor, even if an endpoint has not answered", async () => {
    for (const what of ["head", "events", "previews", "proofsIn"]) {
      const one = world();
      const auditor = one.start();
      prove(one);
      one.mine(3);
      one.fake.hangs = what;
      const running = auditor.run();
      await new Promise(setImmediate);
      one.ending.abort();
      await running;
    }
  });

  it("is a beacon before anything else is read", async () => {
    const one = world();
    const auditor = one.start();
    one.mine(3);
    one.fake.hangs = "events";
    void auditor.tick();
    await new Promise(setImmediate);
    expect(one.recorded.map(({ epoch }) => epoch)).to.deep.equal([3]);
    one.ending.abort();
  });

  it("is the next epoch's beacon, although the last one's is not mined", async () => {
    const one = world();
    one.fake.held = () => never;
    const auditor = one.start();
    for (const epoch of [3, 4]) {
      one.mine(epoch);
      await auditor.tick();
      await auditor.tick();
    }
    expect(one.recorded.map(({ epoch }) => epoch)).to.deep.equal([3, 4]);
  });

  it("is nothing but beacons shortly before a source point, and after it until they are on record", async () => {
    const one = world();
    const auditor = one.start();
    one.mineAt(3 * EPOCH + MARGIN - 1);
    await looked(auditor);
    expect(kinds(one)).to.deep.equal([]);
    const onRecord = Promise.withResolvers<undefined>();
    one.fake.held = ({ kind }) => (kind === "recordBeacon" ? onRecord.promise : undefined);
    one.mine(3);
    await auditor.tick();
    expect(kinds(one)).to.deep.equal(["recordBeacon"]);
    onRecord.resolve(undefined);
    await looked(auditor);
    expect(kinds(one)).to.deep.equal(["recordBeacon", "settle"]);
  });

  it("is not held up for long by a beacon that nobody mines", async () => {
    const one = world();
    const auditor = one.start();
    one.fake.held = ({ kind }) => (kind === "recordBeacon" ? never : undefined);
    one.mineAt(3 * EPOCH + MARGIN + 2);
    await auditor.tick();
    expect(kinds(one)).to.deep.equal(["recordBeacon", "settle"]);
  });

  it("settles many vNodes at once, in few transactions, and eight of them at a time", async () => {
    const one = world();
    const auditor = one.start();
    addVNodes(one, 200);
    one.fake.settleGas = 1_000_000n;
    one.mineAt(3 * EPOCH + MARGIN + 2);
    const mined = Promise.withResolvers<undefined>();
    one.fake.held = () => mined.promise;
    await auditor.tick();
    const settles = (): number => kinds(one).filter((kind) => kind === "settle").length;
    expect(settles()).to.equal(8);
    mined.resolve(undefined);
    for (let i = 0; i < 5; i++) await looked(auditor);
    expect(settles(), "9 million gas each").to.equal(Math.ceil(200 / 9));
    expect(new Set(one.settlements).size).to.equal(200);
  });

  it("settles once an epoch, and tells what could not be", async () => {
    const one = world();
    const auditor = one.start();
    one.fake.down = "settle";
    one.mineAt(3 * EPOCH + MARGIN + 2);
    await looked(auditor);
    await looked(auditor);
    expect(one.settlements).to.deep.equal([1n]);
    expect(auditor.status.troubles.join()).to.match(/settling 1 vNodes: the chain is down/);
    one.fake.down = undefined;
    one.mineAt(4 * EPOCH + MARGIN + 2);
    await looked(auditor);
    expect(one.settlements).to.deep.equal([1n, 1n]);
    expect(auditor.status.troubles).to.deep.equal([]);
  });

  it("settles nothing while what it sent before a crash is on its way", async () => {
    const one = world();
    const state = openState(":memory:");
    const transaction = { key: "settle/2/1/0", nonce: 0, attempts: [], tries: 1 };
    state.transactions.setTransaction({ ...transaction, state: "sent" });
    const auditor = one.start(state);
    one.mineAt(3 * EPOCH + MARGIN + 2);
    await looked(auditor);
    expect(one.settlements).to.deep.equal([]);
    state.transactions.setTransaction({ ...transaction, state: "mined" });
    await looked(auditor);
    expect(one.settlements).to.deep.equal([1n]);
  });

  it("spends on what pays nothing as much as the cluster's proofs bring, also after a restart", async () => {
    const one = world();
    const state = openState(":memory:");
    Object.assign(one.fake, { reward: 0n, settleGas: 20_000n });
    prove(one);
    for (const [epoch, settlements] of [
      [3, 1],
      [4, 1],
    ] as const) {
      const auditor = one.start(state);
      one.mineAt(epoch * EPOCH + MARGIN + 2);
      await looked(auditor);
      expect(one.settlements, `epoch ${epoch}`).to.have.length(settlements);
    }
  });

  it("settles nothing where nothing is paid, unless it is told to settle all", async () => {
    const one = world();
    one.fake.reward = 0n;
    one.mineAt(3 * EPOCH + MARGIN + 2);
    await looked(one.start());
    expect(one.settlements).to.deep.equal([]);
    await looked(one.start(openState(":memory:"), "none"));
    expect(one.settlements).to.deep.equal([]);
    await looked(one.start(openState(":memory:"), "all"));
    expect(one.settlements).to.deep.equal([1n]);
  });

  it("takes 150,000 events at once", async function () {
    this.timeout(20_000);
    const one = world();
    const auditor = one.start();
    one.mine(1);
    const { events, timestamp } = present(one.blocks.at(-1));
    for (let i = 0; i < 150_000; i++)
      events.push({ name: "Deposited", args: {}, block: 1, transaction: `0x${i}`, timestamp });
    await looked(auditor);
    expect(auditor.status.troubles).to.deep.equal([]);
    expect(auditor.status.block).to.equal(1);
  });

  it("is of one account, chain and deployment: its records are refused to another", async () => {
    const state = openState(":memory:");
    const own = { chainId: 1n, audits: "0x01", account: "0x02" };
    state.claim(own);
    state.claim(own);
    const refusal = await holdfastErrorOf(
      Promise.resolve().then(() => state.claim({ ...own, account: "0x03" })),
    );
    expect(refusal).to.include({ code: "bad-input" });
  });
});
