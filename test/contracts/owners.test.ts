// Refunds and compensation of owners, in proportion and to the unit (protocol.md, section 9.3).
import { expect } from "chai";
import { FUNDS, type World } from "../../evidence/world/world.ts";
import { challengedWorld, challenging, expectAllTokens, RATE as TWO } from "../helpers/challenging.ts";
import { freshWorld, shortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

/** One leaf per epoch. */
const RATE = 1000n;

describe("contracts: owners", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });
  const { asManager, asProvider, claimed } = shortcuts(() => world);
  const { challenge, expire } = challenging(() => world);

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
      .withArgs(
        ...named(world.registry, "Claimed", { vNode: 1, serial: 0, owner: world.people.alice, amount: RATE }),
      );
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

  it("get no more than a segment would bring under the harder sentence, if two nodes are convicted for it", async () => {
    // Of 12 epochs' rate for who is there, which is as much as a miss costs, and of 10 for who is gone.
    world = await challengedWorld({ grace: 0, slashMultiple: 12, bondEpochs: 46 });
    const { audits, people } = world;
    await challenge();
    await asManager().assign(1, 2);
    await world.begin(2);
    await world.takeOver(2);
    await world.prove(2);
    await world.proveEach(3, 7);
    expect((await audits.state(1)).node).to.equal(2n);
    await challenge(people.bob);
    await asProvider(2).announceLeave(1);
    await world.proveEach(8, 11);
    await asManager().addStandby(1, 1);
    await world.begin(12);
    await expect(audits.topUp(1))
      .to.emit(audits, "TookOver")
      .withArgs(...named(audits, "TookOver", { vNode: 1, node: 1, fromEpoch: 13 }));
    await world.toEpoch(13);
    for (const [id, node, multiple] of [
      [1, 1, 12n],
      [2, 2, 10n],
    ] as const) {
      const taken = multiple * TWO;
      await expect(expire(id))
        .to.emit(world.challenges, "Failed")
        .withArgs(id, 1, node, taken, taken / 10n);
    }
    // Of the 22 a tenth each was for the challengers and the treasury, which gets what is beyond 12, too.
    expect(await audits.owedOf(1)).to.equal((22n * 8n * TWO) / 10n);
    await world.toEpoch(14);
    const before = await world.balance(people.treasury);
    await expect(world.settle())
      .to.emit(audits, "OwnersCompensated")
      .withArgs(...named(audits, "OwnersCompensated", { vNode: 1, epoch: 13, amount: 12n * TWO }));
    expect((await world.balance(people.treasury)) - before).to.equal((22n * 8n * TWO) / 10n - 12n * TWO);
    // Nobody was asked for epochs 12 and 13.
    expect(await claimed(0)).to.equal(14n * TWO);
    await expectAllTokens(world);
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
