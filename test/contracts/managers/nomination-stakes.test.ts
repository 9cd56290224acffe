// Nominated staking: candidates, nominators, and how stake comes and leaves.
import { expect } from "chai";
import { unpackTargets } from "../../../client/governance/nomination.ts";
import { COMMISSION, nominatingWorld, TERMS, type Nominating } from "../../../evidence/world/nominating.ts";
import type { HostileToken, TestToken } from "../../../types/ethers/index.js";
import { freshWorld } from "../../helpers/fresh-world.ts";
import { named } from "../../helpers/named.ts";
import { expectConserved, nominating } from "../../helpers/nominating.ts";

/** HostileToken.Manner. */
const MANNER = { fee: 0, honest: 3, tryBack: 4 };

describe("contracts: nominated stakes", () => {
  let world: Nominating;
  const fresh = freshWorld(() => nominatingWorld()) as () => Promise<Nominating>;
  beforeEach(async () => {
    world = await fresh();
  });
  afterEach(() => expectConserved(world));
  const { nominate, provider, refused, toElection, solve, credit } = nominating(() => world);
  const own = async (id: number) => (await world.staking.candidate(id)).own;
  const stake = async (id = 1) => (await world.staking.nominator(id)).stake;
  const current = async (): Promise<number> => Number(await world.audits.currentEpoch());

  describe("of candidates", () => {
    it("are offered by the provider of a node, once", async () => {
      const { stranger } = world.people;
      const { owner, staked } = await own(1);
      expect([owner, staked]).to.deep.equal([provider(1).address, 1_000n]);
      const { staking } = world;
      await refused(staking.connect(stranger).offer(1, 0, 1_000, 0), "Unauthorized", stranger);
      await refused(staking.connect(provider(1)).offer(1, 0, 1_000, 0), "AlreadyCandidate", 1, 1);
    });

    it("have at least the least own stake, or none, and a commission of at most all", async () => {
      const { staking, registry } = world;
      await registry.connect(provider(1)).registerNode(provider(1), "", 10, 1, 1, "");
      const mine = staking.connect(provider(1));
      await refused(mine.offer(4, 0, 99, 0), "StakeTooSmall", 99, TERMS.leastOwn);
      await refused(mine.offer(4, 10_001, 100, 0), "BadCommission", 10_001);
      await mine.offer(4, 10_000, 100, 0);
      await refused(mine.leaveAsCandidate(1, 901), "StakeTooSmall", 99, TERMS.leastOwn);
      await refused(mine.leaveAsCandidate(1, 1_001), "StakeExceeded", 1_001, 1_000);
      await refused(mine.leaveAsCandidate(1, 0), "StakeExceeded", 0, 1_000);
      await mine.leaveAsCandidate(1, 1_000);
      await refused(mine.raise(1, 99), "StakeTooSmall", 99, TERMS.leastOwn);
      await mine.raise(1, 100);
      expect((await own(1)).staked).to.equal(100n);
      await refused(staking.connect(provider(2)).raise(1, 100), "Unauthorized", provider(2));
      await refused(staking.connect(provider(2)).leaveAsCandidate(1, 100), "Unauthorized", provider(2));
    });

    it("may lower their commission, and nothing else about it", async () => {
      const mine = world.staking.connect(provider(1));
      await refused(mine.lowerCommission(1, COMMISSION), "BadCommission", COMMISSION);
      await expect(mine.lowerCommission(1, 5)).to.emit(mine, "CommissionLowered").withArgs(1, 5);
      await refused(world.staking.connect(provider(2)).lowerCommission(1, 0), "Unauthorized", provider(2));
    });

    it("are not elected while they are chilled", async () => {
      const mine = world.staking.connect(provider(3));
      await expect(mine.chill(3, true)).to.emit(mine, "Chilled").withArgs(3, true);
      expect((await world.staking.field()).eligible).to.equal(2n);
      await toElection();
      expect((await solve()).winners).to.deep.equal([1, 2]);
      await mine.chill(3, false);
      expect((await world.staking.field()).eligible).to.equal(3n);
      await refused(world.staking.connect(provider(2)).chill(3, true), "Unauthorized", provider(2));
    });

    it("are chilled by anyone once the node has another provider, who can offer it himself", async () => {
      const { registry, people, staking, ledger } = world;
      const { stranger, bob } = people;
      await registry.connect(provider(1)).proposeProvider(1, bob);
      await world.chain.networkHelpers.time.increase(Number(await ledger.unbondSeconds()));
      await registry.connect(bob).acceptProvider(1);
      await refused(staking.connect(provider(1)).chill(1, false), "Unauthorized", provider(1));
      await staking.connect(stranger).chill(1, true);
      await staking.connect(bob).offer(1, 0, 500, 0);
      await refused(staking.connect(bob).offer(1, 0, 500, 0), "AlreadyCandidate", 1, 4);
      expect(await staking.candidateOf(1)).to.equal(4n);
    });
  });

  it("are not elected for a node that its next provider has offered", async () => {
    const { registry, people, staking, ledger } = world;
    await registry.connect(provider(1)).proposeProvider(1, people.bob);
    await world.chain.networkHelpers.time.increase(Number(await ledger.unbondSeconds()));
    await registry.connect(people.bob).acceptProvider(1);
    await staking.connect(people.bob).offer(1, 0, 500, 0);
    expect((await staking.candidate(1)).chilled).to.equal(true);
    // Nor when it comes back: a node stands once.
    await registry.connect(people.bob).proposeProvider(1, provider(1));
    await world.chain.networkHelpers.time.increase(Number(await ledger.unbondSeconds()));
    await registry.connect(provider(1)).acceptProvider(1);
    await refused(staking.connect(provider(1)).chill(1, false), "Unauthorized", provider(1));
  });

  describe("of nominators", () => {
    it("back up to 16 candidates, in ascending order", async () => {
      const { alice } = world.people;
      const { staking } = world;
      await expect(nominate(alice, 500n, 1, 3))
        .to.emit(staking, "Nominated")
        .withArgs(...named(staking, "Nominated", { nominator: 1, account: alice, targets: [1, 3] }));
      expect((await stake()).staked).to.equal(500n);
      for (const targets of [[], [3, 1], [1, 1], [0], [4], Array.from({ length: 17 }, (_, i) => i + 1)])
        await refused(nominate(alice, 1n, ...targets), "BadTargets", targets);
      await nominate(alice, 0n, 2);
      const { targets } = await staking.nominator(1);
      expect(unpackTargets(targets)).to.deep.equal([2]);
      await nominate(alice, 5n, 2);
      expect((await stake()).staked).to.equal(505n);
    });

    it("have at least the least nomination, or nothing", async () => {
      const { alice } = world.people;
      await refused(nominate(alice, 9n, 1), "StakeTooSmall", 9, TERMS.leastNomination);
      await nominate(alice, 10n, 1);
      const mine = world.staking.connect(alice);
      await refused(mine.leaveAsNominator(1), "StakeTooSmall", 9, TERMS.leastNomination);
      await mine.leaveAsNominator(10);
      await refused(nominate(alice, 0n, 1), "StakeTooSmall", 0, TERMS.leastNomination);
      expect((await world.staking.field()).liveNominators).to.equal(0n);
    });
  });

  describe("when all places are taken", () => {
    it("of candidates, a larger own stake takes the place of a smaller one, which leaves", async () => {
      const { staking, registry } = world;
      const mine = staking.connect(provider(1));
      for (let node = 4; node <= 65; node++)
        await registry.connect(provider(1)).registerNode(provider(1), "", 10, 1, 1, "");
      for (let node = 4; node <= 64; node++) await mine.offer(node, 0, 500, 0);
      await refused(mine.offer(65, 0, 1_000, 0), "NoPlace", 0);
      await refused(mine.offer(65, 0, 1_000, 1), "NoPlace", 1);
      await mine.offer(65, 0, 1_001, 1);
      const { staked, leaving } = await own(1);
      expect([staked, leaving]).to.deep.equal([0n, 1_000n]);
      const { live, eligible } = await staking.field();
      expect([live, eligible]).to.deep.equal([64n, 64n]);
      await refused(mine.raise(1, 5_000), "NoPlace", 0);
    });

    it("of nominators, the same", async () => {
      const { alice, bob, auditor } = world.people;
      const { staking } = world;
      await nominate(alice, 500n, 1);
      await fillPlaces();
      await refused(nominate(bob, 500n, 1), "NoPlace", 0);
      await refused(staking.connect(bob).nominate([1], 500, 1), "NoPlace", 1);
      // Who has a place needs none.
      await nominate(alice, 1n, 2);
      await staking.connect(auditor).nominate([1], 502, 1);
      const { staked, leaving } = await stake();
      expect([staked, leaving]).to.deep.equal([0n, 501n]);
      expect((await staking.field()).liveNominators).to.equal(1_024n);
    });

    /** Writes into the storage that there are 1,024 nominators, as so many would take long. */
    async function fillPlaces(): Promise<void> {
      const { ethers, staking, chain } = world;
      const { eligible, frozen, election, candidates, live, nominators, liveNominators } =
        await staking.field();
      const pack = (count: bigint): string =>
        ethers.toBeHex(
          eligible |
            (frozen << 16n) |
            (election << 32n) |
            (candidates << 64n) |
            (live << 80n) |
            (nominators << 96n) |
            (count << 128n),
          32,
        );
      const address = await staking.getAddress();
      const slots = await Promise.all(
        Array.from({ length: 20 }, (_, slot) => ethers.provider.getStorage(address, slot)),
      );
      const slot = slots.indexOf(pack(liveNominators));
      await chain.networkHelpers.setStorageAt(address, slot, pack(1_024n));
    }
  });

  it("leave after the delay, and are paid to their owners alone", async () => {
    const { alice, stranger } = world.people;
    const { staking, token } = world;
    await nominate(alice, 500n, 1);
    await staking.connect(alice).leaveAsNominator(200);
    await staking.connect(provider(1)).leaveAsCandidate(1, 400);
    const releasable = (await current()) + TERMS.unbondEpochs;
    await world.toEpoch(releasable - 1);
    await refused(staking.releaseNominator(1), "NotReleasable", releasable, releasable - 1);
    await refused(staking.releaseCandidate(1), "NotReleasable", releasable, releasable - 1);
    await world.toEpoch(releasable);
    await staking.connect(stranger).releaseNominator(1);
    await staking.connect(stranger).releaseCandidate(1);
    await refused(staking.releaseNominator(1), "NotReleasable", releasable, releasable);
    expect([await credit(alice), await credit(provider(1)), await credit(stranger)]).to.deep.equal([
      200n,
      400n,
      0n,
    ]);
    await expect(staking.connect(stranger).pay(alice)).to.changeTokenBalance(
      world.ethers,
      token,
      alice,
      200n,
    );
    await refused(staking.pay(alice), "NothingOwed", alice);
  });

  it("wait again for all that is leaving when more is to leave", async () => {
    const { alice } = world.people;
    await nominate(alice, 500n, 1);
    const mine = world.staking.connect(alice);
    await mine.leaveAsNominator(100);
    await world.toEpoch((await current()) + 5);
    await mine.leaveAsNominator(100);
    const { leaving, releasable } = await stake();
    expect([leaving, releasable]).to.deep.equal([200n, BigInt((await current()) + TERMS.unbondEpochs)]);
  });

  it("are counted in an election as they were when it began", async () => {
    const { alice, bob } = world.people;
    await nominate(alice, 500n, 1);
    await toElection();
    const before = await solve();
    await nominate(bob, 700n, 3);
    await nominate(alice, 100n, 2);
    await world.staking.connect(alice).leaveAsNominator(600);
    await world.staking.connect(provider(1)).raise(1, 50);
    await world.staking.connect(provider(2)).leaveAsCandidate(2, 2_000);
    const { submitAll, statusOf } = nominating(() => world);
    await submitAll(bob, before);
    expect(await statusOf(bob)).to.equal(4n);
  });
});

