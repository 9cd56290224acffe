// Settling, epoch by epoch: who is paid, who is refunded, who is slashed, and who takes over (protocol.md, section 9.3).
import { expect } from "chai";
import { present } from "../helpers/present.ts";
import { createWorld, EPOCH, FUNDS, WINDOW, type World } from "../helpers/world.ts";

/** One leaf per epoch. */
const RATE = 1000n;
/** 1 % for the protocol, 2 % for the manager, 1 % for the auditors. */
const FEE = 40n;
const PAID = RATE - FEE;
/** The first miss is slashed; two in a row cost all that is locked. */
const HARSH = { grace: 0, maxMisses: 2, slashMultiple: 10, faultMultiple: 0, bondEpochs: 20 };

describe("contracts: money", () => {
  let world: World;
  let fresh: () => Promise<World>;
  before(async () => {
    const first = await createWorld();
    // Deployed once; every test starts from there.
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
  const earned = async (node: number): Promise<bigint> => world.balance(provider(node));
  const bond = async (node: number) => world.ledger.bondOf(node);
  const state = async (vNode = 1) => world.audits.state(vNode);
  /** What a claim of segment `serial` pays its owner. */
  const claimed = async (serial: number, vNode = 1): Promise<bigint> => {
    const amount = await world.registry.claim.staticCall(vNode, serial);
    await world.registry.claim(vNode, serial);
    return amount;
  };

  describe("a segment's price", () => {
    it("goes to escrow as a whole when it is stored", async () => {
      const before = await world.totals();
      await world.store({ leaves: [3, 4], epochs: 10 });
      const after = await world.totals();
      expect(after.escrow - before.escrow).to.equal(7n * RATE * 10n);
      expect(before.accounts - after.accounts).to.equal(7n * RATE * 10n);
    });

    it("is rounded up to a unit per epoch, and is never nothing", async () => {
      await world.store({ leaves: [3], rent: 10n ** 18n / 3n + 1n, epochs: 1 });
      expect((await world.registry.segment(1, 0)).perEpoch).to.equal(2n);
      await world.store({ leaves: [1], rent: 1n, epochs: 1 });
      expect((await world.registry.segment(1, 1)).perEpoch).to.equal(1n);
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
      await expect(world.prove(4))
        .to.be.revertedWithCustomError(world.audits, "ProofRefused")
        .withArgs(1, 4, 6);
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
      await expect(sent).to.emit(world.audits, "Proven").withArgs(1, 1, 1, PAID, FEE);
      await expect(sent).not.to.emit(world.audits, "EpochPaid");
      expect(await earned(1)).to.equal(PAID);
      expect(await world.balance(world.people.stranger)).to.equal(0n);
      const after = await world.totals();
      expect(before.escrow - after.escrow).to.equal(RATE);
      expect(after.fees - before.fees).to.equal(FEE);
    });

    it("is paid once", async () => {
      const proof = await world.proof(1);
      await world.audits.prove(1, 1, proof);
      await expect(world.audits.prove(1, 1, proof))
        .to.be.revertedWithCustomError(world.audits, "ProofRefused")
        .withArgs(1, 1, 4);
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
      await world.proveEach(3, 4);
      expect(await earned(1)).to.equal((4n + 8n + 1n) * PAID);
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
      await expect(world.ledger.collectFees(1))
        .to.emit(world.ledger, "FeesCollected")
        .withArgs(1, world.people.manager, 60n, 30n, 0, 30n);
      expect(await world.balance(world.people.manager)).to.equal(60n);
      expect(await world.balance(world.people.treasury)).to.equal(30n);
      expect(await world.ledger.auditPool(0)).to.equal(30n);
      expect(await world.ledger.feesOf(1)).to.equal(0n);
      expect((await world.totals()).fees).to.equal(0n);
    });

    it("leave a unit that cannot be split to the auditors", async () => {
      // floor(51 · 4 %) = 2: one for the manager, half of one each for the others.
      await world.store({ leaves: [1], rent: 51n * 10n ** 18n });
      await world.proveEach(1, 1);
      await world.ledger.collectFees(1);
      expect(await world.balance(world.people.manager)).to.equal(1n);
      expect(await world.balance(world.people.treasury)).to.equal(0n);
      expect(await world.ledger.auditPool(0)).to.equal(1n);
    });

    it("cannot be collected when there are none", async () => {
      await expect(world.ledger.collectFees(1)).to.be.revertedWithCustomError(world.ledger, "ZeroAmount");
      await expect(world.ledger.collectFees(9)).to.be.revertedWithCustomError(world.ledger, "ZeroAmount");
    });

    it("pay an eighth of the pool to whoever records the beacon, once", async () => {
      await world.store({ leaves: [200] });
      await world.proveEach(1, 1);
      await world.ledger.collectFees(1);
      expect(await world.ledger.auditPool(0)).to.equal(2000n);
      await world.toEpoch(2);
      const value = world.ethers.toBeHex(7, 32);
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
    it("is paid, and nobody is penalized", async () => {
      await world.store();
      await world.toEpoch(3);
      await expect(world.settle()).to.emit(world.audits, "EpochPaid").withArgs(1, 1, 1, PAID, FEE);
      expect(await earned(1)).to.equal(2n * PAID);
      expect((await state()).misses).to.equal(0n);
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
      await expect(world.prove(1))
        .to.be.revertedWithCustomError(world.audits, "ProofRefused")
        .withArgs(1, 1, 5);
    });
  });

  describe("randomness that comes late", () => {
    const recorded = async (epoch: number, delay: number): Promise<void> => {
      await world.begin(epoch);
      await world.beacon.setRecordedAfter(epoch, delay);
      await world.toEpoch(epoch + 1);
    };

    it("is no miss when less than half of the window was left, and is paid", async () => {
      await world.store();
      await recorded(1, WINDOW / 2 + 1);
      const sent = await world.settle();
      await expect(sent).to.emit(world.audits, "EpochPaid").withArgs(1, 1, 1, PAID, FEE);
      await expect(sent).not.to.emit(world.audits, "Missed");
      expect((await state()).misses).to.equal(0n);
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
      await world.registry.connect(world.people.manager).assign(1, 2);
      for (const epoch of [1, 2, 3]) await recorded(epoch, WINDOW);
      await world.settle();
      const { node, syncLeft } = await state();
      expect([node, syncLeft]).to.deep.equal([2n, 2n]);
      expect(await earned(2)).to.equal(0n);
    });
  });

  describe("an epoch that is not due", () => {
    it("is paid without a proof, by the draw that protocol/ makes too", async () => {
      world = await createWorld({ odds: 4 });
      const { isDue } = await import("../../protocol/statement.ts");
      await world.store({ epochs: 40 });
      let due = 0;
      for (let epoch = 1; epoch <= 24; epoch++) {
        await world.begin(epoch);
        const duty = await world.audits.duty(1, epoch);
        expect(duty.due).to.equal(isDue(duty.seed, 4));
        if (duty.due) {
          due++;
          await world.prove(epoch);
        } else {
          await expect(world.prove(epoch))
            .to.be.revertedWithCustomError(world.audits, "ProofRefused")
            .withArgs(1, epoch, 6);
        }
      }
      expect(due).to.be.within(1, 23);
      await world.toEpoch(25);
      await world.settle();
      expect(await earned(1)).to.equal(24n * PAID);
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
      await expect(sent).to.emit(world.audits, "EpochRefunded").withArgs(1, 1, RATE);
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

  describe("owners", () => {
    it("share refunds and compensation in proportion, to the unit", async () => {
      await world.store({ bucket: 1, leaves: [3], epochs: 10 });
      await world.store({ bucket: 2, leaves: [1], epochs: 10 });
      await world.missEach(1, 2);
      await world.settle();
      // Two epochs' rate, and 9/10 of five epochs' rate.
      expect(await claimed(0)).to.equal(3n * (2n * RATE + 4500n));
      expect(await claimed(1)).to.equal(2n * RATE + 4500n);
      expect(await world.balance(world.people.alice)).to.equal(FUNDS - 30n * RATE + 19_500n);
      expect(await world.balance(world.people.bob)).to.equal(FUNDS - 10n * RATE + 6_500n);
      expect((await world.totals()).credits).to.equal(0n);
    });

    it("get nothing for epochs before their segment began or after it ended", async () => {
      await world.store({ bucket: 1, epochs: 2 });
      await world.toEpoch(1);
      await world.store({ bucket: 2, epochs: 5 });
      // Epoch 1 is alice's alone, 2 is both', 3 is bob's alone.
      await world.begin(1);
      await world.begin(2);
      await world.begin(3);
      await world.prove(3);
      await world.begin(4);
      await world.toEpoch(5);
      await world.settle();
      // The second miss slashes five times the rate of both, 90 % of it for them.
      expect(await claimed(0)).to.equal(2n * RATE + 4500n);
      expect(await claimed(1)).to.equal(RATE + 4500n + RATE);
      expect((await world.totals()).credits).to.equal(0n);
    });

    it("are paid what is settled so far, and the rest later, but nothing twice", async () => {
      await world.store({ epochs: 10 });
      await world.missEach(1, 1);
      await world.settle();
      await expect(world.registry.claim(1, 0))
        .to.emit(world.registry, "Claimed")
        .withArgs(1, 0, world.people.alice, RATE);
      expect(await claimed(0)).to.equal(0n);
      await world.begin(2);
      await world.prove(2);
      await world.begin(3);
      await world.toEpoch(4);
      await world.settle();
      expect(await claimed(0)).to.equal(RATE);
      expect(await claimed(0)).to.equal(0n);
    });

    it("are paid whoever calls, and the owner of the day gets it", async () => {
      await world.store();
      await world.missEach(1, 1);
      await world.settle();
      await world.registry.connect(world.people.alice).transferBucket(1, world.people.bob);
      await world.registry.connect(world.people.stranger).claim(1, 0);
      expect(await world.balance(world.people.bob)).to.equal(FUNDS + RATE);
    });

    it("can claim after their segment is retired", async () => {
      await world.store({ epochs: 1 });
      await world.missEach(1, 1);
      await world.settle();
      await world.registry.retire(1, 0, world.ethers.ZeroHash, []);
      expect(await claimed(0)).to.equal(RATE);
    });

    it("never get more than there is: rounding stays behind", async () => {
      await world.store({ bucket: 1, leaves: [1], rent: 7n * 10n ** 18n });
      await world.store({ bucket: 2, leaves: [1], rent: 4n * 10n ** 18n });
      await world.missEach(1, 2);
      await world.settle();
      // Slashed 55, of which 5 for the reporter: 50 for 11 units of rate.
      expect(await claimed(0)).to.equal(14n + 31n);
      expect(await claimed(1)).to.equal(8n + 18n);
      expect((await world.totals()).credits).to.equal(1n);
    });
  });

  describe("the bond", () => {
    it("is locked for what is stored, and freed as segments end", async () => {
      await world.store({ leaves: [2], epochs: 2 });
      await world.store({ leaves: [1], epochs: 4 });
      expect((await bond(1)).locked).to.equal(90n * RATE);
      await world.proveEach(1, 2);
      expect((await bond(1)).locked).to.equal(90n * RATE);
      await world.proveEach(3, 3);
      expect((await bond(1)).locked).to.equal(30n * RATE);
      await world.proveEach(4, 4);
      await world.toEpoch(6);
      await world.settle();
      expect((await bond(1)).locked).to.equal(0n);
    });

    it("must cover what is stored: says how much there is and how much it takes", async () => {
      await world.ledger.connect(provider(1)).requestUnbond(1, FUNDS - 29_999n);
      await expect(world.store())
        .to.be.revertedWithCustomError(world.ledger, "InsufficientBond")
        .withArgs(1, 29_999n, 30_000n);
    });

    it("cannot leave while it is locked", async () => {
      await world.store();
      await expect(world.ledger.connect(provider(1)).requestUnbond(1, FUNDS))
        .to.be.revertedWithCustomError(world.ledger, "InsufficientBond")
        .withArgs(1, FUNDS - 30n * RATE, FUNDS);
    });

    it("on its way out still pays for what the lock does not cover", async () => {
      world = await createWorld(HARSH);
      await world.store({ epochs: 30 });
      await world.ledger.connect(provider(1)).requestUnbond(1, FUNDS - 20n * RATE);
      for (const epoch of [1, 3, 5]) {
        await world.begin(epoch);
        await world.begin(epoch + 1);
        await world.prove(epoch + 1);
      }
      const { total, locked, unbonding } = await bond(1);
      expect([total, locked, unbonding]).to.deep.equal([FUNDS - 30n * RATE, 0n, FUNDS - 30n * RATE]);
      await world.toEpoch(11);
      await world.ledger.connect(provider(1)).releaseBond(1);
      expect(await earned(1)).to.equal(FUNDS - 30n * RATE + 3n * PAID);
    });

    it("is slashed once the lock is used up, but not what is locked for another vNode", async () => {
      world = await createWorld(HARSH);
      await world.registry.connect(world.people.manager).assign(2, 1);
      await world.ledger.connect(provider(1)).requestUnbond(1, FUNDS - 45n * RATE);
      await world.toEpoch(11);
      await world.ledger.connect(provider(1)).releaseBond(1);
      await world.store({ vNode: 1, epochs: 30 });
      await world.store({ vNode: 2, epochs: 30 });
      for (const epoch of [12, 14, 16]) {
        await world.begin(epoch);
        await world.prove(epoch, 2);
        await world.begin(epoch + 1);
        await world.prove(epoch + 1, 1);
        await world.prove(epoch + 1, 2);
      }
      // 20 that were locked for vNode 1 and 5 that were free.
      const { total, locked } = await bond(1);
      expect(total).to.equal(20n * RATE);
      expect(locked).to.equal(20n * RATE);
      expect((await state(2)).locked).to.equal(20n * RATE);
    });

    it("never goes below nothing, and what it cannot cover is not paid out", async () => {
      world = await createWorld(HARSH);
      await world.ledger.connect(provider(1)).requestUnbond(1, FUNDS - 25n * RATE);
      await world.toEpoch(11);
      await world.ledger.connect(provider(1)).releaseBond(1);
      await world.store({ epochs: 30 });
      for (const epoch of [12, 14, 16]) {
        await world.begin(epoch);
        await world.begin(epoch + 1);
        await world.prove(epoch + 1);
      }
      expect((await bond(1)).total).to.equal(0n);
      // 25 of 30 epochs' rate were there: 2.5 for the reporter, 22.5 for the owner, next to three refunds.
      expect(await claimed(0)).to.equal(22_500n + 3n * RATE);
      expect(await world.balance(world.people.stranger)).to.equal(2_500n);
    });

    it("is filled up again before more is stored", async () => {
      await world.store({ epochs: 20 });
      await world.missEach(1, 2);
      await world.settle();
      expect((await state()).locked).to.equal(25n * RATE);
      await world.store();
      expect((await state()).locked).to.equal(60n * RATE);
    });
  });

  describe("a fault", () => {
    beforeEach(async () => {
      await world.store({ leaves: [2], epochs: 30 });
    });

    it("removes the node with a final slash and frees the rest of its bond and room", async () => {
      await world.missEach(1, 3);
      const sent = await world.settle();
      await expect(sent).to.emit(world.audits, "Faulted").withArgs(1, 1, 3);
      const { total, locked } = await bond(1);
      expect(total).to.equal(FUNDS - 20n * 2n * RATE);
      expect(locked).to.equal(0n);
      expect((await world.registry.node(1)).used).to.equal(0n);
      expect((await state()).node).to.equal(0n);
    });

    it("leaves a vNode without standby vacant: owners are refunded, nobody else is penalized", async () => {
      await world.missEach(1, 3);
      await world.settle();
      await world.missEach(4, 6);
      await world.settle();
      expect((await bond(1)).total).to.equal(FUNDS - 20n * 2n * RATE);
      expect(await claimed(0)).to.equal(2n * RATE * 6n + (2n * RATE * 20n * 9n) / 10n);
    });

    it("lets the first standby node take over from the next epoch on, with room and bond taken", async () => {
      const registry = world.registry.connect(world.people.manager);
      await registry.addStandby(1, 2);
      await registry.addStandby(1, 3);
      await world.missEach(1, 3);
      await expect(world.settle()).to.emit(world.audits, "TookOver").withArgs(1, 2, 5);
      expect(await world.registry.standby(1)).to.deep.equal([3n]);
      expect((await world.registry.node(2)).used).to.equal(2n);
      expect((await bond(2)).locked).to.equal(60n * RATE);
      await world.begin(5);
      expect((await world.audits.duty(1, 5)).node).to.equal(2n);
    });

    it("passes over standby nodes without trust, bond or room", async () => {
      const { manager, providers } = world.people;
      const registry = world.registry.connect(manager);
      const second = present(providers[1]);
      await registry.addStandby(1, 2);
      await registry.addStandby(1, 3);
      await world.registry.connect(second).trust(manager, false);
      await world.missEach(1, 3);
      await expect(world.settle()).to.emit(world.audits, "TookOver").withArgs(1, 3, 5);

      world = await fresh();
      await world.store({ leaves: [2], epochs: 30 });
      await registry.addStandby(1, 2);
      await registry.addStandby(1, 3);
      await world.ledger.connect(second).requestUnbond(2, FUNDS);
      await world.registry.connect(provider(3)).updateNode(3, provider(3), "", 1, 1, "");
      await world.missEach(1, 3);
      await expect(world.settle()).not.to.emit(world.audits, "TookOver");
      expect(await world.registry.standby(1)).to.deep.equal([2n, 3n]);
    });

    it("does not hand over to the same node, which stays on standby", async () => {
      const registry = world.registry.connect(world.people.manager);
      await registry.addStandby(1, 1);
      await registry.addStandby(1, 2);
      await world.missEach(1, 3);
      await expect(world.settle()).to.emit(world.audits, "TookOver").withArgs(1, 2, 5);
      expect(await world.registry.standby(1)).to.deep.equal([1n]);
    });

    it("tries eight standby nodes, and leaves the ninth where it is", async () => {
      const { manager, stranger } = world.people;
      const registry = world.registry.connect(manager);
      await world.registry.connect(stranger).trust(manager, true);
      // Without a bond.
      for (let node = 4; node < 12; node++) {
        await world.registry.connect(stranger).registerNode(stranger, "", 9, 1, "");
        await registry.addStandby(1, node);
      }
      await registry.addStandby(1, 2);
      await world.missEach(1, 3);
      await expect(world.settle()).not.to.emit(world.audits, "TookOver");
      const standby = await world.registry.standby(1);
      expect(standby).to.deep.equal([4n, 5n, 6n, 7n, 8n, 9n, 10n, 11n, 2n]);
      expect((await state()).nextSince).to.equal(0n);
    });

    it("is not undone by settling late: the epochs between are nobody's", async () => {
      await world.registry.connect(world.people.manager).addStandby(1, 2);
      await world.missEach(1, 6);
      await expect(world.settle()).to.emit(world.audits, "TookOver").withArgs(1, 2, 8);
      expect(await claimed(0)).to.equal(2n * RATE * 6n + (2n * RATE * 20n * 9n) / 10n);
    });
  });

  describe("a node that takes over", () => {
    beforeEach(async () => {
      await world.store({ epochs: 40 });
      await world.registry.connect(world.people.manager).addStandby(1, 2);
      await world.registry.connect(world.people.manager).addStandby(1, 3);
      await world.missEach(1, 3);
      await world.settle(); // in epoch 4: node 2 from epoch 5 on
      await world.begin(4);
    });

    it("is neither paid nor slashed until its first proof, which is paid", async () => {
      await world.begin(5);
      await world.begin(6);
      await world.prove(6);
      expect((await bond(2)).total).to.equal(FUNDS);
      expect(await earned(2)).to.equal(PAID);
      expect((await state()).syncLeft).to.equal(0n);
      // Epochs 1 to 5 were refunded.
      expect(await claimed(0)).to.equal(5n * RATE + 18n * RATE);
    });

    it("is asked in every epoch, whatever the odds, and can be slashed once it is in sync", async () => {
      await world.begin(5);
      await world.prove(5);
      await world.missEach(6, 7);
      await world.settle();
      expect((await bond(2)).total).to.equal(FUNDS - 5n * RATE);
    });

    it("is dropped without a slash if it never proves, and the next one follows", async () => {
      await world.missEach(5, 6);
      const sent = await world.settle();
      await expect(sent).to.emit(world.audits, "SyncDropped").withArgs(1, 2, 6);
      await expect(sent).to.emit(world.audits, "TookOver").withArgs(1, 3, 8);
      const { total, locked } = await bond(2);
      expect(total).to.equal(FUNDS);
      expect(locked).to.equal(0n);
      expect(await earned(2)).to.equal(0n);
    });

    it("loses no time to an epoch without randomness, and is not paid for it", async () => {
      await world.toEpoch(6);
      await world.settle();
      expect((await state()).syncLeft).to.equal(2n);
      expect(await earned(2)).to.equal(0n);
    });
  });

  describe("a hand-over", () => {
    beforeEach(async () => {
      await world.store({ epochs: 40 });
    });

    it("keeps the old node responsible to the end of the epoch, and asks the new one from the next", async () => {
      await world.begin(1);
      await expect(world.registry.connect(world.people.manager).assign(1, 2))
        .to.emit(world.registry, "NodeAssigned")
        .withArgs(1, 2, 2);
      await world.prove(1);
      expect(await earned(1)).to.equal(PAID);
      await world.begin(2);
      expect((await world.audits.duty(1, 2)).node).to.equal(2n);
      await world.prove(2);
      expect(await earned(2)).to.equal(PAID);
      expect((await bond(1)).locked).to.equal(0n);
      expect((await bond(2)).locked).to.equal(30n * RATE);
    });

    it("gives the new node time to sync, and does not make it pay for the old one's misses", async () => {
      await world.begin(1);
      await world.begin(2);
      await world.registry.connect(world.people.manager).assign(1, 2);
      await world.begin(3);
      await world.begin(4);
      await world.prove(4);
      expect((await bond(1)).total).to.equal(FUNDS - 5n * RATE);
      expect((await bond(2)).total).to.equal(FUNDS);
      // Epochs 1 to 3 went back to the owner, with the slash of epoch 2.
      expect(await claimed(0)).to.equal(3n * RATE + 4500n);
    });

    it("moves the room that is taken", async () => {
      await world.registry.connect(world.people.manager).assign(1, 2);
      expect((await world.registry.node(1)).used).to.equal(0n);
      expect((await world.registry.node(2)).used).to.equal(1n);
    });

    it("can be decided again in the same epoch, without a lock left behind", async () => {
      const registry = world.registry.connect(world.people.manager);
      await world.begin(1);
      await registry.assign(1, 2);
      await registry.assign(1, 3);
      expect((await bond(2)).locked).to.equal(0n);
      expect((await world.registry.node(2)).used).to.equal(0n);
      await registry.assign(1, 1);
      expect((await bond(1)).locked).to.equal(60n * RATE);
      await world.prove(1);
      await world.begin(2);
      await world.prove(2);
      expect((await bond(1)).locked).to.equal(30n * RATE);
      expect(await earned(1)).to.equal(2n * PAID);
    });

    it("in the epoch after an unsettled one finds the right node responsible", async () => {
      const registry = world.registry.connect(world.people.manager);
      await world.begin(1);
      await registry.assign(1, 2);
      await world.begin(2);
      await registry.assign(1, 3);
      expect((await state()).node).to.equal(2n);
      await world.prove(2);
      expect(await earned(2)).to.equal(PAID);
      await world.begin(3);
      expect((await world.audits.duty(1, 3)).node).to.equal(3n);
    });

    it("locks no more than what is left when it happens", async () => {
      await world.store({ epochs: 1 });
      await world.begin(1);
      await world.prove(1);
      await world.begin(2);
      await world.registry.connect(world.people.manager).assign(1, 2);
      expect((await bond(2)).locked).to.equal(60n * RATE);
      await world.prove(2);
      await world.begin(3);
      await world.prove(3);
      expect((await bond(2)).locked).to.equal(30n * RATE);
    });

    it("needs the new node's bond and room", async () => {
      const registry = world.registry.connect(world.people.manager);
      await world.ledger.connect(provider(2)).requestUnbond(2, FUNDS);
      await expect(registry.assign(1, 2))
        .to.be.revertedWithCustomError(world.ledger, "InsufficientBond")
        .withArgs(2, 0, 30n * RATE);
      await world.registry.connect(provider(3)).updateNode(3, provider(3), "", 0, 1, "");
      await expect(registry.assign(1, 3))
        .to.be.revertedWithCustomError(world.registry, "CapacityExceeded")
        .withArgs(3, 0, 1);
    });

    it("to nobody leaves the vNode vacant", async () => {
      await world.begin(1);
      await world.registry.connect(world.people.manager).assign(1, 0);
      await world.prove(1);
      await world.missEach(2, 3);
      await world.settle();
      expect(await claimed(0)).to.equal(2n * RATE);
      expect((await bond(1)).locked).to.equal(0n);
      await expect(world.store()).to.be.revertedWithCustomError(world.registry, "NotAssigned").withArgs(1);
    });

    it("meets an old node's fault without appointing a second successor", async () => {
      await world.begin(1);
      await world.begin(2);
      await world.begin(3);
      await world.registry.connect(world.people.manager).addStandby(1, 3);
      await world.registry.connect(world.people.manager).assign(1, 2);
      await world.toEpoch(4);
      const sent = await world.settle();
      await expect(sent).to.emit(world.audits, "Faulted").withArgs(1, 1, 3);
      await expect(sent).not.to.emit(world.audits, "TookOver");
      await world.begin(4);
      expect((await world.audits.duty(1, 4)).node).to.equal(2n);
      expect((await world.registry.node(2)).used).to.equal(1n);
    });

    it("needs the past settled, if there is too much of it to settle on the way", async () => {
      await world.store({ epochs: 100 });
      await world.toEpoch(70);
      await expect(world.registry.connect(world.people.manager).assign(1, 2))
        .to.be.revertedWithCustomError(world.audits, "SettleFirst")
        .withArgs(1, 64, 69);
      await world.settle();
      await world.registry.connect(world.people.manager).assign(1, 2);
    });
  });

  describe("time", () => {
    it("counts a proof until the window closes, and not a second longer", async () => {
      await world.store();
      await world.begin(1);
      const proof = await world.proof(1);
      await world.at(1, WINDOW);
      await expect(world.audits.prove(1, 1, proof))
        .to.be.revertedWithCustomError(world.audits, "ProofRefused")
        .withArgs(1, 1, 7);
      await world.begin(2);
      const next = await world.proof(2);
      await world.at(2, WINDOW - 1);
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
    });
  });

  it("keeps every unit it was given", async () => {
    await world.store({ bucket: 1, leaves: [5, 2], epochs: 7 });
    await world.store({ bucket: 2, leaves: [3], epochs: 9, rent: 333n * 10n ** 18n });
    await world.registry.connect(world.people.manager).addStandby(1, 2);
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
