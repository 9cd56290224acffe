// What providers and managers may change while data is stored: maintenance, leaving, a cluster's terms, and the profiles and
// beacons to choose from (protocol.md, sections 9 and 9.3).
import { expect } from "chai";
import { present } from "../helpers/present.ts";
import { createWorld, EPOCH, FUNDS, PARAMS, SHAPE, UNBOND, type World } from "../helpers/world.ts";

const RATE = 1000n;
/** Of 777 epochs in a quarter. */
const BUDGET = 18n;
const NOTICE = 4;
/** Epochs until new terms hold: the bond's delay, the notice, the running epoch and the hand-over. */
const DELAY = UNBOND / EPOCH + NOTICE + 2;
const NOT_DUE = 6;

describe("contracts: changes while data is stored", () => {
  let world: World;
  let fresh: () => Promise<World>;
  before(async () => {
    const first = await createWorld();
    const snapshot = { ...(await first.chain.networkHelpers.takeSnapshot()) };
    fresh = async () => {
      await snapshot.restore();
      return first;
    };
  });
  beforeEach(async () => {
    world = await fresh();
  });

  const provider = (node: number) => present(world.people.providers[node - 1]);
  const operator = (node: number) => present(world.people.operators[node - 1]);
  const asProvider = (node: number) => world.audits.connect(provider(node));
  const asManager = () => world.registry.connect(world.people.manager);
  const state = async (vNode = 1) => world.audits.state(vNode);
  const bond = async (node: number) => world.ledger.bondOf(node);
  const refuses = async (sent: Promise<unknown>, error: string, ...args: unknown[]) =>
    expect(sent)
      .to.be.revertedWithCustomError(world.audits, error)
      .withArgs(...args);

  describe("a pause", () => {
    beforeEach(async () => {
      await world.store({ epochs: 60 });
      await world.begin(1);
      await world.prove(1);
    });
    const refund = async (): Promise<bigint> => (await world.totals()).credits / RATE;

    it("asks for nothing and pays nothing, from the next epoch on", async () => {
      await expect(asProvider(1).pause(1, 2)).to.emit(world.audits, "Paused").withArgs(1, 1, 2, 4);
      expect([...(await world.audits.pauseOf(1, 1))]).to.deep.equal([2n, 4n, 0n, 2n]);
      for (const epoch of [2, 3]) {
        await world.begin(epoch);
        expect((await world.audits.duty(1, epoch)).due).to.equal(false);
        await refuses(world.prove(epoch), "ProofRefused", 1, epoch, NOT_DUE);
      }
      await world.begin(4);
      const before = await world.balance(provider(1));
      await world.prove(4);
      expect((await world.balance(provider(1))) - before, "of the epoch after it").to.equal(960n);
      expect(await refund()).to.equal(2n);
      expect((await state()).misses).to.equal(0n);
      expect((await bond(1)).total).to.equal(FUNDS);
    });

    it("leaves the running epoch as it is", async () => {
      await world.begin(2);
      await asProvider(1).pause(1, 2);
      expect((await world.audits.duty(1, 2)).due).to.equal(true);
      await world.toEpoch(5);
      await world.settle(1, 1);
      expect((await state()).misses).to.equal(1n);
    });

    it("is not paid when the epoch is void either", async () => {
      await asProvider(1).pause(1, 2);
      await world.toEpoch(4);
      await world.settle();
      expect(await refund()).to.equal(2n);
    });

    it("keeps a row of misses: it is no way to end one", async () => {
      await world.begin(2);
      await asProvider(1).pause(1, 2);
      await world.missEach(3, 5);
      await world.settle();
      expect((await state()).misses).to.equal(2n);
      expect((await bond(1)).total).to.equal(FUNDS - 5n * RATE);
    });

    it("goes on without a gap, also from its last epoch", async () => {
      await asProvider(1).pause(1, 1);
      await expect(asProvider(1).pause(1, 1)).to.emit(world.audits, "Paused").withArgs(1, 1, 2, 4);
      await world.toEpoch(3);
      await expect(asProvider(1).pause(1, 2)).to.emit(world.audits, "Paused").withArgs(1, 1, 2, 6);
      await world.missEach(4, 5);
      await world.settle();
      expect(await refund()).to.equal(4n);
      expect((await state()).misses).to.equal(0n);
    });

    it("can be declared again after the last one, which stays what it was", async () => {
      await asProvider(1).pause(1, 1);
      await world.begin(3);
      await expect(asProvider(1).pause(1, 1)).to.emit(world.audits, "Paused").withArgs(1, 1, 4, 5);
      await world.begin(4);
      await world.begin(5);
      await world.settle();
      expect(await refund()).to.equal(3n);
      expect((await state()).misses, "of epoch 3").to.equal(1n);
    });

    it("takes at most a 45th of each quarter", async () => {
      await asProvider(1).pause(1, BUDGET - 1n);
      await refuses(asProvider(1).pause(1, 2), "PauseBudgetSpent", 1, 1, BUDGET - 1n, BUDGET);
      await asProvider(1).pause(1, 1);
      await refuses(asProvider(1).pause(1, 1), "PauseBudgetSpent", 1, 1, BUDGET, BUDGET);
      await world.toEpoch(775);
      await world.settle();
      await refuses(asProvider(1).pause(1, 1), "PauseBudgetSpent", 1, 1, BUDGET, BUDGET);
      await world.toEpoch(776);
      await asProvider(1).pause(1, BUDGET);
    });

    it("declared before the running epoch is settled begins after it, whatever else changes then", async () => {
      for (const others of [[], [1]]) {
        world = await fresh();
        await world.store({ epochs: 60 });
        for (const epochs of others) await world.store({ epochs });
        await world.begin(1);
        await asProvider(1).pause(1, 2);
        await world.prove(1);
        for (const epoch of [2, 3]) {
          await world.begin(epoch);
          await refuses(world.prove(epoch), "ProofRefused", 1, epoch, NOT_DUE);
        }
        await world.toEpoch(4);
        await world.settle();
        expect(await refund(), "of epochs 2 and 3").to.equal(2n);
        expect((await state()).rate).to.equal(RATE);
      }
    });

    it("is for one epoch at least, and by the provider of the node that is responsible", async () => {
      await refuses(asProvider(1).pause(1, 0), "NoEpochs");
      const { manager, stranger } = world.people;
      for (const who of [operator(1), manager, stranger, provider(2)]) {
        await refuses(world.audits.connect(who).pause(1, 1), "Unauthorized", who);
      }
      await refuses(world.audits.connect(stranger).pause(2, 1), "Unauthorized", stranger);
      await refuses(asProvider(1).pause(9, 1), "NoSuchVNode", 9);
    });

    it("belongs to the node, not to whoever follows it, and waits for it if it comes back", async () => {
      await asProvider(1).pause(1, 6);
      await world.begin(2);
      await asManager().assign(1, 2);
      await world.begin(3);
      expect((await world.audits.duty(1, 3)).due).to.equal(true);
      await world.prove(3);
      await asManager().assign(1, 1);
      for (const epoch of [4, 5, 6, 7]) {
        await world.begin(epoch);
        expect((await world.audits.duty(1, epoch)).due, `epoch ${epoch}`).to.equal(false);
        await refuses(world.prove(epoch), "ProofRefused", 1, epoch, NOT_DUE);
      }
      await world.begin(8);
      await world.prove(8);
      expect((await world.audits.state(1)).node).to.equal(1n);
    });
  });

  describe("leaving", () => {
    beforeEach(async () => {
      await world.store({ epochs: 60 });
      await world.begin(1);
      await world.prove(1);
    });
    const proveUntil = async (epoch: number): Promise<void> => {
      await world.proveEach(2, epoch - 1);
      await world.begin(epoch);
    };

    it("takes a notice, and then anyone may let the node go", async () => {
      await expect(asProvider(1).announceLeave(1))
        .to.emit(world.audits, "LeaveAnnounced")
        .withArgs(1, 1, 1 + NOTICE);
      expect([...(await world.audits.leaveOf(1))]).to.deep.equal([1n, 5n]);
      await proveUntil(4);
      await refuses(world.audits.leave(1), "LeaveNotDue", 1, 1, 5);
      await world.prove(4);
      await world.begin(5);
      const sent = world.audits.connect(world.people.stranger).leave(1);
      await expect(sent).to.emit(world.audits, "Left").withArgs(1, 1, 6);
      await expect(sent).not.to.emit(world.audits, "TookOver");
      expect((await world.registry.node(1)).used).to.equal(0n);
      await world.prove(5);
      await world.begin(6);
      await refuses(world.prove(6), "ProofRefused", 1, 6, NOT_DUE);
      await world.toEpoch(7);
      await world.settle();
      expect((await bond(1)).locked).to.equal(0n);
      expect((await bond(1)).total).to.equal(FUNDS);
      expect((await world.totals()).credits, "the vacant epoch").to.equal(RATE);
    });

    it("ends with everything withdrawn", async () => {
      await asProvider(1).announceLeave(1);
      await proveUntil(5);
      await asProvider(1).leave(1);
      await world.prove(5);
      await world.toEpoch(7);
      await world.settle();
      const ledger = world.ledger.connect(provider(1));
      await ledger.requestUnbond(1, FUNDS);
      await world.toEpoch(7 + UNBOND / EPOCH + 1);
      await ledger.releaseBond(1);
      await ledger.withdraw(provider(1), await world.balance(provider(1)));
      expect(await world.balance(provider(1))).to.equal(0n);
      expect(await world.token.balanceOf(provider(1))).to.equal(2n * FUNDS + 5n * 960n);
    });

    it("hands over to the first standby node", async () => {
      await asManager().addStandby(1, 2);
      await asProvider(1).announceLeave(1);
      await proveUntil(5);
      const sent = world.audits.leave(1);
      await expect(sent).to.emit(world.audits, "Left").withArgs(1, 1, 6);
      await expect(sent).to.emit(world.audits, "TookOver").withArgs(1, 2, 6);
      expect((await bond(2)).locked).to.equal(30n * RATE);
      expect((await world.registry.node(2)).used).to.equal(1n);
      await world.begin(6);
      await world.prove(6);
      expect((await state()).node).to.equal(2n);
    });

    it("does not spare the node a penalty until then", async () => {
      await asProvider(1).announceLeave(1);
      await world.missEach(2, 3);
      await world.settle();
      expect((await bond(1)).total).to.equal(FUNDS - 5n * RATE);
      await world.missEach(4, 4);
      await world.settle();
      await refuses(world.audits.leave(1), "LeaveNotDue", 1, 0, 5);
    });

    it("is announced once, by the provider, and not after a successor was named", async () => {
      const { manager, stranger } = world.people;
      for (const who of [operator(1), manager, stranger, provider(2)]) {
        await refuses(world.audits.connect(who).announceLeave(1), "Unauthorized", who);
      }
      await refuses(world.audits.connect(stranger).announceLeave(2), "Unauthorized", stranger);
      await refuses(world.audits.leave(1), "LeaveNotDue", 1, 1, 0);
      await asProvider(1).announceLeave(1);
      await refuses(asProvider(1).announceLeave(1), "LeaveAnnouncedAlready", 1, 1);
      await proveUntil(5);
      await asManager().assign(1, 2);
      await refuses(world.audits.leave(1), "SuccessorNamed", 1, 2);
      await refuses(asProvider(1).announceLeave(1), "SuccessorNamed", 1, 2);
    });

    it("is announced anew by a node that comes back", async () => {
      await asProvider(1).announceLeave(1);
      await proveUntil(5);
      await asManager().assign(1, 2);
      expect([...(await world.audits.leaveOf(1))]).to.deep.equal([0n, 0n]);
      await world.prove(5);
      await world.begin(6);
      await world.prove(6);
      await asManager().assign(1, 1);
      await world.begin(7);
      await world.prove(7);
      await refuses(world.audits.leave(1), "LeaveNotDue", 1, 1, 0);
    });
  });

  describe("a cluster's new terms", () => {
    const change = (params: Partial<typeof PARAMS> = {}, profile = 0, beacon = 0) =>
      asManager().changeCluster(1, profile, beacon, { ...PARAMS, ...params });

    it("hold after longer than it takes to leave, and are announced until then", async () => {
      expect(await world.audits.changeDelay()).to.equal(BigInt(DELAY));
      await world.toEpoch(1);
      const params = { ...PARAMS, odds: 3 };
      await expect(change({ odds: 3 }))
        .to.emit(world.registry, "ClusterChanged")
        .withArgs(1, 0, 0, Object.values(params), 1 + DELAY);
      const { since, params_: announced } = await world.audits.announced(1);
      expect([since, announced.odds]).to.deep.equal([BigInt(1 + DELAY), 3n]);
      await world.toEpoch(DELAY);
      expect((await world.audits.params(1)).params_.odds).to.equal(1n);
      await world.toEpoch(1 + DELAY);
      expect((await world.audits.params(1)).params_.odds).to.equal(3n);
    });

    it("judge the epochs that they hold in, and no earlier one", async () => {
      await world.store({ epochs: 60 });
      await world.begin(1);
      await world.prove(1);
      await change({ grace: 0, slashMultiple: 6 });
      await world.proveEach(2, DELAY - 1);
      await world.missEach(DELAY, DELAY + 1);
      await world.settle(1, 1);
      expect((await bond(1)).total, "within the old grace").to.equal(FUNDS);
      await world.settle();
      expect((await bond(1)).total, "by the new multiple").to.equal(FUNDS - 6n * RATE);
    });

    it("leave every unsettled epoch its own, over several changes", async () => {
      await world.store({ epochs: 60 });
      await world.toEpoch(1);
      await change({ managerFee: 0 });
      await world.toEpoch(1 + DELAY);
      await change({ managerFee: 1000 });
      await world.toEpoch(2 + 2 * DELAY);
      await world.settle();
      const paid = await world.audits.queryFilter(world.audits.filters.EpochPaid());
      const fees = Object.fromEntries(paid.map(({ args }) => [Number(args.epoch), args.fee]));
      expect([fees[1], fees[DELAY]]).to.deep.equal([40n, 40n]);
      expect([fees[1 + DELAY], fees[2 * DELAY]]).to.deep.equal([20n, 20n]);
      expect(fees[1 + 2 * DELAY]).to.equal(120n);
    });

    it("are given up for others that are announced before they hold", async () => {
      await world.toEpoch(1);
      await change({ odds: 3 });
      await world.toEpoch(5);
      await change({ odds: 4 });
      await world.toEpoch(1 + DELAY);
      expect((await world.audits.params(1)).params_.odds).to.equal(1n);
      await world.toEpoch(5 + DELAY);
      expect((await world.audits.params(1)).params_.odds).to.equal(4n);
    });

    it("lock a new node's bond as they stand when it begins", async () => {
      await world.store({ epochs: 60 });
      await world.toEpoch(1);
      await change({ bondEpochs: 40 });
      await world.toEpoch(DELAY - 1);
      await asManager().assign(1, 2);
      expect((await bond(2)).locked).to.equal(30n * RATE);
      await world.toEpoch(DELAY);
      await asManager().assign(1, 3);
      expect((await bond(3)).locked).to.equal(40n * RATE);
    });

    it("are the manager's to announce, within the same bounds as ever", async () => {
      const { stranger } = world.people;
      await expect(world.registry.connect(stranger).changeCluster(1, 0, 0, PARAMS))
        .to.be.revertedWithCustomError(world.registry, "Unauthorized")
        .withArgs(stranger);
      await refuses(change({ managerFee: 2001 }), "BadParameter", "managerFee", 2001);
      await refuses(change({}, 1), "NoSuchProfile", 1);
      await refuses(change({}, 0, 1), "NoSuchBeacon", 1);
      await expect(world.audits.connect(stranger).changeCluster(1, 0, 0, PARAMS))
        .to.be.revertedWithCustomError(world.audits, "Unauthorized")
        .withArgs(stranger);
    });

    it("may name a profile and a beacon that were added later, for the epochs that they hold in", async () => {
      const { ethers, people } = world;
      const asTreasury = world.audits.connect(people.treasury);
      // Its verifier is none: proofs of the old epochs do not meet it.
      const verifier = await ethers.deployContract("SettableBeacon");
      const beacon = await ethers.deployContract("SettableBeacon");
      await expect(asTreasury.addProfile({ verifier, ...SHAPE }))
        .to.emit(world.audits, "ProfileAdded")
        .withArgs(1, verifier, SHAPE.samples, SHAPE.dataDepth, SHAPE.directoryDepth);
      await expect(asTreasury.addBeacon(beacon)).to.emit(world.audits, "BeaconAdded").withArgs(1, beacon);
      await world.store({ epochs: 60 });
      await world.begin(1);
      await world.prove(1);
      await change({}, 1, 1);
      await world.proveEach(2, DELAY);
      await world.begin(1 + DELAY);
      expect((await world.registry.cluster(1)).profile).to.equal(1n);
      await refuses(world.prove(1 + DELAY), "ProofRefused", 1, 1 + DELAY, 5);
      await world.audits.recordBeacon(1, 1 + DELAY, ethers.toBeHex(7, 32));
      await expect(world.prove(1 + DELAY)).to.revert(ethers);
      await world.toEpoch(2 + DELAY);
      await world.settle();
      expect((await state()).misses, "by the new beacon").to.equal(1n);
    });

    it("keep the depths of the trees", async () => {
      const { people, verifier } = world;
      for (const shape of [{ dataDepth: 3 }, { directoryDepth: 3 }]) {
        await world.audits.connect(people.treasury).addProfile({ verifier, ...SHAPE, ...shape });
      }
      await refuses(change({}, 1), "OtherDepths", 1);
      await refuses(change({}, 2), "OtherDepths", 2);
    });

    it("may take all fees away: what is in the pot goes to the auditors", async () => {
      const free = await createWorld({}, SHAPE, 0);
      await free.store({ epochs: 60 });
      await free.toEpoch(1);
      const params = { ...PARAMS, managerFee: 0, auditFee: 0 };
      await free.registry.connect(free.people.manager).changeCluster(1, 0, 0, params);
      await free.toEpoch(1 + DELAY);
      await free.settle();
      await free.ledger.collectFees(1);
      expect(await free.ledger.auditPool(0)).to.equal(BigInt(DELAY) * 30n);
    });
  });

  describe("profiles and beacons", () => {
    it("are added by the treasury alone, and are what they should be", async () => {
      const { people, verifier, beacon } = world;
      await refuses(
        world.audits.connect(people.manager).addProfile({ verifier, ...SHAPE }),
        "Unauthorized",
        people.manager,
      );
      await refuses(world.audits.connect(people.manager).addBeacon(beacon), "Unauthorized", people.manager);
      const asTreasury = world.audits.connect(people.treasury);
      for (const bad of [
        { samples: 0 },
        { dataDepth: 0 },
        { dataDepth: 8 },
        { directoryDepth: 9 },
        { verifier: people.bob },
      ]) {
        await expect(asTreasury.addProfile({ verifier, ...SHAPE, ...bad })).to.be.revertedWithCustomError(
          world.audits,
          "BadDeployment",
        );
      }
      await expect(asTreasury.addBeacon(people.bob)).to.be.revertedWithCustomError(
        world.audits,
        "BadDeployment",
      );
      expect([await world.audits.profileCount(), await world.audits.beaconCount()]).to.deep.equal([1n, 1n]);
    });

    it("are at most 256 each", async () => {
      const { people, verifier, beacon } = world;
      const asTreasury = world.audits.connect(people.treasury);
      for (let i = 1; i < 256; i++) {
        await asTreasury.addProfile({ verifier, ...SHAPE, samples: i });
        await asTreasury.addBeacon(beacon);
      }
      await expect(asTreasury.addProfile({ verifier, ...SHAPE })).to.be.revertedWithCustomError(
        world.audits,
        "BadDeployment",
      );
      await expect(asTreasury.addBeacon(beacon)).to.be.revertedWithCustomError(world.audits, "BadDeployment");
      expect((await world.audits.profiles(255)).samples).to.equal(255n);
      expect(await world.audits.beacons(255)).to.equal(await beacon.getAddress());
    });
  });

  it("a cluster is described anew by its manager", async () => {
    await expect(asManager().describeCluster(1, "two"))
      .to.emit(world.registry, "ClusterDescribed")
      .withArgs(1, "two");
    expect((await world.registry.cluster(1)).metadata).to.equal("two");
    await expect(asManager().describeCluster(1, "x".repeat(513)))
      .to.be.revertedWithCustomError(world.registry, "TextTooLong")
      .withArgs(513);
    await expect(world.registry.connect(world.people.bob).describeCluster(1, ""))
      .to.be.revertedWithCustomError(world.registry, "Unauthorized")
      .withArgs(world.people.bob);
  });
});
