// The entries of a directory without hashes, compared with the directory itself.
import { expect } from "chai";
import { Directory } from "../../protocol/directory.ts";
import { Entries } from "../../protocol/entries.ts";
import { HoldfastError } from "../../protocol/errors.ts";

const segment = (serial: number, weight: number, end: number) => ({ serial, weight, end });

describe("protocol: a directory's entries", () => {
  it("are where the directory has them, after tombstones and a compaction", () => {
    const entries = new Entries();
    const directory = new Directory(2);
    for (const [serial, weight, end] of [
      [0, 5, 4],
      [1, 6, 9],
      [2, 7, 3],
      [3, 8, 9],
    ] as const) {
      entries.store(segment(serial, weight, end));
      directory.append({ root: BigInt(10 + serial), weight, leaves: 1 });
    }
    for (const serial of [2, 0]) directory.retire(entries.retire(serial).index);
    const places = (): number[][] => entries.live.map(({ index, start, weight }) => [index, start, weight]);
    const theirs = (of: Directory): number[][] =>
      of.entries.flatMap(({ root, start, weight }, index) => (root === 0n ? [] : [[index, start, weight]]));
    expect(places()).to.deep.equal(theirs(directory));
    expect(entries.total).to.equal(directory.total);
    entries.beginCompaction(5);
    entries.compact();
    expect(places()).to.deep.equal(theirs(directory.compacted()));
    expect(entries.total).to.equal(directory.compacted().total);
    expect(entries.live.map(({ serial }) => serial)).to.deep.equal([1, 3]);
  });

  it("leave out what ends by then, by the ends as they are at the end of a compaction", () => {
    const entries = new Entries();
    for (const serial of [0, 1, 2]) entries.store(segment(serial, 1 + serial, 5));
    entries.beginCompaction(5);
    entries.setEnd(1, 6);
    entries.compact();
    expect(entries.live.map(({ serial, start }) => [serial, start])).to.deep.equal([[1, 0]]);
  });

  it("begin with index and start 0 after a reset", () => {
    const entries = new Entries();
    entries.store(segment(0, 5, 4));
    entries.reset();
    entries.store(segment(1, 6, 9));
    expect(entries.find(1)).to.include({ index: 0, start: 0 });
    expect(entries.total).to.equal(6);
  });

  it("refuse segments that were never stored or are gone, and the end of a compaction that never began", () => {
    const entries = new Entries();
    entries.store(segment(0, 5, 4));
    entries.retire(0);
    for (const act of [() => entries.find(0), () => entries.retire(0), () => entries.setEnd(7, 9)])
      expect(act)
        .to.throw(HoldfastError, /segment \d, which was never stored/)
        .with.property("code", "corrupt");
    expect(() => entries.compact())
      .to.throw(HoldfastError, /end a compaction that never began/)
      .with.property("code", "corrupt");
    entries.beginCompaction(4);
    entries.compact();
    expect(() => entries.compact()).to.throw(/end a compaction that never began/);
  });
});
