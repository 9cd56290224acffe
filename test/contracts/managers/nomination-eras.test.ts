// NominationManager and nominated staking: eras, what they pay, and what offences take.
import { expect } from "chai";
import { COMMISSION, SHARES, TERMS, type Nominating } from "../../../evidence/world/nominating.ts";
import { challenging } from "../../helpers/challenging.ts";
import { freshWorld } from "../../helpers/fresh-world.ts";
import { named } from "../../helpers/named.ts";
import { expectConserved, firstEra, nominating } from "../../helpers/nominating.ts";

describe("contracts: eras of nominated staking", () => {
  let world: Nominating;
  const fresh = freshWorld(firstEra) as () => Promise<Nominating>;
  let pages: readonly string[];
  beforeEach(async () => {
    world = await fresh();
    pages = [];
  });
  afterEach(() => expectConserved(world));
  const { nominate, provider, refused, toElection, solve, submitAll, toEnd, turn, credit } = nominating(
    () => world,
  );
  const { challenge, expire } = challenging(() => world);
  const epoch = async (): Promise<number> => Number(await world.audits.currentEpoch());
  const distribute = (era: number, page = pages[0] ?? "", by = world.people.stranger, index = 0) =>
    world.staking.connect(by).distribute(era, index, page);
  const own = async (id: number) => (await world.staking.candidate(id)).own.staked;
  const staked = async (id: number) => (await world.staking.nominator(id)).stake.staked;
  /** Proves from the running epoch on, until before that one. */
  const proveUntil = async (end: number): Promise<void> => world.proveEach(await epoch(), end - 1);
  const fee = async (units: bigint): Promise<void> => {
    // As if the cluster had earned it.
    await world.token.mint(world.staking, units);
  };
  /** The pages of the result that the running era has. */
  const remember = async (): Promise<void> => {
    const events = await world.staking.queryFilter(world.staking.filters.PageChecked());
    pages = events.map(({ args }) => args.page);
  };

  it("seat whom the election chose", async () => {
    expect(await world.staking.era()).to.equal(1n);
    const members = await world.staking.members(1);
    expect(members.map(({ node, support, willing }) => [node, support, willing])).to.deep.equal([
      [1n, 5_000n, true],
      [3n, 3_500n, true],
    ]);
    expect(await world.nomination.supportOf(provider(1))).to.equal(5_000n);
    expect(await world.nomination.supportOf(provider(2))).to.equal(0n);
    expect(await world.staking.members(0)).to.deep.equal([]);
  });

  it("end when they are over, and once their vNodes are settled", async () => {
    const ends = Number(await world.staking.endsAt());
    const { nomination, staking, people } = world;
    await proveUntil(ends);
    await refused(nomination.turn(), "EraRuns", 1, ends, ends - 1);
    await refused(staking.connect(people.stranger).turn(), "Unauthorized", people.stranger);
    await world.toEpoch(ends);
    await turn();
    expect(await staking.era()).to.equal(2n);
  });

  it("wait for misses to be known, but not for ever", async () => {
    const ends = Number(await world.staking.endsAt());
    await world.toEpoch(ends);
    await expect(world.nomination.turn()).to.be.revertedWithCustomError(world.nomination, "SettleFirst");
    await world.toEpoch(ends + 4);
    await world.nomination.turn();
    expect(await world.staking.began(2)).to.equal(ends + 4);
  });

  it("go on with the same members if nobody submits anything", async () => {
    await toEnd();
    await turn();
    const [first, second] = [await world.staking.members(1), await world.staking.members(2)];
    expect(second.map(({ node, support }) => [node, support])).to.deep.equal(
      first.map(({ node, support }) => [node, support]),
    );
  });

  describe("share their reward", () => {
    beforeEach(async () => {
      await remember();
      await proveUntil(Number(await world.staking.endsAt()));
    });

    it("equally among seats, after commission in proportion to the stakes, to the unit", async () => {
      const { alice, bob, stranger } = world.people;
      const { providers } = world.people;
      await toEnd();
      const before = await Promise.all([alice, bob, stranger, ...providers].map(credit));
      await fee(100_003n);
      await turn();
      const { perSeat, pageReward } = await world.staking.eraOf(1);
      expect(pageReward).to.equal(TERMS.pageReward);
      const pot = await world.staking.surplus();
      expect(pot).to.be.below(2n);
      await distribute(1);
      const after = await Promise.all([alice, bob, stranger, ...providers].map(credit));
      const gained = after.map((units, i) => units - (before[i] ?? 0n));
      const shared = perSeat - (perSeat * BigInt(COMMISSION)) / 10_000n;
      expect(gained).to.deep.equal([
        (shared * 4_000n) / 5_000n,
        (shared * 500n) / 3_500n,
        TERMS.pageReward,
        perSeat - shared + (shared * 1_000n) / 5_000n,
        0n,
        perSeat - shared + (shared * 3_000n) / 3_500n,
      ]);
      // What rounding left is the next era's.
      expect((await world.staking.eraOf(1)).left).to.equal(0n);
      await refused(distribute(1), "NothingToDo", 1, 0);
    });

    it("from the manager's fee of the cluster, a tenth of which pays the callers", async () => {
      const { stranger } = world.people;
      await toEnd();
      await world.settle();
      const [fees] = await world.ledger.feesOf(1);
      expect(fees).to.be.above(0n);
      const before = await world.nomination.earnedBy(stranger);
      await turn();
      const { perSeat } = await world.staking.eraOf(1);
      expect(perSeat).to.be.above(0n);
      expect((await world.nomination.earnedBy(stranger)) - before).to.equal(5n);
      const earned = await world.nomination.earnedBy(stranger);
      await expect(world.nomination.connect(stranger).withdraw(stranger)).to.changeTokenBalance(
        world.ethers,
        world.token,
        stranger,
        earned,
      );
      await expect(world.nomination.connect(stranger).withdraw(stranger)).to.be.revertedWithCustomError(
        world.nomination,
        "NothingEarned",
      );
      // What it still has is what it owes to callers.
      expect(await world.ledger.balanceOf(world.nomination)).to.equal(
        (await world.nomination.crankPot()) + (await world.nomination.earned()),
      );
    });

    it("and keep what callers have earned apart from it", async () => {
      const { nomination, ledger } = world;
      for (let era = 1; era <= 2; era++) {
        await toEnd();
        await turn();
        expect(await nomination.earned()).to.be.above(0n);
        expect(await ledger.balanceOf(nomination)).to.equal(
          (await nomination.crankPot()) + (await nomination.earned()),
        );
        await proveUntil(Number(await world.staking.endsAt()));
      }
    });

    it("with who computed the next election", async () => {
      const { auditor } = world.people;
      await fee(1_000_000n);
      await world.toEpoch(Number(await world.staking.endsAt()) - 1);
      await submitAll(auditor, await solve());
      await toEnd();
      const before = await credit(auditor);
      await turn();
      expect((await credit(auditor)) - before).to.equal(TERMS.solverReward);
    });

    it("only for pages as they were checked, of eras that there were", async () => {
      await toEnd();
      await turn();
      await expect(distribute(1, `${pages[0] ?? ""}00`)).to.be.revertedWithCustomError(
        world.staking,
        "OtherPage",
      );
      await refused(distribute(1, pages[0], undefined, 1), "NoSuchPage", 1, 1);
      await refused(distribute(3), "NoSuchEra", 3);
      await refused(distribute(2), "NothingToDo", 2, 0);
    });
  });

  describe("take stake for offences", () => {
    beforeEach(remember);

    it("of provider and nominators in proportion, for the treasury", async () => {
      const { alice, treasury, stranger } = world.people;
      const at = await epoch();
      await world.missEach(at, at);
      await world.settle();
      const before = await credit(treasury);
      await expect(world.nomination.connect(stranger).observe(1))
        .to.emit(world.staking, "Punished")
        .withArgs(
          ...named(world.staking, "Punished", {
            era: 1,
            seat: 0,
            candidate: 1,
            share: SHARES.miss,
            taken: 10,
          }),
        );
      await distribute(1);
      expect([await own(1), await staked(1), await staked(2)]).to.deep.equal([990n, 3_960n, 500n]);
      // Who shows the page gets a tenth of what it takes.
      expect([(await credit(treasury)) - before, await credit(stranger)]).to.deep.equal([46n, 4n]);
      await refused(distribute(1), "NothingToDo", 1, 0);
      await world.nomination.observe(1);
      expect(await world.staking.shareOf(1, 0)).to.equal(SHARES.miss);
      expect((await world.staking.candidate(1)).chilled).to.equal(true);
      expect(await credit(alice)).to.equal(0n);
    });

    it("at the end of the era at the latest, and then the seat earns nothing", async () => {
      const at = await epoch();
      await world.missEach(at, at);
      await toEnd();
      await fee(10_000n);
      await turn();
      expect(await world.staking.shareOf(1, 0)).to.be.above(0n);
      const { perSeat } = await world.staking.eraOf(1);
      // All of it is for the other seat, but what the page earns.
      expect(perSeat).to.be.above(9_000n);
      const before = await credit(world.people.alice);
      await distribute(1);
      expect(await credit(world.people.alice)).to.equal(before);
      expect(await world.staking.shareOf(2, 0)).to.equal(0n);
    });

    it("for a fault, once", async () => {
      const at = await epoch();
      await world.missEach(at, at + 2);
      await world.settle();
      // Three misses are a fault.
      await expect(world.nomination.observeFaults(0))
        .to.emit(world.nomination, "FaultsSeen")
        .withArgs(1, 0, 1, 1, SHARES.fault);
      expect(await world.staking.shareOf(1, 0)).to.equal(SHARES.fault);
      await world.nomination.observeFaults(0);
      expect(await world.staking.shareOf(1, 0)).to.equal(SHARES.fault);
      await expect(world.nomination.observeFaults(2))
        .to.be.revertedWithCustomError(world.nomination, "NoSuchSeat")
        .withArgs(2);
      await distribute(1);
      expect([await own(1), await staked(1)]).to.deep.equal([800n, 3_200n]);
    });

    it("of a nominator who has left since, before it is released", async () => {
      const { alice } = world.people;
      const mine = world.staking.connect(alice);
      const at = await epoch();
      await world.missEach(at, at);
      await mine.leaveAsNominator(4_000);
      await toEnd();
      await turn();
      await distribute(1);
      const share = await world.staking.shareOf(1, 0);
      const { leaving, releasable } = (await world.staking.nominator(1)).stake;
      expect(leaving).to.equal(4_000n - (4_000n * share) / 10_000n);
      await world.toEpoch(Number(releasable));
      await world.staking.releaseNominator(1);
      expect(await credit(alice)).to.be.at.least(leaving);
    });

    it("for a challenge of an era that is over, of who was exposed in that one", async () => {
      const { alice, bob } = world.people;
      const ends = Number(await world.staking.endsAt());
      await proveUntil(ends - 1);
      await world.begin(ends - 1);
      await world.prove(ends - 1);
      const { total } = await world.audits.duty(1, ends - 1);
      await challenge(bob, 1, 0n, total);
      // Alice backs 3 from the next era on, and candidate 2 takes the seat of 1.
      await world.toEpoch(ends);
      await turn();
      await nominate(alice, 0n, 3);
      const made = await world.challenges.challengeCount();
      await expect(world.nomination.reportLoss(made, 1, 0))
        .to.be.revertedWithCustomError(world.nomination, "NotALoss")
        .withArgs(made, 1, 0);
      await proveUntil(ends + 3);
      await world.toEpoch(ends + 3);
      await expire(Number(made));
      for (const [era, seat] of [
        [2, 0],
        [1, 1],
        [1, 2],
        [0, 0],
      ] as const)
        await expect(world.nomination.reportLoss(made, era, seat)).to.be.revertedWithCustomError(
          world.nomination,
          "NotALoss",
        );
      await expect(world.nomination.reportLoss(made, 1, 0))
        .to.emit(world.nomination, "LossReported")
        .withArgs(1, 0, made, SHARES.lost);
      expect([await world.staking.shareOf(1, 0), await world.staking.shareOf(2, 0)]).to.deep.equal([
        BigInt(SHARES.lost),
        0n,
      ]);
      await expect(world.nomination.reportLoss(made, 1, 0)).to.be.revertedWithCustomError(
        world.nomination,
        "NotALoss",
      );
      const before = await staked(1);
      await distribute(1);
      expect(before - (await staked(1))).to.equal((4_000n * BigInt(SHARES.lost)) / 10_000n);
    });

    it("for a challenge of an era, of nobody who was exposed in the one before", async () => {
      const ends = Number(await world.staking.endsAt());
      await proveUntil(ends);
      await world.toEpoch(ends);
      await turn();
      await world.proveEach(ends, ends + 1);
      const { total } = await world.audits.duty(1, ends + 1);
      await challenge(world.people.bob, 1, 0n, total);
      await world.proveEach(ends + 2, ends + 4);
      const made = await world.challenges.challengeCount();
      await world.toEpoch(ends + 5);
      await expire(Number(made));
      await expect(world.nomination.reportLoss(made, 1, 0)).to.be.revertedWithCustomError(
        world.nomination,
        "NotALoss",
      );
      await world.nomination.reportLoss(made, 2, 0);
      expect(await world.staking.shareOf(2, 0)).to.equal(SHARES.lost);
    });

    it("without changing what the election that runs counts", async () => {
      const { bob } = world.people;
      const at = await epoch();
      await world.missEach(at, at);
      await world.settle();
      await toElection();
      const submission = await solve();
      await world.nomination.observe(1);
      await distribute(1);
      expect([await own(1), await staked(1)]).to.deep.equal([990n, 3_960n]);
      await submitAll(bob, submission);
      expect(await world.staking.bestOf(2)).to.equal(bob.address);
    });
  });

  it("take a stake at most once for all, however many eras it was behind", async () => {
    await remember();
    const { nomination, staking } = world;
    await world.chain.networkHelpers.impersonateAccount(await nomination.getAddress());
    await world.chain.networkHelpers.setBalance(await nomination.getAddress(), 10n ** 20n);
    const asManager = staking.connect(await world.ethers.getSigner(await nomination.getAddress()));
    await toEnd();
    await asManager.turn();
    for (const era of [1, 2]) {
      for (const share of [6_000, 6_000, 1]) await asManager.punish(era, 0, share);
      expect(await staking.shareOf(era, 0)).to.equal(10_000n);
      await distribute(era);
    }
    expect([await own(1), await staked(1), await staked(2), await own(3)]).to.deep.equal([
      0n,
      0n,
      500n,
      3_000n,
    ]);
    await refused(asManager.punish(1, 2, 1), "NoSuchSeat", 1, 2);
    await refused(asManager.punish(3, 0, 1), "NoSuchEra", 3);
    await refused(
      staking.connect(world.people.stranger).punish(1, 0, 1),
      "Unauthorized",
      world.people.stranger,
    );
  });
});
