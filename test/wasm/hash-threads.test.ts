// Hashing on several threads: the same trees in whatever order, within bounds, and whatever becomes of the threads.
import { readFile } from "node:fs/promises";
import { expect } from "chai";
import {
  BATCH_GROUPS,
  GROUP_BYTES,
  SegmentHasher,
  type HashEngine,
  type SegmentTree,
} from "../../protocol/segment.ts";
import { createWasmEngine } from "../../wasm/hash-module.ts";
import { createHashThreads, type HashThreadsModules } from "../../wasm/hash-threads.ts";
import { prepareWasm } from "../../wasm/prepare.ts";
import { errorOf } from "../helpers/errors.ts";

const BATCH = BATCH_GROUPS * GROUP_BYTES;
const DEPTH = 4;

describe("hash: threads", function () {
  this.timeout(60_000);
  let module: Uint8Array;
  let engine: HashEngine;
  before(async () => {
    module = await readFile(await prepareWasm());
    engine = createWasmEngine(module);
  });

  const spreading = (modules: Partial<HashThreadsModules> = {}, after = 0, threads = 3): HashEngine => ({
    ...engine,
    spread: createHashThreads({ threads, module, after }, { engine, ...modules }),
  });
  const some = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, (_, i) => (i * i + 7) % 251);
  const here = (bytes: Uint8Array): SegmentTree =>
    new SegmentHasher({ depth: DEPTH, engine }).update(bytes).finish();
  const there = async (bytes: Uint8Array, using: HashEngine, chunk = 100_000): Promise<SegmentTree> => {
    const hasher = new SegmentHasher({ depth: DEPTH, engine: using });
    const buffer = new Uint8Array(chunk);
    for (let at = 0; at < bytes.length; at += chunk) {
      const count = Math.min(chunk, bytes.length - at);
      buffer.set(bytes.subarray(at, at + count));
      await hasher.push(buffer.subarray(0, count)); // and then written over
    }
    return hasher.end();
  };

  it("gives the trees of one thread, at each end of a batch", async () => {
    const using = spreading();
    for (const bytes of [1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH, 5 * BATCH + 12_345].map(some))
      expect(await there(bytes, using), `${bytes.length} bytes`).to.deep.equal(here(bytes));
  });

  it("gives them for chunks of any length, and several segments at a time", async () => {
    const using = spreading();
    const bytes = some(4 * BATCH + 99);
    const expected = here(bytes);
    const trees = await Promise.all([1000, BATCH, 3 * BATCH + 1].map((chunk) => there(bytes, using, chunk)));
    for (const tree of trees) expect(tree).to.deep.equal(expected);
  });

  it("hashes here what threads do not that die or throw", async () => {
    const worker = new URL("../helpers/failing-hash-worker.ts", import.meta.url);
    for (const first of [1, 2]) {
      const bytes = some(6 * BATCH);
      for (const batch of [1, 4]) bytes[batch * BATCH] = first;
      expect(await there(bytes, spreading({ worker }))).to.deep.equal(here(bytes));
    }
  });

  it("does not use a batch again that a thread had when it was ended", async () => {
    const worker = new URL("../helpers/failing-hash-worker.ts", import.meta.url);
    const buffers: ArrayBufferLike[] = [];
    const watched: HashEngine = {
      ...engine,
      hashLeaves(leaves, output) {
        buffers.push(leaves.buffer);
        return engine.hashLeaves(leaves, output);
      },
    };
    const bytes = some(16 * BATCH);
    for (let batch = 0; batch < 16; batch++) bytes[batch * BATCH] = 2;
    expect(await there(bytes, spreading({ worker, engine: watched }, 0, 1))).to.deep.equal(here(bytes));
    const [lost, ...later] = buffers;
    expect(later).to.have.length.above(6).and.not.include(lost);
    expect(new Set(later), "others are").to.have.property("size").below(later.length);
  });

  it("hashes here what threads do not that never start", async () => {
    const worker = new URL("../helpers/no-such-worker.ts", import.meta.url);
    const using = spreading({ worker });
    for (const bytes of [some(4 * BATCH), some(3 * BATCH)])
      expect(await there(bytes, using)).to.deep.equal(here(bytes));
  });

  it("takes two batches for each thread, and more when one of them is done", async () => {
    const { spread } = spreading({}, Infinity, 2);
    const accepted: number[] = [];
    const groups = some(BATCH);
    const all = Array.from({ length: 6 }, async (_, i) => {
      const taken = await spread?.(groups, new Uint8Array(BATCH_GROUPS * 32));
      accepted.push(i);
      await taken?.hashed;
    });
    for (let i = 0; i < 100; i++) await Promise.resolve(); // as long as nothing is hashed
    expect(accepted).to.deep.equal([0, 1, 2, 3]);
    await Promise.all(all);
    expect(accepted).to.deep.equal([0, 1, 2, 3, 4, 5]);
  });

  it("starts no thread for little", async () => {
    const calls: number[] = [];
    const counting: HashEngine = {
      ...engine,
      hashLeaves(leaves, output) {
        calls.push(leaves.length);
        return engine.hashLeaves(leaves, output);
      },
    };
    const bytes = some(5 * BATCH);
    await there(bytes, spreading({ engine: counting }, 5));
    expect(calls).to.deep.equal(new Array(5).fill(BATCH));
    calls.length = 0;
    await there(bytes, spreading({ engine: counting }, 0));
    expect(calls).to.deep.equal([]);
  });

  it("fails with what became of a batch that nobody could hash", async () => {
    const broken: HashEngine = {
      ...engine,
      hashLeaves() {
        throw new Error("out of order");
      },
    };
    const using = spreading({ engine: broken }, Infinity);
    expect((await errorOf(there(some(3 * BATCH), using))).message).to.equal("out of order");
    expect((await errorOf(there(some(30 * BATCH), using))).message).to.equal("out of order");
  });
});