describe("contracts: nominated staking with a hostile token", () => {
  const hostile = async () => {
    const world = await nominatingWorld({}, {}, async ({ ethers }) => {
      const token = await ethers.deployContract("HostileToken");
      await token.behave(MANNER.honest, token, "0x");
      return token as unknown as TestToken;
    });
    return { world, token: world.token as unknown as HostileToken };
  };

  it("keeps nobody from being paid because another cannot be", async () => {
    const { world, token } = await hostile();
    const { nominate } = nominating(() => world);
    const { alice, bob } = world.people;
    await nominate(alice, 500n, 1);
    await nominate(bob, 600n, 1);
    await world.staking.connect(alice).leaveAsNominator(500);
    await world.staking.connect(bob).leaveAsNominator(600);
    await world.toEpoch(Number(await world.audits.currentEpoch()) + TERMS.unbondEpochs);
    await token.setBlocked(alice, true);
    for (const id of [1, 2]) await world.staking.releaseNominator(id);
    await expect(world.staking.pay(alice)).to.be.revertedWithCustomError(token, "Blocked");
    await world.staking.pay(bob);
    expect(await world.staking.creditOf(alice)).to.equal(500n);
    await token.setBlocked(alice, false);
    await world.staking.pay(alice);
    await expectConserved(world);
  });

  it("pays nobody twice who is called back", async () => {
    const { world, token } = await hostile();
    const { nominate } = nominating(() => world);
    const { alice } = world.people;
    await nominate(alice, 500n, 1);
    await world.staking.connect(alice).leaveAsNominator(500);
    await world.toEpoch(Number(await world.audits.currentEpoch()) + TERMS.unbondEpochs);
    await world.staking.releaseNominator(1);
    const again = world.staking.interface.encodeFunctionData("pay", [alice.address]);
    await token.behave(MANNER.tryBack, world.staking, again);
    await expect(world.staking.pay(alice))
      .to.emit(token, "CalledBack")
      .withArgs(false, world.staking.interface.encodeErrorResult("NothingOwed", [alice.address]));
    await token.behave(MANNER.honest, world.staking, "0x");
    await expectConserved(world);
  });

  it("takes no stake of which not all arrives", async () => {
    const { world, token } = await hostile();
    const { nominate, refused } = nominating(() => world);
    await token.behave(MANNER.fee, world.staking, "0x");
    await refused(nominate(world.people.alice, 500n, 1), "TooLittleArrived", 500, 495);
    await token.behave(MANNER.honest, world.staking, "0x");
    await expectConserved(world);
  });
});

describe("contracts: the terms of nominated staking", () => {
  it("are within their bounds", async () => {
    const world = await nominatingWorld();
    const { ethers, audits, staking } = world;
    const attempt = (terms: Partial<typeof TERMS>) =>
      ethers.deployContract("NominatedStaking", [audits, staking, { ...TERMS, ...terms }]);
    for (const [name, ...values] of [
      ["seats", 0, 17],
      ["eraEpochs", 3, 1_025],
      ["electionEpochs", 0, 8],
      // Two eras, 16 epochs, and a pause of two days; and at most eight of the longest eras more.
      ["unbondEpochs", 49, 8_243],
      ["leastOwn", 0],
      ["leastNomination", 0],
      ["deposit", 0],
      ["solverReward", 1_001],
      ["pageReward", 1_001],
    ] as const) {
      for (const value of values)
        await expect(attempt({ [name]: value }), name)
          .to.be.revertedWithCustomError(staking, "BadTerm")
          .withArgs(name, value);
    }
  });
});
