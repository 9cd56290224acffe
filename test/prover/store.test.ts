// Segments on disk: whole or absent, whatever comes in and whenever it ends.
import { expect } from "chai";
import { createHash } from "node:crypto";
import { readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toHex32, type Hex } from "../../protocol/field.ts";
import { maxBytes, PROFILES } from "../../protocol/profiles.ts";
import { referenceEngine, rootOf, SegmentHasher } from "../../protocol/segment.ts";
import { createStore, type Incoming, type Store } from "../../prover/store.ts";
import { patternBytes } from "../helpers/bytes.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";
import { useFolder } from "../helpers/folder.ts";

const profile = PROFILES.tiny;

async function* chunks(bytes: Uint8Array, size = 700): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

function segmentOf(bytes: Uint8Array): Incoming & { leaves: number } {
  const tree = new SegmentHasher({ depth: profile.dataDepth, engine: referenceEngine })
    .update(bytes)
    .finish();
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { root: toHex32(tree.root), leaves: tree.leaves, bytes: bytes.length, body: chunks(bytes), sha256 };
}

describe("prover: store", () => {
  const folder = useFolder();
  const open = (quotaBytes = 1e6): Promise<Store> =>
    createStore({ folder: folder(), profile, quotaBytes }, { engine: referenceEngine });
  const files = async (): Promise<string[]> => [
    ...(await readdir(join(folder(), "incoming"))),
    ...(await readdir(join(folder(), "segments"))),
  ];
  const dataFile = (root: Hex): string => join(folder(), "segments", root.slice(2));

  it("keeps a segment and opens each of its leaves, also after a restart", async () => {
    const bytes = patternBytes(9_000, 1);
    const { root, leaves, ...rest } = segmentOf(bytes);
    await (await open()).receive({ root, ...rest });
    const store = await open();
    expect(await store.list()).to.deep.equal([{ root, bytes: 9_000, leaves }]);
    expect(store.usedBytes).to.equal(9_000);
    for (let i = 0; i < leaves; i++) expect(toHex32(rootOf(await store.open(root, i)))).to.equal(root);
    const parts: Buffer[] = [];
    for await (const part of store.read(root, 10, 8_000)) parts.push(part as Buffer);
    expect(Buffer.concat(parts)).to.deep.equal(Buffer.from(bytes.subarray(10, 8_001)));
  });

  it("says that a segment is there already without reading it again", async () => {
    const store = await open();
    const segment = segmentOf(patternBytes(500, 2));
    await store.receive(segment);
    // eslint-disable-next-line require-yield, @typescript-eslint/require-await
    const unread = async function* (): AsyncGenerator<Uint8Array> {
      throw new Error("read");
    };
    expect(await store.receive({ ...segment, body: unread() })).to.include({
      existed: true,
      leaves: segment.leaves,
    });
  });

  for (const [what, change, code] of [
    ["another root", { root: toHex32(5n) }, "corrupt"],
    ["another SHA-256", { sha256: "00".repeat(32) }, "corrupt"],
    ["fewer bytes than announced", { bytes: 601 }, "bad-input"],
    ["more bytes than announced", { bytes: 599 }, "bad-input"],
    ["no bytes", { bytes: 0 }, "bad-input"],
    ["more than the profile takes", { bytes: maxBytes(profile) + 1 }, "too-large"],
    ["more than the quota", { bytes: 1_000_001 }, "too-large"],
  ] as const) {
    it(`refuses ${what} and leaves nothing behind`, async () => {
      const store = await open();
      const segment = { ...segmentOf(patternBytes(600, 3)), ...change };
      expect((await holdfastErrorOf(store.receive(segment))).code).to.equal(code);
      expect(await files()).to.deep.equal([]);
      expect(store.usedBytes).to.equal(0);
    });
  }

  it("removes an upload that is cut off", async () => {
    const store = await open();
    const segment = segmentOf(patternBytes(2_000, 4));
    const cut = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(patternBytes(2_000, 4).subarray(0, 1_000));
      throw new Error("connection lost");
    };
    expect((await holdfastErrorOf(store.receive({ ...segment, body: cut() }))).code).to.equal("io");
    expect(await files()).to.deep.equal([]);
    expect(store.usedBytes).to.equal(0);
  });

  it("tells a full disk from other failures", async () => {
    const store = await open();
    const full = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Uint8Array.of(1));
      throw Object.assign(new Error("no space"), { code: "ENOSPC" });
    };
    const error = await holdfastErrorOf(store.receive({ ...segmentOf(patternBytes(600, 3)), body: full() }));
    expect(error.code).to.equal("disk-full");
    expect(await files()).to.deep.equal([]);
  });

  it("never passes the quota with parallel uploads", async () => {
    const store = await open(2_500);
    const uploads = [1, 2, 3, 4, 5].map((tag) => store.receive(segmentOf(patternBytes(1_000, tag))));
    const results = await Promise.allSettled(uploads);
    expect(results.filter(({ status }) => status === "fulfilled")).to.have.lengthOf(2);
    expect(store.usedBytes).to.equal(2_000);
    expect(await store.list()).to.have.lengthOf(2);
  });

  it("refuses a second upload of what is coming in", async () => {
    const store = await open();
    const first = store.receive(segmentOf(patternBytes(900, 1)));
    expect((await holdfastErrorOf(store.receive(segmentOf(patternBytes(900, 1))))).code).to.equal("busy");
    await first;
  });

  it("drops what a crash left between the two renames or on the way", async () => {
    await open();
    await writeFile(join(folder(), "segments", "ab".repeat(32)), "data without a tree");
    await writeFile(join(folder(), "incoming", "half"), "half");
    const store = await open();
    expect(await store.list()).to.deep.equal([]);
    expect(await files()).to.deep.equal([]);
  });

  describe("with damaged files", () => {
    const damages: Record<string, (path: string) => Promise<void>> = {
      "one bit of the data": async (path) => flip(path, 100),
      "one bit of the tree": async (path) => flip(`${path}.tree`, 35),
      "a shorter tree": (path) => truncate(`${path}.tree`, 32),
      "shorter data": (path) => truncate(path, 600),
      "empty data": (path) => truncate(path, 0),
    };
    for (const [what, damage] of Object.entries(damages)) {
      it(`opens nothing: ${what}`, async () => {
        const segment = segmentOf(patternBytes(9_000, 1));
        await (await open()).receive(segment);
        await damage(dataFile(segment.root));
        const store = await open();
        expect((await holdfastErrorOf(store.open(segment.root, 0))).code).to.be.oneOf([
          "corrupt",
          "not-found",
        ]);
      });
    }
  });

  it("forgets what is removed", async () => {
    const store = await open();
    const segment = segmentOf(patternBytes(600, 1));
    await store.receive(segment);
    await store.remove(segment.root);
    expect(await files()).to.deep.equal([]);
    expect(store.usedBytes).to.equal(0);
    expect((await holdfastErrorOf(store.open(segment.root, 0))).code).to.equal("not-found");
  });
});

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
}
