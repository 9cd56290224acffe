// The rules for a deployment of Audits, and the bounds of a cluster's parameters (protocol.md, sections 9, 9.2 and 9.5).
import { expect } from "chai";
import {
  deployBooks,
  deployLibraries,
  EPOCH,
  MARGIN,
  PARAMS,
  QUANTUM_BITS,
  SHAPE,
  type Params,
  type World,
} from "../../evidence/world/world.ts";
import { freshWorld } from "../helpers/fresh-world.ts";

const LARGEST: Params = {
  odds: 80,
  window: EPOCH - MARGIN,
  grace: 0,
  maxMisses: 32,
  slashMultiple: 100,
  faultMultiple: 1000,
  syncEpochs: 255,
  bondEpochs: 16_383,
  managerFee: 2000,
  auditFee: 1000,
  reporterShare: 2000,
};

describe("contracts: Audits as it is set up", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });

  describe("deployment", () => {
    interface Choice {
      profiles: { verifier: unknown; samples: number; dataDepth: number; directoryDepth: number }[];
      /** Number of beacons, all with the same code. */
      beacons: number;
      /** Values that the beacon has instead of the deployment's. */
      says: { by?: string; genesis?: number; epochSeconds?: number; margin?: number };
      made: (beacon: string) => void;
      genesis: number;
      epochSeconds: number;
      margin: number;
      protocolFee: number;
      unbond: number;
      meanwhile: boolean;
      /** Whether to deploy in the second of the genesis. */
      atGenesis: boolean;
    }
    /** Addresses of the last attempt's beacons. */
    let given: string[] = [];
    const attempt = async (choice: Partial<Choice>) => {
      const { ethers, people, token, verifier } = world;
      const [genesis, epochSeconds, margin] = [
        choice.genesis ?? world.genesis,
        choice.epochSeconds ?? EPOCH,
        choice.margin ?? MARGIN,
      ];
      const anyFactory = await ethers.deployContract("AnyFactory");
      const others: { getAddress(): Promise<string> }[] = [];
      const { ledger, registry, libraries, beacon } = await deployBooks(
        { ethers },
        people.deployer,
        token,
        people.treasury,
        async (audits) => {
          const said = { by: audits, genesis, epochSeconds, margin, ...choice.says };
          const args = [said.by, said.genesis, said.epochSeconds, said.margin] as const;
          // Sent by another account, because the address of Audits follows from its deployer's nonce.
          for (let i = 1; i < (choice.beacons ?? 1); i++)
            others.push(await ethers.deployContract("SettableBeacon", [...args], people.stranger));
          return ethers.deployContract("SettableBeacon", [...args]);
        },
        choice.unbond ?? 2 * EPOCH,
      );
      given = await Promise.all([beacon, ...others].map((each) => each.getAddress()));
      choice.made?.(await beacon.getAddress());
      if (choice.meanwhile) await token.connect(people.deployer).mint(people.deployer, 1n);
      const factory = await ethers.getContractFactory("Audits", { libraries });
      if (choice.atGenesis) await world.chain.networkHelpers.time.setNextBlockTimestamp(genesis);
      return factory.deploy(
        ledger,
        registry,
        anyFactory,
        (choice.profiles ?? [{ verifier, ...SHAPE }]) as never,
        choice.beacons === 0 ? [] : given,
        ...([genesis, epochSeconds, margin, choice.protocolFee ?? 500] as const),
      );
    };

    it("is what it should be with four profiles and four beacons", async () => {
      const { verifier } = world;
      const profiles = [1, 2, 3, 4].map((samples) => ({ verifier, ...SHAPE, samples }));
      const audits = await attempt({ profiles, beacons: 4 });
      expect([await audits.profileCount(), await audits.beaconCount()]).to.deep.equal([4n, 4n]);
      for (const i of [0, 1, 2, 3]) {
        const profile = await audits.profiles(i);
        expect([...profile]).to.deep.equal([await verifier.getAddress(), BigInt(i + 1), 2n, 2n]);
      }
      const beacons = await Promise.all([0, 1, 2, 3].map((i) => audits.beacons(i)));
      expect(beacons).to.deep.equal(given);
      expect(new Set(given).size).to.equal(4);
      await expect(audits.profiles(4)).to.be.revertedWithCustomError(audits, "NoSuchProfile").withArgs(4);
      await expect(audits.beacons(4)).to.be.revertedWithCustomError(audits, "NoSuchBeacon").withArgs(4);
      expect([await audits.margin(), await audits.protocolFee()]).to.deep.equal([BigInt(MARGIN), 500n]);
    });

    it("works with fewer of them, and with the shortest and the longest epochs that fit", async () => {
      expect(await (await attempt({ epochSeconds: 1, margin: 0 })).epochSeconds()).to.equal(1n);
      const longest = 2 ** 32 - 1;
      const audits = await attempt({ beacons: 2, epochSeconds: longest, unbond: 2 * longest });
      expect(await audits.quarterEpochs()).to.equal(1n);
      expect([await audits.beacons(0), await audits.beacons(1)]).to.deep.equal(given);
      await expect(audits.beacons(2)).to.be.revertedWithCustomError(audits, "NoSuchBeacon").withArgs(2);
      const three = await attempt({ beacons: 3 });
      expect(await three.beacons(2)).to.equal(given[2]);
    });

    it("has a protocol fee of 2 % at least, and a margin of a quarter of an epoch at most", async () => {
      expect(await (await attempt({ protocolFee: 200 })).protocolFee()).to.equal(200n);
      expect(await (await attempt({ margin: EPOCH / 4 })).margin()).to.equal(BigInt(EPOCH / 4));
    });

    it("may begin with its time, and have the deepest directories", async () => {
      const { verifier } = world;
      const genesis = (await world.chain.networkHelpers.time.latest()) + 100;
      const profiles = [{ verifier, ...SHAPE, directoryDepth: 8 }];
      const audits = await attempt({ genesis, atGenesis: true, profiles });
      expect(await audits.currentEpoch()).to.equal(0n);
      expect((await audits.profiles(0)).directoryDepth).to.equal(8n);
    });

    for (const wire of [
      "the ledger's registry",
      "the ledger's audits",
      "the registry's ledger",
      "the registry's audits",
    ]) {
      it(`fails when ${wire} is another`, async () => {
        const { ethers, people, token, verifier, beacon } = world;
        const libraries = await deployLibraries({ ethers });
        const [from, nonce] = [people.deployer.address, await people.deployer.getNonce()];
        const [ledger, registry, audits] = [0, 1, 2].map((i) =>
          ethers.getCreateAddress({ from, nonce: nonce + i }),
        ) as [string, string, string];
        const or = (name: string, fit: string): string => (name === wire ? people.stranger.address : fit);
        await ethers.deployContract("Ledger", [
          token,
          or("the ledger's registry", registry),
          or("the ledger's audits", audits),
          people.alice,
          people.treasury,
          2 * EPOCH,
        ]);
        await ethers.deployContract(
          "Registry",
          [or("the registry's ledger", ledger), or("the registry's audits", audits)],
          { libraries: libraries.registry },
        );
        const factory = await ethers.getContractFactory("Audits", { libraries: libraries.audits });
        const profiles = [{ verifier, ...SHAPE }];
        await expect(
          factory.deploy(ledger, registry, beacon, profiles, [beacon], world.genesis, EPOCH, MARGIN, 500),
        ).to.be.revertedWithCustomError(world.audits, "BadDeployment");
      });
    }

    const broken: Record<string, Partial<Choice> | (() => Partial<Choice>)> = {
      "that the others do not expect": { meanwhile: true },
      "without a profile": { profiles: [] },
      "with five profiles": () => ({
        profiles: [1, 2, 3, 4, 5].map((samples) => ({ verifier: world.verifier, ...SHAPE, samples })),
      }),
      "without a beacon": { beacons: 0 },
      "with five beacons": { beacons: 5 },
      "that samples nothing": () => ({ profiles: [{ verifier: world.verifier, ...SHAPE, samples: 0 }] }),
      "whose segments are too deep": () => ({
        profiles: [{ verifier: world.verifier, ...SHAPE, dataDepth: 8 }],
      }),
      "without directories": () => ({
        profiles: [{ verifier: world.verifier, ...SHAPE, directoryDepth: 0 }],
      }),
      "whose directories are too deep": () => ({
        profiles: [{ verifier: world.verifier, ...SHAPE, directoryDepth: 9 }],
      }),
      "whose time has not begun": { genesis: 2 ** 40 },
      "without time": { epochSeconds: 0 },
      "whose epochs are too long": { epochSeconds: 2 ** 32, unbond: 2 ** 34 },
      "whose bonds leave within two epochs": { unbond: 2 * EPOCH - 1 },
      "whose margin is longer than a quarter of an epoch": { margin: EPOCH / 4 + 1 },
      "whose protocol takes less than 2 %": { protocolFee: 199 },
      "whose protocol takes more than 5 %": { protocolFee: 501 },
    };
    for (const [name, choice] of Object.entries(broken)) {
      it(`fails for one ${name}`, async () => {
        const attempted = attempt(typeof choice === "function" ? choice() : choice);
        await expect(attempted).to.be.revertedWithCustomError(world.audits, "BadDeployment");
      });
    }

    for (const [name, says] of Object.entries({
      "of another deployment": { by: "0x0000000000000000000000000000000000000001" },
      "with other epochs": { epochSeconds: EPOCH + 1 },
      "with another beginning": { genesis: 1 },
      "with another margin": { margin: MARGIN - 1 },
    })) {
      it(`fails for one with a beacon ${name}`, async () => {
        let beacon = "";
        const attempted = attempt({ says, made: (address) => (beacon = address) });
        await expect(attempted)
          .to.be.revertedWithCustomError(world.audits, "NotOurs")
          .withArgs((address: string) => address === beacon);
      });
    }
  });

  it("takes no verifier and no beacon that its factory has not made", async () => {
    const { audits, beacon, chain, people, verifier } = world;
    const asTreasury = audits.connect(people.treasury);
    await expect(asTreasury.addProfile({ verifier, ...SHAPE })).to.emit(audits, "ProfileAdded");
    await expect(asTreasury.addBeacon(beacon)).to.emit(audits, "BeaconAdded").withArgs(1, beacon);
    // A factory that has made nothing: it answers 0 to everything.
    await chain.networkHelpers.setCode(await audits.factory(), "0x5f5f5260205ff3");
    await expect(asTreasury.addProfile({ verifier, ...SHAPE }))
      .to.be.revertedWithCustomError(audits, "NotOurs")
      .withArgs(verifier);
    await expect(asTreasury.addBeacon(beacon))
      .to.be.revertedWithCustomError(audits, "NotOurs")
      .withArgs(beacon);
    expect([await audits.profileCount(), await audits.beaconCount()]).to.deep.equal([2n, 2n]);
  });

  describe("a cluster's parameters", () => {
    const create = (params: Partial<Params>, profile = 0, beacon = 0) =>
      world.registry.createCluster(profile, beacon, QUANTUM_BITS, { ...PARAMS, ...params }, "");
    const bad = (name: keyof Params, value: number, others: Partial<Params> = {}) =>
      it(`refuse ${name} = ${value}`, async () => {
        await expect(create({ ...others, [name]: value }))
          .to.be.revertedWithCustomError(world.audits, "BadParameter")
          .withArgs(name, value);
      });
    bad("odds", 0);
    bad("odds", 2);
    bad("odds", 1024, { slashMultiple: 0, faultMultiple: 0 });
    // The penalties from the first miss to the removal must be at least twice the odds.
    bad("odds", 6, { grace: 0, maxMisses: 1, slashMultiple: 0, faultMultiple: 11 });
    bad("odds", 81, LARGEST);
    // A node that fails two proofs in five must lose at least half of the odds' rate for each of them.
    bad("odds", 1, { slashMultiple: 4, faultMultiple: 0 });
    bad("odds", 1, { slashMultiple: 0, faultMultiple: 12 });
    bad("odds", 2, { grace: 3, maxMisses: 4, slashMultiple: 0, faultMultiple: 63, bondEpochs: 100 });
    bad("odds", 1, { grace: 31, maxMisses: 32, slashMultiple: 100, faultMultiple: 1000, bondEpochs: 1100 });
    bad("window", EPOCH / 4 - 1);
    bad("window", EPOCH - MARGIN + 1);
    bad("maxMisses", 0);
    bad("maxMisses", 33, { bondEpochs: 1000 });
    bad("grace", 3);
    bad("slashMultiple", 101, { bondEpochs: 1000 });
    bad("faultMultiple", 1001, { bondEpochs: 5000 });
    bad("syncEpochs", 0);
    bad("bondEpochs", 19);
    bad("bondEpochs", 16_384);
    bad("managerFee", 2001);
    bad("auditFee", 1001);
    bad("reporterShare", 2001);

    it("refuse a profile or beacon that is not there", async () => {
      await expect(create({}, 1)).to.be.revertedWithCustomError(world.audits, "NoSuchProfile").withArgs(1);
      await expect(create({}, 0, 1))
        .to.be.revertedWithCustomError(world.audits, "NoSuchBeacon")
        .withArgs(1);
    });

    it("ask as seldom as what is at stake allows", async () => {
      await create({ odds: 5, grace: 0, maxMisses: 1, slashMultiple: 0, faultMultiple: 11 });
      await create({ odds: 1, slashMultiple: 5, faultMultiple: 0 });
      await create({ odds: 2, slashMultiple: 10, bondEpochs: 30 });
      await create({ odds: 1, slashMultiple: 0, faultMultiple: 13 });
      await create({ odds: 2, grace: 3, maxMisses: 4, slashMultiple: 0, faultMultiple: 64, bondEpochs: 100 });
    });

    it("are kept as they were given, at their largest too", async () => {
      await create(LARGEST);
      const kept = await world.audits.params(2);
      for (const name of Object.keys(LARGEST) as (keyof Params)[])
        expect(kept.params_[name], name).to.equal(BigInt(LARGEST[name]));
      expect([kept.profile, kept.beacon]).to.deep.equal([0n, 0n]);
    });
  });
});
