// Segments on disk: whole or absent, through every kind of upload and every interruption.
import { open as openFile, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { toHex32, type Hex } from "../../protocol/field.ts";
import { maxBytes, PROFILES } from "../../protocol/profiles.ts";
import { referenceEngine, rootOf } from "../../protocol/segment.ts";
import { createStore, type Store, type StoreModules, type StoreOptions } from "../../prover/store.ts";
import { errorOf, holdfastErrorOf } from "../helpers/errors.ts";
import { useFolder } from "../helpers/folder.ts";
import { streamOf, testSegment, type TestSegment } from "../helpers/segments.ts";

const profile = PROFILES.tiny;

describe("prover: store", () => {
  const folder = useFolder();
  const open = (options: Partial<StoreOptions> = {}, modules: Partial<StoreModules> = {}): Promise<Store> =>
    createStore(
      { folder: folder(), profile, quotaBytes: 1e6, reserveBytes: 0, ...options },
      { engine: referenceEngine, ...modules },
    );
  const receive = (store: Store, segment: TestSegment): ReturnType<Store["receive"]> =>
    store.receive(streamOf(segment.data), segment);
  const names = async (): Promise<string[]> => [
    ...(await readdir(join(folder(), "incoming"))),
    ...(await readdir(join(folder(), "segments"))),
  ];
  const dataFile = (root: Hex): string => join(folder(), "segments", root.slice(2));
  const expectNothing = async (store: Store): Promise<void> => {
    expect(await names()).to.deep.equal([]);
    expect(store.usedBytes).to.equal(0);
  };

  it("keeps a segment and opens each of its leaves, also after a restart", async () => {
    const segment = testSegment(9_000, 1);
    const { root, leaves, data } = segment;
    await receive(await open(), segment);
    const store = await open();
    expect([...store.segments.values()]).to.deep.equal([{ root, bytes: 9_000, leaves }]);
    expect(store.usedBytes).to.equal(9_000);
    for (let i = 0; i < leaves; i++) expect(toHex32(rootOf(await store.openLeaf(root, i)))).to.equal(root);
    const parts: Buffer[] = [];
    for await (const part of await store.read(root, 10, 8_000)) parts.push(part as Buffer);
    expect(Buffer.concat(parts)).to.deep.equal(Buffer.from(data.subarray(10, 8_001)));
  });

  it("checks the bytes of an upload even if the segment is there already", async () => {
    const store = await open();
    const segment = testSegment(500, 2);
    await receive(store, segment);
    expect(await receive(store, segment)).to.include({ existed: true, leaves: segment.leaves });
    const wrong = store.receive(streamOf(testSegment(500, 3).data), { root: segment.root, bytes: 500 });
    expect((await holdfastErrorOf(wrong)).code).to.equal("corrupt");
    expect(store.usedBytes).to.equal(500);
  });

  for (const [what, change, code] of [
    ["another root", { root: toHex32(5n) }, "corrupt"],
    ["another SHA-256", { sha256: "00".repeat(32) }, "unauthorized"],
    ["fewer bytes than announced", { bytes: 601 }, "bad-input"],
    ["more bytes than announced", { bytes: 599 }, "bad-input"],
    ["no bytes", { bytes: 0 }, "bad-input"],
    ["more than the profile takes", { bytes: maxBytes(profile) + 1 }, "too-large"],
  ] as const) {
    it(`refuses ${what} and leaves nothing behind`, async () => {
      const store = await open();
      const segment = testSegment(600, 3);
      const refused = store.receive(streamOf(segment.data), { ...segment, ...change });
      expect((await holdfastErrorOf(refused)).code).to.equal(code);
      await expectNothing(store);
    });
  }

  it("takes as many bytes as a segment can have, and loses none", async () => {
    const store = await open();
    const segment = testSegment(maxBytes(profile), 4);
    expect(await receive(store, segment)).to.include({ existed: false, leaves: 256 });
    expect(toHex32(rootOf(await store.openLeaf(segment.root, 255)))).to.equal(segment.root);
  });

  it("removes an upload that is cut off", async () => {
    const store = await open();
    const segment = testSegment(2_000, 4);
    const cut = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(segment.data.subarray(0, 1_000));
      throw Object.assign(new Error("aborted"), { code: "ECONNRESET" });
    };
    const error = await holdfastErrorOf(store.receive(cut(), segment));
    expect(error).to.include({ code: "bad-input" });
    await expectNothing(store);
  });

  describe("on a disk that fails", () => {
    /** Fails the n-th call of one method of any file. */
    const failing = (method: "write" | "sync", n: number, code: string): typeof openFile => {
      let left = n;
      return async (...args) => {
        const file = await openFile(...args);
        return new Proxy(file, {
          get(target, name) {
            const value = Reflect.get(target, name) as unknown;
            if (typeof value !== "function") return value;
            return (...inner: unknown[]): unknown => {
              if (name === method && --left === 0) throw Object.assign(new Error(code), { code });
              return Reflect.apply(value, target, inner);
            };
          },
        });
      };
    };
    for (const [what, method, n] of [
      ["in the middle of the data", "write", 2],
      ["when the data is synced", "sync", 1],
    ] as const) {
      it(`answers that it is full ${what}, and has nothing of it`, async () => {
        const store = await open({}, { files: { open: failing(method, n, "ENOSPC") } });
        const error = await holdfastErrorOf(receive(store, testSegment(2_000, 3)));
        expect(error).to.include({ code: "disk-full" });
        await expectNothing(store);
      });
    }

    it("keeps a segment whose tree it cannot write, and opens it", async () => {
      const segment = testSegment(2_000, 3);
      const files = { open: failing("write", 4, "ENOSPC") };
      expect(await receive(await open({}, { files }), segment)).to.include({ existed: false });
      expect(await names()).to.deep.equal([segment.root.slice(2)]);
      const store = await open();
      expect(toHex32(rootOf(await store.openLeaf(segment.root, 4)))).to.equal(segment.root);
    });

    it("tells other failures from a full disk", async () => {
      const store = await open({}, { files: { open: failing("sync", 1, "EIO") } });
      expect((await holdfastErrorOf(receive(store, testSegment(600, 3)))).code).to.equal("io");
      await expectNothing(store);
    });

    it("leaves the reserve of the disk alone, uploads that are running counted", async () => {
      const store = await open({ reserveBytes: 500 }, { freeBytes: () => Promise.resolve(2_000) });
      const results = await Promise.allSettled([1, 2].map((tag) => receive(store, testSegment(1_000, tag))));
      expect(results.map(({ status }) => status)).to.deep.equal(["fulfilled", "rejected"]);
      expect(store.usedBytes).to.equal(1_000);
    });
  });

  it("never passes the quota with parallel uploads", async () => {
    const store = await open({ quotaBytes: 2_500 });
    const results = await Promise.allSettled(
      [1, 2, 3, 4, 5].map((tag) => receive(store, testSegment(1_000, tag))),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).to.have.lengthOf(2);
    expect(store.usedBytes).to.equal(2_000);
    expect(await names()).to.have.lengthOf(4);
  });

  it("gives the room of a refused upload back", async () => {
    const store = await open({ quotaBytes: 1_000 });
    const segment = testSegment(1_000, 1);
    await holdfastErrorOf(store.receive(streamOf(segment.data.subarray(1)), segment));
    expect(await receive(store, segment)).to.include({ existed: false });
  });

  it("takes the same segment from two senders at a time, and does not wait for a slow one", async () => {
    const store = await open();
    const segment = testSegment(900, 1);
    const [begun, goOn] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    async function* dripping(): AsyncGenerator<Uint8Array> {
      yield segment.data.subarray(0, 100);
      begun.resolve(undefined);
      await goOn.promise;
      yield segment.data.subarray(100);
    }
    const slow = store.receive(dripping(), segment);
    await begun.promise;
    expect(await receive(store, segment)).to.include({ existed: false });
    expect(await store.check(segment.root)).to.equal("whole");
    goOn.resolve(undefined);
    expect(await slow).to.include({ existed: true });
    expect(await store.check(segment.root)).to.equal("whole");
    expect(await readdir(join(folder(), "incoming"))).to.deep.equal([]);
    expect(store.usedBytes).to.equal(900);
  });

  it("keeps what came whole when another one brings something else under its name", async () => {
    const store = await open();
    const segment = testSegment(900, 1);
    const answers = await Promise.allSettled([
      store.receive(streamOf(testSegment(900, 2).data), segment),
      receive(store, segment),
    ]);
    expect(answers.map(({ status }) => status)).to.deep.equal(["rejected", "fulfilled"]);
    expect(await store.check(segment.root)).to.equal("whole");
  });

  it("drops what a crash left on the way, and a tree without data", async () => {
    await open();
    await writeFile(join(folder(), "segments", `${"cd".repeat(32)}.tree`), "a tree without data");
    await writeFile(join(folder(), "incoming", "half"), "half");
    await expectNothing(await open());
  });

  it("makes no file name of anything but a root", async () => {
    const store = await open();
    for (const root of ["0x../../etc/passwd", `0x${"A".repeat(64)}`, `0x${"a".repeat(63)}/`, "0x"] as Hex[]) {
      expect(await errorOf(store.read(root, 0, 1))).to.be.instanceOf(TypeError);
      const refused = await errorOf(store.receive(streamOf(new Uint8Array(1)), { root, bytes: 1 }));
      expect(refused).to.be.instanceOf(TypeError);
    }
  });

  it("follows no link", async () => {
    const segment = testSegment(600, 1);
    await receive(await open(), segment);
    const store = await open();
    const path = dataFile(segment.root);
    await writeFile(join(folder(), "elsewhere"), await readFile(path));
    await store.remove(segment.root);
    await receive(store, segment);
    await rm(path);
    await symlink(join(folder(), "elsewhere"), path);
    expect((await holdfastErrorOf(store.openLeaf(segment.root, 0))).code).to.equal("io");
    expect((await holdfastErrorOf(store.read(segment.root, 0, 9))).code).to.equal("io");
    expect(await store.find(segment.root)).to.equal(undefined);
    expect(await receive(store, segment)).to.include({ existed: false });
    expect(await store.check(segment.root)).to.equal("whole");
  });

  it("notices that a segment is gone, and takes it again", async () => {
    const store = await open();
    const segment = testSegment(600, 1);
    await receive(store, segment);
    await store.remove(segment.root);
    await expectNothing(store);
    expect((await holdfastErrorOf(store.openLeaf(segment.root, 0))).code).to.equal("not-found");
    expect(await store.find(segment.root)).to.equal(undefined);
    expect(await receive(store, segment)).to.include({ existed: false });
  });
});
