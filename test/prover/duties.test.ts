// The proving loop with a chain, a disk, a pool and peers that fail when told to.
import { expect } from "chai";
import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastError } from "../../protocol/errors.ts";
import { toHex32, type Hex } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { referenceEngine } from "../../protocol/segment.ts";
import type { CircuitInput } from "../../protocol/statement.ts";
import { createDuties, type Duties, type DutyModules, type DutyOptions } from "../../prover/duties.ts";
import { createHoldings } from "../../prover/holdings.ts";
import { openJournal, type Journal } from "../../prover/journal.ts";
import { createMetrics } from "../../prover/metrics.ts";
import { createSender } from "../../prover/sender.ts";
import { createStore, type Store } from "../../prover/store.ts";
import { createFakeChain, NODE, PEER, VNODE, type FakeChain } from "../helpers/fake-chain.ts";
import { createFakeClock, type FakeClock } from "../helpers/fake-clock.ts";
import { useFolder } from "../helpers/folder.ts";
import { createLogs, type Logs } from "../helpers/logs.ts";
import { resultFor } from "../helpers/results.ts";
import { streamOf, testSegment } from "../helpers/segments.ts";

const profile = PROFILES.tiny;

describe("prover: duties", () => {
  const folder = useFolder();
  let chain: FakeChain;
  let clock: FakeClock;
  let journal: Journal;
  let store: Store;
  let ending: AbortController;
  let logs: Logs;
  let proved: CircuitInput[];
  let root: Hex;

  beforeEach(async () => {
    [chain, clock, proved, logs] = [createFakeChain(), createFakeClock(), [], createLogs()];
    await startStores();
    root = await put(1);
    chain.time = 80;
    chain.store({ root, leaves: 5 });
    chain.time = 100;
  });
  afterEach(() => {
    ending.abort();
    journal.close();
  });

  async function startStores(): Promise<void> {
    ending = new AbortController();
    journal = openJournal(folder());
    store = await createStore(
      { folder: folder(), profile, quotaBytes: 1e6, reserveBytes: 0 },
      { engine: referenceEngine },
    );
  }
  async function put(tag: number): Promise<Hex> {
    const segment = testSegment(2_000, tag);
    await store.receive(streamOf(segment.data), segment);
    journal.recordSegment(segment.root, 2_000, chain.time);
    return segment.root;
  }
  const create = (modules: Partial<DutyModules> = {}, options: Partial<DutyOptions> = {}): Duties => {
    const { signal } = ending;
    const { log } = logs;
    const depth = { directoryDepth: profile.directoryDepth, fromBlock: 0 };
    return createDuties(
      {
        ...{ node: NODE, profile, recordAfter: 0.5, keepUnpaidSeconds: 60, retire: true, repairLost: true },
        ...{ pollMs: 100, signal, ...options },
      },
      {
        ...{ chain, store, journal, clock, log, metrics: createMetrics() },
        holdings: createHoldings(depth, { chain, log }),
        sender: createSender(
          { confirmations: 0, bumpAfterMs: 1000, pollMs: 100, signal },
          { chain, journal, clock, log },
        ),
        pool: {
          prove: (input) => {
            proved.push(input as CircuitInput);
            return Promise.resolve(resultFor(input as CircuitInput));
          },
          close: () => Promise.resolve(),
        },
        verify: () => Promise.resolve(true),
        fetchRound: () => Promise.resolve(new Uint8Array(64)),
        repair: () => Promise.resolve(),
        ...modules,
      },
    );
  };
  const lookOnce = async (duties: Duties): Promise<void> => {
    await duties.look();
    await duties.settled();
  };
  const provenBy = (): number[] => chain.mined.flatMap((call) => (call.kind === "prove" ? [call.epoch] : []));
  /** Past every wait after a failure. */
  const later = (): void => void (clock.time += 60_000);
  const linesOf = (msg: string): unknown[] => logs.lines.filter((line) => line["msg"] === msg);

  describe("proving", () => {
    it("proves what is due, once, however often it looks and whatever the chain says", async () => {
      const duties = create();
      await duties.look();
      await lookOnce(duties);
      chain.provenEpochs.clear(); // as an RPC that lags behind has it
      await lookOnce(duties);
      expect(provenBy()).to.deep.equal([5]);
      expect(proved).to.have.lengthOf(1);
      expect(journal.proof(VNODE, 5)?.state).to.equal("mined");
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
      expect(journal.proof(VNODE, 5)?.state).to.equal("planned");
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
      expect(journal.proof(VNODE, 5)?.state).to.equal("mined");
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
      await store.remove(root);
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
      await store.remove(root);
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
    await store.remove(root);
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

  it("retires a segment that has ended, and no other", async () => {
    chain.time = 80;
    chain.store({ root: toHex32(98n), leaves: 3, end: 5 });
    chain.store({ root: toHex32(99n), leaves: 3, end: 6 });
    chain.time = 100;
    chain.store({ root: toHex32(97n), leaves: 3, end: 5 });
    chain.emit("SegmentExtended", { vNode: VNODE, serial: 3n, end: 6n });
    const duties = create();
    await lookOnce(duties);
    await lookOnce(duties);
    const retired = chain.mined.flatMap((call) => (call.kind === "retire" ? [call] : []));
    expect(retired.map(({ serial, path }) => [serial, path.length])).to.deep.equal([[1, 2]]);
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
      journal.recordAcceptance({
        ...{ vNode: VNODE, bucket: 1n, epochs: 1n, rent: 1n, deadline: 10_000n },
        segments: [{ root: accepted, leaves: 5 }],
      });
      const duties = create();
      // Young for 60 seconds, until epoch 8; then kept for 2 epochs.
      for (const epochs of [2, 2]) {
        await epochsPass(duties, epochs);
        expect([...store.segments.keys()]).to.have.members([root, accepted, unpaid]);
      }
      await epochsPass(duties, 1);
      expect([...store.segments.keys()]).to.have.members([root, accepted]);
      expect(journal.storedAt(unpaid)).to.equal(undefined);
    });

    it("keeps a retired segment while the running epoch asks about it", async () => {
      const duties = create();
      await lookOnce(duties);
      chain.time = 1_000;
      chain.retireNow(0);
      await lookOnce(duties);
      expect(await store.find(root)).to.include({ root });
      expect(provenBy()).to.include(50);
    });

    it("removes nothing when the events do not lead to the contract's directory", async () => {
      await put(3);
      chain.directory = () => Promise.resolve({ root: 1n, total: 1, count: 1 });
      await epochsPass(create(), 8);
      expect(store.segments.size).to.equal(2);
    });
  });

  describe("stopping and starting", () => {
    it("ends with nothing under way when it is stopped while a transaction waits, and sends the same bytes again", async () => {
      chain.autoMine = false;
      const duties = create();
      await duties.look();
      clock.meanwhile.push(() => ending.abort());
      await duties.settled();
      expect(journal.openTransactions()).to.have.lengthOf(1);
      journal.close();

      await startStores();
      chain.autoMine = true;
      const again = create();
      clock.meanwhile.push(async () => {
        await again.settled();
        ending.abort();
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
      expect(journal.proof(VNODE, 5)?.state).to.equal("proved");
      journal.close();
      await startStores();
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
          ending.abort();
        },
      );
      await duties.run();
      expect(duties.status.ready).to.equal(true);
      expect(provenBy()).to.deep.equal([5]);
    });
  });
});
