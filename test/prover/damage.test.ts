// Damaged data: the data decides, trees are computed from it, and data that does not lead to its root counts as gone.
import {
  appendFile,
  lstat,
  mkdir,
  open as openFile,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { toHex32 } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { referenceEngine, rootOf } from "../../protocol/segment.ts";
import { createStore, type Store, type StoreModules, type StoreOptions } from "../../prover/store.ts";
import { holdfastErrorOf, errorOf } from "../helpers/errors.ts";
import { faultyFiles, flip } from "../helpers/files.ts";
import { useFolder } from "../helpers/folder.ts";
import { createLogs } from "../helpers/logs.ts";
import { streamOf, testSegment } from "../helpers/segments.ts";

const profile = PROFILES.tiny;

describe("prover: damaged data", () => {
  const folder = useFolder();
  const segment = testSegment(20_000, 1);
  const { root, leaves, data } = segment;
  const open = (modules: Partial<StoreModules> = {}, options: Partial<StoreOptions> = {}): Promise<Store> =>
    createStore(
      { folder: folder(), profile, quotaBytes: 1e6, reserveBytes: 0, ...options },
      { engine: referenceEngine, ...modules },
    );
  const receive = (store: Store): ReturnType<Store["receive"]> => store.receive(streamOf(data), segment);
  const path = (): string => join(folder(), "segments", root.slice(2));
  const aside = (): Promise<string[]> => readdir(join(folder(), "set-aside"));
  const bytesOf = async (store: Store, start = 0, end = data.length - 1): Promise<Buffer> => {
    const parts: Uint8Array[] = [];
    for await (const part of await store.read(root, start, end)) parts.push(part as Uint8Array);
    return Buffer.concat(parts);
  };
  const expectWhole = async (store: Store): Promise<void> => {
    expect(await store.check(root)).to.equal("whole");
    expect(await bytesOf(store)).to.deep.equal(Buffer.from(data));
    for (const leaf of [0, leaves - 1])
      expect(toHex32(rootOf(await store.openLeaf(root, leaf)))).to.equal(root);
    expect(store.damaged.size).to.equal(0);
    expect(await aside()).to.deep.equal([]);
  };
  const expectGone = async (store: Store): Promise<void> => {
    expect(await store.find(root)).to.equal(undefined);
    expect(store.segments.has(root)).to.equal(false);
    expect([...store.damaged.keys()]).to.deep.equal([root]);
    expect(await aside()).to.deep.equal([root.slice(2)]);
    expect(store.usedBytes).to.equal(0);
  };

  const treeDamages: Record<string, (tree: string) => Promise<void>> = {
    "has a flipped bit in its first level": (tree) => flip(tree, 35),
    "has a flipped bit in its root": async (tree) => flip(tree, (await readFile(tree)).length - 1),
    "is shorter": (tree) => truncate(tree, 32),
    "is longer": (tree) => appendFile(tree, "x"),
    "is empty": (tree) => truncate(tree, 0),
    "is missing": (tree) => rm(tree),
    "is another segment's": (tree) => writeFile(tree, Buffer.alloc(64 + 32, 7)),
    "is a folder": async (tree) => rm(tree).then(() => mkdir(tree)),
  };
  for (const [what, damage] of Object.entries(treeDamages))
    for (const when of ["running", "restarted"] as const)
      it(`opens, serves and keeps a segment whose tree ${what}, ${when}`, async () => {
        let store = await open();
        await receive(store);
        await damage(`${path()}.tree`);
        if (when === "restarted") store = await open();
        expect(await store.find(root)).to.include({ bytes: data.length });
        expect(toHex32(rootOf(await store.openLeaf(root, 17)))).to.equal(root);
        expect(await bytesOf(store)).to.deep.equal(Buffer.from(data));
        await store.check(root);
        expect(store.damaged.size).to.equal(0);
      });

  it("writes the tree again when a check finds that it is not the data's", async () => {
    const store = await open();
    await receive(store);
    const tree = await readFile(`${path()}.tree`);
    await flip(`${path()}.tree`, 35);
    expect(await store.check(root)).to.equal("rebuilt");
    expect(await readFile(`${path()}.tree`)).to.deep.equal(tree);
    await expectWhole(store);
  });

  const dataDamages: Record<string, () => Promise<void>> = {
    "one flipped bit": () => flip(path(), 19_999),
    "a flipped bit in the first byte": () => flip(path(), 0),
    "a byte less": () => truncate(path(), 19_999),
    "a leaf less": () => truncate(path(), 19_000),
    "a byte more": () => appendFile(path(), "x"),
    "much more": () => appendFile(path(), Buffer.alloc(5_000)),
    "more than a segment may have": () => truncate(path(), 200_000),
    "other data": () => writeFile(path(), testSegment(20_000, 2).data),
    "other data with its own tree": async () => {
      const other = testSegment(20_000, 2);
      const made = await open();
      await made.receive(streamOf(other.data), other);
      const from = join(folder(), "segments", other.root.slice(2));
      await writeFile(path(), await readFile(from));
      await writeFile(`${path()}.tree`, await readFile(`${from}.tree`));
      await made.remove(other.root);
    },
    "data and tree cut": async () => {
      await truncate(path(), 9_000);
      await truncate(`${path()}.tree`, 96);
    },
  };
  for (const [what, damage] of Object.entries(dataDamages)) {
    for (const when of ["running", "restarted"] as const) {
      const damaged = async (): Promise<Store> => {
        const store = await open();
        await receive(store);
        if (when === "running") await store.openLeaf(root, 0); // its tree is in memory
        await damage();
        return when === "running" ? store : open();
      };
      it(`finds ${what} in a check, ${when}, and takes the segment again`, async () => {
        const store = await damaged();
        expect(await store.check(root)).to.equal("damaged");
        await expectGone(store);
        await expectGone(await open()); // and it is known after a restart
        expect(await receive(store)).to.include({ existed: false });
        await expectWhole(store);
        await expectWhole(await open());
      });
      it(`replaces ${what} when it is uploaded again, ${when}`, async () => {
        const store = await damaged();
        expect(await receive(store)).to.include({ existed: false });
        await expectWhole(store);
      });
      it(`serves no byte that is wrong: ${what}, ${when}`, async () => {
        const store = await damaged();
        const end = ((await store.find(root))?.bytes ?? 20_000) - 1;
        const got = await bytesOf(store, 0, end).catch(() => undefined);
        if (got) expect(got).to.deep.equal(Buffer.from(data.subarray(0, got.length)));
        else await expectGone(store);
      });
    }
  }

  it("opens no leaf of a group in which a bit has flipped, and has nothing of the segment then", async () => {
    const store = await open();
    await receive(store);
    await flip(path(), 100);
    expect((await holdfastErrorOf(store.openLeaf(root, 3))).code).to.equal("corrupt");
    await expectGone(store);
    expect((await holdfastErrorOf(store.openLeaf(root, 20))).code).to.equal("not-found");
    expect((await holdfastErrorOf(store.read(root, 0, 9))).code).to.equal("not-found");
  });

  it("breaks a stream off before the first wrong byte", async () => {
    const large = testSegment(126_000 - 1, 5);
    const store = await open();
    await store.receive(streamOf(large.data), large);
    const file = join(folder(), "segments", large.root.slice(2));
    const stream = await store.read(large.root, 0, large.bytes - 1);
    await flip(file, 125_000);
    const got: Uint8Array[] = [];
    await errorOf(
      (async () => {
        for await (const part of await store.read(large.root, 0, large.bytes - 1))
          got.push(part as Uint8Array);
      })(),
    );
    expect(Buffer.concat(got).length).to.be.below(125_000);
    stream.destroy();
  });

  it("takes what the disk cannot read for damaged", async () => {
    await receive(await open());
    const faults = faultyFiles();
    const store = await open({ files: faults });
    faults.fail = { method: "read", code: "EIO" };
    expect(await store.check(root)).to.equal("damaged");
    faults.fail = undefined;
    await expectGone(store);
    expect(await receive(store)).to.include({ existed: false });
  });

  for (const [what, fault] of [
    ["opened", { code: "EIO" }],
    ["opened, with its file system damaged", { errno: -117 }],
  ] as const)
    it(`takes what cannot be ${what} for damaged`, async () => {
      await receive(await open());
      let fails = true;
      const files = {
        open: ((...args: Parameters<typeof openFile>) =>
          fails && args[0] === path()
            ? Promise.reject(Object.assign(new Error("broken"), fault))
            : openFile(...args)) as typeof openFile,
      };
      const store = await open({ files });
      expect(await store.check(root)).to.equal("damaged");
      fails = false;
      await expectGone(store);
      expect(await receive(store)).to.include({ existed: false });
      await expectWhole(store);
    });

  it("takes what cannot even be looked at for damaged, and replaces it", async () => {
    await receive(await open());
    let fails = false;
    const files = {
      lstat: (name: string) =>
        fails && name === path()
          ? Promise.reject(Object.assign(new Error("broken"), { code: "EIO" }))
          : lstat(name),
    };
    const store = await open({ files });
    fails = true;
    expect(await store.find(root)).to.equal(undefined);
    expect([...store.damaged.keys()]).to.deep.equal([root]);
    expect(await receive(store)).to.include({ existed: false });
    fails = false;
    await expectWhole(store);
  });

  it("takes nothing in while another disk is where its own was", async () => {
    let dev = 0;
    const files = {
      lstat: async (name: string) => Object.assign(await lstat(name), dev === 0 ? {} : { dev }),
    };
    const store = await open({ files });
    dev = 77;
    const error = await holdfastErrorOf(receive(store));
    expect(error).to.include({ code: "io" });
    expect(error.message).to.include("another disk");
    expect(await readdir(join(folder(), "segments"))).to.deep.equal([]);
  });

  it("refuses what it cannot move away", async () => {
    const refused = (): Promise<void> => Promise.reject(Object.assign(new Error("EROFS"), { code: "EROFS" }));
    await receive(await open());
    const store = await open({ files: { rename: refused } });
    await flip(path(), 5);
    expect(await store.check(root)).to.equal("damaged");
    expect(await store.find(root)).to.equal(undefined);
    expect([...store.damaged.keys()]).to.deep.equal([root]);
  });

  it("leaves what is good alone when somebody uploads other bytes under its name", async () => {
    const store = await open();
    await receive(store);
    const other = testSegment(20_000, 9);
    const refused = store.receive(streamOf(other.data), { root, bytes: 20_000 });
    expect((await holdfastErrorOf(refused)).code).to.equal("corrupt");
    expect(await receive(store)).to.include({ existed: true });
    await expectWhole(store);
    expect(await readdir(join(folder(), "incoming"))).to.deep.equal([]);
  });

  it("makes room with what was set aside, if the disk has no other", async () => {
    let free = 1e6;
    const store = await open({ freeBytes: () => Promise.resolve(free) });
    await receive(store);
    await flip(path(), 5);
    await store.check(root);
    free = 10;
    expect((await holdfastErrorOf(receive(store))).code).to.equal("disk-full");
    expect(await aside()).to.deep.equal([]);
  });

  it("removes what was set aside with the segment", async () => {
    const store = await open();
    await receive(store);
    await flip(path(), 5);
    await store.check(root);
    await store.remove(root);
    expect(store.damaged.size).to.equal(0);
    expect(await aside()).to.deep.equal([]);
  });

  it("says loudly what it sets aside, and where", async () => {
    const logs = createLogs();
    const store = await open({ log: logs.log });
    await receive(store);
    await flip(path(), 5);
    await store.check(root);
    const [line] = logs.lines.filter(({ msg }) => msg === "damaged: set aside");
    expect(line).to.include({ level: 50, root, path: join(folder(), "set-aside", root.slice(2)) });
  });

  describe("with what is no segment among the segments", () => {
    const strays: Record<string, (at: string, name: string) => Promise<unknown>> = {
      "a folder": (at) => mkdir(join(at, "old")),
      "a folder with a segment's name": async (at, name) => {
        await mkdir(join(at, name));
        await writeFile(join(at, name, "file"), "kept");
      },
      "a folder with a tree's name": (at) => mkdir(join(at, `${"ef".repeat(32)}.tree`)),
      "a file": (at) => writeFile(join(at, "lost+found"), "x"),
      "an empty file with a segment's name": (at, name) => writeFile(join(at, name), ""),
      "a link to nowhere with a segment's name": (at, name) => symlink("/nowhere", join(at, name)),
      "garbage with a segment's name": (at, name) => writeFile(join(at, name), "garbage"),
    };
    for (const [what, make] of Object.entries(strays))
      it(`starts with ${what}, deletes nothing, and takes segments`, async () => {
        const other = testSegment(600, 4);
        await receive(await open());
        const at = join(folder(), "segments");
        await make(at, other.root.slice(2));
        const before = await readdir(at);
        const store = await open();
        expect(await readdir(at)).to.deep.equal(before);
        await expectWhole(store);
        expect(await store.find(other.root)).to.equal(undefined);
        expect(await store.receive(streamOf(other.data), other)).to.include({ existed: false });
        expect(await store.check(other.root)).to.equal("whole");
      });
  });
});
