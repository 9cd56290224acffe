// Finding 13: one's own challenge whose time is over is an option to leave in any later epoch, after its randomness is known.
// It costs as much as a fault, which may be nothing.
import { expect } from "chai";
import { createWorld, FUNDS, type World } from "../../../evidence/world/world.ts";
import { isDue } from "../../../protocol/statement.ts";
import { freshWorld, REFUSAL, shortcuts } from "../../helpers/fresh-world.ts";
import { named } from "../../helpers/named.ts";

const ODDS = 8;
const TERMS = { odds: ODDS, grace: 1, maxMisses: 2, slashMultiple: 100, faultMultiple: 0, bondEpochs: 100 };
const RATE = 10_000n;

describe("contracts: finding 13, a challenge of one's own", () => {
  let world: World;
  const fresh = freshWorld(() => createWorld(TERMS));
  beforeEach(async () => {
    world = await fresh();
    await world.store({ leaves: [10], epochs: 200 });
  });
  const { asManager, bond, refuses, state } = shortcuts(() => world);

  /** Begins an epoch that the draw asks for, or not. */
  const begin = async (epoch: number, drawn: boolean): Promise<void> => {
    await world.toEpoch(epoch);
    const before = await world.chain.networkHelpers.takeSnapshot();
    for (let value = 1; ; value++) {
      await world.begin(epoch, value);
      if (isDue((await world.audits.duty(1, epoch)).seed, ODDS) === drawn) return;
      await before.restore();
    }
  };
  const challenge = () => world.challenges.connect(world.people.bob).challenge(1, 0, 1, FUNDS);
  const expire = () => world.challenges.connect(world.people.bob).expire(1);

  it("costs a node that would be slashed for its next miss no less than that", async () => {
    await begin(1, true);
    await challenge();
    for (const epoch of [2, 3, 4, 5, 6]) await begin(epoch, false);
    await begin(7, true);
    await expire();
    expect((await bond()).total).to.equal(FUNDS - 100n * RATE);
  });

  it("costs a node within its grace what a fault costs", async () => {
    await begin(1, false);
    await challenge();
    for (const epoch of [2, 3, 4]) await begin(epoch, false);
    await expire();
    expect((await bond()).total).to.equal(FUNDS);
    expect((await state()).node).to.equal(0n);
  });

  it("gives the running epoch to nobody else, under another seed", async () => {
    await begin(1, false);
    await challenge();
    for (const epoch of [2, 3]) await begin(epoch, false);
    await asManager().assign(1, 2);
    await begin(4, true);
    await expire();
    const { node, due } = await world.audits.duty(1, 4);
    expect([node, due]).to.deep.equal([0n, false]);
    await refuses(world.prove(4), "ProofRefused", 1, 4, REFUSAL.notDue);
    await world.begin(5);
    expect((await world.audits.duty(1, 5)).node).to.equal(2n);
    await expect(world.settle())
      .to.emit(world.audits, "EpochsRefunded")
      .withArgs(...named(world.audits, "EpochsRefunded", { vNode: 1, since: 4, epoch: 4, amount: RATE }));
  });
});
