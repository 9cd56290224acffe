// Settling, epoch by epoch: who is paid, who is refunded, who is slashed (protocol.md, section 9.3).
import { expect } from "chai";
import {
  createWorld,
  EPOCH,
  FUNDS,
  MARGIN,
  QUANTUM,
  WINDOW,
  type World,
} from "../../evidence/world/world.ts";
import { freshWorld, REFUSAL, shortcuts } from "../helpers/fresh-world.ts";

/** One leaf per epoch. */
const RATE = 1000n;
/** 2 % for the protocol, 2 % for the manager, 1 % for the auditors. */
const FEE = 50n;
const PAID = RATE - FEE;

describe("contracts: money", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });
  const { asManager, bond, earned, refuses, state } = shortcuts(() => world);

  describe("a segment's price", () => {
    it("goes to escrow as a whole when it is stored", async () => {
      const before = await world.totals();
      await world.store({ leaves: [3, 4], epochs: 10 });
      const after = await world.totals();
      expect(after.escrow - before.escrow).to.equal(7n * RATE * 10n);
      expect(before.accounts - after.accounts).to.equal(7n * RATE * 10n);
    });

    it("is rounded up to a quantum per epoch, and is never nothing", async () => {
      await world.store({ leaves: [3], rent: (8n * 10n ** 18n) / 3n + 1n, epochs: 1 });
      expect((await world.registry.segment(1, 0)).perEpoch).to.equal(2n * QUANTUM);
      await world.store({ leaves: [1], rent: 1n, epochs: 1 });
      expect((await world.registry.segment(1, 1)).perEpoch).to.equal(QUANTUM);
      await expect(world.store({ rent: 0n }))
        .to.be.revertedWithCustomError(world.registry, "BadPrice")
        .withArgs(0);
    });

    it("is the payer's own: it says how much is missing, and takes nothing from anyone else", async () => {
      const { alice, bob } = world.people;
      await world.ledger.connect(alice).withdraw(alice, FUNDS - 9_999n);
      await expect(world.store({ epochs: 10 }))
        .to.be.revertedWithCustomError(world.ledger, "InsufficientBalance")
        .withArgs(alice, 9_999n, 10_000n);
      expect(await world.balance(bob)).to.equal(FUNDS);
    });

    it("cannot be withdrawn while it is owed", async () => {
      const { alice } = world.people;
      await world.store({ epochs: 10 });
      await expect(world.ledger.connect(alice).withdraw(alice, FUNDS))
        .to.be.revertedWithCustomError(world.ledger, "InsufficientBalance")
        .withArgs(alice, FUNDS - 10n * RATE, FUNDS);
    });

    it("is paid out to the last unit over its epochs, and not a unit more", async () => {
      await world.store({ epochs: 3 });
      await world.proveEach(1, 3);
      const { escrow } = await world.totals();
      expect(escrow).to.equal(0n);
      await world.begin(4);
      await refuses(world.prove(4), "ProofRefused", 1, 4, REFUSAL.notDue);
      await world.toEpoch(6);
      await world.settle();
      expect(await earned(1)).to.equal(3n * PAID);
    });
  });

  describe("a proven epoch", () => {
    beforeEach(async () => {
      await world.store();
      await world.begin(1);
    });

    it("pays its rate, less the fees, to the provider on record, whoever delivers", async () => {
      const before = await world.totals();
      const sent = await world.prove(1);
      await expect(sent).to.emit(world.audits, "Proven").withArgs(1, 1, 1, 1, PAID, FEE, 0n);
      await expect(sent).not.to.emit(world.audits, "EpochsRefunded");
      expect(await earned(1)).to.equal(PAID);
      expect(await world.balance(world.people.stranger)).to.equal(0n);
      const after = await world.totals();
      expect(before.escrow - after.escrow).to.equal(RATE);
      expect(after.fees - before.fees).to.equal(FEE);
    });

    it("is paid once", async () => {
      const proof = await world.proof(1);
      await world.audits.prove(1, 1, proof);
      await refuses(world.audits.prove(1, 1, proof), "ProofRefused", 1, 1, REFUSAL.alreadyProven);
      await world.toEpoch(2);
      await world.settle();
      expect(await earned(1)).to.equal(PAID);
    });

    it("has the rate of all that is stored by then, and of nothing that has ended", async () => {
      await world.prove(1);
      await world.store({ leaves: [2], epochs: 2 }); // epochs 2 and 3
      await world.proveEach(2, 2);
      expect(await earned(1)).to.equal(4n * PAID);
      await world.store({ leaves: [5], epochs: 1 }); // epoch 3
      await world.proveEach(3, 3);
      expect(await earned(1)).to.equal((4n + 8n) * PAID);
      await world.begin(4);
      // One of 8 leaves in the range is paid for: less than 3/4.
      await expect(world.prove(4))
        .to.emit(world.audits, "Proven")
        .withArgs(1, 1, 4, 4, 166n - 8n, 8n, RATE - 166n);
    });

    it("pays nothing before the proof", async () => {
      await world.settle();
      expect(await earned(1)).to.equal(0n);
      expect((await state()).settled).to.equal(0n);
    });

    it("forgets the misses before it", async () => {
      await world.missEach(2, 2);
      await world.begin(3);
      await world.prove(3);
      expect((await state()).misses).to.equal(0n);
    });
  });

  describe("fees", () => {
    it("are split to manager, treasury and auditors, to the unit", async () => {
      await world.store();
      await world.proveEach(1, 3);
      expect([...(await world.ledger.feesOf(1))]).to.deep.equal([150n, 60n]);
      await expect(world.ledger.collectFees(1))
        .to.emit(world.ledger, "FeesCollected")
        .withArgs(1, world.people.manager, 60n, 60n, 0, 30n);
      expect(await world.balance(world.people.manager)).to.equal(60n);
      expect(await world.balance(world.people.treasury)).to.equal(60n);
      expect(await world.ledger.auditPool(0)).to.equal(30n);
      expect([...(await world.ledger.feesOf(1))]).to.deep.equal([0n, 0n]);
      expect((await world.totals()).fees).to.equal(0n);
    });

    it("give the treasury its part to the unit, and leave what else cannot be split to the auditors", async () => {
      // floor(56 · 5 %) = 2: floor(56 · 2 %) = 1 for the treasury, and of the other one two thirds for the manager.
      await world.store({ leaves: [1], rent: 56n * 10n ** 18n });
      await world.proveEach(1, 1);
      await world.ledger.collectFees(1);
      expect(await world.balance(world.people.manager)).to.equal(0n);
      expect(await world.balance(world.people.treasury)).to.equal(1n);
      expect(await world.ledger.auditPool(0)).to.equal(1n);
    });

    it("cannot be collected when there are none", async () => {
      await expect(world.ledger.collectFees(1)).to.be.revertedWithCustomError(world.ledger, "ZeroAmount");
      await expect(world.ledger.collectFees(9)).to.be.revertedWithCustomError(world.ledger, "ZeroAmount");
    });

    it("pay an eighth of the pool to whoever records the beacon at its source point, once", async () => {
      await world.store({ leaves: [200] });
      await world.proveEach(1, 1);
      await world.ledger.collectFees(1);
      expect(await world.ledger.auditPool(0)).to.equal(2000n);
      const value = world.ethers.toBeHex(7, 32);
      await world.at(2, MARGIN);
      await expect(world.audits.connect(world.people.auditor).recordBeacon(0, 2, value))
        .to.emit(world.audits, "BeaconRecorded")
        .withArgs(0, 2, value, world.people.auditor, 250n);
      await world.audits.connect(world.people.stranger).recordBeacon(0, 2, value);
      expect(await world.balance(world.people.auditor)).to.equal(250n);
      expect(await world.balance(world.people.stranger)).to.equal(0n);
      expect(await world.ledger.auditPool(0)).to.equal(1750n);
    });

    it("are not taken from refunds", async () => {
      await world.store();
      await world.missEach(1, 1);
      await world.settle();
      expect((await world.totals()).fees).to.equal(0n);
    });
  });

  describe("an epoch without randomness", () => {
    it("waits for the next that is due, is paid with it, and nobody is penalized", async () => {
      await world.store();
      await world.toEpoch(3);
      const sent = await world.settle();
      await expect(sent).to.emit(world.audits, "EpochDeferred").withArgs(1, 1, 1, RATE);
      await expect(sent).to.emit(world.audits, "EpochDeferred").withArgs(1, 1, 2, RATE);
      expect(await earned(1)).to.equal(0n);
      const { misses, deferredSince, deferred } = await state();
      expect([misses, deferredSince, deferred]).to.deep.equal([0n, 1n, 2n * RATE]);
      await world.begin(3);
      await expect(world.prove(3))
        .to.emit(world.audits, "Proven")
        .withArgs(1, 1, 3, 1, 3n * PAID, 3n * FEE, 0n);
      expect(await earned(1)).to.equal(3n * PAID);
      expect((await state()).deferredSince).to.equal(0n);
    });

    it("goes back to the owners if the next that is due is missed", async () => {
      await world.store();
      await world.missEach(3, 3);
      await expect(world.settle())
        .to.emit(world.audits, "EpochsRefunded")
        .withArgs(1, 1, 3, 3n * RATE);
      expect(await earned(1)).to.equal(0n);
      expect((await world.totals()).credits).to.equal(3n * RATE);
    });

    it("neither counts as a miss nor ends a row of them", async () => {
      await world.store();
      await world.begin(1);
      await world.begin(3);
      await world.toEpoch(4);
      await world.settle();
      expect((await state()).misses).to.equal(2n);
    });

    it("refuses proofs", async () => {
      await world.store();
      await world.toEpoch(1);
      await refuses(world.prove(1), "ProofRefused", 1, 1, REFUSAL.noRandomness);
    });
  });

  describe("randomness that comes late", () => {
    const recorded = async (epoch: number, delay: number): Promise<void> => {
      await world.begin(epoch);
      await world.beacon.setRecordedAfter(epoch, delay);
      await world.toEpoch(epoch + 1);
    };

    it("is no miss when less than half of the window was left, and waits for a proof", async () => {
      await world.store();
      await recorded(1, WINDOW / 2 + 1);
      const sent = await world.settle();
      await expect(sent).to.emit(world.audits, "EpochDeferred").withArgs(1, 1, 1, RATE);
      await expect(sent).not.to.emit(world.audits, "Missed");
      expect((await state()).misses).to.equal(0n);
      expect(await earned(1)).to.equal(0n);
    });

    it("is a miss when half of the window was left", async () => {
      await world.store();
      await recorded(1, WINDOW / 2);
      await expect(world.settle()).to.emit(world.audits, "Missed").withArgs(1, 1, 1, 1);
      expect(await earned(1)).to.equal(0n);
    });

    it("still lets a proof count", async () => {
      await world.store();
      await world.begin(1);
      await world.beacon.setRecordedAfter(1, WINDOW - 1);
      await world.prove(1);
      expect(await earned(1)).to.equal(PAID);
    });

    it("takes no time from a node that takes over, nor pays it", async () => {
      await world.store({ epochs: 40 });
      await asManager().assign(1, 2);
      for (const epoch of [1, 2, 3]) await recorded(epoch, WINDOW);
      await world.settle();
      const { node, syncLeft } = await state();
      expect([node, syncLeft]).to.deep.equal([2n, 2n]);
      expect(await earned(2)).to.equal(0n);
      expect((await world.totals()).credits).to.equal(3n * RATE);
    });
  });

  describe("a miss", () => {
    beforeEach(async () => {
      await world.store({ epochs: 20 });
    });

    it("within grace costs the epoch's rate and no bond", async () => {
      await world.missEach(1, 1);
      const sent = await world.settle();
      await expect(sent).to.emit(world.audits, "Missed").withArgs(1, 1, 1, 1);
      await expect(sent).to.emit(world.audits, "EpochsRefunded").withArgs(1, 1, 1, RATE);
      await expect(sent).not.to.emit(world.audits, "Slashed");
      expect(await earned(1)).to.equal(0n);
      expect((await bond(1)).total).to.equal(FUNDS);
    });

    it("is recorded once, however often it is reported", async () => {
      await world.missEach(1, 1);
      await world.settle();
      await world.settle();
      await world.audits.connect(world.people.stranger).settle(1, 10);
      expect((await state()).misses).to.equal(1n);
    });

    it("is not one before the epoch is over", async () => {
      await world.begin(1);
      await world.at(1, EPOCH - 1);
      await world.settle();
      expect((await state()).misses).to.equal(0n);
      await world.at(2, 0);
      await world.settle();
      expect((await state()).misses).to.equal(1n);
    });

    it("beyond grace slashes: a share to the reporter, the rest to the owners", async () => {
      await world.missEach(1, 2);
      const before = await world.totals();
      await expect(world.settle())
        .to.emit(world.audits, "Slashed")
        .withArgs(1, 1, 2, 5n * RATE, world.people.auditor, 500n);
      const after = await world.totals();
      expect((await bond(1)).total).to.equal(FUNDS - 5n * RATE);
      expect((await bond(1)).locked).to.equal(25n * RATE);
      expect(await world.balance(world.people.auditor)).to.equal(500n);
      expect(after.credits - before.credits).to.equal(2n * RATE + 4500n);
    });

    it("is settled as many epochs at a time as the caller wants, with the same result", async () => {
      await world.missEach(1, 3);
      for (const settled of [1n, 2n, 3n, 3n]) {
        await world.settle(1, 1);
        expect((await state()).settled).to.equal(settled);
      }
      expect((await bond(1)).total).to.equal(FUNDS - (5n + 5n + 10n) * RATE);
      expect((await state()).node).to.equal(0n);
    });

    it("after the last one in time is settled by the next proof, and its reporter is who delivers that", async () => {
      await world.begin(1);
      await world.begin(2);
      await world.begin(3);
      await world.prove(3);
      expect(await world.balance(world.people.stranger)).to.equal(500n);
      expect(await earned(1)).to.equal(PAID);
      expect((await state()).misses).to.equal(0n);
    });
  });

  describe("time", () => {
    it("counts a proof until the window after the source point closes, and not a second longer", async () => {
      await world.store();
      await world.begin(1);
      const proof = await world.proof(1);
      await world.at(1, MARGIN + WINDOW);
      await refuses(world.audits.prove(1, 1, proof), "ProofRefused", 1, 1, REFUSAL.windowClosed);
      await world.begin(2);
      const next = await world.proof(2);
      await world.at(2, MARGIN + WINDOW - 1);
      await world.audits.prove(1, 2, next);
    });

    it("costs an idle vNode nothing: years pass in one call", async () => {
      await world.toEpoch(100_000);
      await world.settle(1, 1);
      expect((await state()).settled).to.equal(99_999n);
      await world.store();
      await world.begin(100_001);
      await world.prove(100_001);
      expect(await earned(1)).to.equal(PAID);
    });

    it("starts a vNode's first segment without a debt for the time before", async () => {
      await world.toEpoch(1000);
      await world.store();
      expect((await state()).settled).to.equal(1000n);
      await world.begin(1001);
      await world.prove(1001);
      expect((await state()).misses).to.equal(0n);
      expect((await state()).syncLeft).to.equal(0n);
      expect(await earned(1)).to.equal(PAID);
    });
  });

  it("keeps every unit it was given", async () => {
    world = await createWorld();
    await world.store({ bucket: 1, leaves: [5, 2], epochs: 7 });
    await world.store({ bucket: 2, leaves: [3], epochs: 9, rent: 333n * 10n ** 18n });
    await asManager().addStandby(1, 2);
    await world.proveEach(1, 2);
    await world.missEach(3, 5);
    await world.settle();
    await world.proveEach(7, 8);
    await world.toEpoch(12);
    await world.settle();
    await world.ledger.collectFees(1);
    for (const serial of [0, 1, 2]) await world.registry.claim(1, serial);
    const { accounts, bonds, escrow, credits, fees } = await world.totals();
    expect(await world.token.balanceOf(world.ledger)).to.equal(accounts + bonds + escrow + credits + fees);
    expect(escrow).to.equal(0n);
    expect(credits).to.be.lessThanOrEqual(3n);
    const { people } = world;
    const all = [people.alice, people.bob, people.manager, people.treasury, people.auditor, people.stranger];
    const balances = await Promise.all([...all, ...people.providers].map((who) => world.balance(who)));
    const pool = await world.ledger.auditPool(0);
    expect(balances.reduce((sum, balance) => sum + balance)).to.equal(accounts - pool);
  });
});
