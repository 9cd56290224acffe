// A vNode's directory: appending, retiring, compacting, finding, and the paths of its entries.
import { expect } from "chai";
import fc from "fast-check";
import { present } from "../../evidence/world/present.ts";
import {
  Directory,
  directoryRootOf,
  emptyNode,
  entryHash,
  MAX_LEAVES,
  MAX_TOTAL,
  TAG_ENTRY,
} from "../../protocol/directory.ts";
import { P, toHex32 } from "../../protocol/field.ts";
import { compress4 } from "../../protocol/poseidon2.ts";
import { drawSamples } from "../../protocol/sampling.ts";
import { sampleOf } from "../../protocol/statement.ts";
import { vectors } from "../helpers/vectors.ts";

/** Entry i has the root i + 1 and 10 + i leaves. */
function filled(depth: number, weights: readonly number[]): Directory {
  const directory = new Directory(depth);
  weights.forEach((weight, i) => directory.append({ root: BigInt(i + 1), weight, leaves: 10 + i }));
  return directory;
}

/** The root by the definition, from all 4^depth leaves of the tree. */
function rootByDefinition({ depth, entries }: Directory): bigint {
  let nodes = Array.from({ length: 4 ** depth }, (_, i) => {
    const entry = entries[i];
    return entry ? entryHash(entry) : 0n;
  });
  while (nodes.length > 1) {
    nodes = Array.from({ length: nodes.length / 4 }, (_, i) => compress4(nodes.slice(4 * i, 4 * i + 4)));
  }
  return present(nodes[0]);
}

