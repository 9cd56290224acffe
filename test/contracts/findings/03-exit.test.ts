// Finding 3: pausing and leaving together as a free exit after everything was lost.
import { expect } from "chai";
import { FUNDS, type World } from "../../../evidence/world/world.ts";
import { freshWorld, shortcuts } from "../../helpers/fresh-world.ts";

const RATE = 1000n;
const LEAF = 125n;
const ANY = 2n ** 100n;
/** Epochs that may be paused. */
const BUDGET = 18;
/** Two misses beyond grace, and the fault. */
const FAULT = 20n * RATE;
const CONVICTION = 10n * RATE;

describe("contracts: finding 3, an exit after a loss", () => {
  let world: World;
  const fresh = freshWorld();
  /** Node 1 has proven epoch 1, and loses everything. */
  beforeEach(async () => {
    world = await fresh();
    await world.store({ epochs: 100 });
    await world.begin(1);
    await world.prove(1);
  });
  const { asProvider, bond, refuses, state } = shortcuts(() => world);

  it("by a pause and then a notice is not free: the epochs around them are due, and are missed", async () => {
    await asProvider().pause(1, BUDGET);
    await refuses(asProvider().announceLeave(1), "PauseOverlaps", 1, 3, 3 + BUDGET);
    for (let epoch = 2; epoch < 3 + BUDGET; epoch++) await world.begin(epoch);
    await world.begin(3 + BUDGET);
    await asProvider().announceLeave(1);
    await refuses(asProvider().pause(1, 1), "LeaveAnnouncedAlready", 1, 1);
    // The epoch before the pause, and the first two of those after it.
    await world.missEach(4 + BUDGET, 8 + BUDGET);
    await world.settle();
    expect((await state()).node).to.equal(0n);
    expect((await bond()).total).to.equal(FUNDS - FAULT);
  });

  it("by a notice alone is not free either", async () => {
    await asProvider().announceLeave(1);
    await world.missEach(2, 6);
    await world.settle();
    expect((await bond()).total).to.equal(FUNDS - FAULT);
  });

  for (const [name, evade] of [
    ["a pause", async () => asProvider().pause(1, 3)],
    ["a notice", async () => asProvider().announceLeave(1)],
  ] as const) {
    it(`lets no challenge in flight be stopped by ${name} that comes before it`, async () => {
      await evade();
      await world.challenges.connect(world.people.bob).challenge(1, 0, LEAF, ANY);
      await world.begin(2);
      const last = Number(await world.challenges.lastAnswer(1));
      expect(last).to.equal(name === "a pause" ? 6 : 3);
      await world.toEpoch(last + 1);
      const { total } = await bond();
      await world.challenges.expire(1);
      expect((await state()).node).to.equal(0n);
      expect(total - (await bond()).total >= CONVICTION).to.equal(true);
    });
  }

  it("lets a pause after a challenge stop its clock, and not what it costs", async () => {
    await world.challenges.connect(world.people.bob).challenge(1, 0, LEAF, ANY);
    await asProvider().pause(1, BUDGET);
    await world.begin(2);
    const last = 2 + BUDGET + 1;
    expect(await world.challenges.lastAnswer(1)).to.equal(BigInt(last));
    await world.toEpoch(last + 1);
    await world.challenges.expire(1);
    // Epoch 2 was missed within grace.
    expect((await bond()).total).to.equal(FUNDS - CONVICTION);
  });

  it("leaves the bond to the challenges of those who find out afterwards, until somebody has the data", async () => {
    // The loss is after the last proof of the notice.
    await asProvider().announceLeave(1);
    await world.proveEach(2, 5);
    await world.challenges.connect(world.people.bob).challenge(1, 0, LEAF, ANY);
    await world.begin(6);
    await world.toEpoch(8);
    await world.settle();
    await world.audits.unlockKept(1, 1);
    expect((await bond()).locked).to.equal(30n * RATE);
    await world.challenges.expire(1);
    expect((await bond()).total).to.equal(FUNDS - CONVICTION);
  });
});
