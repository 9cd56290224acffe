// The proving loop with a chain, a disk, a pool and peers that fail when told to.
import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { isIncomplete } from "../../chain/follow.ts";
import { Directory } from "../../protocol/directory.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Hex } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import type { CircuitInput } from "../../protocol/statement.ts";
import type { Duties, DutyModules, DutyOptions } from "../../prover/duties.ts";
import { startDutyBench, type DutyBench } from "../helpers/duty-bench.ts";
import { errorOf } from "../helpers/errors.ts";
import { CLUSTER, NODE, PEER, VNODE, type FakeChain } from "../helpers/fake-chain.ts";
import type { FakeClock } from "../helpers/fake-clock.ts";
import { useFolder } from "../helpers/folder.ts";
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
    ({ bench, root } = await startDutyBench(folder()));
    ({ chain, clock, asked: proved } = bench);
  });
  afterEach(() => bench.end());

  const put = (tag: number): Promise<Hex> => bench.put(tag);
  const create = (modules: Partial<DutyModules> = {}, options: Partial<DutyOptions> = {}): Duties =>
    bench.create(options, modules);
  const lookOnce = (duties: Duties): Promise<void> => bench.lookOnce(duties);
  const provenBy = (): number[] => chain.mined.flatMap((call) => (call.kind === "prove" ? [call.epoch] : []));
  /** Moves the clock past every wait after a failure. */
  const later = (): void => void (clock.time += 60_000);
  const linesOf = (msg: string): LogLine[] => bench.linesOf(msg);

  describe("proving", () => {
    it("proves a due vNode once, however often it looks and even if the chain lags", async () => {
      const duties = create();
      await duties.look();
      await lookOnce(duties);
      chain.provenEpochs.clear(); // as a lagging endpoint shows it
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

    it("settles first what is too much for a proof to settle, as nobody else may have", async () => {
      chain.time = 4_100; // epoch 205, of which the chain has settled 4
      await lookOnce(create());
      const sent = chain.mined.map((call) => [call.kind, "epochs" in call ? call.epochs : 0]);
      expect(sent).to.deep.equal([
        ["settle", 64],
        ["settle", 64],
        ["settle", 64],
        ["prove", 0],
      ]);
      expect(linesOf("settled").map(({ until }) => until)).to.deep.equal([68, 132, 196]);
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
        const d = await duty(...args); // from a lagging endpoint
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
      const { shown } = chain;
      chain.shown = (event) => (event.name === "SegmentStored" ? [] : event);
      const duties = create();
      expect(isIncomplete(await errorOf(lookOnce(duties)))).to.equal(true);
      expect(proved).to.deep.equal([]);
      chain.shown = shown;
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

  it("fetches the data of a vNode that it was just given, before it is responsible for it", async () => {
    const asked: Hex[] = [];
    const [duty, state] = [chain.duty.bind(chain), chain.state.bind(chain)];
    const segment = testSegment(1_000, 3);
    chain.store({ root: segment.root, leaves: segment.leaves });
    chain.duty = async (...args) => {
      const d = await duty(...args);
      return d && { ...d, node: PEER };
    };
    chain.state = async (vNode) => ({
      ...(await state(vNode)),
      responsible: PEER,
      nextNode: NODE,
      nextSince: 6,
    });
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

  it("does not let what is lost wait for what nobody has, of the same vNode or of another", async () => {
    await bench.store.remove(root);
    const asked: [bigint, Hex][] = [];
    const repair = (vNode: bigint, holding: { root: Hex }): Promise<void> => {
      asked.push([vNode, holding.root]);
      return Promise.reject(new Error("nobody holds it"));
    };
    const duties = create({ repair });
    await lookOnce(duties);
    await lookOnce(duties);
    expect(asked.splice(0), "while it waits to be asked for again").to.deep.equal([[VNODE, root]]);

    const second = testSegment(1_000, 3);
    chain.store({ root: second.root, leaves: second.leaves });
    await lookOnce(duties);
    expect(asked.splice(0)).to.deep.equal([
      [VNODE, root],
      [VNODE, second.root],
    ]);
    await lookOnce(duties);
    expect(asked.splice(0)).to.deep.equal([]);

    chain.emit("VNodeAdded", { vNode: 8n, cluster: CLUSTER });
    chain.emit("NodeAssigned", { vNode: 8n, node: NODE });
    const third = testSegment(1_000, 4);
    chain.store({ root: third.root, leaves: third.leaves, vNode: 8n });
    const other = new Directory(PROFILES.tiny.directoryDepth);
    other.append({ root: BigInt(third.root), leaves: third.leaves, weight: third.leaves });
    const directoryAt = chain.directoryAt.bind(chain);
    chain.directoryAt = async (vNode, head) =>
      vNode === 8n ? { root: other.root, total: other.total, count: 1 } : directoryAt(vNode, head);
    await lookOnce(duties);
    expect(asked.splice(0)).to.deep.equal([[8n, third.root]]);
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
      chain.stateChange = { responsible: PEER, nextNode: NODE, nextSince: 5, nextSyncLeft: 3 };
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
        [chain.successor, chain.stateChange] = [undefined, { responsible: PEER }];
        return Promise.resolve(true);
      };
      await lookOnce(create({ verify }));
      expect(linesOf("work failed; will try again")).to.have.lengthOf(1);
      expect(bench.journal.proof(VNODE, 5)?.state).to.equal("proved");
    });
  });
});
