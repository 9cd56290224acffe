// Finding 2: a challenge of one small segment that pays its owner the whole vNode's penalty, again and again.
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import { createWorld, FUNDS, QUANTUM, type World } from "../../../evidence/world/world.ts";
import { STATUS } from "../../helpers/challenging.ts";
import { freshWorld, shortcuts } from "../../helpers/fresh-world.ts";

const RATE = 1000n;
const ANY = 2n ** 100n;
/** Start of the one leaf after alice's 99. */
const START = (99n * RATE) / QUANTUM;
const LEAF = RATE / QUANTUM;
/** Ten epochs' rate of all leaves, once. */
const SLASH = 10n * 100n * RATE;

describe("contracts: finding 2, a challenge of one segment", () => {
  let world: World;
  const fresh = freshWorld(async () => {
    const made = await createWorld();
    const { people, token, ledger } = made;
    for (const who of [people.deployer, people.stranger, people.auditor]) {
      await token.mint(who, FUNDS);
      await token.connect(who).approve(ledger, FUNDS);
      await ledger.connect(who).deposit(who, FUNDS);
    }
    await made.store({ leaves: [99], epochs: 40 });
    await made.store({ bucket: 2, leaves: [1], epochs: 40 });
    await made.begin(1);
    await made.prove(1);
    return made;
  });
  beforeEach(async () => {
    world = await fresh();
  });
  const { bond, claimed, state } = shortcuts(() => world);
  const challenge = (by: HardhatEthersSigner) => world.challenges.connect(by).challenge(1, START, LEAF, ANY);

  it("is no laundry: a node that lost everything gets back a hundredth of it through its own leaf", async () => {
    const { bob, deployer, stranger, auditor } = world.people;
    // Bob is the provider's, and so are three other accounts.
    const ring = [bob, deployer, stranger, auditor];
    const wealth = async (): Promise<bigint> => {
      const balances = await Promise.all(ring.map((who) => world.balance(who)));
      return balances.reduce((sum, each) => sum + each);
    };
    const before = await wealth();
    for (const who of ring) await challenge(who);
    await world.begin(2);
    await world.prove(2);
    await world.begin(3);
    await world.prove(3);
    await world.toEpoch(4);
    await world.challenges.connect(stranger).expire(1);
    for (const id of [2, 3, 4]) {
      await expect(world.challenges.connect(stranger).expire(id))
        .to.be.revertedWithCustomError(world.challenges, "NotOpen")
        .withArgs(id, STATUS.dismissed);
    }
    expect((await bond()).total, "one penalty").to.equal(FUNDS - SLASH);
    await world.toEpoch(5);
    await world.settle();
    const alices = await claimed(0);
    await world.registry.claim(1, 1);
    // A hundredth of a tenth for the report, and of what is left; one epoch's rent came back to all.
    const rest = (SLASH * 899n) / 1000n;
    expect((await wealth()) - before).to.equal(SLASH / 1000n + rest / 100n + RATE);
    expect(alices).to.equal((rest * 99n) / 100n + 99n * RATE);
  });

  it("is no jackpot: the owner of a hundredth gets ten epochs of its own rate at most, besides the report", async () => {
    const { bob } = world.people;
    const before = await world.balance(bob);
    await challenge(bob);
    await world.begin(2);
    await world.toEpoch(4);
    await world.challenges.expire(1);
    await world.toEpoch(5);
    await world.settle();
    const refunds = 3n * RATE;
    await world.registry.claim(1, 1);
    const gained = (await world.balance(bob)) - before - refunds;
    expect(gained - SLASH / 10n <= 10n * RATE).to.equal(true);
    expect((await state()).node).to.equal(0n);
  });
});
