// Finding 12: somebody who could undo the reason for which an epoch is due, after its randomness was known, could try their
// luck in each epoch at no cost. And payments to oneself could hide the end of other segments.
import { expect } from "chai";
import { present } from "../../../evidence/world/present.ts";
import { createWorld, FUNDS, RENT, SELDOM, type World } from "../../../evidence/world/world.ts";
import { isDue } from "../../../protocol/statement.ts";
import { domain, EXTENSION } from "../../../protocol/typed-data.ts";
import { freshWorld, shortcuts } from "../../helpers/fresh-world.ts";
import { named } from "../../helpers/named.ts";

const ODDS = 8;

describe("contracts: finding 12, what is due stays due", () => {
  let world: World;
  const fresh = freshWorld(() => createWorld({ ...SELDOM, odds: ODDS }));
  beforeEach(async () => {
    world = await fresh();
  });
  const { asManager, bond, state } = shortcuts(() => world);

  /** Begins an epoch that the draw does not ask for. */
  const beginUndrawn = async (epoch: number): Promise<void> => {
    await world.toEpoch(epoch);
    const before = await world.chain.networkHelpers.takeSnapshot();
    for (let value = 1; ; value++) {
      await world.begin(epoch, value);
      if (!isDue((await world.audits.duty(1, epoch)).seed, ODDS)) return;
      await before.restore();
    }
  };
  const isAsked = async (epoch: number): Promise<boolean> => (await world.audits.duty(1, epoch)).due;

  it("whoever owns what ends with an epoch does not extend it in that epoch", async () => {
    await world.store({ leaves: [10], epochs: 60 });
    await world.store({ leaves: [5], epochs: 3, bucket: 2 });
    const extend = async (nonce: bigint) => {
      const terms = { rent: RENT, nonce, deadline: 2n ** 64n };
      const { chainId } = await world.ethers.provider.getNetwork();
      const { revision } = await world.registry.node(1);
      const signature = await present(world.people.operators[0]).signTypedData(
        domain(chainId, await world.registry.getAddress()),
        EXTENSION,
        { node: 1, revision, vNode: 1, serial: 1, epochs: 1, ...terms },
      );
      return world.registry.connect(world.people.bob).extend(1, 1, 1, RENT, { ...terms, signature });
    };
    for (const epoch of [1, 2, 3]) await beginUndrawn(epoch);
    expect(await isAsked(3)).to.equal(true);
    await expect(extend(7n))
      .to.be.revertedWithCustomError(world.registry, "HasEnded")
      .withArgs(...named(world.registry, "HasEnded", { end: 4, currentEpoch: 3 }));
    await world.toEpoch(4);
    await expect(world.settle())
      .to.emit(world.audits, "Missed")
      .withArgs(...named(world.audits, "Missed", { vNode: 1, node: 1, epoch: 3, misses: 1 }));
  });

  for (const [what, node] of [
    ["names another one to take over", 3],
    ["takes back who is named", 1],
    ["names nobody", 0],
  ] as const) {
    it(`a manager that ${what}, when somebody waited, spares the old node no epoch`, async () => {
      await world.store({ leaves: [10], epochs: 60 });
      await beginUndrawn(1);
      await asManager().assign(1, 2);
      await beginUndrawn(2);
      await asManager().assign(1, node);
      expect(await isAsked(2)).to.equal(true);
      await beginUndrawn(3);
      expect(await isAsked(3)).to.equal(node === 3);
      const sent = await world.settle();
      await expect(sent)
        .to.emit(world.audits, "Missed")
        .withArgs(...named(world.audits, "Missed", { vNode: 1, node: 1, epoch: 2, misses: 1 }));
    });
  }

  it("a node that somebody follows is asked to the end, and misses what the draw leaves out", async () => {
    await world.store({ leaves: [10], epochs: 60 });
    await beginUndrawn(1);
    await asManager().assign(1, 2);
    await beginUndrawn(2);
    await world.takeOver(2);
    expect(await isAsked(2)).to.equal(true);
    await world.toEpoch(3);
    await expect(world.settle())
      .to.emit(world.audits, "Missed")
      .withArgs(...named(world.audits, "Missed", { vNode: 1, node: 1, epoch: 2, misses: 1 }));
  });

  it("a manager that takes back who has proven spares the old node no epoch either", async () => {
    await world.store({ leaves: [10], epochs: 60 });
    await beginUndrawn(1);
    await asManager().assign(1, 2);
    await beginUndrawn(2);
    await world.takeOver(2);
    await asManager().assign(1, 1);
    expect(await isAsked(2)).to.equal(true);
    await world.prove(2);
    expect((await state()).settled).to.equal(2n);
  });

  it("what one pays oneself does not hide that all of the customers' data ends", async () => {
    await world.store({ leaves: [2], epochs: 6 });
    await beginUndrawn(1);
    await world.store({ bucket: 2, leaves: [16, 16, 6], epochs: 30 });
    for (const epoch of [2, 3, 4, 5, 6]) await beginUndrawn(epoch);
    expect(await isAsked(6)).to.equal(true);
  });

  it("misses go on with who takes over: two nodes of one owner have no more tries than one", async () => {
    world = await createWorld();
    await world.store({ leaves: [10], epochs: 60 });
    await world.proveEach(1, 1);
    await asManager().assign(1, 2);
    await world.begin(2);
    await world.takeOver(2);
    await world.begin(3);
    await world.settle();
    expect((await state()).misses).to.equal(1n);
    await world.toEpoch(4);
    await expect(world.settle())
      .to.emit(world.audits, "Missed")
      .withArgs(...named(world.audits, "Missed", { vNode: 1, node: 2, epoch: 3, misses: 2 }));
    expect((await bond(2)).total < FUNDS, "the second one in a row is beyond the grace").to.equal(true);
  });

  it("misses of the old node are over with the new one's first proof that is paid", async () => {
    world = await createWorld();
    await world.store({ leaves: [10], epochs: 60 });
    await world.proveEach(1, 1);
    await asManager().assign(1, 2);
    await world.begin(2);
    await world.takeOver(2);
    await world.proveEach(3, 3);
    await world.missEach(4, 4);
    await world.settle();
    expect((await bond(2)).total).to.equal(FUNDS);
  });
});
