// The proving loop with a chain, a disk, a pool and peers that fail when told to.
import { expect } from "chai";
import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Hex } from "../../protocol/field.ts";
import type { CircuitInput } from "../../protocol/statement.ts";
import type { Duties, DutyModules, DutyOptions } from "../../prover/duties.ts";
import { createDutyBench, type DutyBench } from "../helpers/duty-bench.ts";
import { NODE, PEER, VNODE, type FakeChain } from "../helpers/fake-chain.ts";
import type { FakeClock } from "../helpers/fake-clock.ts";
import { useFolder } from "../helpers/folder.ts";
import { isHealthy } from "../../prover/status.ts";
import type { LogLine } from "../helpers/logs.ts";
import { resultFor } from "../helpers/results.ts";
import { testSegment } from "../helpers/segments.ts";

describe("prover: duties", () => {
  const folder = useFolder();
  let bench: DutyBench;
  let chain: FakeChain;
  let clock: FakeClock;
  let proved: CircuitInput[];
  let root: Hex;

  beforeEach(async () => {
    bench = await createDutyBench(folder());
    ({ chain, clock, asked: proved } = bench);
    root = await put(1);
    chain.time = 80;
    chain.store({ root, leaves: 5 });
    chain.time = 100;
  });
  afterEach(() => bench.end());

  const put = (tag: number): Promise<Hex> => bench.put(tag);
  const create = (modules: Partial<DutyModules> = {}, options: Partial<DutyOptions> = {}): Duties =>
    bench.create(options, modules);
  const lookOnce = (duties: Duties): Promise<void> => bench.lookOnce(duties);
  const provenBy = (): number[] => chain.mined.flatMap((call) => (call.kind === "prove" ? [call.epoch] : []));
  /** Past every wait after a failure. */
  const later = (): void => void (clock.time += 60_000);
  const linesOf = (msg: string): LogLine[] => bench.linesOf(msg);

  describe("proving", () => {
    it("proves what is due, once, however often it looks and whatever the chain says", async () => {
      const duties = create();
      await duties.look();
      await lookOnce(duties);
      chain.provenEpochs.clear(); // as an RPC that lags behind has it
      await lookOnce(duties);
      expect(provenBy()).to.deep.equal([5]);
      expect(proved).to.have.lengthOf(1);
      expect(bench.journal.proof(VNODE, 5)?.state).to.equal("mined");
      expect(linesOf("proven")[0]).to.include({
        vNode: 7,
        epoch: 5,
        samples: 2,
        witnessMs: 1,
        proveMs: 2,
        gasUsed: 21_000,
      });
    });

    it("proves the next epoch as well", async () => {
      const duties = create();
      await lookOnce(duties);
      chain.time = 120;
      await lookOnce(duties);
      expect(provenBy()).to.deep.equal([5, 6]);
    });

    it("proves the directory as it stood when the epoch began", async () => {
      chain.store({ root: await put(2), leaves: 5 });
      await lookOnce(create());
      expect(proved[0]?.["length"]).to.equal(5n);
      expect(provenBy()).to.deep.equal([5]);
    });

    it("proves nothing after the deadline, for another node, in epoch 0, when not due, or with nothing stored", async () => {
      const duty = chain.duty.bind(chain);
      for (const change of [
        { node: 9n },
        { total: 0 },
        { deadline: 100 },
        { due: false },
        { proven: true },
      ]) {
        chain.duty = async (vNode, epoch) => {
          const d = await duty(vNode, epoch);
          return d && { ...d, ...change };
        };
        await lookOnce(create());
      }
      expect(proved).to.deep.equal([]);
      expect(chain.signed).to.deep.equal([]);
    });

    it("sends no proof that does not hold, or that is about something else", async () => {
      await lookOnce(create({ verify: () => Promise.resolve(false) }));
      const other = {
        prove: (input: unknown) =>
          Promise.resolve({ ...resultFor(input as CircuitInput), publicSignals: ["1"] }),
      };
      await lookOnce(create({ pool: { ...other, close: () => Promise.resolve() } }));
      expect(chain.signed).to.deep.equal([]);
      expect(bench.journal.proof(VNODE, 5)?.state).to.equal("planned");
    });

    it("tries again, a little later, after the pool failed", async () => {
      let failures = 1;
      const duties = create({
        pool: {
          prove: (input) =>
            failures-- > 0
              ? Promise.reject(new HoldfastError("unreachable", "the proving thread died or hung twice"))
              : Promise.resolve(resultFor(input as CircuitInput)),
          close: () => Promise.resolve(),
        },
      });
      await lookOnce(duties);
      await lookOnce(duties);
      expect(provenBy()).to.deep.equal([]);
      later();
      await lookOnce(duties);
      expect(provenBy()).to.deep.equal([5]);
    });

    it("takes an epoch that somebody else has proven for proven", async () => {
      const duty = chain.duty.bind(chain);
      chain.duty = async (...args) => {
        const d = await duty(...args); // from an RPC that lags behind
        return d && { ...d, proven: false };
      };
      const duties = create({
        verify: () => {
          chain.provenEpochs.add(5);
          return Promise.resolve(true);
        },
      });
      await lookOnce(duties);
      expect(chain.signed).to.deep.equal([]);
      expect(bench.journal.proof(VNODE, 5)?.state).to.equal("mined");
    });

    it("reads the events again when they do not lead to the contract's directory", async () => {
      const events = chain.events.bind(chain);
      chain.events = async (from, to) =>
        (await events(from, to)).filter(({ name }) => name !== "SegmentStored");
      const duties = create();
      await lookOnce(duties);
      expect(proved).to.deep.equal([]);
      chain.events = events;
      later();
      await lookOnce(duties);
      expect(provenBy()).to.deep.equal([5]);
    });
  });

  describe("when data is lost", () => {
    it("alerts once, sends nothing, and proves as soon as the segment is back", async () => {
      const duties = create();
      await bench.store.remove(root);
      await lookOnce(duties);
      await lookOnce(duties);
      expect(linesOf("missing")).to.have.lengthOf(1);
      expect(linesOf("missing")[0]).to.include({ vNode: 7, epoch: 5, root, reason: "not-found" });
      expect(chain.signed).to.deep.equal([]);
      await put(1);
      await lookOnce(duties);
      expect(provenBy()).to.deep.equal([5]);
    });

    it("sends nothing for data that is damaged", async () => {
      await truncate(join(folder(), "segments", root.slice(2)), 10);
      await lookOnce(create());
      expect(linesOf("missing")[0]).to.include({ reason: "corrupt" });
      expect(proved).to.deep.equal([]);
    });

    it("fetches it again, unless it is told not to trust the disk", async () => {
      await bench.store.remove(root);
      const asked: Hex[] = [];
      const repair = (_vNode: bigint, holding: { root: Hex }): Promise<void> => {
        asked.push(holding.root);
        return Promise.resolve();
      };
      await lookOnce(create({ repair }, { repairLost: false }));
      expect(asked).to.deep.equal([]);
      await lookOnce(create({ repair }));
      expect(asked).to.deep.equal([root]);
    });
  });

  it("fetches what a vNode must hold that was just given to it, before it answers for it", async () => {
    const asked: Hex[] = [];
    const [duty, state] = [chain.duty.bind(chain), chain.state.bind(chain)];
    const segment = testSegment(1_000, 3);
    chain.store({ root: segment.root, leaves: segment.leaves });
    chain.duty = async (...args) => {
      const d = await duty(...args);
      return d && { ...d, node: PEER };
    };
    chain.state = async (vNode) => ({ ...(await state(vNode)), node: PEER, nextNode: NODE, nextSince: 6 });
    const duties = create({
      repair: (_vNode, holding) => {
        asked.push(holding.root);
        return Promise.resolve();
      },
    });
    await lookOnce(duties);
    expect(asked).to.deep.equal([segment.root]);
    expect(proved).to.deep.equal([]);
    expect(duties.status.vNodes).to.have.lengthOf(1);
  });

  it("fetches what was retired in this epoch, which still asks about it", async () => {
    await bench.store.remove(root);
    chain.retireNow(0);
    const asked: Hex[] = [];
    const repair = (_vNode: bigint, holding: { root: Hex }): Promise<void> => {
      asked.push(holding.root);
      return Promise.resolve();
    };
    await lookOnce(create({ repair }));
    expect(asked).to.deep.equal([root]);
  });

  it("records the randomness itself, late in the window and once", async () => {
    chain.randomness = undefined;
    const duties = create();
    chain.time = 111;
    await lookOnce(duties);
    expect(chain.mined).to.deep.equal([]);
    chain.time = 112;
    await lookOnce(duties);
    await lookOnce(duties);
    expect(chain.mined.map(({ kind }) => kind)).to.deep.equal(["recordBeacon", "prove"]);
  });

  it("records what block headers say, once they are there, without any drand server", async () => {
    chain.randomness = undefined;
    chain.beaconSource = undefined;
    chain.time = 112;
    const duties = create({ fetchRound: undefined });
    await lookOnce(duties);
    expect(chain.mined).to.deep.equal([]);
    chain.beaconSource = { kind: "headers", evidence: Uint8Array.of(7) };
    await lookOnce(duties);
    expect(chain.mined[0]).to.include({
      kind: "recordBeacon",
      epoch: 5,
      evidence: chain.beaconSource.evidence,
    });
  });

  describe("taking over", () => {
    const takenOver = (): number[] =>
      chain.mined.flatMap((call) => (call.kind === "takeOver" ? [call.epoch] : []));
    /** PEER is responsible, NODE waits with the data. */
    beforeEach(() => {
      chain.responsible = PEER;
      chain.successor = NODE;
      chain.stateChange = { node: PEER, nextNode: NODE, nextSince: 5, nextSyncLeft: 3 };
    });

    it("proves under its own seed, once, and is then named for the next epoch", async () => {
      const duties = create();
      await duties.look();
      expect(duties.status.vNodes[0]).to.deep.include({ role: "taking over", due: false, proven: false });
      await lookOnce(duties);
      await lookOnce(duties);
      expect(takenOver()).to.deep.equal([5]);
      expect(provenBy()).to.deep.equal([]);
      expect(proved.map(({ seed }) => seed)).to.deep.equal([78n]);
      expect(linesOf("take-over proven")[0]).to.include({ vNode: 7, epoch: 5 });
      expect(duties.status.vNodes[0]).to.deep.include({ role: "named" });
    });

    it("tries in each epoch until it is responsible, and then proves as any other", async () => {
      chain.refuse = (call) => (call.kind === "takeOver" ? new HoldfastError("chain", "no") : undefined);
      const duties = create();
      await lookOnce(duties);
      expect(takenOver()).to.deep.equal([]);
      chain.refuse = () => undefined;
      chain.time = 120;
      await lookOnce(duties);
      expect(takenOver()).to.deep.equal([6]);
      chain.time = 140;
      [chain.responsible, chain.stateChange] = [NODE, {}];
      await lookOnce(duties);
      expect(provenBy()).to.deep.equal([7]);
    });

    it("sends nothing while another one waits, after the deadline, or before the randomness is there", async () => {
      chain.successor = PEER;
      await lookOnce(create());
      [chain.successor, chain.dutyChange] = [NODE, { deadline: 100 }];
      await lookOnce(create());
      [chain.randomness, chain.dutyChange] = [undefined, {}];
      await lookOnce(create());
      expect(proved).to.deep.equal([]);
    });

    it("records the randomness itself, if nobody does", async () => {
      [chain.randomness, chain.time] = [undefined, 112];
      await lookOnce(create());
      expect(chain.mined.map(({ kind }) => kind)).to.deep.equal(["recordBeacon"]);
    });

    it("takes a take-over that somebody else delivered for proven", async () => {
      const verify = (): Promise<boolean> => {
        chain.successor = undefined;
        chain.stateChange = { ...chain.stateChange, nextSince: 6 };
        return Promise.resolve(true);
      };
      await lookOnce(create({ verify }));
      expect(chain.signed).to.deep.equal([]);
      expect(linesOf("take-over proven already")).to.have.lengthOf(1);
      expect(bench.journal.proof(VNODE, 5)?.state).to.equal("mined");
    });

    it("goes on trying when it was dropped, and is not told that it has taken over", async () => {
      const verify = (): Promise<boolean> => {
        [chain.successor, chain.stateChange] = [undefined, { node: PEER }];
        return Promise.resolve(true);
      };
      await lookOnce(create({ verify }));
      expect(linesOf("failed; will try again")).to.have.lengthOf(1);
      expect(bench.journal.proof(VNODE, 5)?.state).to.equal("proved");
    });
  });

  describe("status", () => {
    const sayings = async (): Promise<string> => {
      const duties = create();
      await lookOnce(duties);
      return (duties.status.vNodes[0]?.says ?? []).join("\n");
    };

    it("has nothing to say while all is well", async () => {
      expect(await sayings()).to.equal("");
    });

    it("says what waits for the next proof, and since when", async () => {
      [chain.stateChange, chain.dutyChange] = [{ deferredSince: 2, deferred: 300n }, { due: false }];
      expect(await sayings()).to.match(/epochs from 2 to 4 .* 300 token units wait for the next proof/);
      const duties = create();
      await duties.look();
      expect(duties.status.vNodes[0]?.deferred).to.deep.equal({ since: 2, amount: 300n });
      expect(await bench.metrics.text()).to.match(/holdfast_vnodes_deferred 1\n/);
    });

    it("raises an alarm, once an epoch, when nothing is paid for want of bond, and is not well", async () => {
      chain.stateChange = { short: true };
      const duties = create();
      await lookOnce(duties);
      await lookOnce(duties);
      expect(linesOf("nothing is paid until the bond is topped up")).to.have.lengthOf(1);
      expect(isHealthy(duties.status)).to.equal(false);
      expect(duties.status.vNodes[0]?.says.join()).to.match(/topped up/);
      chain.stateChange = {};
      await lookOnce(duties);
      expect(isHealthy(duties.status)).to.equal(true);
    });

    it("says that less is paid, and how much, where coverage is low", async () => {
      chain.dutyChange = { rate: 60n, asked: 100n };
      expect(await sayings()).to.match(/only 60 % of its directory is paid for: 80 % of the rate is paid/);
      expect(await bench.metrics.text()).to.match(/holdfast_coverage 0.6\n/);
    });

    it("says who is to take over, that it leaves, and when it pauses", async () => {
      chain.emit("NodeAssigned", { vNode: VNODE, node: PEER, fromEpoch: 6n });
      chain.emit("LeaveAnnounced", { vNode: VNODE, node: NODE, epoch: 9n });
      chain.emit("Paused", { vNode: VNODE, node: NODE, from: 12n, end: 14n });
      const text = await sayings();
      expect(text).to.match(/node 4 is named/);
      expect(text).to.match(/from epoch 9 on it need not be asked/);
      expect(text).to.match(/paused from epoch 12 until 14/);
      chain.emit("Left", { vNode: VNODE, node: NODE, epoch: 9n });
      chain.time = 14 * 20;
      expect(await sayings()).to.not.match(/announced|paused/);
    });

    it("says that its own first proof is to come", async () => {
      chain.stateChange = { syncLeft: 2 };
      expect(await sayings()).to.match(/first proof is to come, within 2 audits/);
    });
  });

  describe("removing files", () => {
    const epochsPass = async (duties: Duties, count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        chain.time += 20;
        await lookOnce(duties);
      }
    };

    it("keeps what a directory names or may soon, and removes the rest after a while", async () => {
      const [accepted, unpaid] = [await put(2), await put(3)];
      bench.journal.recordAcceptance({
        ...{ vNode: VNODE, bucket: 1n, epochs: 1n, rent: 1n, deadline: 10_000n },
        segments: [{ root: accepted, leaves: 5 }],
        consents: [],
      });
      const duties = create();
      // Young for 60 seconds, until epoch 8; then kept for 2 epochs.
      for (const epochs of [2, 2]) {
        await epochsPass(duties, epochs);
        expect([...bench.store.segments.keys()]).to.have.members([root, accepted, unpaid]);
      }
      await epochsPass(duties, 1);
      expect([...bench.store.segments.keys()]).to.have.members([root, accepted]);
      expect(bench.journal.storedAt(unpaid)).to.equal(undefined);
    });

    it("keeps a retired segment while the running epoch asks about it", async () => {
      const duties = create();
      await lookOnce(duties);
      chain.time = 1_000;
      chain.retireNow(0);
      await lookOnce(duties);
      expect(await bench.store.find(root)).to.include({ root });
      expect(provenBy()).to.include(50);
    });

    it("removes nothing when the events do not lead to the contract's directory", async () => {
      await put(3);
      chain.directory = () => Promise.resolve({ root: 1n, total: 1, count: 1 });
      await epochsPass(create(), 8);
      expect(bench.store.segments.size).to.equal(2);
    });
  });

  describe("stopping and starting", () => {
    it("ends with nothing under way when it is stopped while a transaction waits, and sends the same bytes again", async () => {
      chain.autoMine = false;
      const duties = create();
      await duties.look();
      clock.meanwhile.push(() => bench.stop());
      await duties.settled();
      expect(bench.journal.openTransactions()).to.have.lengthOf(1);

      await bench.restart();
      chain.autoMine = true;
      const again = create();
      clock.meanwhile.push(async () => {
        await again.settled();
        bench.stop();
      });
      await again.run();
      expect(chain.signed).to.have.lengthOf(1);
      expect(new Set(chain.broadcasts.map(({ raw }) => raw))).to.deep.equal(new Set(["raw-1"]));
      expect(provenBy()).to.deep.equal([5]);
      expect(proved).to.have.lengthOf(1);
    });

    it("sends a proof that was made before a crash without making it again", async () => {
      chain.refuse = () => new HoldfastError("unreachable", "no RPC");
      await lookOnce(create());
      expect(bench.journal.proof(VNODE, 5)?.state).to.equal("proved");
      await bench.restart();
      chain.refuse = () => undefined;
      await lookOnce(create());
      expect([proved.length, provenBy()]).to.deep.equal([1, [5]]);
    });

    it("makes a proof again if the one it has is about another seed", async () => {
      chain.refuse = () => new HoldfastError("unreachable", "no RPC");
      await lookOnce(create());
      chain.refuse = () => undefined;
      chain.randomness = 78n;
      await lookOnce(create());
      expect(proved.map(({ seed }) => seed)).to.deep.equal([77n, 78n]);
      expect(provenBy()).to.deep.equal([5]);
    });

    it("is not ready while the chain cannot be read, says why, and goes on when it can", async () => {
      chain.failure = new Error("RPC is down");
      const duties = create();
      clock.meanwhile.push(
        () => {
          expect(duties.status).to.deep.include({ ready: false, problem: "RPC is down" });
          chain.failure = undefined;
        },
        async () => {
          await duties.settled();
          bench.stop();
        },
      );
      await duties.run();
      expect(duties.status.ready).to.equal(true);
      expect(provenBy()).to.deep.equal([5]);
    });
  });
});
