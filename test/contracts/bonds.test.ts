// A node's bond: locked for its data, slashed, topped up; and standby nodes that take over (protocol.md, section 9.3).
import { expect } from "chai";
import { createWorld, FUNDS, LOCK_PER_EPOCH, RENT, type World } from "../../evidence/world/world.ts";
import { freshWorld, shortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

/** Price of one leaf per epoch, and the provider's part of it. */
const RATE = 1000n;
const PAID = 950n;
/** The first miss is slashed; two in a row cost all that is locked. */
const HARSH = { grace: 0, maxMisses: 2, slashMultiple: 10, faultMultiple: 0, bondEpochs: 20 };

describe("contracts: bonds behind data", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });
  const { asManager, bond, claimed, earned, operator, provider, refuses, state } = shortcuts(() => world);
  /** Misses an epoch and proves the next. */
  const missAndProve = async (epoch: number): Promise<void> => {
    await world.begin(epoch);
    await world.begin(epoch + 1);
    await world.prove(epoch + 1);
  };
  const offer = async (node: number, capacity: number): Promise<unknown> =>
    world.registry
      .connect(provider(node))
      .updateNode(node, operator(node), "", capacity, RENT, LOCK_PER_EPOCH, "");

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
        .withArgs(...named(world.ledger, "InsufficientBond", { node: 1, free: 29_999n, needed: 30_000n }));
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
      for (const epoch of [1, 3, 5]) await missAndProve(epoch);
      const { total, locked, unbonding } = await bond(1);
      expect([total, locked, unbonding]).to.deep.equal([FUNDS - 30n * RATE, 0n, FUNDS - 30n * RATE]);
      await world.toEpoch(11);
      await world.ledger.connect(provider(1)).releaseBond(1);
      // Once less than half of the lock is left, proofs are not paid.
      expect(await earned(1)).to.equal(FUNDS - 30n * RATE + PAID);
    });

    it("is slashed once the lock is used up, but not what is locked for another vNode", async () => {
      world = await createWorld(HARSH);
      await asManager().assign(2, 1);
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
      // It took the 20 that were locked for vNode 1, and the 5 that were free.
      const { total, locked } = await bond(1);
      expect(total).to.equal(20n * RATE);
      expect(locked).to.equal(20n * RATE);
      expect((await state(2)).locked).to.equal(20n * RATE);
      expect((await state(2)).short).to.equal(false);
    });

    it("never goes below nothing, and what it cannot cover is not paid out", async () => {
      world = await createWorld(HARSH);
      await world.ledger.connect(provider(1)).requestUnbond(1, FUNDS - 25n * RATE);
      await world.toEpoch(11);
      await world.ledger.connect(provider(1)).releaseBond(1);
      await world.store({ epochs: 30 });
      for (const epoch of [12, 14, 16]) await missAndProve(epoch);
      expect((await bond(1)).total).to.equal(0n);
      // Of the 30 epochs' rate, 25 were there: 2.5 for the reporter and 22.5 for the owner. The owner also gets the refunds
      // of three misses, and of two epochs that were proven with too small a bond.
      expect(await claimed(0)).to.equal(22_500n + 5n * RATE);
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

  describe("a lock that is used up", () => {
    /** A miss takes 8 of 20 epochs' rate. */
    beforeEach(async () => {
      world = await createWorld({ ...HARSH, slashMultiple: 8 });
      await world.store({ epochs: 30 });
      await missAndProve(1);
    });

    it("is none while half of it is there", async () => {
      expect((await state()).locked).to.equal(12n * RATE);
      expect((await state()).short).to.equal(false);
      expect(await earned(1)).to.equal(PAID);
    });

    it("is paid nothing, although the node proves, until somebody tops it up", async () => {
      await world.begin(3);
      await world.begin(4);
      await expect(world.prove(4))
        .to.emit(world.audits, "Proven")
        .withArgs(
          ...named(world.audits, "Proven", {
            vNode: 1,
            node: 1,
            epoch: 4,
            since: 4,
            amount: 0n,
            fee: 0n,
            refunded: RATE,
          }),
        );
      const { locked, short } = await state();
      expect([locked, short]).to.deep.equal([4n * RATE, true]);
      expect(await earned(1)).to.equal(PAID);
      await expect(world.audits.connect(world.people.stranger).topUp(1))
        .to.emit(world.audits, "ToppedUp")
        .withArgs(...named(world.audits, "ToppedUp", { vNode: 1, node: 1, amount: 16n * RATE }));
      expect((await state()).locked).to.equal(20n * RATE);
      expect((await state()).short).to.equal(false);
      await world.begin(5);
      await world.prove(5);
      expect(await earned(1)).to.equal(2n * PAID);
    });

    it("is topped up by what is stored or extended next", async () => {
      await world.begin(3);
      await world.begin(4);
      await world.prove(4);
      await world.store({ epochs: 2 });
      expect((await state()).locked).to.equal(40n * RATE);
      expect((await state()).short).to.equal(false);
    });

    it("is enough again when so much has ended that it is half of what is left", async () => {
      world = await createWorld({ ...HARSH, slashMultiple: 7 });
      await world.store({ epochs: 3 });
      await world.store({ epochs: 30 });
      await missAndProve(1);
      await world.begin(3);
      await world.settle();
      await world.begin(4);
      await world.settle();
      // 40 less 28, of which 20 are required from epoch 4 on.
      expect((await state()).locked).to.equal(12n * RATE);
      expect((await state()).short).to.equal(true);
      await world.prove(4);
      expect((await state()).short).to.equal(false);
      // All of epoch 2, and two thirds of epoch 4: half of what is audited is paid for.
      expect(await earned(1)).to.equal(2n * PAID + 633n);
    });

    it("needs nothing while all is there, nor where nobody is", async () => {
      await world.audits.topUp(1);
      await expect(world.audits.topUp(1)).not.to.emit(world.audits, "ToppedUp");
      await expect(world.audits.topUp(2)).not.to.emit(world.audits, "ToppedUp");
      await refuses(world.audits.topUp(9), "NoSuchVNode", 9);
    });

    it("is not topped up with what the node does not have", async () => {
      await world.ledger.connect(provider(1)).requestUnbond(1, await world.ledger.freeBond(1));
      await expect(world.audits.topUp(1))
        .to.be.revertedWithCustomError(world.ledger, "InsufficientBond")
        .withArgs(...named(world.ledger, "InsufficientBond", { node: 1, free: 0n, needed: 8n * RATE }));
    });
  });

  describe("a fault", () => {
    beforeEach(async () => {
      await world.store({ leaves: [2], epochs: 30 });
    });

    it("removes the node with a final slash and frees the rest of its bond and room", async () => {
      await world.missEach(1, 3);
      const sent = await world.settle();
      await expect(sent)
        .to.emit(world.audits, "Faulted")
        .withArgs(...named(world.audits, "Faulted", { vNode: 1, node: 1, epoch: 3 }));
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
      await asManager().addStandby(1, 2);
      await asManager().addStandby(1, 3);
      await world.missEach(1, 3);
      await expect(world.settle())
        .to.emit(world.audits, "TookOver")
        .withArgs(...named(world.audits, "TookOver", { vNode: 1, node: 2, fromEpoch: 5 }));
      expect(await world.registry.standby(1)).to.deep.equal([3n]);
      expect((await world.registry.node(2)).used).to.equal(2n);
      expect((await bond(2)).locked).to.equal(60n * RATE);
      await world.begin(5);
      expect((await world.audits.duty(1, 5)).node).to.equal(2n);
    });

    it("passes over standby nodes without trust, bond or room", async () => {
      const { manager } = world.people;
      await asManager().addStandby(1, 2);
      await asManager().addStandby(1, 3);
      await world.registry.connect(provider(2)).trust(manager, false);
      await world.missEach(1, 3);
      await expect(world.settle())
        .to.emit(world.audits, "TookOver")
        .withArgs(...named(world.audits, "TookOver", { vNode: 1, node: 3, fromEpoch: 5 }));

      world = await fresh();
      await world.store({ leaves: [2], epochs: 30 });
      await asManager().addStandby(1, 2);
      await asManager().addStandby(1, 3);
      await world.ledger.connect(provider(2)).requestUnbond(2, FUNDS);
      await offer(3, 1);
      await world.missEach(1, 3);
      await expect(world.settle()).not.to.emit(world.audits, "TookOver");
      expect(await world.registry.standby(1)).to.deep.equal([2n, 3n]);
    });

    it("does not hand over to the same node, which stays on standby", async () => {
      await asManager().addStandby(1, 1);
      await asManager().addStandby(1, 2);
      await world.missEach(1, 3);
      await expect(world.settle())
        .to.emit(world.audits, "TookOver")
        .withArgs(...named(world.audits, "TookOver", { vNode: 1, node: 2, fromEpoch: 5 }));
      expect(await world.registry.standby(1)).to.deep.equal([1n]);
    });

    it("is not undone by settling late: the epochs between are nobody's", async () => {
      await asManager().addStandby(1, 2);
      await world.missEach(1, 6);
      await expect(world.settle())
        .to.emit(world.audits, "TookOver")
        .withArgs(...named(world.audits, "TookOver", { vNode: 1, node: 2, fromEpoch: 8 }));
      expect(await claimed(0)).to.equal(2n * RATE * 6n + (2n * RATE * 20n * 9n) / 10n);
    });
  });

  describe("a standby node that takes over", () => {
    beforeEach(async () => {
      await world.store({ epochs: 40 });
      await asManager().addStandby(1, 2);
      await asManager().addStandby(1, 3);
      await world.missEach(1, 3);
      await world.settle(); // in epoch 4: node 2 from epoch 5 on
      await world.begin(4);
    });

    it("is neither paid nor slashed until its first proof, which is paid", async () => {
      await world.begin(5);
      await world.begin(6);
      await expect(world.prove(6))
        .to.emit(world.audits, "TakeOverProven")
        .withArgs(...named(world.audits, "TakeOverProven", { vNode: 1, node: 2, epoch: 6 }));
      expect((await bond(2)).total).to.equal(FUNDS);
      expect(await earned(2)).to.equal(PAID);
      expect((await state()).syncLeft).to.equal(0n);
      // Epochs 1 to 5 were refunded.
      expect(await claimed(0)).to.equal(5n * RATE + 18n * RATE);
    });

    it("can be slashed once it is in sync", async () => {
      await world.begin(5);
      await world.prove(5);
      await world.missEach(6, 7);
      await world.settle();
      expect((await bond(2)).total).to.equal(FUNDS - 5n * RATE);
    });

    it("is dropped without a slash if it never proves, and the next one follows", async () => {
      await world.missEach(5, 6);
      const sent = await world.settle();
      await expect(sent)
        .to.emit(world.audits, "SyncDropped")
        .withArgs(...named(world.audits, "SyncDropped", { vNode: 1, node: 2, epoch: 6 }));
      await expect(sent)
        .to.emit(world.audits, "TookOver")
        .withArgs(...named(world.audits, "TookOver", { vNode: 1, node: 3, fromEpoch: 8 }));
      const { total, locked } = await bond(2);
      expect(total).to.equal(FUNDS);
      expect(locked).to.equal(0n);
      expect((await world.registry.node(2)).used).to.equal(0n);
      expect(await earned(2)).to.equal(0n);
    });

    it("loses no time to an epoch without randomness, and is not paid for it", async () => {
      await world.toEpoch(6);
      await world.settle();
      expect((await state()).syncLeft).to.equal(2n);
      expect(await earned(2)).to.equal(0n);
    });

    it("takes nothing new until its first proof", async () => {
      const refused = async (error: string) =>
        expect(world.store({ node: 2 }))
          .to.be.revertedWithCustomError(world.registry, error)
          .withArgs(1);
      await refused("NotAssigned");
      await world.begin(5);
      await world.begin(6);
      await world.settle();
      await refused("HandingOver");
      await world.prove(6);
      await world.store({ node: 2 });
    });
  });
});
