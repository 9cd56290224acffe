// A ProofOfStorageManager's price, rewards and ballots, and what is left when another one manages.
import { expect } from "chai";
import { RULES, type ManagedWorld } from "../../../evidence/world/managed.ts";
import { RENT } from "../../../evidence/world/world.ts";
import { freshManaged, refusing } from "../../helpers/fresh-managed.ts";
import { named } from "../../helpers/named.ts";

const REWARD = 100n;
/** A crank is paid at most this part of what the manager has. */
const PART = 64n;

describe("contracts: a cluster that proof of storage manages", () => {
  let world: ManagedWorld;
  const fresh = freshManaged({ reward: REWARD });
  beforeEach(async () => {
    world = await fresh();
  });
  const refused = refusing(() => world);
  const stranger = () => world.manager.connect(world.people.stranger);

  describe("when it is made", () => {
    it("says by which rules", async () => {
      const made = await world.makeManager();
      const { curve, reward, probation } = await made.rules();
      expect([curve.most, reward, probation]).to.deep.equal([4n * RENT, 0n, 2n]);
      expect(await made.price()).to.equal(RENT);
      expect(await made.probationCluster()).to.equal(3n);
      await expect(made.deploymentTransaction()).to.emit(made, "Made");
    });

    it("refuses rules that are out of bounds", async () => {
      const { curve } = RULES;
      for (const bad of [
        { seatLeaves: 0 },
        { probation: 1 },
        { probation: 1001 },
        { shareBits: 41 },
        { standby: 33 },
        { maxMisses: 0 },
        { period: 0 },
        { reentry: 0 },
        { patience: 2 ** 20 + 1 },
        { curve: { ...curve, least: 0n } },
        { curve: { ...curve, kink: RENT - 1n } },
        { curve: { ...curve, most: 2n * RENT - 1n } },
        { curve: { ...curve, kinkAt: 0 } },
        { curve: { ...curve, kinkAt: 10_000 } },
        { curve: { ...curve, step: 0 } },
        { curve: { ...curve, step: 2001 } },
      ]) {
        await expect(world.makeManager(bad)).to.be.revertedWithCustomError(world.manager, "BadRules");
      }
    });

    it("fits into what a chain deploys", async () => {
      for (const at of [await world.manager.getAddress(), ...Object.values(world.libraries)]) {
        const code = await world.ethers.provider.getCode(at);
        expect((code.length - 2) / 2).to.be.lessThan(24_576);
      }
    });
  });

  describe("the price", () => {
    it("follows the use of what members offer, by one step an epoch", async () => {
      await refused(world.manager.reprice(0), "NothingToDo");
      // Nobody offers anything: the most.
      let price = RENT;
      for (let i = 0; i < 3; i++) {
        price += (price * 500n) / 10_000n;
        const epoch = await world.now();
        await expect(world.manager.reprice(5))
          .to.emit(world.manager, "Priced")
          .withArgs(
            ...named(world.manager, "Priced", { used: 0, offered: 0, target: 4n * RENT, price, epoch }),
          );
        expect(await world.manager.price()).to.equal(price);
        await refused(world.manager.reprice(5), "NothingToDo");
        await world.toEpoch(epoch + 1);
      }
      await world.admit([1]);
      await world.enlist(1, 2);
      for (let i = 0; i < 4; i++) {
        await world.manager.reprice(5);
        await world.toEpoch((await world.now()) + 1);
      }
      expect(await world.manager.price()).to.equal(RENT); // nothing is used, and it does not fall below the least
    });

    it("is measured in as many calls as it takes", async () => {
      await world.admit([1], 10);
      await world.enlist(1, 2);
      await world.store({ leaves: [4], epochs: 20 });
      await expect(world.manager.reprice(1)).to.not.emit(world.manager, "Priced");
      await expect(world.manager.reprice(1)).to.emit(world.manager, "Priced");
      // 4 of 10 leaves are half of the way to the kink.
      const target = RENT + RENT / 2n;
      await world.toEpoch((await world.now()) + 1);
      await expect(world.manager.reprice(100)).to.emit(world.manager, "Priced");
      const events = await world.manager.queryFilter(world.manager.filters.Priced());
      expect(events.map(({ args }) => [args.used, args.target])).to.deep.equal([
        [4n, target],
        [4n, target],
      ]);
    });

    it("goes in straight lines through the kink", async () => {
      const lots = await world.ethers.deployContract("LotsHarness");
      const at = (used: number) => lots.priceAt(RULES.curve, used, 10_000);
      expect(await Promise.all([0, 4000, 8000, 9000, 10_000, 20_000].map(at))).to.deep.equal([
        RENT,
        (3n * RENT) / 2n,
        2n * RENT,
        3n * RENT,
        4n * RENT,
        4n * RENT,
      ]);
      const follow = (price: bigint, target: bigint) => lots.follow(RULES.curve, price, target);
      expect(await follow(100n, 200n)).to.equal(105n);
      expect(await follow(100n, 103n)).to.equal(103n);
      expect(await follow(100n, 50n)).to.equal(95n);
      expect(await follow(100n, 98n)).to.equal(98n);
      expect(await follow(10n, 20n)).to.equal(11n);
    });
  });

  describe("a reward", () => {
    const wallet = () => world.token.balanceOf(world.people.stranger);
    const owned = async () => world.ledger.balanceOf(world.manager);

    it("is paid from the manager's fee for a crank that changes something, and for no other", async () => {
      await world.admit([1, 2]);
      await world.enlist(1, 2);
      await world.store({ leaves: [100], epochs: 30 });
      await world.manager.look(1);
      await world.pass(4);
      await world.ledger.collectFees(1);
      const [before, had] = [await wallet(), await owned()];
      expect(had / PART).to.be.greaterThan(REWARD);
      await expect(stranger().look(2))
        .to.emit(world.manager, "Rewarded")
        .withArgs(world.people.stranger, REWARD);
      expect(await wallet()).to.equal(before + REWARD);
      expect(await owned()).to.equal(had - REWARD);
      await refused(stranger().look(2), "NothingToDo");
      await refused(stranger().evict(1, []), "NothingToDo");
      await refused(
        stranger()
          .callStandby()
          .then(() => stranger().callStandby()),
        "NothingToDo",
      );
      await stranger().reprice(1);
      expect(await wallet()).to.equal(before + REWARD); // a part of a pass
      await stranger().reprice(1);
      expect(await wallet()).to.equal(before + 2n * REWARD);
    });

    it("is less while the manager has little, and nothing while it has nothing", async () => {
      await world.admit([1, 2]);
      const had = await owned();
      expect(had / PART).to.be.lessThan(REWARD);
      await world.manager.enlist(1, 0);
      const before = await wallet();
      await stranger().enlist(2, 1);
      const paid = (await wallet()) - before;
      expect(paid).to.be.lessThanOrEqual(REWARD);
      expect(paid).to.be.lessThanOrEqual(((await owned()) + paid) / PART);
    });

    it("is not paid for what somebody can bring about for nothing: a candidate that comes and goes", async () => {
      await world.admit([1]);
      await world.join(2);
      await world.registry.connect(world.provider(2)).trust(world.manager, false);
      const before = await wallet();
      await stranger().evict(2, []);
      await stranger().freeProbation(2);
      expect(await wallet()).to.equal(before);
    });
  });

  describe("what the rules leave open", () => {
    const describeAs = (text: string) =>
      world.registry.interface.encodeFunctionData("describeCluster", [1, text]);

    beforeEach(async () => {
      await world.admit([1, 2, 3]);
      await world.enlist(1);
      await world.store({ leaves: [1], epochs: 100 });
      await world.manager.look(1);
      await world.pass(1);
    });

    it("is decided by members, by the vNodes that they serve", async () => {
      const call = describeAs("ours");
      await expect(world.asProvider(2).support(call, true))
        .to.be.revertedWithCustomError(world.manager, "NotAMember")
        .withArgs(world.provider(2));
      await world.asProvider(1).support(call, true);
      expect((await world.manager.motion(call)).slice(1)).to.deep.equal([1n, 1n]);
      await world.pass(4);
      await world.manager.enact(call);
      expect((await world.registry.cluster(1)).metadata).to.equal("ours");
    });

    it("needs more than half of all vNodes, those of nobody and of strangers among them", async () => {
      const call = describeAs("mine");
      await world.manager.enlist(2, 1);
      await world.manager.look(2);
      await world.seatAll();
      await world.pass(1);
      const other = Number((await world.manager.seatOf(2)).holder);
      await world.store({ vNode: 2, node: other, leaves: [1], epochs: 100 });
      await world.asProvider(1).support(call, true);
      await world.pass(4);
      expect((await world.manager.motion(call)).slice(1)).to.deep.equal([1n, 2n]);
      await world.asProvider(other).quit(other); // its vNode is still on the ring
      expect((await world.manager.motion(call)).slice(1)).to.deep.equal([1n, 2n]);
      await expect(world.manager.enact(call)).to.be.revertedWithCustomError(world.manager, "NoMajority");
    });

    it("does not heed what somebody stores just before it is counted", async () => {
      const call = describeAs("bought");
      await world.manager.enlist(2, 1);
      await world.manager.look(2);
      await world.seatAll();
      await world.pass(2);
      const other = Number((await world.manager.seatOf(2)).holder);
      await world.settle(2);
      await world.asProvider(other).support(call, true);
      const before = (await world.manager.motion(call)).slice(1);
      await world.store({ vNode: 2, node: other, leaves: [1], epochs: 100 });
      expect((await world.manager.motion(call)).slice(1)).to.deep.equal(before);
    });

    it("goes on to another manager, with what is left of the fees", async () => {
      const { registry, people, manager, ledger } = world;
      await refused(manager.handOn(), "NothingToDo");
      const call = registry.interface.encodeFunctionData("proposeManager", [1, people.bob.address]);
      await world.asProvider(1).support(call, true);
      await world.pass(4);
      await manager.enact(call);
      await world.pass(Number(await world.audits.changeDelay()));
      await registry.connect(people.bob).acceptManager(1);
      for (const crank of [
        () => manager.look(2),
        () => manager.seat(),
        () => manager.callStandby(),
        () => manager.reprice(1),
        () => manager.grow(1),
        () => manager.evict(1, []),
        () => world.join(1),
      ]) {
        await refused(crank(), "NotManaging");
      }
      const [left, before] = [await ledger.balanceOf(manager), await ledger.balanceOf(people.bob)];
      expect(left).to.be.greaterThan(0n);
      await expect(manager.handOn()).to.emit(manager, "HandedOn").withArgs(people.bob, left);
      expect(await ledger.balanceOf(people.bob)).to.equal(before + left);
      await world.asProvider(1).quit(1);
      await world.pass(1); // it is paid and proves as before
    });
  });
});
