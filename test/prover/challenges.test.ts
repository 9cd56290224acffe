// Challenges on demand against a node, with a chain, a disk and a pool that do what the test says.
import { expect } from "chai";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Hex } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { referenceEngine } from "../../protocol/segment.ts";
import type { CircuitInput } from "../../protocol/statement.ts";
import { createDuties, type Duties } from "../../prover/duties.ts";
import { createHoldings } from "../../prover/holdings.ts";
import { openJournal, type Journal } from "../../prover/journal.ts";
import { createMetrics, type Metrics } from "../../prover/metrics.ts";
import { createSender } from "../../prover/sender.ts";
import { createStore, type Store } from "../../prover/store.ts";
import { createFakeChain, NODE, PEER, type FakeChain } from "../helpers/fake-chain.ts";
import { createFakeClock, type FakeClock } from "../helpers/fake-clock.ts";
import { useFolder } from "../helpers/folder.ts";
import { createLogs, type Logs } from "../helpers/logs.ts";
import { present } from "../helpers/present.ts";
import { resultFor } from "../helpers/results.ts";
import { streamOf, testSegment } from "../helpers/segments.ts";

const profile = PROFILES.tiny;

describe("prover: challenges", () => {
  const folder = useFolder();
  let chain: FakeChain;
  let clock: FakeClock;
  let journal: Journal;
  let store: Store;
  let ending: AbortController;
  let logs: Logs;
  let metrics: Metrics;
  let asked: CircuitInput[];
  let root: Hex;

  beforeEach(async () => {
    [chain, clock, asked, logs] = [createFakeChain(), createFakeClock(), [], createLogs()];
    metrics = createMetrics();
    await startStores();
    root = await put(1);
    chain.time = 80;
    chain.store({ root, leaves: 5 });
    chain.time = 100;
    chain.provenEpochs.add(5);
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
  const create = (verify: () => Promise<boolean> = () => Promise.resolve(true)): Duties => {
    const { signal } = ending;
    const { log } = logs;
    const depth = { directoryDepth: profile.directoryDepth, fromBlock: 0 };
    return createDuties(
      {
        ...{ node: NODE, profile, recordAfter: 0.5, keepUnpaidSeconds: 0, retire: false, repairLost: true },
        ...{ pollMs: 100, signal },
      },
      {
        ...{ chain, store, journal, clock, log, metrics, verify },
        holdings: createHoldings(depth, { chain, log }),
        sender: createSender(
          { confirmations: 0, bumpAfterMs: 1000, pollMs: 100, signal },
          { chain, journal, clock, log },
        ),
        pool: {
          prove: (input) => {
            asked.push(input as CircuitInput);
            return Promise.resolve(resultFor(input as CircuitInput));
          },
          close: () => Promise.resolve(),
        },
        fetchRound: () => Promise.resolve(new Uint8Array(64)),
        repair: () => Promise.resolve(),
      },
    );
  };
  const lookOnce = async (duties: Duties): Promise<void> => {
    await duties.look();
    await duties.settled();
  };
  const answered = (): bigint[] =>
    chain.mined.flatMap((call) => (call.kind === "answer" ? [call.challenge] : []));
  /** Past every wait after a failure. */
  const later = (): void => void (clock.time += 60_000);
  const linesOf = (msg: string): unknown[] => logs.lines.filter((line) => line["msg"] === msg);

  it("answers what is open, once, and says so", async () => {
    const id = chain.challengeNow();
    const challenge = present(chain.openChallenges.get(id));
    const duties = create();
    await duties.look();
    expect(duties.status.challenges).to.deep.equal([{ challenge: id, vNode: 7n, deadline: 160 }]);
    expect(await metrics.text()).to.match(/challenges_open 1\n[^]*seconds_to_challenge_deadline 60\n/);
    await lookOnce(duties);
    chain.openChallenges.set(id, challenge); // as an RPC that lags behind has it
    await lookOnce(duties);
    expect(answered()).to.deep.equal([id]);
    expect(linesOf("answered")[0]).to.include({ vNode: 7, challenge: 1, gasUsed: 21_000 });
    expect(journal.answer(id)?.state).to.equal("mined");
    expect(await metrics.text()).to.match(/challenges_answered_total 1\n/);
  });

  it("waits for the randomness, and sends nothing after the deadline", async () => {
    const id = chain.challengeNow({ seed: undefined });
    const duties = create();
    await lookOnce(duties);
    expect(asked).to.deep.equal([]);
    chain.openChallenges.set(id, { ...present(chain.openChallenges.get(id)), seed: 5n, deadline: 100 });
    await lookOnce(duties);
    expect(asked).to.deep.equal([]);
    chain.openChallenges.set(id, { ...present(chain.openChallenges.get(id)), deadline: 101 });
    await lookOnce(duties);
    expect(asked.map(({ seed }) => seed)).to.deep.equal([5n]);
    expect(answered()).to.deep.equal([id]);
  });

  it("proves the directory as it stood when it was challenged, and only the range that is asked", async () => {
    const second = await put(2);
    chain.store({ root: second, leaves: 5 });
    const id = chain.challengeNow({ start: 5, length: 5 });
    const { root: then } = present(chain.openChallenges.get(id));
    chain.store({ root: await put(3), leaves: 5 });
    chain.retireNow(1);
    await lookOnce(create());
    expect(asked).to.have.lengthOf(1);
    expect(asked[0]).to.include({ directoryRoot: then, start: 5n, length: 5n });
    expect(asked[0]?.["entryRoot"]).to.deep.equal([BigInt(second), BigInt(second)]);
    expect(answered()).to.deep.equal([id]);
  });

  it("keeps what a challenge asks about, whatever the directory has become", async () => {
    chain.challengeNow({ seed: undefined, deadline: 10_000 });
    chain.retireNow(0);
    const duties = create();
    for (let i = 0; i < 6; i++) {
      chain.time += 20;
      await lookOnce(duties);
    }
    expect([...store.segments.keys()]).to.deep.equal([root]);
    chain.openChallenges.clear();
    for (let i = 0; i < 6; i++) {
      chain.time += 20;
      await lookOnce(duties);
    }
    expect([...store.segments.keys()]).to.deep.equal([]);
  });

  it("answers for a vNode that it has left since", async () => {
    const id = chain.challengeNow();
    chain.responsible = PEER;
    await lookOnce(create());
    expect(answered()).to.deep.equal([id]);
  });

  it("leaves alone what another node is asked", async () => {
    chain.challengeNow({ node: PEER });
    const duties = create();
    await lookOnce(duties);
    expect(asked).to.deep.equal([]);
    expect(duties.status.challenges).to.deep.equal([]);
  });

  it("sends nothing that does not hold, and nothing without the data", async () => {
    chain.challengeNow();
    await lookOnce(create(() => Promise.resolve(false)));
    expect(chain.signed).to.deep.equal([]);
    await store.remove(root);
    await lookOnce(create());
    expect(chain.signed).to.deep.equal([]);
    expect(linesOf("missing")[0]).to.include({ vNode: 7, challenge: 1, root, reason: "not-found" });
    const again = await put(1);
    expect(again).to.equal(root);
    later();
    await lookOnce(create());
    expect(answered()).to.deep.equal([1n]);
  });

  it("sends a proof that was made before a crash without making it again", async () => {
    const id = chain.challengeNow();
    chain.refuse = () => new HoldfastError("unreachable", "no RPC");
    await lookOnce(create());
    expect(journal.answer(id)?.state).to.equal("proved");
    ending.abort();
    journal.close();
    await startStores();
    chain.refuse = () => undefined;
    await lookOnce(create());
    expect(asked).to.have.lengthOf(1);
    expect(answered()).to.deep.equal([id]);
  });

  it("takes a challenge that somebody else has answered for answered", async () => {
    const id = chain.challengeNow();
    const duties = create(() => {
      chain.openChallenges.delete(id);
      return Promise.resolve(true);
    });
    await lookOnce(duties);
    expect(chain.signed).to.deep.equal([]);
    expect(linesOf("answered already")[0]).to.include({ vNode: 7, challenge: 1 });
    expect(journal.answer(id)?.state).to.equal("mined");
  });
});
