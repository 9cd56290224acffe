// Seats by the beacon: how vNodes pass on, and the standby list.
import { expect } from "chai";
import { REASON, RULES, WHY, type ManagedWorld } from "../../../evidence/world/managed.ts";
import { RENT } from "../../../evidence/world/world.ts";
import { freshManaged, refusing } from "../../helpers/fresh-managed.ts";
import { named } from "../../helpers/named.ts";

describe("contracts: seats by the beacon pass on", () => {
  let world: ManagedWorld;
  const fresh = freshManaged();
  beforeEach(async () => {
    world = await fresh();
  });
  const refused = refusing(() => world);
  const vacant = (values: Parameters<typeof named>[2]) => named(world.manager, "Vacant", values);
  const holder = async (vNode: number) => Number((await world.manager.seatOf(vNode)).holder);
  const served = async (vNode: number) => Number((await world.audits.outlook(vNode)).node);
  const rent = (node: number, units: bigint) => world.setRent(node, units);
  const asManager: ManagedWorld["asManager"] = (act) => world.asManager(act);

  describe("a hand-over", () => {
    beforeEach(async () => {
      await world.admit([1, 2, 3]);
      await world.enlist(1, 2);
      await world.store({ leaves: [2], epochs: 100 });
      await world.manager.look(1);
      await world.pass(1);
    });

    it("leaves the data with an evicted node until its successor has proven it", async () => {
      await world.asProvider(1).quit(1);
      const epoch = await world.now();
      await expect(world.manager.look(1))
        .to.emit(world.manager, "Vacant")
        .withArgs(...vacant({ number: 1, vNode: 1, node: 1, why: WHY.notAMember, epoch }));
      await world.seatAll();
      const next = await holder(1);
      expect([2, 3]).to.include(next);
      expect(await served(1)).to.equal(1);
      await world.begin((await world.now()) + 1);
      await world.proveAll(await world.now());
      await world.pass(1);
      expect(await served(1)).to.equal(next);
      await refused(world.manager.look(1), "NothingToDo");
    });

    it("names another one if the first does not take over, and counts that as a miss of its", async () => {
      await world.asProvider(1).quit(1);
      await world.manager.look(1);
      await world.seatAll();
      const first = await holder(1);
      for (let i = 0; i < 4; i++) {
        await world.begin((await world.now()) + 1);
        const { due, root, seed, total } = await world.audits.duty(1, await world.now());
        if (due)
          await world.audits
            .connect(world.provider(1))
            .prove(1, await world.now(), [BigInt(root), seed, 0n, total, 1n, 0n, 0n, 0n]);
      }
      await expect(world.manager.look(1)).to.emit(world.manager, "Found").withArgs(1, 0, first);
      expect((await world.manager.memberOf(first)).missed).to.equal(1n);
      expect((await world.manager.queue()).length).to.equal(1);
    });

    it("begins when a member gives notice to leave, so that the data has somewhere to go", async () => {
      await world.audits.connect(world.provider(1)).announceLeave(1);
      const epoch = await world.now();
      await expect(world.manager.look(1))
        .to.emit(world.manager, "Vacant")
        .withArgs(...vacant({ number: 1, vNode: 1, node: 1, why: WHY.leaving, epoch }));
      await world.seatAll();
      expect([2, 3]).to.include(await holder(1));
      await world.pass(6);
      expect(await served(1)).to.equal(await holder(1));
    });

    it("keeps going when a member is evicted while it is named", async () => {
      await world.asProvider(1).quit(1);
      await world.manager.look(1);
      await world.seatAll();
      const first = await holder(1);
      await world.registry.connect(world.provider(first)).trust(world.manager, false);
      await world.manager.evict(first, []);
      const epoch = await world.now();
      await expect(world.manager.look(1))
        .to.emit(world.manager, "Vacant")
        .withArgs(...vacant({ number: 2, vNode: 1, node: first, why: WHY.notAMember, epoch }));
      await world.seatAll();
      expect(await holder(1)).to.equal(5 - first);
      expect(await served(1)).to.equal(1);
    });

    it("leaves nodes from before in place for a while, so that they can join", async () => {
      const node = await world.addNode();
      await asManager((manager) => world.registry.connect(manager).assign(2, node));
      await world.pass(1);
      await refused(world.manager.look(2), "NothingToDo");
      await world.toEpoch(Number((await world.manager.seatOf(2)).since) + RULES.patience);
      await expect(world.manager.look(2)).to.emit(world.manager, "Vacant");
    });
  });

  describe("the standby list", () => {
    it("is filled by the beacon up to its places, each node once, and emptied of who is not fit", async () => {
      const { manager, registry } = world;
      await world.admit([1, 2, 3]);
      await manager.callStandby();
      await refused(manager.callStandby(), "NothingToDo");
      await world.seatAll();
      await manager.callStandby();
      await world.seatAll();
      const [first = 0n, second = 0n] = await registry.standby(1);
      expect(new Set([first, second]).size).to.equal(2);
      await refused(manager.callStandby(), "NothingToDo");
      await refused(manager.unlist(first), "NothingToDo");
      await rent(Number(first), RENT + 1n);
      await expect(manager.unlist(first))
        .to.emit(manager, "PassedOver")
        .withArgs(0, first, REASON.rentTooHigh);
      expect(await registry.standby(1)).to.deep.equal([second]);
      expect((await manager.memberOf(first)).missed).to.equal(1n);
      await world.asProvider(Number(second)).quit(second);
      expect(await registry.standby(1)).to.deep.equal([]);
    });

    it("takes over a vNode by the core's own rule, which a look then finds", async () => {
      await world.admit([1, 2, 3]);
      await world.enlist(1, 2);
      await world.store({ leaves: [1], epochs: 60 });
      await world.manager.look(1);
      await world.pass(1);
      await asManager((manager) => world.registry.connect(manager).addStandby(1, 2));
      for (let i = 0; i < 3; i++) await world.pass(1, [1]);
      await world.toEpoch((await world.now()) + 1);
      await expect(world.manager.look(1)).to.emit(world.manager, "Found").withArgs(1, 2, 0);
      expect((await world.manager.memberOf(1)).seats).to.equal(0n);
      expect((await world.manager.memberOf(2)).seats).to.equal(1n);
    });

    it("is no standby for a candidate's probation", async () => {
      await world.admit([1, 2]);
      await world.manager.callStandby();
      await world.seatAll();
      await world.join(3);
      await world.storeProbation(3);
      const { vNode } = await world.manager.memberOf(3);
      await world.pass(1);
      for (let i = 0; i < 3; i++) await world.pass(1, [Number(vNode)]);
      await world.pass(1);
      await world.audits.settle(vNode, 64);
      expect((await world.challenges.recordOf(3)).faults).to.equal(1n);
      expect((await world.registry.standby(1)).length).to.equal(1);
    });
  });
});
