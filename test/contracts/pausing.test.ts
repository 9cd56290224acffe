// Maintenance: announced, unpaid, and within a budget for any 90 days (protocol.md, section 9.3).
import { expect } from "chai";
import { createWorld, SELDOM, FUNDS, WINDOW, type World } from "../../evidence/world/world.ts";
import { freshWorld, REFUSAL, shortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

const RATE = 1000n;
const PAID = 950n;
/** Epochs of 90 days, and the 45th of them that may be paused. */
const QUARTER = 777;
const BUDGET = 18n;

describe("contracts: a pause", () => {
  let world: World;
  const fresh = freshWorld();
  const { asManager, asProvider, bond, earned, operator, provider, refuses, state } = shortcuts(() => world);
  beforeEach(async () => {
    world = await fresh();
    await world.store({ epochs: 60 });
    await world.begin(1);
    await world.prove(1);
  });
  const refund = async (): Promise<bigint> => (await world.totals()).credits / RATE;
  const paused = async (epochs: bigint | number, from: number, end: number): Promise<void> => {
    await expect(asProvider().pause(1, epochs))
      .to.emit(world.audits, "Paused")
      .withArgs(...named(world.audits, "Paused", { vNode: 1, node: 1, from, end }));
  };

  it("asks for nothing and pays nothing, from the next epoch but one on", async () => {
    await paused(2, 3, 5);
    expect([...(await world.audits.pauseOf(1, 1))]).to.deep.equal([3n, 5n, 2n]);
    await world.proveEach(2, 2);
    for (const epoch of [3, 4]) {
      await world.begin(epoch);
      expect((await world.audits.duty(1, epoch)).due).to.equal(false);
      await refuses(world.prove(epoch), "ProofRefused", 1, epoch, REFUSAL.notDue);
    }
    await world.begin(5);
    const sent = await world.prove(5);
    await expect(sent)
      .to.emit(world.audits, "EpochsRefunded")
      .withArgs(...named(world.audits, "EpochsRefunded", { vNode: 1, since: 3, epoch: 3, amount: RATE }));
    await expect(sent)
      .to.emit(world.audits, "EpochsRefunded")
      .withArgs(...named(world.audits, "EpochsRefunded", { vNode: 1, since: 4, epoch: 4, amount: RATE }));
    expect(await earned(), "of epochs 1, 2 and 5").to.equal(3n * PAID);
    expect(await refund()).to.equal(2n);
    expect((await state()).misses).to.equal(0n);
    expect((await bond()).total).to.equal(FUNDS);
  });

  it("leaves the running epoch and the next one as they are", async () => {
    await world.begin(2);
    await asProvider().pause(1, 2);
    expect((await world.audits.duty(1, 2)).due).to.equal(true);
    await world.begin(3);
    expect((await world.audits.duty(1, 3)).due).to.equal(true);
    await world.toEpoch(6);
    await world.settle();
    expect((await state()).misses).to.equal(2n);
  });

  it("is asked before and after, whatever the odds", async () => {
    world = await createWorld({ ...SELDOM, odds: 7 });
    await world.store({ epochs: 60 });
    await world.toEpoch(1);
    await asProvider().pause(1, 2);
    for (const [epoch, due] of [false, true, false, false, true, false].map(
      (due, i) => [i + 1, due] as const,
    )) {
      let value = 1;
      for (; ; value++) {
        const before = await world.chain.networkHelpers.takeSnapshot();
        await world.begin(epoch, value);
        const asked = await world.audits.duty(1, epoch);
        // Not drawn: every seventh is.
        const seed = BigInt(
          world.ethers.keccak256(
            world.ethers.AbiCoder.defaultAbiCoder().encode(
              ["uint256", "bytes32"],
              [asked.seed, world.ethers.encodeBytes32String("due")],
            ),
          ),
        );
        if (seed % 7n !== 0n) break;
        await before.restore();
      }
      expect((await world.audits.duty(1, epoch)).due, `epoch ${epoch}`).to.equal(due);
    }
  });

  it("is not paid when the epoch is void either, nor is what waited before it", async () => {
    await asProvider().pause(1, 2);
    await world.toEpoch(5);
    const sent = await world.settle();
    await expect(sent)
      .to.emit(world.audits, "EpochsRefunded")
      .withArgs(
        ...named(world.audits, "EpochsRefunded", { vNode: 1, since: 2, epoch: 3, amount: 2n * RATE }),
      );
    await expect(sent)
      .to.emit(world.audits, "EpochsRefunded")
      .withArgs(...named(world.audits, "EpochsRefunded", { vNode: 1, since: 4, epoch: 4, amount: RATE }));
    expect(await refund()).to.equal(3n);
  });

  it("keeps a row of misses: it is no way to end one", async () => {
    await world.begin(2);
    await world.prove(2);
    await asProvider().pause(1, 2);
    await world.missEach(3, 6);
    await world.settle();
    expect((await state()).misses).to.equal(2n);
    expect((await bond()).total).to.equal(FUNDS - 5n * RATE);
  });

  it("goes on without a gap, also from its last epoch", async () => {
    await paused(1, 3, 4);
    await paused(1, 3, 5);
    await world.proveEach(2, 2);
    await world.toEpoch(4);
    await paused(2, 3, 7);
    await world.missEach(5, 6);
    await world.settle();
    expect(await refund()).to.equal(4n);
    expect((await state()).misses).to.equal(0n);
  });

  it("can be declared again after the last one, which stays what it was", async () => {
    await paused(1, 3, 4);
    await world.proveEach(2, 2);
    await world.begin(4);
    await paused(1, 6, 7);
    await world.proveEach(5, 5);
    await world.missEach(6, 6);
    await world.proveEach(7, 7);
    expect(await refund(), "4 is missed, 3 and 6 are paused").to.equal(3n);
    expect(await earned()).to.equal(4n * PAID);
  });

  it("takes at most a 45th of any 90 days", async () => {
    const spent = (used: bigint) => [used, BUDGET] as const;
    await refuses(asProvider().pause(1, BUDGET + 1n), "PauseBudgetSpent", 1, 1, ...spent(BUDGET + 1n));
    await asProvider().pause(1, BUDGET - 1n);
    await refuses(asProvider().pause(1, 2), "PauseBudgetSpent", 1, 1, ...spent(BUDGET + 1n));
    await asProvider().pause(1, 1);
    await refuses(asProvider().pause(1, 1), "PauseBudgetSpent", 1, 1, ...spent(BUDGET + 1n));
    // Epochs 3 to 20. The same again must end a quarter after that.
    await world.toEpoch(QUARTER);
    await world.settle();
    await refuses(asProvider().pause(1, BUDGET), "PauseBudgetSpent", 1, 1, ...spent(BUDGET + 1n));
    await world.toEpoch(QUARTER + 1);
    await paused(BUDGET, QUARTER + 3, QUARTER + 21);
    const own = [QUARTER + 3, QUARTER + 21, BUDGET].map(BigInt);
    expect([...(await world.audits.pauseOf(1, 1))]).to.deep.equal(own);
  });

  it("is one of five at most in 90 days", async () => {
    for (let from = 3; from <= 15; from += 3) {
      await world.toEpoch(from - 2);
      await paused(1, from, from + 1);
    }
    await world.toEpoch(16);
    await refuses(asProvider().pause(1, 1), "TooManyPauses", 1, 1);
    // The first one ended with epoch 3.
    await world.toEpoch(QUARTER);
    await world.settle();
    await refuses(asProvider().pause(1, 1), "TooManyPauses", 1, 1);
    await world.toEpoch(QUARTER + 1);
    await paused(1, QUARTER + 3, QUARTER + 4);
  });

  it("declared before the running epoch is settled begins after the next one, whatever else changes then", async () => {
    for (const others of [[], [1], [2]]) {
      world = await fresh();
      await world.store({ epochs: 60 });
      for (const epochs of others) await world.store({ epochs });
      await world.begin(1);
      await asProvider().pause(1, 2);
      await world.prove(1);
      await world.begin(2);
      await world.prove(2);
      const before = await refund();
      for (const epoch of [3, 4]) {
        await world.begin(epoch);
        await refuses(world.prove(epoch), "ProofRefused", 1, epoch, REFUSAL.notDue);
      }
      await world.toEpoch(5);
      await world.settle();
      expect((await refund()) - before, "of epochs 3 and 4").to.equal(2n);
      expect((await state()).rate).to.equal(RATE);
    }
  });

  it("is for one epoch at least, and by the provider of the node that is responsible", async () => {
    await refuses(asProvider().pause(1, 0), "NoEpochs");
    const { manager, stranger } = world.people;
    for (const who of [operator(), manager, stranger, provider(2)]) {
      await refuses(world.audits.connect(who).pause(1, 1), "Unauthorized", who);
    }
    await refuses(world.audits.connect(stranger).pause(2, 1), "Unauthorized", stranger);
    await refuses(asProvider().pause(9, 1), "NoSuchVNode", 9);
  });

  it("is not declared once a leave is announced, nor a leave before it has ended", async () => {
    await asProvider().pause(1, 2);
    await refuses(asProvider().announceLeave(1), "PauseOverlaps", 1, 3, 5);
    await world.proveEach(2, 2);
    await world.toEpoch(4);
    await refuses(asProvider().announceLeave(1), "PauseOverlaps", 1, 3, 5);
    await world.toEpoch(5);
    await asProvider().announceLeave(1);
    await refuses(asProvider().pause(1, 1), "LeaveAnnouncedAlready", 1, 1);
  });

  it("belongs to the node, not to whoever follows it, and waits for it if it comes back", async () => {
    await asProvider().pause(1, 6);
    await world.begin(2);
    await asManager().assign(1, 2);
    await world.prove(2);
    await world.begin(3);
    // The old one is not asked, and the new one may take over all the same.
    const { due, node, successor } = await world.audits.duty(1, 3);
    expect([due, node, successor]).to.deep.equal([false, 1n, 2n]);
    await world.takeOver(3);
    await world.begin(4);
    await world.prove(4);
    await asManager().assign(1, 1);
    await world.begin(5);
    await world.takeOver(5);
    await world.prove(5);
    for (const epoch of [6, 7, 8]) {
      await world.begin(epoch);
      expect((await world.audits.duty(1, epoch)).due, `epoch ${epoch}`).to.equal(false);
      await refuses(world.prove(epoch), "ProofRefused", 1, epoch, REFUSAL.notDue);
    }
    await world.begin(9);
    await world.prove(9);
    expect((await state()).node).to.equal(1n);
  });

  it("moves the last answer of a challenge, open or not, by its epochs", async () => {
    const { bob } = world.people;
    await world.challenges.connect(bob).challenge(1, 0, 125, 2n ** 100n);
    expect(await world.challenges.lastAnswer(1)).to.equal(3n);
    await asProvider().pause(1, 2);
    expect(await world.challenges.lastAnswer(1)).to.equal(5n);
    await world.begin(2);
    await world.prove(2);
    await world.toEpoch(4);
    await world.challenges.connect(world.people.alice).challenge(1, 0, 125, 2n ** 100n);
    expect(await world.challenges.lastAnswer(2)).to.equal(6n);
    await world.beacon.setRecordedAfter(2, WINDOW);
    await world.toEpoch(5);
    await expect(world.challenges.expire(1))
      .to.be.revertedWithCustomError(world.challenges, "ResponseRuns")
      .withArgs(...named(world.challenges, "ResponseRuns", { id: 1, lastEpoch: 5 }));
    await world.toEpoch(6);
    await expect(world.challenges.expire(1)).to.emit(world.challenges, "Failed");
  });
});
