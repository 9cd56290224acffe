// The proving loop with a chain, a disk and a pool that fail when told to.
import { expect } from "chai";
import { pino } from "pino";
import { toHex32, type Hex } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { referenceEngine, SegmentHasher } from "../../protocol/segment.ts";
import type { CircuitInput } from "../../protocol/statement.ts";
import { createDuties, type Duties, type DutyModules } from "../../prover/duties.ts";
import type { ProofResult } from "../../prover/engine.ts";
import { openJournal, type Journal } from "../../prover/journal.ts";
import { createMetrics } from "../../prover/metrics.ts";
import { createStore, type Store } from "../../prover/store.ts";
import { patternBytes } from "../helpers/bytes.ts";
import { createFakeChain, NODE, VNODE, type FakeChain } from "../helpers/fake-chain.ts";
import { useFolder } from "../helpers/folder.ts";

const profile = PROFILES.tiny;
const point = ["1", "2", "1"];
const RESULT: ProofResult = {
  proof: {
    ...{ pi_a: point, pi_c: point, protocol: "groth16", curve: "bn128" },
    pi_b: [
      ["1", "2"],
      ["3", "4"],
      ["1", "0"],
    ],
  },
  publicSignals: ["0", "0", "0", "0"],
  witnessMs: 1,
  proveMs: 1,
};

