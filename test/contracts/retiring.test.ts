// Segments that have ended leave their directory, alone or with others.
import { expect } from "chai";
import { openingsOf } from "../../evidence/world/openings.ts";
import { present } from "../../evidence/world/present.ts";
import { SHAPE, type World } from "../../evidence/world/world.ts";
import { Directory } from "../../protocol/directory.ts";
import { P, toHex32 } from "../../protocol/field.ts";
import { freshWorld, registryShortcuts } from "../helpers/fresh-world.ts";

describe("contracts: retiring", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });
  const { as, refused } = registryShortcuts(() => world);

  let directory: Directory;
  const retire = (...serials: number[]) => world.registry.retire(1, ...openingsOf(directory, serials));
  const stock = async () => {
    const { total, count, live, nextSerial } = await world.registry.directory(1);
    return [total, count, live, nextSerial];
  };
  beforeEach(async () => {
    directory = new Directory(SHAPE.directoryDepth);
    const leaves = [1, 2, 3, 4, 5, 6];
    const roots = leaves.map((_, i) => toHex32(BigInt(11 + i)));
    await world.store({ leaves: leaves.slice(0, 5), roots: roots.slice(0, 5), epochs: 1 });
    await world.store({ leaves: [6], roots: [present(roots[5])], epochs: 3 });
    leaves.forEach((n, i) => directory.append({ root: BigInt(11 + i), weight: 125 * n, leaves: n }));
    await world.toEpoch(2);
  });

  it("is for anyone, leaves tombstones, and frees their room", async () => {
    const before = await world.registry.snapshot(1, 2);
    const sent = await world.registry
      .connect(world.people.stranger)
      .retire(1, ...openingsOf(directory, [0, 2, 4]));
    for (const serial of [0, 2, 4]) {
      await expect(sent).to.emit(world.registry, "SegmentRetired").withArgs(1, serial);
      directory.retire(serial);
    }
    expect((await world.registry.directory(1)).root).to.equal(toHex32(directory.root));
    expect(await stock()).to.deep.equal([21n * 125n, 6n, 3n, 6n]);
    expect((await world.registry.node(1)).used).to.equal(12n);
    // The running epoch asks for what it asked for, and the next one for no more of what is retired.
    expect(await world.registry.snapshot(1, 2)).to.deep.equal(before);
    expect((await world.registry.snapshot(1, 3)).root).to.equal(toHex32(directory.root));
    // The frontier is right as well.
    await world.store({ leaves: [7], roots: [toHex32(99n)] });
    directory.append({ root: 99n, weight: 7 * 125, leaves: 7 });
    expect((await world.registry.directory(1)).root).to.equal(toHex32(directory.root));
  });

  it("is for segments that have ended, each once", async () => {
    await refused(retire(0, 5), "NotEnded", 4, 2);
    await refused(world.registry.retire(1, ...openingsOf(directory, [0, 9], [0, 1])), "NoSuchSegment", 1, 9);
    await refused(world.registry.retire(1, ...openingsOf(directory, [0, 0], [0, 1])), "AlreadyRetired", 1, 0);
    await retire(0);
    directory.retire(0);
    await refused(retire(0), "AlreadyRetired", 1, 0);
  });

  it("is of the segments' own entries, opened as they are now", async () => {
    const { registry } = world;
    const root = (await registry.directory(1)).root;
    const [openings, siblings] = openingsOf(directory, [1]);
    const opening = present(openings[0]);
    for (const other of [
      { ...opening, root: toHex32(11n) },
      { ...opening, root: world.ethers.ZeroHash },
      { ...opening, start: 0 },
      { ...opening, serial: 0 },
      // What ends later cannot be opened in the place of what has ended, even if it weighs the same.
      { ...present(openingsOf(directory, [5])[0][0]), serial: 1 },
    ]) {
      await refused(registry.retire(1, [other], siblings), "PathInvalid", root);
    }
    for (const attempt of [
      () => registry.retire(1, openings, siblings.slice(1)),
      () => registry.retire(1, openings, [...siblings, ...siblings.slice(0, 1)]),
      () => registry.retire(1, [{ ...opening, root: toHex32(BigInt(opening.root) + P) }], siblings),
      () => registry.retire(1, openings, [toHex32(BigInt(present(siblings[0])) + P), ...siblings.slice(1)]),
    ]) {
      await expect(attempt()).to.be.revertedWithCustomError(registry, "PathMalformed");
    }
    const [both, path] = openingsOf(directory, [0, 1]);
    await expect(registry.retire(1, both.toReversed(), path)).to.be.revertedWithCustomError(
      registry,
      "PathMalformed",
    );
    // A path of the tree before another one was retired.
    await retire(2);
    directory.retire(2);
    await refused(registry.retire(1, openings, siblings), "PathInvalid", directory.root);
    await retire(1);
  });

  it("of all that are left empties the directory without a path, and serials go on", async () => {
    await world.toEpoch(4);
    const bare = [5, 0, 1, 2, 3, 4].map((serial) => ({ serial, start: 0, root: world.ethers.ZeroHash }));
    await expect(world.registry.retire(1, bare, []))
      .to.emit(world.registry, "DirectoryReset")
      .withArgs(1);
    expect(await stock()).to.deep.equal([0n, 0n, 0n, 6n]);
    expect((await world.registry.node(1)).used).to.equal(0n);
    expect((await world.registry.snapshot(1, 4)).total).to.equal(21n * 125n);
    await refused(world.registry.retire(1, bare, []), "AlreadyRetired", 1, 5);
    await world.store({ leaves: [5], roots: [toHex32(99n)] });
    const fresh = new Directory(SHAPE.directoryDepth);
    fresh.append({ root: 99n, weight: 5 * 125, leaves: 5 });
    expect((await world.registry.directory(1)).root).to.equal(toHex32(fresh.root));
    expect((await world.registry.segment(1, 6)).index).to.equal(0n);
  });

  it("of the last ones in several calls empties it too", async () => {
    await world.toEpoch(4);
    await retire(0, 1, 2);
    const rest = [3, 4, 5].map((serial) => ({ serial, start: 0, root: world.ethers.ZeroHash }));
    await expect(world.registry.retire(1, rest, [])).to.emit(world.registry, "DirectoryReset");
    expect((await world.registry.node(1)).used).to.equal(0n);
  });

  it("frees room of who waits to take over as well", async () => {
    await as("manager").assign(1, 2);
    expect((await world.registry.node(2)).used).to.equal(21n);
    await retire(0, 1);
    const used = [1, 2].map(async (id) => (await world.registry.node(id)).used);
    expect(await Promise.all(used)).to.deep.equal([18n, 18n]);
  });

  it("frees no room where nobody is responsible", async () => {
    await world.store({ leaves: [7], roots: [toHex32(99n)], epochs: 20 });
    directory.append({ root: 99n, weight: 7 * 125, leaves: 7 });
    await world.missEach(2, 4);
    await world.settle();
    expect((await world.registry.node(1)).used).to.equal(0n);
    await retire(0, 1);
    expect((await world.registry.vNode(1)).held).to.equal(25n);
    expect((await world.registry.node(1)).used).to.equal(0n);
  });

  it("of none does nothing, and needs a vNode", async () => {
    await expect(world.registry.retire(2, [], [])).not.to.emit(world.registry, "DirectoryReset");
    await refused(world.registry.retire(9, [], []), "NoSuchVNode", 9);
  });
});
