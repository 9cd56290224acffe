// The Ledger's functions for Registry, Audits and Challenges, which nobody else can call.
import { expect } from "chai";
import { FUNDS, type World } from "../../evidence/world/world.ts";
import type { Ledger } from "../../types/ethers/index.js";
import { freshWorld, shortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

describe("contracts: the Ledger and its neighbours", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });
  const { provider } = shortcuts(() => world);

  describe("what the registry and the audits tell it", () => {
    const as = async (contract: { getAddress(): Promise<string> }): Promise<Ledger> => {
      const who = await world.ethers.getImpersonatedSigner(await contract.getAddress());
      await world.chain.networkHelpers.setBalance(who.address, 10n ** 18n);
      return world.ledger.connect(who);
    };
    const pots = async (): Promise<bigint[][]> =>
      Promise.all([1, 2, 3].map(async (cluster) => [...(await world.ledger.feesOf(cluster))]));

    it("pays each who is due, and each cluster's pot, to the unit", async () => {
      const { alice, bob, stranger } = world.people;
      await (await as(world.registry)).reserve(alice, 100n);
      const ledger = await as(world.audits);
      const none = {
        to: world.ethers.ZeroAddress,
        cluster: 0,
        amount: 0n,
        fee: 0n,
        protocol: 0n,
        refund: 0n,
      };
      await ledger.pay({ to: bob, cluster: 3, amount: 10n, fee: 1n, protocol: 1n, refund: 2n });
      await ledger.payMany([
        { to: bob, cluster: 1, amount: 20n, fee: 1n, protocol: 0n, refund: 0n },
        none,
        { to: stranger, cluster: 2, amount: 5n, fee: 2n, protocol: 1n, refund: 3n },
        { to: stranger, cluster: 2, amount: 6n, fee: 3n, protocol: 1n, refund: 0n },
        { to: bob, cluster: 1, amount: 7n, fee: 4n, protocol: 4n, refund: 0n },
        { to: bob, cluster: 3, amount: 0n, fee: 1n, protocol: 0n, refund: 4n },
      ]);
      // All of a cluster's fees, and what of them is the treasury's.
      expect(await pots()).to.deep.equal([
        [5n, 4n],
        [5n, 2n],
        [2n, 1n],
      ]);
      const balances = [await world.balance(bob), await world.balance(stranger)];
      expect(balances).to.deep.equal([FUNDS + 37n, 11n]);
      const { escrow, fees, credits } = await world.ledger.totals();
      expect([escrow, fees, credits]).to.deep.equal([100n - 69n, 12n, 9n]);
    });

    it("pays the same payments, one by one or together, to the same", async () => {
      const { alice, bob } = world.people;
      await (await as(world.registry)).reserve(alice, 1000n);
      const ledger = await as(world.audits);
      const payments = [1n, 2n, 3n].map((i) => ({
        to: bob.address,
        cluster: i,
        amount: 10n * i,
        fee: i,
        protocol: i / 2n,
        refund: 5n,
      }));
      const before = await world.chain.networkHelpers.takeSnapshot();
      for (const payment of payments) await ledger.pay(payment);
      const [one, pot] = [await world.totals(), await pots()];
      await before.restore();
      await ledger.payMany(payments);
      expect([await world.totals(), await pots()]).to.deep.equal([one, pot]);
    });

    it("credits a refund of a single unit", async () => {
      const ledger = await as(world.audits);
      await (await as(world.registry)).reserve(world.people.alice, 10n);
      const payment = { to: world.people.bob, cluster: 1, amount: 0n, fee: 0n, protocol: 0n, refund: 1n };
      await ledger.pay(payment);
      expect((await world.ledger.totals()).credits).to.equal(1n);
      await ledger.payMany([payment]);
      expect((await world.ledger.totals()).credits).to.equal(2n);
    });

    it("gives a recorder the part of an eighth of the pool that is said", async () => {
      const ledger = await as(world.audits);
      await (await as(world.registry)).reserve(world.people.alice, 1000n);
      // No protocol's part: two thirds of the fees are the manager's.
      await ledger.pay({ to: world.people.bob, cluster: 1, amount: 0n, fee: 900n, protocol: 0n, refund: 0n });
      await world.ledger.collectFees(1);
      expect(await world.ledger.auditPool(0)).to.equal(300n);
      const pay = async (part: bigint, whole: bigint): Promise<bigint> => {
        const before = await world.balance(world.people.auditor);
        await ledger.payAuditor(0, world.people.auditor, part, whole);
        return (await world.balance(world.people.auditor)) - before;
      };
      expect(await pay(0n, 10n)).to.equal(0n);
      expect(await pay(5n, 10n)).to.equal(18n);
      expect(await pay(10n, 10n)).to.equal(35n);
      expect(await world.ledger.auditPool(0)).to.equal(247n);
    });

    it("locks all that is free, and not a unit more", async () => {
      const ledger = await as(world.audits);
      await world.ledger.connect(provider()).requestUnbond(1, 1n);
      await expect(ledger.lock(1, FUNDS))
        .to.be.revertedWithCustomError(ledger, "InsufficientBond")
        .withArgs(1, FUNDS - 1n, FUNDS);
      await expect(ledger.lock(1, FUNDS - 1n))
        .to.emit(ledger, "BondLocked")
        .withArgs(1, FUNDS - 1n);
      expect(await world.ledger.freeBond(1)).to.equal(0n);
      await expect(ledger.unlock(1, 5n))
        .to.emit(ledger, "BondUnlocked")
        .withArgs(...named(ledger, "BondUnlocked", { node: 1, amount: 5n }));
      expect(await world.ledger.freeBond(1)).to.equal(5n);
    });

    it("frees no more of a bond than 128 bits can say", async () => {
      const ledger = await as(world.audits);
      await expect(ledger.unlock(1, 2n ** 128n))
        .to.be.revertedWithCustomError(ledger, "SafeCastOverflowedUintDowncast")
        .withArgs(128, 2n ** 128n);
    });

    it("slashes what is free and then what is unbonding, and lets the rest of it go", async () => {
      const ledger = await as(world.audits);
      await ledger.lock(1, 40n);
      await world.ledger.connect(provider()).requestUnbond(1, FUNDS - 45n);
      await ledger.slash(1, 50n, 30n, world.people.stranger, 0n, 0n);
      const { total, locked, unbonding } = await world.ledger.bondOf(1);
      expect([total, locked, unbonding]).to.deep.equal([FUNDS - 50n, 10n, FUNDS - 60n]);
      expect(await world.ledger.freeBond(1)).to.equal(0n);
    });

    it("shares what it slashes between reporter, treasury and owners, to the unit", async () => {
      const { stranger, treasury } = world.people;
      const ledger = await as(world.audits);
      const answer = await ledger.slash.staticCall(1, 1999n, 0n, stranger, 1000n, 500n);
      await ledger.slash(1, 1999n, 0n, stranger, 1000n, 500n);
      expect([...answer]).to.deep.equal([1999n, 199n, 1999n - 199n - 99n]);
      expect([await world.balance(stranger), await world.balance(treasury)]).to.deep.equal([199n, 99n]);
      expect((await world.totals()).credits).to.equal(1701n);
      // A unit for the treasury of these.
      await ledger.slash(1, 20n, 0n, stranger, 1000n, 500n);
      expect([await world.balance(stranger), await world.balance(treasury)]).to.deep.equal([201n, 100n]);
    });
  });

  describe("what only the registry, the audits or the challenges may do", () => {
    const payment = () => ({
      to: world.people.stranger,
      cluster: 1,
      amount: 1n,
      fee: 0n,
      protocol: 0n,
      refund: 0n,
    });
    const forRegistry = (ledger: Ledger) => [
      () => ledger.reserve(world.people.alice, 1n),
      () => ledger.release(world.people.alice, 1n),
    ];
    const forBoth = (ledger: Ledger) => [() => ledger.payCredit(world.people.stranger, 1n)];
    const forChallenges = (ledger: Ledger) => [
      () => ledger.hold(world.people.alice, 1n),
      () => ledger.payOut(world.people.stranger, 1n),
    ];
    const forAudits = (ledger: Ledger) => [
      () => ledger.pay(payment()),
      () => ledger.payMany([payment()]),
      () => ledger.refund(1n),
      () => ledger.lock(1, 1n),
      () => ledger.unlock(1, 1n),
      () => ledger.slash(1, 1n, 0n, world.people.stranger, 0n, 0n),
      () => ledger.payAuditor(0, world.people.stranger, 1n, 1n),
    ];

    it("is refused to everyone else", async () => {
      for (const who of [world.people.stranger, world.people.deployer, world.people.manager]) {
        const ledger = world.ledger.connect(who);
        for (const attempt of [forRegistry, forBoth, forAudits, forChallenges].flatMap((f) => f(ledger))) {
          await expect(attempt()).to.be.revertedWithCustomError(ledger, "Unauthorized").withArgs(who);
        }
      }
    });

    it("is refused to each other", async () => {
      const { ethers, registry, audits, challenges } = world;
      const others = {
        registry: [forAudits, forChallenges],
        audits: [forRegistry, forChallenges],
        challenges: [forRegistry, forBoth, forAudits],
      };
      const addresses = { registry, audits, challenges };
      for (const name of ["registry", "audits", "challenges"] as const) {
        const who = await ethers.getImpersonatedSigner(await addresses[name].getAddress());
        await world.chain.networkHelpers.setBalance(who.address, 10n ** 18n);
        for (const attempt of others[name].flatMap((f) => f(world.ledger.connect(who)))) {
          await expect(attempt()).to.be.revertedWithCustomError(world.ledger, "Unauthorized").withArgs(who);
        }
      }
    });
  });
});
