// Which segments may be deleted, and which only after the operator confirms.
import { expect } from "chai";
import { COUNTED, type Counts } from "../../chain/counts.ts";
import type { Hex } from "../../protocol/field.ts";
import { createAdmin } from "../../prover/admin.ts";
import type { Duties, DutyOptions } from "../../prover/duties.ts";
import { createMetrics } from "../../prover/metrics.ts";
import type { Scrub } from "../../prover/scrub.ts";
import { createDutyBench, type DutyBench } from "../helpers/duty-bench.ts";
import { NODE, PEER, VNODE, type FakeChain } from "../helpers/fake-chain.ts";
import { flip } from "../helpers/files.ts";
import { useFolder } from "../helpers/folder.ts";
import { streamOf, testSegment } from "../helpers/segments.ts";

describe("prover: removals", () => {
  const folder = useFolder();
  let bench: DutyBench;
  let chain: FakeChain;
  let stored: Hex[];

  /** Twelve segments from before this process, which the chain says that the node must hold. */
  beforeEach(async () => {
    bench = await createDutyBench(folder());
    ({ chain } = bench);
    stored = [];
    for (let tag = 1; tag <= 12; tag++) stored.push(await bench.put(tag));
    await bench.restart();
    chain.time = 80;
    for (const root of stored) chain.store({ root, leaves: 5, end: 9 });
    chain.time = 1_000;
  });
  afterEach(() => bench.end());

  const create = (options: Partial<DutyOptions> = {}): Duties => bench.create(options);
  const epochsPass = async (duties: Duties, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      chain.time += 20;
      await bench.lookOnce(duties);
    }
  };
  const kept = (): number => bench.store.segments.size;
  /** Answers like an endpoint that has pruned its logs. */
  const forgetEvents = (used = 0n): void => {
    chain.shown = () => [];
    chain.counts = () => Promise.resolve(Object.fromEntries(COUNTED.map((name) => [name, 0])) as Counts);
    chain.assignments = () => Promise.resolve([]);
    chain.nodeChange = { used };
  };

  it("deletes nothing without a word when the chain suddenly says that nothing is held", async () => {
    forgetEvents();
    const duties = create();
    await epochsPass(duties, 8);
    expect(kept()).to.equal(12);
    expect(duties.status.heldBack).to.deep.include({ segments: 12, bytes: 24_000, share: 1 });
    const [line, ...more] = bench.linesOf("removing is held back");
    expect(line).to.include({ level: 40, segments: 12, bytes: 24_000, share: 1 });
    expect(line).to.have.property("why").that.includes("no directory names them");
    expect(more).to.deep.equal([]);
    expect(await bench.metrics.text()).to.match(/holdfast_removals_held_back 12\n/);
  });

  it("deletes nothing, even if the operator confirms, while the contract counts more leaves than the events", async () => {
    forgetEvents(60n);
    const duties = create({ removeShare: 1 });
    await epochsPass(duties, 8);
    expect(kept()).to.equal(12);
    expect(
      bench.linesOf(
        "the contract counts more than the events name, so nothing is removed: check the endpoints",
      )[0],
    ).to.include({ level: 50, leaves: 0, used: 60 });
  });

  it("deletes what the operator has confirmed on the administration port", async () => {
    forgetEvents();
    const duties = create();
    await epochsPass(duties, 6);
    const admin = createAdmin({ metrics: createMetrics(), scrub: {} as Scrub, duties });
    const seen = await admin.inject("/removals");
    expect(seen.json<{ heldBack: { roots: Hex[] } }>().heldBack.roots).to.have.members(stored);
    const say = (type: string) =>
      admin.inject({ method: "POST", url: "/removals", headers: { "content-type": type }, payload: "{}" });
    expect((await say("text/plain")).statusCode).to.equal(415);
    await bench.lookOnce(duties);
    expect(kept()).to.equal(12);
    expect((await say("application/json")).statusCode).to.equal(200);
    await bench.lookOnce(duties);
    expect(kept()).to.equal(0);
    expect(duties.status.heldBack?.segments).to.equal(12); // until the next look
    await bench.lookOnce(duties);
    expect(duties.status.heldBack).to.equal(undefined);
    await admin.close();
  });

  it("deletes a small share without asking, and says what, how much and why", async () => {
    const small = testSegment(500, 99);
    await bench.store.receive(streamOf(small.data), small);
    bench.journal.recordSegment(small.root, 500, 100);
    await bench.restart();
    await epochsPass(create(), 4);
    expect(kept()).to.equal(12);
    const [line] = bench.linesOf("removing");
    expect(line).to.deep.include({ level: 40, segments: 1, bytes: 500, roots: [small.root] });
    expect(line).to.have.property("why");
  });

  it("deletes as much as the operator's setting allows", async () => {
    forgetEvents();
    await epochsPass(create({ removeShare: 1 }), 6);
    expect(kept()).to.equal(0);
  });

  it("deletes all that has ended by the events and by the contract's own records", async () => {
    const duties = create();
    await epochsPass(duties, 1);
    chain.retireNow(...stored.keys());
    await epochsPass(duties, 4);
    expect(kept()).to.equal(0);
    expect(bench.linesOf("removing is held back")).to.deep.equal([]);
  });

  it("keeps what has ended by the events alone", async () => {
    const segment = chain.segment.bind(chain);
    const duties = create();
    await epochsPass(duties, 1);
    chain.retireNow(...stored.keys());
    chain.segment = async (...args) => {
      const found = await segment(...args);
      return found && { ...found, end: 5_000 };
    };
    await epochsPass(duties, 6);
    expect(kept()).to.equal(12);
    expect(duties.status.heldBack?.segments).to.equal(12);
  });

  it("asks before it deletes what another node has taken over", async () => {
    const duties = create();
    await epochsPass(duties, 1);
    [chain.responsible, chain.stateChange] = [PEER, { responsible: PEER }];
    chain.store({ root: stored[0] as Hex, leaves: 5 }); // so that not all of it has ended
    for (const serial of stored.keys()) chain.reschedule(serial, 5_000);
    await epochsPass(duties, 6);
    expect(kept()).to.equal(12);
    expect(duties.status.heldBack?.segments).to.equal(12);
    expect(await chain.state(VNODE)).to.not.include({ node: NODE });
  });

  it("takes uploads that nobody paid for away, however many they are", async () => {
    const uploads: Hex[] = [];
    for (let tag = 40; tag < 60; tag++) uploads.push(await bench.put(tag));
    await epochsPass(create(), 6);
    expect([...bench.store.segments.keys()]).to.have.members(stored);
  });

  it("takes no data that was fetched, or uploaded again after a loss, for unpaid uploads", async () => {
    const [fetched, again] = [testSegment(2_000, 70), testSegment(2_000, 1)];
    await flip(`${folder()}/segments/${again.root.slice(2)}`, 3);
    await bench.store.check(again.root);
    await bench.store.receive(streamOf(again.data), again);
    await bench.store.receive(streamOf(fetched.data), { ...fetched, mayBeNamed: true });
    expect(bench.store.uploads.size).to.equal(0);
  });

  it("takes what was accepted for no unpaid upload", async () => {
    const uploads: Hex[] = [];
    for (let tag = 40; tag < 60; tag++) uploads.push(await bench.put(tag));
    bench.journal.recordAcceptance({
      vNode: VNODE,
      bucket: 1n,
      epochs: 1n,
      rent: 1n,
      deadline: 1_001n,
      segments: uploads.map((root) => ({ root, leaves: 5 })),
      consents: [],
    });
    await epochsPass(create(), 6);
    expect(kept()).to.equal(32);
  });
});