describe("protocol: directory", () => {
  it("agrees with the vectors", () => {
    const { depth, segments, entries, afterAppending, segment1Tombstoned, tagEntry, samples } =
      vectors("directory");
    expect(TAG_ENTRY).to.equal(BigInt(tagEntry));
    const directory = new Directory(depth);
    const state = () => ({
      segments: directory.entries.length,
      total: directory.total,
      root: toHex32(directory.root),
    });
    const states = [state()];
    for (const { root, weight, leaves } of segments) {
      directory.append({ root: BigInt(root), weight, leaves });
      states.push(state());
    }
    expect(states).to.deep.equal(afterAppending);
    expect(directory.entries.map((entry) => toHex32(entryHash(entry)))).to.deep.equal(entries);
    for (const { seed, samples: expected, ...range } of samples) {
      const draws = drawSamples({ ...range, seed: BigInt(seed), samples: expected.length });
      const found = draws.map((draw) => sampleOf(directory, draw));
      expect(found.map(({ entryIndex: entry, leafIndex: leaf }) => ({ entry, leaf }))).to.deep.equal(
        expected,
      );
    }
    directory.retire(1);
    expect({ total: directory.total, root: toHex32(directory.root) }).to.deep.equal(segment1Tombstoned);
  });

  it("has the empty nodes of the vectors", () => {
    const { zeroSubtrees4 } = vectors("poseidon2");
    expect(zeroSubtrees4.map((_, level) => toHex32(emptyNode(level)))).to.deep.equal(zeroSubtrees4);
  });

  it("has the root of the definition after any appends and retirements", () => {
    const actions = fc.array(fc.oneof(fc.constant("append"), fc.nat(15)), { minLength: 1, maxLength: 24 });
    fc.assert(
      fc.property(actions, (list) => {
        const directory = new Directory(2);
        for (const action of list) {
          if (action === "append") {
            if (directory.entries.length < 16)
              directory.append({ root: BigInt(directory.entries.length) + 5n, weight: 7, leaves: 3 });
          } else if (present(directory.entries[action] ?? { root: 0n }).root !== 0n) {
            directory.retire(action);
          }
          expect(directory.root).to.equal(rootByDefinition(directory));
        }
      }),
      { numRuns: 10 },
    );
  });

  describe("appending", () => {
    it("starts each entry where the one before ends", () => {
      const directory = filled(2, [3, 1, 7]);
      expect(directory.entries).to.deep.equal([
        { root: 1n, start: 0, weight: 3, leaves: 10 },
        { root: 2n, start: 3, weight: 1, leaves: 11 },
        { root: 3n, start: 4, weight: 7, leaves: 12 },
      ]);
      expect(directory.total).to.equal(11);
    });

    const one = { root: 1n, weight: 1, leaves: 1 };

    it("fills every place and no more", () => {
      const directory = filled(2, new Array<number>(16).fill(1));
      const { root } = directory;
      expect(root).to.equal(rootByDefinition(directory));
      expect(() => directory.append(one)).to.throw(RangeError, "full: 16 segments");
      directory.retire(3);
      expect(() => directory.append(one)).to.throw(RangeError, "full: 16 segments");
    });

    it("stays below a weight of 2^40", () => {
      expect(MAX_TOTAL).to.equal(1_099_511_627_776);
      const directory = filled(2, [MAX_TOTAL - 2]);
      expect(() => directory.append({ ...one, weight: 2 })).to.throw(RangeError, "2^40");
      expect(directory.append(one).start).to.equal(MAX_TOTAL - 2);
      expect(directory.total).to.equal(MAX_TOTAL - 1);
    });

    it("takes any leaves for any weight", () => {
      const directory = new Directory(2);
      directory.append({ ...one, leaves: MAX_LEAVES });
      directory.append({ ...one, weight: 2 ** 39 });
      expect(directory.root).to.equal(rootByDefinition(directory));
      expect(directory.total).to.equal(2 ** 39 + 1);
    });

    it("refuses a root that is 0 or no element", () => {
      for (const root of [0n, -1n, P]) {
        expect(() => new Directory(2).append({ ...one, root })).to.throw(RangeError, '"root"');
      }
    });

    it("refuses a root that is no bigint", () => {
      for (const root of [1, "0x01"] as unknown as bigint[]) {
        expect(() => new Directory(2).append({ ...one, root })).to.throw(TypeError, '"root"');
      }
    });

    it("refuses a weight below 1", () => {
      for (const weight of [0, -1, 1.5, NaN]) {
        expect(() => new Directory(2).append({ ...one, weight })).to.throw(RangeError, '"weight"');
      }
    });

    it("refuses a number of leaves below 1 or above 2^28", () => {
      for (const leaves of [0, -1, 1.5, NaN, 2 ** 28 + 1]) {
        expect(() => new Directory(2).append({ ...one, leaves })).to.throw(RangeError, '"leaves"');
      }
    });

    it("changes nothing when it refuses", () => {
      const directory = filled(2, [5]);
      const { root } = directory;
      expect(() => directory.append({ ...one, root: 0n })).to.throw(RangeError);
      expect([directory.root, directory.total, directory.entries.length]).to.deep.equal([root, 5, 1]);
    });
  });

  it("is as deep as it is told", () => {
    for (const depth of [1, 2, 3]) {
      const directory = filled(depth, [2, 3]);
      expect(directory.root).to.equal(rootByDefinition(directory));
      expect(directory.path(1).length).to.equal(depth);
    }
  });

  it("refuses a depth below 1", () => {
    for (const depth of [0, -1, 1.5, NaN]) expect(() => new Directory(depth)).to.throw(RangeError, '"depth"');
  });

  describe("retiring", () => {
    it("leaves a tombstone in the same place", () => {
      const directory = filled(2, [3, 1, 7]);
      directory.retire(1);
      const tombstone = { root: 0n, start: 3, weight: 1, leaves: 11 };
      expect(directory.entries[1]).to.deep.equal(tombstone);
      expect(directory.total).to.equal(11);
      expect(directory.find(3)).to.deep.equal({ index: 1, entry: tombstone });
    });

    it("refuses the same entry twice", () => {
      const directory = filled(2, [3, 1]);
      directory.retire(1);
      const { root } = directory;
      expect(() => directory.retire(1)).to.throw(RangeError, "entry 1 is retired already");
      expect(directory.root).to.equal(root);
    });

    it("refuses an entry that is not there", () => {
      for (const index of [-1, 2, 0.5, NaN]) {
        expect(() => filled(2, [3, 1]).retire(index)).to.throw(RangeError, `there is no entry ${index}`);
      }
    });
  });

  describe("compacting", () => {
    it("keeps the live entries alone, in their order, one after the other", () => {
      const directory = filled(2, [3, 1, 7, 2, 5]);
      directory.retire(0);
      directory.retire(3);
      const { root } = directory;
      const compacted = directory.compacted();
      expect(compacted.entries).to.deep.equal([
        { root: 2n, start: 0, weight: 1, leaves: 11 },
        { root: 3n, start: 1, weight: 7, leaves: 12 },
        { root: 5n, start: 8, weight: 5, leaves: 14 },
      ]);
      expect([compacted.depth, compacted.total]).to.deep.equal([2, 13]);
      expect(compacted.root).to.equal(rootByDefinition(compacted));
      expect([directory.root, directory.total]).to.deep.equal([root, 18]);
    });

    it("leaves an empty directory where nothing lives", () => {
      const directory = filled(2, [3]);
      directory.retire(0);
      const compacted = directory.compacted();
      expect([compacted.root, compacted.total, compacted.entries]).to.deep.equal([emptyNode(2), 0, []]);
    });
  });

  describe("finding a position", () => {
    it("names the entry that the position lies in, for every position", () => {
      const sizes = [3, 1, 1, 7, 2, 16, 1];
      const directory = filled(2, sizes);
      directory.retire(3);
      const owners = sizes.flatMap((n, index) => new Array<number>(n).fill(index));
      owners.forEach((index, position) => {
        expect(directory.find(position)).to.deep.equal({ index, entry: directory.entries[index] });
      });
    });

    it("refuses positions outside", () => {
      const directory = filled(2, [3, 1]);
      for (const position of [-1, 4, 0.5, NaN]) {
        expect(() => directory.find(position)).to.throw(RangeError, '"position" expected 0 to 3');
      }
      expect(() => new Directory(2).find(0)).to.throw(RangeError, '"position"');
    });
  });

  describe("paths", () => {
    it("lead from every entry to the root, tombstones included", () => {
      for (const count of [1, 4, 5, 16]) {
        const directory = filled(2, new Array<number>(count).fill(2));
        if (count > 1) directory.retire(count - 2);
        directory.entries.forEach((entry, index) => {
          const path = directory.path(index);
          expect(path.map((others) => others.length)).to.deep.equal([3, 3]);
          expect(directoryRootOf(entry, index, path)).to.equal(directory.root);
        });
      }
    });

    it("lead elsewhere from any other entry, index or sibling", () => {
      const directory = filled(3, [2, 2, 2, 2, 2, 2]);
      const path = directory.path(5);
      const entry = present(directory.entries[5]);
      const others = [
        directoryRootOf({ ...entry, root: entry.root + 1n }, 5, path),
        directoryRootOf({ ...entry, root: 0n }, 5, path),
        directoryRootOf({ ...entry, start: entry.start + 1 }, 5, path),
        directoryRootOf({ ...entry, weight: entry.weight + 1 }, 5, path),
        directoryRootOf({ ...entry, leaves: entry.leaves + 1 }, 5, path),
        directoryRootOf(entry, 4, path),
        directoryRootOf(entry, 1, path),
        ...path.map((row, level) =>
          directoryRootOf(entry, 5, path.with(level, row.with(2, present(row[2]) + 1n))),
        ),
      ];
      for (const root of others) expect(root).to.not.equal(directory.root);
    });

    it("exist for entries only", () => {
      for (const index of [-1, 2, 0.5]) {
        expect(() => filled(2, [3, 1]).path(index)).to.throw(RangeError, `there is no entry ${index}`);
      }
    });
  });
});
