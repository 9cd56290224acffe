// Live entries are written into a fresh tree: all of them and nothing else, even if others interfere.
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import { FUNDS, RENT, type World } from "../../evidence/world/world.ts";
import { toHex32 } from "../../protocol/field.ts";
import { compactingShortcuts, compactingWorld, Tree, WEIGHT } from "../helpers/compacting.ts";
import { signExtension } from "../helpers/consents.ts";
import { registryShortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

describe("contracts: Compaction", () => {
  let world: World;
  let tree: Tree;
  const fresh = compactingWorld();
  beforeEach(async () => {
    ({ world, tree } = await fresh());
  });
  const { compact, expectSame, left, operator, provider, store } = compactingShortcuts(() => ({
    world,
    tree,
  }));
  const { as, refused } = registryShortcuts(() => world);

  describe("in one call", () => {
    it("leaves the live entries, in their order, from the next epoch on", async () => {
      await world.toEpoch(2);
      const before = await world.registry.snapshot(1, 2);
      const sent = await compact(1, 3);
      tree = tree.of(1, 3);
      await expect(sent)
        .to.emit(world.registry, "CompactionStarted")
        .withArgs(...named(world.registry, "CompactionStarted", { vNode: 1, lastEnd: 3 }));
      await expect(sent)
        .to.emit(world.registry, "Compacted")
        .withArgs(
          ...named(world.registry, "Compacted", {
            vNode: 1,
            entries: 2,
            total: 4 * WEIGHT,
            root: toHex32(tree.directory.root),
          }),
        );
      await expectSame();
      const { live, nextSerial } = await world.registry.directory(1);
      expect([live, nextSerial]).to.deep.equal([2n, 6n]);
      expect((await world.registry.segment(1, 3)).index).to.equal(1n);
      expect((await world.registry.vNode(1)).held).to.equal(4n);
      expect((await world.registry.node(1)).used).to.equal(4n);
      expect(await left()).to.equal(0n);

      expect(await world.registry.snapshot(1, 2)).to.deep.equal(before);
      expect((await world.registry.snapshot(1, 3)).root).to.equal(toHex32(tree.directory.root));
      // All that is asked for is paid for again.
      await world.begin(3);
      const { rate, asked } = await world.audits.duty(1, 3);
      expect([rate, asked]).to.deep.equal([4000n, 4000n]);
    });

    it("is by the responsible node's operator or provider", async () => {
      await world.toEpoch(2);
      const openings = tree.openings(1, 3);
      const { stranger, manager, alice, operators } = world.people;
      for (const by of [stranger, manager, alice, present(operators[1])]) {
        await refused(world.registry.connect(by).compact(1, ...openings), "Unauthorized", by);
      }
      await provider().updateNode(1, stranger, "", 1000, RENT, FUNDS, "");
      await refused(operator().compact(1, ...openings), "Unauthorized", operators[0]);
      await provider().compact(1, ...openings);
    });

    it("is by who waits to take over, or its provider, as well", async () => {
      await world.toEpoch(2);
      await refused(operator(2).compact(1, ...tree.openings(1)), "Unauthorized", world.people.operators[1]);
      await as("manager").assign(1, 2);
      await operator(2).compact(1, ...tree.openings(1));
      await refused(operator(3).compact(1, ...tree.openings(3)), "Unauthorized", world.people.operators[2]);
      await provider(2).compact(1, ...tree.openings(3));
      await expectSame(tree.of(1, 3));
    });

    it("keeps what is stored afterwards right, and what is retired, and compacted again", async () => {
      await world.toEpoch(2);
      await compact(1, 3);
      tree = tree.of(1, 3);
      await store(5, 1);
      await store(6);
      await store(7, 2);
      await expectSame();
      await world.toEpoch(4);
      await world.registry.retire(1, ...tree.openings(6));
      tree.retire(6);
      await expectSame();
      await compact(1, 3, 7);
      tree = tree.of(1, 3, 7);
      await expectSame();
      for (let i = 0; i < 13; i++) await store(1);
      await expectSame();
      await refused(world.store(), "DirectoryFull", 1, 17, tree.directory.total + WEIGHT);
    });

    it("begins with any serial, once the last one is done", async () => {
      await world.toEpoch(2);
      await compact(1, 3);
      tree = tree.of(1, 3);
      await store(5);
      await as("alice").endEarly(1, 1);
      await as("alice").endEarly(1, 3);
      await world.toEpoch(4);
      await compact(6);
      await expectSame(tree.of(6));
    });

    it("leaves claims as they are", async () => {
      await world.missEach(1, 2);
      await world.settle();
      const before = await world.registry.claimMany.staticCall(1, [0, 1, 2, 3, 4, 5]);
      await world.toEpoch(3);
      await compact(1, 3);
      expect(await world.registry.claimMany.staticCall(1, [0, 1, 2, 3, 4, 5])).to.equal(before);
    });

    it("in an epoch in which something was stored leaves what that epoch began with", async () => {
      await world.toEpoch(2);
      const before = await world.registry.snapshot(1, 2);
      await store(8);
      await compact(1, 3, 6);
      tree = tree.of(1, 3, 6);
      await store(9);
      await expectSame();
      expect(await world.registry.snapshot(1, 2)).to.deep.equal(before);
      expect((await world.registry.snapshot(1, 3)).root).to.equal(toHex32(tree.directory.root));
    });

    it("takes no openings where nothing is live, and empties the directory", async () => {
      await as("alice").endEarly(1, 1);
      await as("alice").endEarly(1, 3);
      await world.toEpoch(2);
      // They end with the running epoch.
      await expect(operator().compact(1, [], [])).to.emit(world.registry, "Compacted");
      const { total, count, live } = await world.registry.directory(1);
      expect([total, count, live]).to.deep.equal([0n, 0n, 0n]);
      expect((await world.registry.node(1)).used).to.equal(0n);
      tree = new Tree();
      await store(3);
      await expectSame();
      await refused(world.registry.retire(1, ...tree.openings(6)), "NotEnded", 23, 2);
      for (const serial of [0, 1, 5]) {
        const bare = { serial, start: 0, root: world.ethers.ZeroHash };
        await refused(world.registry.retire(1, [bare], []), "AlreadyRetired", 1, serial);
      }
    });

    it("retires nothing in the place of an equal that was left out", async () => {
      ({ world, tree } = await fresh());
      // Serial 7 is what serial 6 was, word for word.
      await store(2, 1, 5000n);
      await store(2, 20, 5000n);
      await world.toEpoch(2);
      await compact(1, 3, 7);
      tree = tree.of(1, 3, 7);
      const [openings, siblings] = tree.openings(7);
      const twin = { ...present(openings[0]), serial: 6 };
      await refused(world.registry.retire(1, [twin], siblings), "AlreadyRetired", 1, 6);
      await expectSame();
    });

    it("frees room of who waits to take over as well", async () => {
      await world.toEpoch(2);
      await as("manager").assign(1, 2);
      await compact(1, 3);
      const used = [1, 2].map(async (id) => (await world.registry.node(id)).used);
      expect(await Promise.all(used)).to.deep.equal([4n, 4n]);
    });
  });

  describe("in several calls", () => {
    beforeEach(() => world.toEpoch(2));

    it("goes on in the next epoch, by whoever may, and says how far it is", async () => {
      await compact(1);
      const { epoch, nextSerial, count, total } = await world.registry.compaction(1);
      expect([epoch, nextSerial, count, total]).to.deep.equal([2n, 2n, 1n, BigInt(2 * WEIGHT)]);
      expect(await left()).to.equal(BigInt(2 * WEIGHT));
      await expectSame();
      await world.begin(3);
      await world.prove(3);
      const before = await world.registry.snapshot(1, 3);
      await expect(provider().compact(1, ...tree.openings(3)))
        .to.emit(world.registry, "Compacted")
        .and.not.to.emit(world.registry, "CompactionStarted");
      await expectSame(tree.of(1, 3));
      expect(await world.registry.snapshot(1, 3)).to.deep.equal(before);
      const { epoch: none, nextSerial: nothing } = await world.registry.compaction(1);
      expect([none, nothing]).to.deep.equal([0n, 0n]);
    });

    it("lets nothing be stored or retired meanwhile", async () => {
      await compact(1);
      await world.toEpoch(3);
      await refused(world.store(), "Compacting", 1, 2);
      await refused(world.registry.retire(1, ...tree.openings(0)), "Compacting", 1, 2);
      await compact(3);
      tree = tree.of(1, 3);
      await store(1);
      await expectSame();
    });

    it("has in it what goes on or ends earlier meanwhile", async () => {
      await store(1, 2);
      await operator().compact(1, [], []);
      await as("alice").extend(...(await signExtension(world, { serial: 6 })));
      await as("alice").endEarly(1, 1);
      await as("alice").extend(...(await signExtension(world, { serial: 1, epochs: 1 })));
      await compact(1);
      await world.toEpoch(3);
      await as("alice").endEarly(1, 3);
      await compact(3, 6);
      tree = tree.of(1, 3, 6);
      await expectSame();
      const rates = await Promise.all(
        tree.serials.map(async (i) => (await world.registry.segment(1, i)).end),
      );
      expect(rates).to.deep.equal([6n, 6n, 10n]);
      await world.toEpoch(6);
      await world.registry.retire(1, ...tree.openings(1, 3));
      tree.retire(1, 3);
      await expectSame();
    });

    it("leaves out only what cannot go on any more", async () => {
      const extend = async (serial: number) =>
        as("alice").extend(...(await signExtension(world, { serial, epochs: 3 })));
      await store(1, 1);
      const goesOn = await world.chain.networkHelpers.takeSnapshot();
      await compact(1);
      // It ends with epoch 3, and the compaction began in epoch 2.
      await extend(6);
      await world.toEpoch(3);
      await compact(3, 6);
      await goesOn.restore();

      await world.toEpoch(3);
      await refused(extend(6), "HasEnded", 4, 3);
      await compact(1);
      await compact(3);
      await expectSame(tree.of(1, 3));
      await refused(
        world.registry.retire(1, [{ serial: 6, start: 0, root: world.ethers.ZeroHash }], []),
        "AlreadyRetired",
        1,
        6,
      );
    });

    it("is given up after two epochs: then all is as it was", async () => {
      await compact(1);
      await world.toEpoch(4);
      await store(1);
      await world.registry.retire(1, ...tree.openings(0, 2));
      tree.retire(0, 2);
      await expectSame();
      expect((await world.registry.segment(1, 3)).index).to.equal(3n);
      expect((await world.registry.node(1)).used).to.equal(15n - 5n);
    });

    it("does not begin with what would have gone on with one that was given up", async () => {
      await compact(1);
      await world.toEpoch(4);
      await refused(compact(3), "NotToCompact", 1, 3);
      await store(1);
      await refused(compact(3, 6), "NotToCompact", 1, 3);
      await expect(compact(1))
        .to.emit(world.registry, "CompactionStarted")
        .withArgs(...named(world.registry, "CompactionStarted", { vNode: 1, lastEnd: 5 }));
      await compact(3, 6);
      await expectSame(tree.of(1, 3, 6));
    });

    it("begins anew without openings where the first ones of the last time have ended", async () => {
      await as("alice").endEarly(1, 1);
      await compact(1);
      await world.toEpoch(5);
      await refused(compact(3), "NotToCompact", 1, 3);
      await operator().compact(1, [], []);
      await compact(3);
      await expectSame(tree.of(3));
    });

    it("goes on by who takes the vNode over, and no more by who had it", async () => {
      await world.begin(2);
      await world.prove(2);
      await as("manager").assign(1, 2);
      await world.begin(3);
      await compact(1);
      await world.takeOver(3);
      await world.begin(4);
      await world.prove(4);
      expect((await world.registry.vNode(1)).node).to.equal(2n);
      const [openings, siblings] = tree.openings(3);
      await refused(operator(1).compact(1, openings, siblings), "Unauthorized", world.people.operators[0]);
      await operator(2).compact(1, openings, siblings);
      await expectSame(tree.of(1, 3));
      const used = [1, 2].map(async (id) => (await world.registry.node(id)).used);
      expect(await Promise.all(used)).to.deep.equal([0n, 4n]);
    });
  });

  it("is right after any number of rounds, from tree to tree", async () => {
    for (let round = 1; round <= 6; round++) {
      await world.toEpoch(2 * round);
      for (const [leaves, epochs] of [
        [1, 1],
        [3, 5],
        [2, 2],
      ] as const) {
        await store(leaves, epochs);
      }
      const ends = await Promise.all(tree.serials.map(async (i) => (await world.registry.segment(1, i)).end));
      const live = tree.serials.filter((_, i) => present(ends[i]) > BigInt(2 * round + 1));
      for (let at = 0; at < live.length; at += round) await compact(...live.slice(at, at + round));
      tree = tree.of(...live);
      await expectSame();
    }
  });
});