describe("prover: duties", () => {
  const folder = useFolder();
  let chain: FakeChain;
  let journal: Journal;
  let store: Store;
  let controller: AbortController;
  let proved: CircuitInput[];
  let root: Hex;

  beforeEach(async () => {
    chain = createFakeChain();
    journal = openJournal(folder());
    store = await createStore({ folder: folder(), profile, quotaBytes: 1e6 }, { engine: referenceEngine });
    controller = new AbortController();
    proved = [];
    root = await put(1);
    chain.add({ root, leaves: 5 });
  });
  afterEach(() => {
    controller.abort();
    journal.close();
  });

  async function put(tag: number): Promise<Hex> {
    const bytes = patternBytes(2_000, tag);
    const tree = new SegmentHasher({ depth: profile.dataDepth, engine: referenceEngine })
      .update(bytes)
      .finish();
    const body = (async function* () {
      yield await Promise.resolve(bytes);
    })();
    return (await store.receive({ root: toHex32(tree.root), bytes: 2_000, body })).root;
  }

  const create = (overrides: Partial<DutyModules> = {}): Duties =>
    createDuties(
      { node: NODE, profile, recordAfter: 0.5, signal: controller.signal },
      {
        ...{ chain, store, journal, metrics: createMetrics(), log: pino({ level: "silent" }) },
        pool: {
          prove: (input) => {
            proved.push(input as CircuitInput);
            return Promise.resolve(RESULT);
          },
          close: () => Promise.resolve(),
        },
        verify: () => Promise.resolve(true),
        fetchRound: () => Promise.resolve(new Uint8Array(64)),
        fetchReplica: () => Promise.resolve(false),
        ...overrides,
      },
    );
  const lookOnce = async (duties: Duties): Promise<void> => {
    await duties.look();
    await duties.settled();
  };

  it("proves what is due, once, however often it looks", async () => {
    const duties = create();
    await duties.look();
    await duties.look();
    await duties.settled();
    chain.proven = false; // as if a lagging RPC had not seen it
    await lookOnce(duties);
    expect(chain.delivered).to.deep.equal(["raw-5"]);
    expect(proved).to.have.lengthOf(1);
    expect(journal.proof(VNODE, 5)?.state).to.equal("mined");
  });

  it("proves the next epoch as well", async () => {
    const duties = create();
    await lookOnce(duties);
    [chain.time, chain.proven] = [120, false];
    await lookOnce(duties);
    expect(chain.delivered).to.deep.equal(["raw-5", "raw-6"]);
  });

  it("proves nothing after the deadline, for another node, or without data", async () => {
    const duties = create();
    const duty = chain.duty.bind(chain);
    for (const change of [{ node: 9n }, { total: 0 }, { deadline: 100 }, { due: false }]) {
      chain.duty = async (vNode, epoch) => ({ ...(await duty(vNode, epoch)), ...change });
      await lookOnce(duties);
    }
    expect(chain.delivered).to.deep.equal([]);
  });

  it("sends nothing when a sample is lost or damaged, and proves again once it is there", async () => {
    await store.remove(root);
    const duties = create();
    await lookOnce(duties);
    expect(chain.delivered).to.deep.equal([]);
    await put(1);
    await lookOnce(duties);
    expect(chain.delivered).to.deep.equal(["raw-5"]);
  });

  it("sends no proof that does not verify", async () => {
    await lookOnce(create({ verify: () => Promise.resolve(false) }));
    expect(chain.delivered).to.deep.equal([]);
    expect(journal.proof(VNODE, 5)?.state).to.equal("planned");
  });

  it("tries again after the pool failed", async () => {
    let failures = 1;
    const duties = create({
      pool: {
        prove: () => (failures-- > 0 ? Promise.reject(new Error("worker died")) : Promise.resolve(RESULT)),
        close: () => Promise.resolve(),
      },
    });
    await lookOnce(duties);
    expect(chain.delivered).to.deep.equal([]);
    await lookOnce(duties);
    expect(chain.delivered).to.deep.equal(["raw-5"]);
  });

  it("after a crash between signing and sending, sends the same bytes and signs nothing new", async () => {
    journal.setProof({ vNode: VNODE, epoch: 5, state: "signed", rawTransaction: "raw-before", hash: "h" });
    const duties = create();
    chain.tick = async () => {
      await duties.settled();
      controller.abort();
    };
    await duties.run();
    expect(chain.delivered).to.deep.equal(["raw-before"]);
    expect(proved).to.deep.equal([]);
    expect(journal.proof(VNODE, 5)?.state).to.equal("mined");
  });

  it("keeps a signed proof for the next start when it is shut down in mid-work", async () => {
    const sending = Promise.withResolvers<undefined>();
    chain.onDeliver = (_transaction, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
        sending.resolve(undefined);
      });
    const duties = create();
    await duties.look();
    await sending.promise;
    controller.abort();
    await duties.settled();
    expect(journal.pendingProofs()).to.deep.include({
      ...{ vNode: VNODE, epoch: 5, state: "signed", rawTransaction: "raw-5", hash: "hash-5" },
    });
  });

  it("takes a transaction that reverted because the epoch is proven for a success", async () => {
    chain.onDeliver = () => {
      chain.proven = true;
      return Promise.reject(new Error("reverted"));
    };
    await lookOnce(create());
    expect(journal.proof(VNODE, 5)?.state).to.equal("mined");
  });

  it("records the beacon itself only late in the window", async () => {
    chain.randomness = undefined;
    const duties = create();
    chain.time = 109;
    await lookOnce(duties);
    expect(chain.recorded).to.deep.equal([]);
    chain.time = 110;
    await lookOnce(duties);
    expect(chain.recorded).to.deep.equal([5]);
  });

  it("fetches what it must hold and has not", async () => {
    const wanted: Hex[] = [];
    chain.add({ root: toHex32(99n), leaves: 3 });
    await lookOnce(
      create({
        fetchReplica: (holding) => {
          wanted.push(holding.root);
          return Promise.resolve(false);
        },
      }),
    );
    expect(wanted).to.include(toHex32(99n));
  });

  it("retires a segment that has ended, and no other", async () => {
    chain.add({ root: toHex32(98n), leaves: 3, end: 5 });
    chain.add({ root: toHex32(99n), leaves: 3, end: 6 });
    await lookOnce(create());
    expect(chain.retired).to.deep.equal([1]);
  });

  it("keeps files that a directory names or that were just uploaded, and removes the rest", async () => {
    const [accepted, fresh, old] = [await put(2), await put(3), await put(4)];
    journal.recordSegment(fresh, 100_000);
    for (const each of [accepted, old, root]) journal.recordSegment(each, 0);
    journal.recordAcceptance({
      ...{ vNode: VNODE, bucket: 1n, epochs: 1n, rent: 1n, deadline: 200_000n },
      segments: [{ root: accepted, leaves: 5 }],
    });
    chain.time = 100_000;
    await lookOnce(create());
    const left = (await store.list()).map((segment) => segment.root);
    expect(left).to.have.members([root, accepted, fresh]);
  });

  it("is not ready while the chain cannot be read, and says why", async () => {
    chain.failure = new Error("RPC is down");
    const duties = create();
    let ticks = 0;
    chain.tick = async () => {
      if (++ticks === 1) {
        expect(duties.status).to.deep.include({ ready: false, problem: "RPC is down" });
        chain.failure = undefined;
      } else {
        await duties.settled();
        controller.abort();
      }
    };
    await duties.run();
    expect(duties.status.ready).to.equal(true);
    expect(chain.delivered).to.deep.equal(["raw-5"]);
  });
});
