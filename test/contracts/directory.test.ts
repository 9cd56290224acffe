// The contracts' directory, of which they keep only the frontier, agrees with protocol/ for each entry and opening.
import { readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import { testChain } from "../../evidence/world/contracts.ts";
import { present } from "../../evidence/world/present.ts";
import { Directory, directoryRootOfMany, type Entry } from "../../protocol/directory.ts";
import { P, toHex32 } from "../../protocol/field.ts";

interface DirectoryVectors {
  depth: number;
  segments: { root: string; weight: number; leaves: number }[];
  afterAppending: { total: number; root: string }[];
  segment1Tombstoned: { root: string };
}
const vectors = JSON.parse(
  readFileSync(new URL("../vectors/directory.json", import.meta.url), "utf8"),
) as DirectoryVectors;

const entryOf = (i: number) => ({ root: BigInt(100 + i), weight: 1 + ((i * 7) % 5), leaves: 1 + (i % 3) });

describe("contracts: Directory", () => {
  const deploy = async (depth: number) => {
    const { ethers } = await testChain();
    return ethers.deployContract("DirectoryHarness", [depth]);
  };
  type Harness = Awaited<ReturnType<typeof deploy>>;
  const append = async (harness: Harness, directory: Directory, from: number, to: number): Promise<void> => {
    const entries = Array.from({ length: to - from }, (_, i) => directory.append(entryOf(from + i)));
    await harness.append(entries);
  };
  const open = (directory: Directory, indices: readonly number[]): [Entry[], number[], string[]] => [
    indices.map((index) => present(directory.entries[index])),
    [...indices],
    directory.multiPath(indices).map(toHex32),
  ];

  it("is that of the vectors", async () => {
    const harness = await deploy(vectors.depth);
    const directory = new Directory(vectors.depth);
    for (const [i, segment] of vectors.segments.entries()) {
      const before = present(vectors.afterAppending[i]);
      expect([await harness.root(), await harness.total()]).to.deep.equal([
        BigInt(before.root),
        BigInt(before.total),
      ]);
      const entry = directory.append({ ...segment, root: BigInt(segment.root) });
      await harness.append([entry]);
    }
    expect(await harness.root()).to.equal(BigInt(present(vectors.afterAppending.at(-1)).root));
    await harness.bury(...open(directory, [1]));
    expect(await harness.root()).to.equal(BigInt(vectors.segment1Tombstoned.root));
  });

  it("is the same in one call as in many, to the last entry", async () => {
    const harness = await deploy(2);
    const directory = new Directory(2);
    let count = 0;
    for (const more of [3, 1, 2, 4, 1, 4, 1]) {
      await append(harness, directory, count, count + more);
      count += more;
      expect(await harness.root()).to.equal(directory.root);
    }
    expect(count).to.equal(16);
  });

  it("is opened at any entries", async () => {
    const harness = await deploy(3);
    const directory = new Directory(3);
    await append(harness, directory, 0, 23);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(22), { minLength: 1 }), async (drawn) => {
        const opened = open(
          directory,
          drawn.sort((a, b) => a - b),
        );
        expect(await harness.rootOf(...opened)).to.equal(directory.root);
      }),
      { numRuns: 20 },
    );
  });

  it("is not opened by what is no multi-path", async () => {
    const harness = await deploy(3);
    const directory = new Directory(3);
    await append(harness, directory, 0, 23);
    const [entries, , siblings] = open(directory, [3, 4, 9]);
    const [first] = entries as [Entry];
    const alias = toHex32(BigInt(present(siblings[0])) + P);
    for (const [some, indices, path] of [
      [entries, [3, 4, 9], siblings.slice(1)],
      [entries, [3, 4, 9], siblings.slice(0, -1)],
      [entries, [3, 4, 9], [...siblings, present(siblings[0])]],
      [entries, [3, 4, 9], [alias, ...siblings.slice(1)]],
      [entries, [3, 4, 4], siblings],
      [entries, [4, 3, 9], siblings],
      [[], [], []],
      [[], [], [toHex32(directory.root)]],
      [[first], [3], []],
    ] as [Entry[], number[], string[]][]) {
      const attempt = harness.rootOf(some, indices, path);
      await expect(attempt).to.be.revertedWithCustomError(harness, "PathMalformed");
    }
    // Well-formed paths of another tree.
    for (const [indices, path] of [
      [[3, 4, 10], siblings],
      [[2, 4, 9], siblings],
      [
        [3, 4, 9],
        [present(siblings[1]), present(siblings[0]), ...siblings.slice(2)],
      ],
    ] as [number[], string[]][]) {
      const root = await harness.rootOf(entries, indices, path);
      expect(root).to.not.equal(directory.root);
      expect(root).to.equal(directoryRootOfMany(entries, indices, path.map(BigInt), 3));
    }
  });

  it("has tombstones, and a frontier that is right when more follow", async () => {
    for (const count of [1, 2, 3, 4, 5, 6, 7, 9, 13, 15, 16, 17, 21]) {
      const harness = await deploy(3);
      const directory = new Directory(3);
      await append(harness, directory, 0, count);
      for (const indices of [[count - 1], [...Array(count - 1).keys()].filter((i) => i % 3 !== 1)]) {
        if (indices.length === 0) continue;
        const opened = open(directory, indices);
        expect(await harness.bury.staticCall(...opened)).to.equal(directory.root);
        await harness.bury(...opened);
        for (const index of indices) directory.retire(index);
        expect(await harness.root(), `${count} entries`).to.equal(directory.root);
      }
      await append(harness, directory, count, count + 3);
      expect(await harness.root(), `${count} entries and more`).to.equal(directory.root);
    }
  });
});
