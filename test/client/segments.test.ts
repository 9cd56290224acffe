// A file that is cut into segments, and a file that changes while it is read.
import { appendFileSync, truncateSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { expect } from "chai";
import { commitFile, readPart } from "../../client/app/segments.ts";
import { present } from "../../evidence/world/present.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { referenceEngine } from "../../protocol/segment.ts";
import { errorOf } from "../helpers/errors.ts";

describe("client: a file as segments", () => {
  let path: string;
  before(async () => {
    path = join(await mkdtemp(join(tmpdir(), "holdfast-segments-")), "file");
  });
  after(() => rm(join(path, ".."), { recursive: true }));
  const commit = async (bytes: number) => {
    await writeFile(path, Buffer.alloc(bytes, 7));
    return commitFile(path, { profile: PROFILES.tiny, engine: referenceEngine });
  };

  it("is cut where the profile's limit is", async () => {
    const limit = 126_975;
    expect((await commit(limit)).segments.map(({ bytes }) => bytes)).to.deep.equal([limit]);
    expect((await commit(limit + 1)).segments.map(({ offset, bytes }) => [offset, bytes])).to.deep.equal([
      [0, limit],
      [limit, 1],
    ]);
  });

  it("reports how far it is, to the end", async () => {
    await writeFile(path, Buffer.alloc(2_000_000));
    const fractions: number[] = [];
    const engine = { ...referenceEngine, hashLeaves: fakeHashes(496), hashNodes: fakeHashes(512) };
    const progress = (fraction: number): void => void fractions.push(fraction);
    await commitFile(path, { profile: PROFILES.demo, engine, progress });
    expect(fractions.at(-1)).to.equal(1);
    expect(fractions).to.deep.equal(fractions.toSorted((a, b) => a - b));
  });

  it("is refused if it shrinks, grows or is written while it is read", async () => {
    for (const change of [
      () => truncateSync(path, 1_500_000),
      () => appendFileSync(path, "more"),
      () => writeFileSync(path, Buffer.alloc(2_000_000, 1)),
    ]) {
      await writeFile(path, Buffer.alloc(2_000_000));
      await utimes(path, 1, 1);
      let isChanged = false;
      const hashLeaves = (input: Uint8Array): Uint8Array => {
        if (!isChanged) change();
        isChanged = true;
        return fakeHashes(496)(input);
      };
      const engine = { ...referenceEngine, hashLeaves, hashNodes: fakeHashes(512) };
      const error = await errorOf(commitFile(path, { profile: PROFILES.demo, engine }));
      expect(error).to.include({ code: "io" });
      expect(error.message).to.match(/file was changed while it was read: try again/);
    }
  });

  it("is read again as it was, or not to its end", async () => {
    const { segments } = await commit(200_000);
    const parts = await Promise.all(segments.map((part) => buffer(readPart(path, part))));
    expect(Buffer.concat(parts).equals(Buffer.alloc(200_000, 7))).to.equal(true);
    const part = present(segments[1]);
    for (const change of [() => truncate(path, 199_999), () => writeFile(path, Buffer.alloc(200_000, 8))]) {
      await change();
      expect((await errorOf(buffer(readPart(path, part)))).message).to.match(/was changed while it was read/);
    }
    await rm(path);
    const gone = await errorOf(buffer(readPart(path, part)));
    expect(gone.message).to.match(/file cannot be read: there is no such file or folder/);
  });

  it("stops when told to", async () => {
    await writeFile(path, "some bytes");
    const signal = AbortSignal.abort();
    const error = await errorOf(
      commitFile(path, { profile: PROFILES.tiny, engine: referenceEngine, signal }),
    );
    expect(error.name).to.equal("AbortError");
  });
});

/** Zeros instead of hashes. */
function fakeHashes(bytes: number): (input: Uint8Array) => Uint8Array {
  return (input) => new Uint8Array((input.length / bytes) * 32);
}
