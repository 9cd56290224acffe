// Many entries opened at once: the list of siblings is canonical, and only the unchanged list leads to the root.
import { expect } from "chai";
import fc from "fast-check";
import { present } from "../../evidence/world/present.ts";
import { Directory, directoryRootOf, directoryRootOfMany, type Entry } from "../../protocol/directory.ts";
import { P } from "../../protocol/field.ts";

const DEPTH = 3;
const full = new Directory(DEPTH);
for (let i = 0; i < 4 ** DEPTH; i++) full.append({ root: BigInt(i + 1), weight: 1 + (i % 5), leaves: 1 + i });
const partial = new Directory(DEPTH);
for (const entry of full.entries.slice(0, 23)) partial.append(entry);
for (const index of [0, 6, 7, 22]) partial.retire(index);

interface Opened {
  readonly directory: Directory;
  readonly indices: number[];
  readonly entries: Entry[];
  readonly siblings: bigint[];
}

function open(directory: Directory, indices: number[]): Opened {
  const entries = indices.map((index) => present(directory.entries[index]));
  return { directory, indices, entries, siblings: directory.multiPath(indices) };
}

const opened = fc.constantFrom(full, partial).chain((directory) =>
  fc.uniqueArray(fc.nat(directory.entries.length - 1), { minLength: 1 }).map((indices) =>
    open(
      directory,
      indices.sort((a, b) => a - b),
    ),
  ),
);
const rootOf = ({ entries, indices, siblings }: Opened): bigint =>
  directoryRootOfMany(entries, indices, siblings, DEPTH);

/** Runs `check` on openings that are drawn; hashing is slow. */
const forAll = (check: (one: Opened, at: number) => void): void =>
  fc.assert(fc.property(opened, fc.nat(), check), { numRuns: 30 });

describe("protocol: multi-path", () => {
  it("leads to the root from any entries", () => {
    forAll((one) => {
      expect(rootOf(one)).to.equal(one.directory.root);
    });
  });

  it("has the siblings of one entry's path for one entry", () => {
    for (const index of [0, 5, 22]) {
      const { siblings, entries } = open(partial, [index]);
      const path = partial.path(index);
      expect(siblings).to.deep.equal(path.flat());
      expect(rootOf(open(partial, [index]))).to.equal(directoryRootOf(present(entries[0]), index, path));
    }
  });

  it("lists what is missing level by level, parent by parent, in order of position", () => {
    // For the entries 1, 2, 7: the parents 0 and 1 miss 0, 3 and 4, 5, 6; then 2, 3 are missing; then 1, 2, 3.
    const path = (index: number): bigint[][] => partial.path(index);
    const [of1, of7] = [path(1), path(7)];
    const [level0, level1, level2] = of1 as [bigint[], bigint[], bigint[]];
    expect(open(partial, [1, 2, 7]).siblings).to.deep.equal([
      level0[0],
      level0[2],
      ...present(of7[0]),
      ...level1.slice(1),
      ...level2,
    ]);
  });

  it("is empty for all entries of a full directory, and short for neighbours", () => {
    const all = full.entries.map((_, i) => i);
    expect(open(full, all).siblings).to.deep.equal([]);
    expect(rootOf(open(full, all))).to.equal(full.root);
    expect(open(full, [4, 5, 6, 7]).siblings).to.have.lengthOf(6);
  });

  it("leads elsewhere with any sibling altered", () => {
    forAll((one, at) => {
      const { siblings, directory } = one;
      fc.pre(siblings.length > 0);
      const i = at % siblings.length;
      const altered = siblings.with(i, (present(siblings[i]) + 1n) % P);
      expect(rootOf({ ...one, siblings: altered })).to.not.equal(directory.root);
    });
  });

  it("leads elsewhere with any entry altered", () => {
    forAll((one, at) => {
      const i = at % one.entries.length;
      const entry = present(one.entries[i]);
      for (const change of ["start", "weight", "leaves"] as const) {
        const altered = one.entries.with(i, { ...entry, [change]: entry[change] + 1 });
        expect(rootOf({ ...one, entries: altered }), change).to.not.equal(one.directory.root);
      }
    });
  });

  it("leads elsewhere from another place", () => {
    const one = open(full, [4, 9]);
    expect(rootOf({ ...one, indices: [5, 9] })).to.not.equal(full.root);
    expect(rootOf({ ...one, indices: [4, 13] })).to.not.equal(full.root);
  });

  it("refuses too few siblings and too many", () => {
    forAll((one, at) => {
      const { siblings } = one;
      expect(() => rootOf({ ...one, siblings: [...siblings, 0n] })).to.throw(
        RangeError,
        `"siblings" expected ${siblings.length}, got ${siblings.length + 1}`,
      );
      fc.pre(siblings.length > 0);
      const few = siblings.toSpliced(at % siblings.length, 1);
      expect(() => rootOf({ ...one, siblings: few })).to.throw(
        RangeError,
        `"siblings" expected more than ${few.length}`,
      );
    });
  });

  it("refuses a sibling that is no field element", () => {
    const one = open(full, [4, 9]);
    expect(() => rootOf({ ...one, siblings: one.siblings.with(1, P) })).to.throw(RangeError, "field");
  });

  it("refuses indices that do not increase or are beyond the tree, and an empty list", () => {
    const { entries, siblings } = open(full, [4, 9]);
    for (const indices of [
      [9, 4],
      [4, 4],
    ]) {
      const message = `"indices" expected strictly increasing ones, got 4 at 1`;
      expect(() => full.multiPath(indices)).to.throw(RangeError, message);
      expect(() => directoryRootOfMany(entries, indices, siblings, DEPTH)).to.throw(RangeError, message);
    }
    for (const index of [-1, 0.5, NaN, 64]) {
      expect(() => full.multiPath([index])).to.throw(RangeError, `there is no entry ${index}`);
      expect(() => directoryRootOfMany(entries, [index, 65], siblings, DEPTH)).to.throw(
        RangeError,
        "no entry",
      );
    }
    expect(() => partial.multiPath([23])).to.throw(RangeError, "there is no entry 23");
    expect(() => full.multiPath([])).to.throw(RangeError, "at least one");
    expect(() => directoryRootOfMany([], [], [full.root], DEPTH)).to.throw(RangeError, "at least one");
  });

  it("refuses another number of entries than of indices", () => {
    const { entries, siblings } = open(full, [4, 9]);
    for (const other of [entries.slice(1), [...entries, ...entries]]) {
      expect(() => directoryRootOfMany(other, [4, 9], siblings, DEPTH)).to.throw(
        RangeError,
        `"entries" expected 2, got ${other.length}`,
      );
    }
  });
});
