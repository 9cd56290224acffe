// What else happens while a node waits to take a vNode over, and hand-overs without data (protocol.md, section 9.3).
import { expect } from "chai";
import { FUNDS, type World } from "../../evidence/world/world.ts";
import { freshWorld, shortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

/** Price of one leaf per epoch, and the provider's part of it. */
const RATE = 1000n;
const PAID = 950n;
const LOCK = 30n * RATE;
const ANY = 2n ** 100n;

describe("contracts: a hand-over and what else happens", () => {
  let world: World;
  const fresh = freshWorld();
  const { asManager, asProvider, bond, earned, state } = shortcuts(() => world);
  const assign = async (node: number, vNode = 1) => asManager().assign(vNode, node);
  const used = async (node: number): Promise<bigint> => (await world.registry.node(node)).used;

  /** One leaf on vNode 1 until epoch 40; node 1 has proven epoch 1, and node 2 is named. */
  beforeEach(async () => {
    world = await fresh();
    await world.store({ epochs: 40 });
    await world.proveEach(1, 1);
  });

  describe("while the old node fails", () => {
    it("by a fault leaves the vNode to who waits, and appoints nobody else", async () => {
      await asManager().addStandby(1, 3);
      await world.begin(2);
      await world.begin(3);
      await assign(2);
      // Node 2 waits for epoch 4, in which node 1 misses for the third time.
      await world.begin(4);
      await world.toEpoch(5);
      const sent = await world.settle();
      await expect(sent)
        .to.emit(world.audits, "Faulted")
        .withArgs(...named(world.audits, "Faulted", { vNode: 1, node: 1, epoch: 4 }));
      await expect(sent).not.to.emit(world.audits, "TookOver");
      expect(await used(1)).to.equal(0n);
      await world.begin(5);
      const { node, successor, due } = await world.audits.duty(1, 5);
      expect([node, successor, due]).to.deep.equal([2n, 0n, true]);
      await world.prove(5);
      expect(await earned(2), "its first proof is an epoch's").to.equal(PAID);
      expect(await used(2)).to.equal(1n);
    });

    it("drops who waits after its time, and then a standby node follows", async () => {
      await asManager().addStandby(1, 3);
      await world.begin(2);
      await world.begin(3);
      await assign(2);
      await world.begin(4);
      await world.begin(5);
      await world.begin(6);
      await world.toEpoch(7);
      const sent = await world.settle();
      await expect(sent)
        .to.emit(world.audits, "Faulted")
        .withArgs(...named(world.audits, "Faulted", { vNode: 1, node: 1, epoch: 4 }));
      await expect(sent)
        .to.emit(world.audits, "SyncDropped")
        .withArgs(...named(world.audits, "SyncDropped", { vNode: 1, node: 2, epoch: 6 }));
      await expect(sent)
        .to.emit(world.audits, "TookOver")
        .withArgs(...named(world.audits, "TookOver", { vNode: 1, node: 3, fromEpoch: 8 }));
      expect((await bond(2)).total).to.equal(FUNDS);
    });

    it("by a challenge leaves the vNode to who waits, from the next epoch on", async () => {
      await world.challenges.connect(world.people.bob).challenge(1, 0, 125, ANY);
      await world.proveEach(2, 3);
      await assign(2);
      await world.begin(4);
      await expect(world.challenges.expire(1))
        .to.emit(world.audits, "Faulted")
        .withArgs(...named(world.audits, "Faulted", { vNode: 1, node: 1, epoch: 4 }));
      expect(await used(1)).to.equal(0n);
      expect((await world.audits.duty(1, 4)).node, "nobody has another's samples").to.equal(0n);
      await world.begin(5);
      const { node, successor } = await world.audits.duty(1, 5);
      expect([node, successor]).to.deep.equal([2n, 0n]);
      await world.prove(5);
      expect(await earned(2)).to.equal(PAID);
    });
  });

  describe("while the old node leaves", () => {
    it("leaves the vNode to who waits, with all of its time", async () => {
      await asProvider(1).announceLeave(1);
      await world.proveEach(2, 4);
      await assign(2);
      await world.proveEach(5, 5);
      await world.begin(6);
      const { node, successor } = await world.audits.duty(1, 6);
      expect([node, successor]).to.deep.equal([2n, 0n]);
      const sent = await world.prove(6);
      await expect(sent)
        .to.emit(world.audits, "Left")
        .withArgs(...named(world.audits, "Left", { vNode: 1, node: 1, epoch: 6 }));
      await expect(sent)
        .to.emit(world.audits, "TakeOverProven")
        .withArgs(...named(world.audits, "TakeOverProven", { vNode: 1, node: 2, epoch: 6 }));
      expect([await earned(1), await earned(2)]).to.deep.equal([5n * PAID, PAID]);
    });
  });

  describe("of a vNode without data", () => {
    it("happens from the next epoch on", async () => {
      await expect(assign(2, 2))
        .to.emit(world.registry, "NodeAssigned")
        .withArgs(...named(world.registry, "NodeAssigned", { vNode: 2, node: 2, fromEpoch: 2 }));
      expect((await world.registry.vNode(2)).node).to.equal(2n);
      await world.store({ vNode: 2, node: 2 });
      await world.begin(2);
      await world.prove(2, 2);
      expect(await earned(2)).to.equal(PAID);
    });

    it("happens without a proof also from one node to another, which stores once that is settled", async () => {
      await assign(2, 2);
      await world.toEpoch(2);
      await assign(3, 2);
      await world.toEpoch(3);
      await expect(world.store({ vNode: 2, node: 3 }))
        .to.be.revertedWithCustomError(world.registry, "HandingOver")
        .withArgs(2);
      await world.toEpoch(4);
      await world.settle(2);
      expect((await state(2)).node).to.equal(3n);
      await world.store({ vNode: 2, node: 3 });
    });

    it("happens to nobody, also when all data has ended", async () => {
      await assign(2, 2);
      await world.store({ vNode: 2, node: 2, epochs: 1 });
      await world.toEpoch(5);
      await assign(0, 2);
      await world.toEpoch(7);
      await world.settle(2);
      expect((await state(2)).node).to.equal(0n);
      await expect(world.store({ vNode: 2, node: 2 }))
        .to.be.revertedWithCustomError(world.registry, "NotAssigned")
        .withArgs(2);
      expect((await bond(2)).locked).to.equal(0n);
    });

    it("happens without a proof once all data has ended that somebody waits for, settled or not", async () => {
      await assign(2, 2);
      await world.store({ vNode: 2, node: 2, epochs: 2 });
      await world.begin(2);
      await assign(3, 2);
      await world.begin(3);
      const { node, successor } = await world.audits.duty(2, 3);
      expect([node, successor], "the last epoch with data").to.deep.equal([2n, 3n]);
      await world.toEpoch(4);
      expect((await world.audits.duty(2, 4)).node).to.equal(3n);
      await world.toEpoch(5);
      await expect(world.settle(2))
        .to.emit(world.audits, "NodeSwitched")
        .withArgs(...named(world.audits, "NodeSwitched", { vNode: 2, node: 3, fromEpoch: 4 }));
    });

    it("can be decided again in the same epoch", async () => {
      await assign(2, 2);
      await assign(3, 2);
      await world.toEpoch(3);
      await world.settle(2);
      expect((await state(2)).node).to.equal(3n);
      expect([await used(2), await used(3)]).to.deep.equal([0n, 0n]);
    });

    it("into which somebody stores before it happens keeps the node whose operator agreed", async () => {
      await assign(2, 2);
      await world.store({ vNode: 2, node: 2, epochs: 10 });
      await world.proveEach(2, 2, 2);
      expect((await state(2)).node).to.equal(2n);
      expect((await state(2)).syncLeft).to.equal(0n);
    });
  });

  it("locks no more than what is left when it happens", async () => {
    await world.store({ epochs: 1 });
    await world.begin(2);
    await world.prove(2);
    await assign(2);
    expect((await bond(2)).locked).to.equal(2n * LOCK);
    await world.begin(3);
    await world.takeOver(3);
    await world.prove(3);
    await world.begin(4);
    await world.prove(4);
    expect((await bond(2)).locked).to.equal(LOCK);
  });
});
