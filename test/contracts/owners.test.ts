// What owners get back, in proportion and to the unit (protocol.md, section 9.3).
import { expect } from "chai";
import { freshWorld, shortcuts } from "../helpers/fresh-world.ts";
import { FUNDS, type World } from "../helpers/world.ts";

/** One leaf per epoch. */
const RATE = 1000n;

describe("contracts: owners", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });
  const { claimed } = shortcuts(() => world);

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
    // A third of epoch 3 too, in which half of what is audited was not paid for; a unit stays behind.
    expect(await claimed(1)).to.equal(RATE + 4500n + 333n + RATE);
    expect((await world.totals()).credits).to.equal(1n);
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

  it("are paid for epochs that waited once these are decided, whenever they claim in between", async () => {
    await world.store({ epochs: 10 });
    await world.missEach(1, 1);
    await world.toEpoch(5);
    await world.settle();
    expect(await claimed(0), "of epoch 1").to.equal(RATE);
    expect((await world.registry.segment(1, 0)).from, "epochs 2 to 4 wait").to.equal(2n);
    expect(await claimed(0)).to.equal(0n);
    await world.missEach(5, 5);
    await world.settle();
    expect((await world.registry.claim.staticCall(1, 0)) - 4n * RATE, "and the second miss").to.equal(4500n);
    expect(await claimed(0)).to.equal(4n * RATE + 4500n);
    expect((await world.totals()).credits).to.equal(0n);
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
    await world.registry.retire(1, [{ serial: 0, start: 0, root: world.ethers.ZeroHash }], []);
    expect(await claimed(0)).to.equal(RATE);
  });

  it("never get more than there is: rounding stays behind", async () => {
    await world.store({ bucket: 1, rent: 24n * 10n ** 18n, epochs: 1 });
    await world.store({ bucket: 1, rent: 16n * 10n ** 18n });
    await world.store({ bucket: 2, rent: 8n * 10n ** 18n });
    await world.proveEach(1, 2);
    // In epoch 2 half of what is audited is paid for, 24 units: of two thirds of them 15 are whole, and 9 go back.
    expect((await world.totals()).credits).to.equal(9n);
    expect(await claimed(1)).to.equal(5n);
    expect(await claimed(2)).to.equal(2n);
    expect(await claimed(0)).to.equal(0n);
    expect((await world.totals()).credits).to.equal(2n);
  });
});
