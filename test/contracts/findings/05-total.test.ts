// Finding 5: a directory's total that is chosen after the randomness is known.
import { expect } from "chai";
import { EPOCH, MARGIN, WINDOW, type World } from "../../../evidence/world/world.ts";
import { freshWorld, shortcuts } from "../../helpers/fresh-world.ts";

describe("contracts: finding 5, a total to choose", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
    await world.store({ epochs: 40 });
    await world.begin(1);
    await world.prove(1);
  });
  const { earned } = shortcuts(() => world);
  const snapshot = async (epoch: number): Promise<[bigint, string]> => {
    const { total, root } = await world.audits.duty(1, epoch);
    return [total, root];
  };

  it("is fixed a margin before there is randomness, which is later than any block of the epoch before", async () => {
    expect(await world.audits.margin()).to.equal(BigInt(MARGIN));
    // The last second of epoch 1 still counts for epoch 2; the source point is 1,000 seconds away.
    await world.at(1, EPOCH - 1);
    await world.store();
    await world.toEpoch(2);
    const [total, root] = await snapshot(2);
    expect(total).to.equal(250n);
    // Data that is stored from the epoch's first second on does not count for it.
    for (let i = 0; i < 3; i++) {
      await world.store();
      expect(await snapshot(2)).to.deep.equal([total, root]);
    }
    await world.begin(2);
    await world.store();
    expect(await snapshot(2)).to.deep.equal([total, root]);
    await world.prove(2);
    expect(await earned()).to.equal(3n * 950n);
  });

  it("does not change by what ends, is retired, or is ended early meanwhile", async () => {
    await world.store({ epochs: 1 });
    await world.begin(2);
    const before = await snapshot(2);
    await world.registry.connect(world.people.alice).endEarly(1, 0);
    expect(await snapshot(2)).to.deep.equal(before);
    await world.prove(2);
  });

  it("leaves a proof its window from the source point on", async () => {
    await world.begin(2);
    const { deadline } = await world.audits.duty(1, 2);
    expect(deadline).to.equal(BigInt(world.genesis + 2 * EPOCH + MARGIN + WINDOW));
  });
});
