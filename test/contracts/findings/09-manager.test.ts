// Finding 9: a manager who moves a vNode to and fro between two nodes of one owner, so that nothing is ever missed.
import { expect } from "chai";
import { FUNDS, type World } from "../../../evidence/world/world.ts";
import { freshWorld, shortcuts } from "../../helpers/fresh-world.ts";

const RATE = 1000n;

describe("contracts: finding 9, a friendly manager", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
    await world.store({ epochs: 100 });
    await world.begin(1);
    await world.prove(1);
  });
  const { asManager, bond, claimed, earned, state } = shortcuts(() => world);

  /** In each epoch, names the node that is not responsible. */
  const toAndFro = async (from: number, until: number): Promise<void> => {
    for (let epoch = from; epoch <= until; epoch++) {
      await world.begin(epoch);
      const { node } = await state();
      const [other, third] = node === 1n ? [2, 3] : [1, 3];
      await asManager().assign(1, epoch % 2 === 0 ? other : third);
    }
  };

  it("cancels no slash: the node that has lost the data stays responsible until it is removed for that", async () => {
    await toAndFro(2, 5);
    // Three misses in a row, of which two are slashed, and the fault.
    expect((await bond(1)).total).to.equal(FUNDS - 20n * RATE);
    expect((await state()).node).not.to.equal(1n);
  });

  it("earns nobody anything in 20 epochs without a proof, and costs no owner a unit", async () => {
    await toAndFro(2, 21);
    await world.toEpoch(22);
    await world.settle();
    expect(await earned(1)).to.equal(950n);
    expect([await earned(2), await earned(3)]).to.deep.equal([0n, 0n]);
    const nothing = 20n * RATE;
    // Nine tenths of what the first node lost, next to all that was paid for these epochs.
    expect(await claimed(0)).to.equal(nothing + (20n * RATE * 9n) / 10n);
  });

  it("takes no node's vNode from it that goes on proving", async () => {
    for (let epoch = 2; epoch <= 12; epoch++) {
      await world.begin(epoch);
      await world.prove(epoch);
      await asManager().assign(1, epoch % 2 === 0 ? 2 : 3);
    }
    expect((await state()).node).to.equal(1n);
    expect(await earned(1)).to.equal(12n * 950n);
  });
});
