// Changes by managers and the treasury while data is stored: a cluster's terms, and the profiles and beacons to choose from
// (protocol.md, sections 9 and 9.5).
import { expect } from "chai";
import {
  EPOCH,
  FUNDS,
  MARGIN,
  PARAMS,
  SELDOM,
  SHAPE,
  UNBOND,
  type World,
} from "../../evidence/world/world.ts";
import { freshWorld, REFUSAL, shortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

const RATE = 1000n;
const NOTICE = 4;
/** Epochs until new terms hold: the bond's delay, the notice, the running epoch and the hand-over. */
const DELAY = UNBOND / EPOCH + NOTICE + 2;

describe("contracts: changes while data is stored", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });
  const { asManager, bond, refuses, state } = shortcuts(() => world);
  const addedBeacon = async (
    clock: { genesis?: number; epoch?: number; margin?: number; by?: unknown } = {},
  ) =>
    world.ethers.deployContract("SettableBeacon", [
      clock.by ?? world.audits,
      clock.genesis ?? world.genesis,
      clock.epoch ?? EPOCH,
      clock.margin ?? MARGIN,
    ]);

  describe("a cluster's new terms", () => {
    const change = (params: Partial<typeof PARAMS> = {}, profile = 0, beacon = 0) =>
      asManager().changeCluster(1, profile, beacon, { ...PARAMS, ...params });

    it("hold after longer than it takes to leave, and are announced until then", async () => {
      expect(await world.audits.changeDelay()).to.equal(BigInt(DELAY));
      await world.toEpoch(1);
      const params = { ...PARAMS, ...SELDOM, odds: 3 };
      await expect(change({ ...SELDOM, odds: 3 }))
        .to.emit(world.registry, "ClusterChanged")
        .withArgs(
          ...named(world.registry, "ClusterChanged", {
            cluster: 1,
            profile: 0,
            beacon: 0,
            params: Object.values(params),
            fromEpoch: 1 + DELAY,
          }),
        );
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
      await world.begin(2 + 2 * DELAY);
      // All of them wait for one proof: 5 % are taken of the first DELAY epochs, 3 % of as many, 13 % of the last two.
      const fee = BigInt(DELAY) * (50n + 30n) + 2n * 130n;
      const epochs = 2n * BigInt(DELAY) + 2n;
      await expect(world.prove(2 + 2 * DELAY))
        .to.emit(world.audits, "Proven")
        .withArgs(
          ...named(world.audits, "Proven", {
            vNode: 1,
            node: 1,
            epoch: epochs,
            since: 1,
            amount: epochs * RATE - fee,
            fee,
            refunded: 0n,
          }),
        );
      expect([...(await world.ledger.feesOf(1))]).to.deep.equal([fee, epochs * 20n]);
    });

    it("are given up for others that are announced before they hold", async () => {
      await world.toEpoch(1);
      await change({ ...SELDOM, odds: 3 });
      await world.toEpoch(5);
      await change({ ...SELDOM, odds: 4 });
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
      const verifier = await addedBeacon();
      const beacon = await addedBeacon();
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
      await refuses(world.prove(1 + DELAY), "ProofRefused", 1, 1 + DELAY, REFUSAL.noRandomness);
      await world.at(1 + DELAY, MARGIN);
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

    it("may take all other fees away: what is in the pot goes to the auditors", async () => {
      await world.store({ epochs: 60 });
      await world.proveEach(1, 5);
      await change({ managerFee: 0, auditFee: 0 });
      await world.toEpoch(5 + DELAY);
      await world.ledger.collectFees(1);
      expect(await world.ledger.auditPool(0)).to.equal(5n * 30n);
      expect(await world.balance(world.people.treasury)).to.equal(5n * 20n);
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
        { directoryDepth: 0 },
        { directoryDepth: 9 },
      ]) {
        await expect(asTreasury.addProfile({ verifier, ...SHAPE, ...bad })).to.be.revertedWithCustomError(
          world.audits,
          "BadDeployment",
        );
      }
      for (const other of [
        { by: people.bob },
        { genesis: world.genesis - 1 },
        { epoch: EPOCH + 1 },
        { margin: MARGIN + 1 },
      ]) {
        const stray = await addedBeacon(other);
        await refuses(asTreasury.addBeacon(stray), "NotOurs", stray);
      }
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
