// A pass over everything on disk: what it finds, how fast it goes, and what the node does about it.
import { mkdir, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { Hex } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { referenceEngine } from "../../protocol/segment.ts";
import { createAdmin } from "../../prover/admin.ts";
import type { Duties } from "../../prover/duties.ts";
import { createMetrics, type Metrics } from "../../prover/metrics.ts";
import { createScrub, type Scrub, type ScrubOptions } from "../../prover/scrub.ts";
import { isHealthy } from "../../prover/status.ts";
import { createStore, type Store } from "../../prover/store.ts";
import { startDutyBench } from "../helpers/duty-bench.ts";
import { createFakeClock, type FakeClock } from "../helpers/fake-clock.ts";
import { faultyFiles, flip, type Faults } from "../helpers/files.ts";
import { useFolder } from "../helpers/folder.ts";
import { createLogs, type Logs } from "../helpers/logs.ts";
import { streamOf, testSegment } from "../helpers/segments.ts";

const profile = PROFILES.tiny;

describe("prover: scrub", () => {
  const folder = useFolder();
  const [one, two, three] = [1, 2, 3].map((tag) => testSegment(9_000 + tag, tag)) as [
    ReturnType<typeof testSegment>,
    ReturnType<typeof testSegment>,
    ReturnType<typeof testSegment>,
  ];
  let faults: Faults;
  let store: Store;
  let clock: FakeClock;
  let logs: Logs;
  let metrics: Metrics;
  let ending: AbortController;

  const openStore = (): Promise<Store> =>
    createStore(
      { folder: folder(), profile, quotaBytes: 1e6, reserveBytes: 0 },
      { engine: referenceEngine, files: faults },
    );
  const pathOf = (root: Hex): string => join(folder(), "segments", root.slice(2));
  const create = (options: Partial<ScrubOptions> = {}): Scrub =>
    createScrub(
      {
        scrubSeconds: 3600,
        scrubBytesPerSecond: 1000,
        pollMs: 100,
        signal: ending.signal,
        ...options,
      },
      { store, clock, metrics, log: logs.log, random: () => 0.5 },
    );
  /** Until the clock has this time. */
  const runUntil = async (ms: number, options: Partial<ScrubOptions> = {}): Promise<void> => {
    const wait = clock.wait.bind(clock);
    clock.wait = async (...args) => {
      await wait(...args);
      if (clock.time >= ms) ending.abort();
    };
    await create(options).run();
  };
  const passes = (): number => logs.lines.filter(({ msg }) => msg === "scrubbed").length;

  beforeEach(async () => {
    [clock, logs, metrics, ending, faults] = [
      createFakeClock(0),
      createLogs(),
      createMetrics(),
      new AbortController(),
      faultyFiles(),
    ] as [FakeClock, Logs, Metrics, AbortController, Faults];
    store = await openStore();
    for (const segment of [one, two, three]) await store.receive(streamOf(segment.data), segment);
  });

  it("finds one flipped bit, a tree that is not the data's, and says what is whole", async () => {
    await flip(pathOf(one.root), 8_500);
    await flip(`${pathOf(two.root)}.tree`, 3);
    const found = await create().now();
    expect(found).to.deep.equal({
      segments: 3,
      bytes: 27_006,
      rebuilt: [two.root],
      damaged: [one.root],
      unread: [],
    });
    expect(store.segments.has(one.root)).to.equal(false);
    expect(await metrics.text()).to.match(/holdfast_scrubbed_bytes_total 27006\n/);
    expect(logs.lines.at(-1)).to.include({ msg: "scrubbed", level: 50 });
    expect((await create().now()).rebuilt).to.deep.equal([]);
  });

  it("goes over everything at its pace, and again when it is time", async () => {
    await runUntil(3600_000 + 60_000);
    expect(passes()).to.equal(2);
    const [first] = logs.lines.filter(({ msg }) => msg === "scrubbed");
    expect(first).to.include({ segments: 3, bytes: 27_006, level: 30 });
  });

  it("waits as long for each part as its bytes take", async () => {
    let waited = 0;
    const wait = clock.wait.bind(clock);
    clock.wait = (ms, signal) => {
      if (passes() === 0) waited += ms;
      return wait(ms, signal);
    };
    await runUntil(60_000);
    expect(waited).to.equal(27_006);
  });

  it("finds what is flipped while it waits for the next pass", async () => {
    clock.meanwhile.push(...Array<() => void>(20).fill(() => undefined), () => flip(pathOf(three.root), 1));
    await runUntil(2 * 3600_000);
    expect([...store.damaged.keys()]).to.deep.equal([three.root]);
  });

  it("reads what is doubtful at a start at once, even if it is told to read nothing else", async () => {
    await truncate(pathOf(two.root), 5_000);
    await rm(`${pathOf(three.root)}.tree`);
    store = await openStore();
    expect(store.doubtful).to.deep.equal(new Set([two.root, three.root]));
    await runUntil(5_000, { scrubSeconds: 0 });
    expect([...store.damaged.keys()]).to.deep.equal([two.root]);
    expect(store.doubtful.size).to.equal(0);
    expect(passes()).to.equal(1);
  });

  it("goes on after what the disk does not give, and says what that was", async () => {
    faults.fail = { method: "stat", code: "EACCES" };
    const found = await create().now();
    expect(found.unread).to.have.members([one.root, two.root, three.root]);
    expect(store.damaged.size).to.equal(0);
    faults.fail = undefined;
    expect((await create().now()).unread).to.deep.equal([]);
  });

  it("ends in the middle of a segment when the node stops", async () => {
    clock.meanwhile.push(() => ending.abort());
    await create().run();
    expect(passes()).to.equal(0);
    expect(store.segments.size).to.equal(3);
  });

  it("starts on demand, and by nobody who merely visits a page", async () => {
    const admin = createAdmin({ metrics, scrub: create(), duties: {} as Duties });
    await flip(pathOf(one.root), 8_500);
    const ask = (headers: Record<string, string>) =>
      admin.inject({ method: "POST", url: "/scrub", headers, payload: "{}" });
    expect((await ask({ "content-type": "text/plain" })).statusCode).to.equal(415);
    expect(store.damaged.size).to.equal(0);
    const answer = await ask({ "content-type": "application/json" });
    expect(answer.json()).to.deep.include({ segments: 3, damaged: [one.root] });
    await admin.close();
  });

  it("makes the node count what is damaged as absent, raise an alarm, and fetch it again", async () => {
    const at = join(folder(), "bench");
    await mkdir(at);
    const { bench, root } = await startDutyBench(at);
    const fetched: Hex[] = [];
    const repair = async (_vNode: bigint, holding: { root: Hex }): Promise<void> => {
      fetched.push(holding.root);
      await bench.put(1);
    };
    await flip(join(at, "segments", root.slice(2)), 7);
    const { log } = logs;
    await createScrub(
      { scrubSeconds: 1, scrubBytesPerSecond: 1e6, pollMs: 1, signal: ending.signal },
      { store: bench.store, clock, metrics: bench.metrics, log },
    ).now();
    const duties = bench.create({}, { repair });
    await duties.look();
    expect(duties.status).to.deep.include({ damaged: [root] });
    expect(duties.status.vNodes[0]).to.include({ absent: 1 });
    expect(isHealthy(duties.status)).to.equal(false);
    expect(await bench.metrics.text()).to.match(/holdfast_damaged_segments 1\n/);
    expect(bench.linesOf("segments are damaged and were set aside")).to.have.lengthOf(1);
    await duties.settled();
    expect(fetched).to.deep.equal([root]);
    bench.clock.time += 60_000; // past the wait after a failure
    await bench.lookOnce(duties);
    expect(isHealthy(duties.status)).to.equal(true);
    expect(bench.chain.mined.map(({ kind }) => kind)).to.deep.equal(["prove"]);
    bench.end();
  });
});
