// Leaving: a notice in which every epoch is due, and a bond that stays locked until a take-over (protocol.md, section 9.3).
import { expect } from "chai";
import { createWorld, SELDOM, EPOCH, FUNDS, UNBOND, type World } from "../../evidence/world/world.ts";
import { freshWorld, REFUSAL, shortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

const RATE = 1000n;
const PAID = 950n;
const LOCK = 30n * RATE;
const ANY = 2n ** 100n;

describe("contracts: leaving", () => {
  let world: World;
  const fresh = freshWorld();
  const { asManager, asProvider, bond, earned, operator, provider, refuses, state } = shortcuts(() => world);
  const kept = async () => (await world.audits.keptOf(1, 1)).map(Number);
  const used = async (node: number): Promise<bigint> => (await world.registry.node(node)).used;

  /** Announced in epoch 1: epochs 2 to 5 are due, and from epoch 6 on nothing is. */
  beforeEach(async () => {
    world = await fresh();
    await world.store({ epochs: 60 });
    await world.begin(1);
    await world.prove(1);
    await expect(asProvider().announceLeave(1))
      .to.emit(world.audits, "LeaveAnnounced")
      .withArgs(...named(world.audits, "LeaveAnnounced", { vNode: 1, node: 1, epoch: 6 }));
  });

  it("takes a notice, after which the node is gone by itself, if it has proven the last epoch", async () => {
    expect([...(await world.audits.leaveOf(1))]).to.deep.equal([1n, 6n]);
    await world.proveEach(2, 5);
    await world.begin(6);
    const { due, node } = await world.audits.duty(1, 6);
    expect([due, node]).to.deep.equal([false, 0n]);
    await refuses(world.prove(6), "ProofRefused", 1, 6, REFUSAL.notDue);
    await world.toEpoch(7);
    const sent = await world.settle();
    await expect(sent)
      .to.emit(world.audits, "Left")
      .withArgs(...named(world.audits, "Left", { vNode: 1, node: 1, epoch: 6 }));
    await expect(sent).not.to.emit(world.audits, "TookOver");
    await expect(sent)
      .to.emit(world.audits, "EpochsRefunded")
      .withArgs(...named(world.audits, "EpochsRefunded", { vNode: 1, since: 6, epoch: 6, amount: RATE }));
    expect(await used(1)).to.equal(0n);
    expect((await state()).node).to.equal(0n);
    expect([...(await world.audits.leaveOf(1))]).to.deep.equal([0n, 0n]);
    expect(await earned()).to.equal(5n * PAID);
  });

  it("is asked in all of it, whatever the odds", async () => {
    world = await createWorld({ ...SELDOM, odds: 7 });
    await world.store({ epochs: 60 });
    await world.toEpoch(1);
    await asProvider().announceLeave(1);
    for (let epoch = 2; epoch <= 5; epoch++) {
      await world.begin(epoch);
      expect((await world.audits.duty(1, epoch)).due, `epoch ${epoch}`).to.equal(true);
      await world.prove(epoch);
    }
    await world.toEpoch(7);
    await expect(world.settle())
      .to.emit(world.audits, "Left")
      .withArgs(...named(world.audits, "Left", { vNode: 1, node: 1, epoch: 6 }));
  });

  it("does not happen while the last epoch that asked is not proven", async () => {
    await world.proveEach(2, 4);
    await world.begin(5);
    await world.begin(6);
    expect((await world.audits.duty(1, 6)).due).to.equal(true);
    await world.begin(7);
    await world.prove(7);
    await world.toEpoch(9);
    await expect(world.settle())
      .to.emit(world.audits, "Left")
      .withArgs(...named(world.audits, "Left", { vNode: 1, node: 1, epoch: 8 }));
    expect(await earned()).to.equal(5n * PAID);
    expect((await bond()).total, "the second miss cost").to.equal(FUNDS - 5n * RATE);
  });

  it("happens with a last epoch that is void, which is not paid", async () => {
    await world.proveEach(2, 4);
    await world.toEpoch(7);
    const sent = await world.settle();
    await expect(sent)
      .to.emit(world.audits, "EpochDeferred")
      .withArgs(...named(world.audits, "EpochDeferred", { vNode: 1, node: 1, epoch: 5, rate: RATE }));
    await expect(sent)
      .to.emit(world.audits, "EpochsRefunded")
      .withArgs(...named(world.audits, "EpochsRefunded", { vNode: 1, since: 5, epoch: 5, amount: RATE }));
    await expect(sent)
      .to.emit(world.audits, "Left")
      .withArgs(...named(world.audits, "Left", { vNode: 1, node: 1, epoch: 6 }));
    expect(await earned()).to.equal(4n * PAID);
  });

  it("spares the node no penalty and no fault until then", async () => {
    await world.missEach(2, 3);
    await world.settle();
    expect((await bond()).total).to.equal(FUNDS - 5n * RATE);
    await world.missEach(4, 4);
    await expect(world.settle())
      .to.emit(world.audits, "Faulted")
      .withArgs(...named(world.audits, "Faulted", { vNode: 1, node: 1, epoch: 4 }));
    expect((await bond()).locked, "who is removed is asked for nothing more").to.equal(0n);
    expect([...(await world.audits.leaveOf(1))]).to.deep.equal([0n, 0n]);
  });

  it("is announced once, by the provider", async () => {
    const { manager, stranger } = world.people;
    for (const who of [operator(), manager, stranger, provider(2)]) {
      await refuses(world.audits.connect(who).announceLeave(1), "Unauthorized", who);
    }
    await refuses(world.audits.connect(stranger).announceLeave(2), "Unauthorized", stranger);
    await refuses(asProvider().announceLeave(1), "LeaveAnnouncedAlready", 1, 1);
    await refuses(asProvider().announceLeave(9), "NoSuchVNode", 9);
  });

  it("is announced anew by a node that comes back", async () => {
    await asManager().assign(1, 2);
    await world.begin(2);
    await world.takeOver(2);
    await world.prove(2);
    await world.begin(3);
    await world.prove(3);
    expect([...(await world.audits.leaveOf(1))]).to.deep.equal([0n, 0n]);
    await asManager().assign(1, 1);
    await world.begin(4);
    await world.takeOver(4);
    await world.prove(4);
    await world.proveEach(5, 7);
    expect((await state()).node).to.equal(1n);
    await asProvider().announceLeave(1);
    expect([...(await world.audits.leaveOf(1))]).to.deep.equal([1n, 12n]);
  });

  it("from a vNode without data is over with the notice", async () => {
    await asManager().assign(2, 2);
    await world.toEpoch(2);
    await asProvider(2).announceLeave(2);
    await world.toEpoch(7);
    await world.settle(2);
    expect((await state(2)).node).to.equal(2n);
    await world.toEpoch(8);
    await world.settle(2);
    expect((await state(2)).node).to.equal(0n);
  });

  it("from a vNode without data ends what one has accepted there all the same", async () => {
    await asManager().assign(2, 2);
    await world.toEpoch(2);
    await asProvider(2).announceLeave(2);
    await world.toEpoch(7);
    const refused = (attempt: Promise<unknown>, error: string) =>
      expect(attempt).to.be.revertedWithCustomError(world.registry, error).withArgs(2);
    await refused(world.store({ vNode: 2, node: 2 }), "HandingOver");
    await expect(world.audits.topUp(2))
      .to.emit(world.audits, "Left")
      .withArgs(...named(world.audits, "Left", { vNode: 2, node: 2, epoch: 7 }));
    await refused(world.store({ vNode: 2, node: 2 }), "NotAssigned");
    expect((await bond(2)).locked).to.equal(0n);
  });

  describe("leaves a bond", () => {
    it("that stays locked until somebody has taken over, or had the time to", async () => {
      await world.proveEach(2, 5);
      await world.toEpoch(7);
      await expect(world.settle())
        .to.emit(world.audits, "BondKept")
        .withArgs(...named(world.audits, "BondKept", { vNode: 1, node: 1, amount: LOCK, until: 8 }));
      expect(await kept()).to.deep.equal([Number(LOCK), 8]);
      expect([(await state()).locked, (await bond()).locked]).to.deep.equal([0n, LOCK]);
      await world.audits.unlockKept(1, 1);
      expect((await bond()).locked).to.equal(LOCK);
      await world.toEpoch(8);
      await expect(world.audits.connect(world.people.stranger).unlockKept(1, 1))
        .to.emit(world.ledger, "BondUnlocked")
        .withArgs(1, LOCK);
      expect(await kept()).to.deep.equal([0, 0]);
      await expect(world.audits.unlockKept(1, 1), "twice").not.to.emit(world.ledger, "BondUnlocked");
      expect((await bond()).total).to.equal(FUNDS);
    });

    it("that is free with the successor's first proof", async () => {
      await asManager().addStandby(1, 2);
      await world.proveEach(2, 5);
      await world.begin(6);
      // The next call about the vNode, whatever it is.
      const sent = await world.audits.topUp(1);
      await expect(sent)
        .to.emit(world.audits, "Left")
        .withArgs(...named(world.audits, "Left", { vNode: 1, node: 1, epoch: 6 }));
      await expect(sent)
        .to.emit(world.audits, "TookOver")
        .withArgs(...named(world.audits, "TookOver", { vNode: 1, node: 2, fromEpoch: 7 }));
      expect([(await bond(1)).locked, (await bond(2)).locked]).to.deep.equal([LOCK, LOCK]);
      expect([await used(1), await used(2)]).to.deep.equal([0n, 1n]);
      await world.begin(7);
      await world.audits.unlockKept(1, 1);
      expect((await bond(1)).locked).to.equal(LOCK);
      await expect(world.prove(7))
        .to.emit(world.audits, "TakeOverProven")
        .withArgs(...named(world.audits, "TakeOverProven", { vNode: 1, node: 2, epoch: 7 }));
      await world.audits.unlockKept(1, 1);
      expect((await bond(1)).locked).to.equal(0n);
      expect(await earned(2)).to.equal(PAID);
    });

    it("that is free at once if whoever was named proves in the epoch in which it is gone", async () => {
      await world.proveEach(2, 4);
      await world.begin(5);
      await world.prove(5);
      await asManager().assign(1, 2);
      await world.begin(6);
      const sent = await world.prove(6);
      await expect(sent).to.emit(world.audits, "BondKept");
      expect(await kept()).to.deep.equal([Number(LOCK), 0]);
      await world.audits.unlockKept(1, 1);
      expect((await bond(1)).locked).to.equal(0n);
    });

    it("that is free at once if somebody has taken over before it left", async () => {
      await asManager().assign(1, 2);
      await world.begin(2);
      await world.takeOver(2);
      await world.prove(2);
      await world.begin(3);
      await expect(world.prove(3)).not.to.emit(world.audits, "Left");
      expect((await state()).node).to.equal(2n);
      expect((await bond(1)).locked).to.equal(0n);
    });

    it("that a challenge made in its time keeps for longer, and takes", async () => {
      await world.proveEach(2, 4);
      await world.begin(5);
      await world.challenges.connect(world.people.bob).challenge(1, 0, 125, ANY);
      await world.prove(5);
      await world.begin(6);
      await world.toEpoch(8);
      await world.settle();
      await world.audits.unlockKept(1, 1);
      expect(await kept()).to.deep.equal([Number(LOCK), 8]);
      const owners = (await world.totals()).credits;
      await world.challenges.expire(1);
      expect((await bond()).total).to.equal(FUNDS - 10n * RATE);
      expect((await bond()).locked, "what is left is free").to.equal(0n);
      // A tenth to the challenger, a tenth to the treasury.
      expect((await world.totals()).credits - owners).to.equal(8n * RATE);
    });

    it("that an answer does not free before its time", async () => {
      await world.proveEach(2, 4);
      await world.begin(5);
      await world.challenges.connect(world.people.bob).challenge(1, 0, 125, ANY);
      await world.prove(5);
      await world.begin(6);
      await world.audits.topUp(1);
      const { inputs } = await world.challenges.inputsOf(1);
      await world.challenges.answer(1, [...inputs, 1n, 0n, 0n, 0n]);
      expect(await kept()).to.deep.equal([Number(LOCK), 8]);
      await world.toEpoch(8);
      await world.audits.unlockKept(1, 1);
      expect((await bond()).locked).to.equal(0n);
    });

    it("and ends with everything withdrawn", async () => {
      await world.proveEach(2, 5);
      await world.toEpoch(8);
      await world.settle();
      await world.audits.unlockKept(1, 1);
      const ledger = world.ledger.connect(provider());
      await ledger.requestUnbond(1, FUNDS);
      await world.toEpoch(8 + UNBOND / EPOCH + 1);
      await ledger.releaseBond(1);
      await ledger.withdraw(provider(), await earned());
      expect(await earned()).to.equal(0n);
      expect(await world.token.balanceOf(provider())).to.equal(2n * FUNDS + 5n * PAID);
    });
  });
});
