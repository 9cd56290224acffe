// A disk that hangs while it is read, written or examined: nothing waits for it longer than its deadline.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { PROFILES } from "../../protocol/profiles.ts";
import { referenceEngine } from "../../protocol/segment.ts";
import { createDisk, type Disk, type Found } from "../../prover/disk.ts";
import { createStore, type Store, type StoreModules } from "../../prover/store.ts";
import { startDutyBench } from "../helpers/duty-bench.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";
import { faultyFiles, type Faults } from "../helpers/files.ts";
import { useFolder } from "../helpers/folder.ts";
import { streamOf, testSegment } from "../helpers/segments.ts";

const profile = PROFILES.tiny;

/** Deadlines that pass when the test says so. */
function deadlines() {
  let open: AbortController[] = [];
  const asked: number[] = [];
  return {
    asked,
    timeout: (ms: number): AbortSignal => {
      const controller = new AbortController();
      asked.push(ms);
      open.push(controller);
      return controller.signal;
    },
    pass: (): void => {
      const passing = open;
      open = [];
      for (const controller of passing) controller.abort();
    },
  };
}

describe("prover: disk", () => {
  const folder = useFolder();
  const [segment, other] = [testSegment(9_000, 1), testSegment(9_000, 2)];
  const { root } = segment;
  let faults: Faults;
  let time: ReturnType<typeof deadlines>;
  let ending: AbortController;
  beforeEach(() => {
    [faults, time, ending] = [faultyFiles(), deadlines(), new AbortController()];
  });
  afterEach(() => faults.release());

  const open = (modules: Partial<StoreModules> = {}): Promise<Store> =>
    createStore(
      { folder: folder(), profile, quotaBytes: 1e6, reserveBytes: 0, signal: ending.signal },
      { engine: referenceEngine, files: faults, timeout: time.timeout, ...modules },
    );
  const filled = async (): Promise<Store> => {
    const store = await open();
    for (const each of [segment, other]) await store.receive(streamOf(each.data), each);
    return store;
  };
  /** Starts something, and lets the deadlines pass when it hangs. */
  const late = async (work: Promise<unknown>): Promise<void> => {
    await faults.hanging();
    time.pass();
    expect((await holdfastErrorOf(work)).message).to.include("the disk does not answer");
  };

  for (const [what, method] of [
    ["a read that hangs", "read"],
    ["a look that hangs", "stat"],
  ] as const)
    it(`gives up ${what}, says so until it ends, and takes nothing for damaged`, async () => {
      const store = await filled();
      faults.hang = method;
      await late(store.openLeaf(root, 3));
      expect(store.trouble).to.include("the disk does not answer");
      expect(store.damaged.size).to.equal(0);
      faults.hang = undefined;
      faults.release();
      await faults.released();
      expect(store.trouble).to.equal(undefined);
      expect(await store.openLeaf(root, 3)).to.include({ leafIndex: 3 });
    });

  for (const method of ["write", "sync"])
    it(`gives up an upload when a ${method} hangs, and keeps its promises afterwards`, async () => {
      const store = await open();
      faults.hang = method;
      await late(store.receive(streamOf(segment.data), segment));
      expect(store.usedBytes).to.equal(0);
      expect(await readdir(join(folder(), "segments"))).to.deep.equal([]);
      faults.hang = undefined;
      faults.release();
      await faults.released();
      expect(await store.receive(streamOf(segment.data), segment)).to.include({ existed: false });
    });

  it("refuses at once what would hang behind it, and after the second all else: threads are few", async () => {
    const store = await filled();
    faults.hang = "read";
    await late(store.openLeaf(root, 3));
    const before = time.asked.length;
    expect((await holdfastErrorOf(store.openLeaf(root, 3))).message).to.include("does not answer");
    await late(store.openLeaf(other.root, 3));
    expect((await holdfastErrorOf(store.find(other.root))).message).to.include("does not answer");
    expect(time.asked.length - before).to.be.below(8);
  });

  it("says within 15 seconds that something hangs", async () => {
    await filled();
    expect(new Set(time.asked)).to.deep.equal(new Set([15_000]));
  });

  it("ends every wait when the node stops", async () => {
    const store = await filled();
    faults.hang = "read";
    const [reading, checking] = [store.openLeaf(root, 3), store.check(other.root)];
    await faults.hanging();
    ending.abort();
    expect((await holdfastErrorOf(reading)).code).to.equal("aborted");
    expect((await holdfastErrorOf(checking)).code).to.equal("aborted");
  });

  it("starts no operation after that", async () => {
    ending.abort();
    expect((await holdfastErrorOf(open())).code).to.equal("aborted");
  });

  it("gives up a start on a disk that hangs", async () => {
    let hangs: (() => void) | undefined;
    const begun = new Promise<void>((resolve) => (hangs = resolve));
    const lstat = (): Promise<Found> => {
      hangs?.();
      return new Promise(() => undefined);
    };
    const starting = open({ files: { lstat } });
    await begun;
    time.pass();
    expect((await holdfastErrorOf(starting)).code).to.equal("io");
  });

  it("closes a file that opens too late", async () => {
    let give: (file: never) => void = () => undefined;
    const files = { open: (() => new Promise((resolve) => (give = resolve))) as never };
    const disk: Disk = createDisk({}, { files, timeout: time.timeout });
    const opening = disk.open(join(folder(), "x"), "r");
    time.pass();
    await holdfastErrorOf(opening);
    const closed = new Promise<void>((resolve) => {
      const close = (): Promise<void> => {
        resolve();
        return Promise.resolve();
      };
      give({ close } as never);
    });
    await closed;
  });

  it("makes the node not ready, with a reason, before the next look", async () => {
    const { bench, root: held } = await startDutyBench(folder());
    await bench.restart({ files: faults, timeout: time.timeout });
    const duties = bench.create();
    faults.hang = "read";
    await duties.look();
    expect(duties.status.ready).to.equal(true);
    await faults.hanging();
    time.pass();
    await duties.settled();
    expect(duties.status).to.deep.include({ ready: false });
    expect(duties.status.problem).to.include("the disk does not answer");
    expect(bench.store.damaged.has(held)).to.equal(false);
    await duties.look();
    expect(bench.linesOf("the disk does not answer")).to.have.lengthOf(1);
    expect(await bench.metrics.text()).to.match(/holdfast_disk_trouble 1\n/);
    faults.release();
    bench.end();
  });
});
