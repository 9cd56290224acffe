// Keys that are broken, or of another kind: each is refused for what it is.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { artifactPaths } from "../../circuits/artifacts.ts";
import { readProverKey } from "../../groth16/prover-key.ts";
import { readSections } from "../../groth16/sections.ts";
import { ensureProfile } from "../../keys/make.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";

describe("groth16: the prover's key", () => {
  let folder: string;
  let bytes: Uint8Array;
  before(async function () {
    this.timeout(120_000);
    await ensureProfile("tiny");
    folder = await mkdtemp(join(tmpdir(), "holdfast-key-"));
    bytes = new Uint8Array(await readFile(artifactPaths("tiny").zkey));
  });
  after(() => rm(folder, { recursive: true }));

  /** Where a section's content is. */
  const sectionAt = (id: number): { at: number; size: number } => {
    const content = readSections(bytes, "zkey").get(id) as Uint8Array;
    return { at: content.byteOffset - bytes.byteOffset, size: content.length };
  };
  const changed = (change: (copy: Uint8Array, view: DataView) => void): Uint8Array => {
    const copy = bytes.slice();
    change(copy, new DataView(copy.buffer));
    return copy;
  };
  /** The same from a file and from memory. */
  const refusal = async (key: Uint8Array): Promise<string> => {
    const path = join(folder, "broken.zkey");
    await writeFile(path, key);
    const [fromFile, fromMemory] = [
      await holdfastErrorOf(readProverKey(path)),
      await holdfastErrorOf(readProverKey(key)),
    ];
    expect(fromFile.code).to.equal(fromMemory.code);
    return `${fromMemory.code}: ${fromMemory.message}`;
  };

  it("is the same from a file and from memory", async () => {
    expect(await readProverKey(artifactPaths("tiny").zkey)).to.deep.equal(await readProverKey(bytes));
  });

  it("is shared by threads, and has no infinite points", async () => {
    const { sections, wires } = await readProverKey(bytes);
    for (const { points, indices, group } of Object.values(sections)) {
      expect(points.buffer).to.be.instanceOf(SharedArrayBuffer);
      const size = group === "G1" ? 64 : 128;
      expect(points.length).to.equal(size * indices.length);
      for (let at = 0; at < points.length; at += size)
        if (points.subarray(at, at + size).every((byte) => byte === 0)) expect.fail("an infinite point");
    }
    expect(sections.b1.indices.length).to.be.below(wires);
  });

  it("must be there", async () => {
    expect((await holdfastErrorOf(readProverKey(join(folder, "none")))).code).to.equal("not-found");
  });

  it("must be a key", async () => {
    expect(await refusal(changed((copy) => copy.set([0x77], 0)))).to.match(/^corrupt: .*not a zkey file/);
  });

  it("must be whole", async () => {
    for (const length of [0, 3, 11, 20, 1000, bytes.length - 1])
      expect(await refusal(bytes.subarray(0, length))).to.match(/^corrupt: /);
  });

  it("must be for Groth16", async () => {
    const { at } = sectionAt(1);
    expect(await refusal(changed((_, view) => view.setUint32(at, 2, true)))).to.match(
      /^key: .*not for Groth16/,
    );
  });

  it("must be of this curve", async () => {
    const { at } = sectionAt(2);
    for (const offset of [4, 40])
      expect(await refusal(changed((copy) => copy.fill(1, at + offset, at + offset + 32)))).to.match(
        /^key: .*of another curve/,
      );
    // BLS12-381 has coordinates of 48 bytes.
    expect(await refusal(changed((_, view) => view.setUint32(at, 48, true)))).to.match(
      /^key: .*another curve/,
    );
  });

  it("must have all sections, of the size that the counts ask for", async () => {
    for (const id of [2, 4, 5, 6, 7, 8, 9]) {
      const { at } = sectionAt(id);
      expect(await refusal(changed((_, view) => view.setUint32(at - 12, 99, true)))).to.equal(
        `corrupt: the zkey file has no section ${id}`,
      );
    }
    const { at } = sectionAt(2);
    const wires = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at + 72, true);
    expect(await refusal(changed((_, view) => view.setUint32(at + 72, wires + 1, true)))).to.match(
      /^corrupt: section 5 of the zkey file has \d+ bytes where its header asks for \d+$/,
    );
    expect(await refusal(changed((_, view) => view.setUint32(at + 80, 3, true)))).to.match(
      /^corrupt: .*cannot be/,
    );
    const terms = sectionAt(4).at;
    expect(await refusal(changed((_, view) => view.setUint32(terms, 5, true)))).to.match(
      /^corrupt: section 4 .*do not hold the 5 terms/,
    );
  });

  it("must have points and terms that can be", async () => {
    for (const id of [5, 6, 7, 8, 9]) {
      const { at, size } = sectionAt(id);
      expect(await refusal(changed((copy) => copy.fill(0xff, at + size - 32, at + size)))).to.equal(
        `corrupt: section ${id} of the zkey file has points that cannot be`,
      );
    }
    const { at } = sectionAt(4);
    for (const word of [0, 1, 2])
      expect(await refusal(changed((_, view) => view.setUint32(at + 4 + 4 * word, 2 ** 30, true)))).to.match(
        /^corrupt: section 4 .*terms that the circuit cannot have/,
      );
    expect(await refusal(changed((copy) => copy.fill(0xff, at + 16, at + 48)))).to.match(
      /^corrupt: section 4 .*no field elements/,
    );
  });
});
