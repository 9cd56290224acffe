// Challenges on demand against a node, with a chain, a disk and a pool that do what the test says.
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Hex } from "../../protocol/field.ts";
import type { CircuitInput } from "../../protocol/statement.ts";
import type { Duties } from "../../prover/duties.ts";
import { createDutyBench, type DutyBench } from "../helpers/duty-bench.ts";
import { PEER, type FakeChain } from "../helpers/fake-chain.ts";
import { useFolder } from "../helpers/folder.ts";

describe("prover: challenges", () => {
  const folder = useFolder();
  let bench: DutyBench;
  let chain: FakeChain;
  let asked: CircuitInput[];
  let root: Hex;

  beforeEach(async () => {
    bench = await createDutyBench(folder());
    ({ chain, asked } = bench);
    root = await bench.put(1);
    chain.time = 80;
    chain.store({ root, leaves: 5 });
    chain.time = 100;
    chain.provenEpochs.add(5);
  });
  afterEach(() => bench.end());

  const put = (tag: number): Promise<Hex> => bench.put(tag);
  const create = (verify: () => Promise<boolean> = () => Promise.resolve(true)): Duties =>
    bench.create({ keepUnpaidSeconds: 0 }, { verify });
  const lookOnce = (duties: Duties): Promise<void> => bench.lookOnce(duties);
  const answered = (): bigint[] =>
    chain.mined.flatMap((call) => (call.kind === "answer" ? [call.challenge] : []));
  /** Moves the clock past every wait after a failure. */
  const later = (): void => void (bench.clock.time += 60_000);
  const linesOf = (msg: string): unknown[] => bench.linesOf(msg);

  it("answers what is open, once, and says so", async () => {
    const id = chain.challengeNow();
    const challenge = present(chain.openChallenges.get(id));
    const duties = create();
    await duties.look();
    expect(duties.status.challenges).to.deep.equal([{ challenge: id, vNode: 7n, deadline: 160 }]);
    expect(await bench.metrics.text()).to.match(/challenges_open 1\n[^]*seconds_to_challenge_deadline 60\n/);
    await lookOnce(duties);
    chain.openChallenges.set(id, challenge); // as a lagging endpoint shows it
    await lookOnce(duties);
    expect(answered()).to.deep.equal([id]);
    expect(linesOf("answered")[0]).to.include({ vNode: 7, challenge: 1, gasUsed: 21_000 });
    expect(bench.journal.answer(id)?.state).to.equal("mined");
    expect(await bench.metrics.text()).to.match(/challenges_answered_total 1\n/);
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

  it("keeps the data that a challenge asks about after the directory has changed", async () => {
    chain.challengeNow({ seed: undefined, deadline: 10_000 });
    chain.retireNow(0);
    const duties = create();
    for (let i = 0; i < 6; i++) {
      chain.time += 20;
      await lookOnce(duties);
    }
    expect([...bench.store.segments.keys()]).to.deep.equal([root]);
    chain.openChallenges.clear();
    for (let i = 0; i < 6; i++) {
      chain.time += 20;
      await lookOnce(duties);
    }
    expect([...bench.store.segments.keys()]).to.deep.equal([]);
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
    await bench.store.remove(root);
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
    expect(bench.journal.answer(id)?.state).to.equal("proved");
    await bench.restart();
    chain.refuse = () => undefined;
    await lookOnce(create());
    expect(asked).to.have.lengthOf(1);
    expect(answered()).to.deep.equal([id]);
  });

  it("answers from the old tree after the directory was compacted, in the range of weights that was asked", async () => {
    const second = await put(2);
    chain.store({ root: second, leaves: 5, weight: 9, end: 6 });
    const third = await put(3);
    chain.store({ root: third, leaves: 5, weight: 2 });
    const id = chain.challengeNow({ start: 5, length: 9 });
    const { root: then } = present(chain.openChallenges.get(id));
    chain.time = 120;
    chain.provenEpochs.add(6);
    chain.compactNow();
    expect((await chain.directory(7n)).root).to.not.equal(then);
    await lookOnce(create());
    expect(asked[0]).to.include({ directoryRoot: then, start: 5n, length: 9n });
    expect(asked[0]?.["entryRoot"]).to.deep.equal([BigInt(second), BigInt(second)]);
    expect(answered()).to.deep.equal([id]);
  });

  it("leaves alone a challenge that was dismissed, and needs its data no longer", async () => {
    const id = chain.challengeNow();
    const duties = create(() => {
      chain.openChallenges.delete(id);
      chain.refuse = () => new HoldfastError("chain", "over", { error: "NotOpen", status: "5" });
      return Promise.resolve(true);
    });
    await lookOnce(duties);
    expect(linesOf("dismissed")[0]).to.include({ vNode: 7, challenge: 1 });
    expect(linesOf("work failed; will try again")).to.deep.equal([]);
    expect(bench.journal.answer(id)?.state).to.equal("proved");
    chain.emit("Dismissed", { id, vNode: 7n, node: 3n });
    chain.retireNow(0);
    for (let i = 0; i < 6; i++) {
      chain.time += 20;
      await lookOnce(duties);
    }
    expect([...bench.store.segments.keys()]).to.deep.equal([]);
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
    expect(bench.journal.answer(id)?.state).to.equal("mined");
  });
});
