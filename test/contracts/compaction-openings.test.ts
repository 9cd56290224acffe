// Compactions that are refused: with other entries than the live ones, or in another order.
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import { type World } from "../../evidence/world/world.ts";
import { toHex32 } from "../../protocol/field.ts";
import { compactingShortcuts, compactingWorld, WEIGHT, type Tree } from "../helpers/compacting.ts";
import { registryShortcuts } from "../helpers/fresh-world.ts";

describe("contracts: compaction of entries that are not the ones", () => {
  let world: World;
  let tree: Tree;
  const fresh = compactingWorld();
  beforeEach(async () => {
    ({ world, tree } = await fresh());
  });
  const { compact, expectSame, left, operator, store } = compactingShortcuts(() => ({ world, tree }));
  const { refused } = registryShortcuts(() => world);

  beforeEach(() => world.toEpoch(2));

  it("fails for segments that end with the running epoch, or have ended, or are not there", async () => {
    for (const [at, serial] of [
      [0, 0],
      [5, 5],
    ] as const) {
      await refused(compact(...(at === 0 ? [0, 1] : [1, 5])), "NotToCompact", 1, serial);
    }
    const [openings, siblings] = tree.openings(1);
    await refused(
      operator().compact(1, [{ ...present(openings[0]), serial: 9 }], siblings),
      "NotToCompact",
      1,
      9,
    );
  });

  it("fails for one that comes twice, or before another", async () => {
    const [[one, two], siblings] = tree.openings(1, 3) as unknown as [
      [{ serial: number; start: number; root: string }, { serial: number; start: number; root: string }],
      string[],
    ];
    await refused(operator().compact(1, [two, one], siblings), "NotToCompact", 1, 1);
    await refused(operator().compact(1, [one, one], siblings), "NotToCompact", 1, 1);
    await compact(1);
    await refused(compact(1), "NotToCompact", 1, 1);
    await refused(compact(1, 3), "NotToCompact", 1, 1);
  });

  it("is never done without one that is live", async () => {
    await compact(3);
    expect(await left()).to.equal(BigInt(2 * WEIGHT));
    await refused(compact(1), "NotToCompact", 1, 1);
    await operator().compact(1, [], []);
    expect((await world.registry.directory(1)).count).to.equal(6n);
    await refused(world.store(), "Compacting", 1, 2);
    // It would accept the right entries, once this compaction is given up.
    await world.toEpoch(4);
    await compact(1, 3);
    await expectSame(tree.of(1, 3));
  });

  it("opens no other entry in the place of a live one, whatever it weighs", async () => {
    const { root } = await world.registry.directory(1);
    // Serial 2 has ended, and is as large as 1 and 3.
    const [openings, siblings] = tree.openings(2, 3);
    const [other, own] = openings.map((opening) => ({ ...opening }));
    await refused(
      operator().compact(1, [{ ...present(other), serial: 1 }, present(own)], siblings),
      "PathInvalid",
      root,
    );
    const right = tree.openings(1, 3);
    const [first, second] = right[0].map((opening) => ({ ...opening }));
    const [one, two] = [present(first), present(second)];
    for (const wrong of [
      [{ ...one, root: two.root }, two],
      [
        { ...one, root: two.root },
        { ...two, root: one.root },
      ],
      [{ ...one, start: two.start }, two],
      [one, { ...two, root: world.ethers.ZeroHash }],
    ]) {
      await refused(operator().compact(1, wrong, right[1]), "PathInvalid", root);
    }
    for (const path of [right[1].slice(1), [...right[1], toHex32(1n)]]) {
      await expect(operator().compact(1, right[0], path)).to.be.revertedWithCustomError(
        world.registry,
        "PathMalformed",
      );
    }
    await expect(operator().compact(1, [], [toHex32(1n)])).to.be.revertedWithCustomError(
      world.registry,
      "PathMalformed",
    );
  });

  it("takes no path of the tree as it was before something was retired or stored", async () => {
    const stale = tree.openings(1, 3);
    await world.registry.retire(1, ...tree.openings(0));
    tree.retire(0);
    await refused(operator().compact(1, ...stale), "PathInvalid", tree.directory.root);
    const older = tree.openings(1, 3);
    await store(1);
    await refused(operator().compact(1, ...older), "PathInvalid", tree.directory.root);
    await compact(1, 3, 6);
    await expectSame(tree.of(1, 3, 6));
  });

  it("is of no use to a node that the audits have just removed", async () => {
    await world.missEach(2, 4);
    const { operators } = world.people;
    expect((await world.registry.vNode(1)).node).to.equal(1n);
    await refused(compact(1, 3), "Unauthorized", operators[0]);
    await world.settle();
    await refused(compact(1, 3), "Unauthorized", operators[0]);
  });
});
