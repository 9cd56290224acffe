// Settling at its edges: one unit, one epoch, or a node that takes over (protocol.md, sections 9.1 to 9.3).
import { expect } from "chai";
import { createWorld, SELDOM, FUNDS, QUANTUM, type Params, type World } from "../../evidence/world/world.ts";
import { auditSeed, isDue } from "../../protocol/statement.ts";
import { shortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

const RATE = 1000n;
const PAID = 950n;
/** One quantum of everything. */
const UNIT = {
  grace: 0,
  maxMisses: 2,
  slashMultiple: 2,
  faultMultiple: 0,
  bondEpochs: 4,
  managerFee: 0,
  auditFee: 0,
  reporterShare: 0,
} satisfies Partial<Params>;

describe("contracts: settling", () => {
  let world: World;
  const { operator, state, bond, earned } = shortcuts(() => world);
  const assign = async (vNode: number, node: number) =>
    world.registry.connect(world.people.manager).assign(vNode, node);

  describe("with odds", () => {
    /** Whether node is drawn in the epoch, by other code than the contract's. */
    const drawn = async (node: bigint, epoch: number, value: number, odds: number): Promise<boolean> => {
      const { chainId } = await world.ethers.provider.getNetwork();
      const audits = await world.audits.getAddress();
      const randomness = world.ethers.toBeHex(value, 32) as `0x${string}`;
      return isDue(auditSeed({ chainId, audits, vNode: 1n, node, epoch: BigInt(epoch), randomness }), odds);
    };

    for (const odds of [2, 3]) {
      it(`of ${odds}, a node is asked when it is drawn`, async () => {
        world = await createWorld({ ...SELDOM, odds });
        await world.store({ epochs: 60 });
        const answers = new Set<boolean>();
        for (let epoch = 1; epoch <= 16; epoch++) {
          await world.begin(epoch);
          const { due } = await world.audits.duty(1, epoch);
          expect(due, `epoch ${epoch}`).to.equal(await drawn(1n, epoch, epoch + 1, odds));
          answers.add(due);
          if (due) await world.prove(epoch);
        }
        expect(answers.size, "both happen").to.equal(2);
      });
    }

    it("a node that takes over is asked, drawn or not, and dropped if it does not answer", async () => {
      world = await createWorld({ ...SELDOM, odds: 3, syncEpochs: 2 });
      await world.store({ epochs: 60 });
      await assign(1, 2);
      for (const epoch of [1, 2]) {
        let value = 1;
        while (await drawn(2n, epoch, value, 3)) value++;
        await world.begin(epoch, value);
        expect((await world.audits.duty(1, epoch)).due).to.equal(true);
      }
      await world.toEpoch(3);
      await expect(world.settle())
        .to.emit(world.audits, "SyncDropped")
        .withArgs(...named(world.audits, "SyncDropped", { vNode: 1, node: 2, epoch: 2 }));
    });

    it("the old node is asked, drawn or not, while somebody waits to take over", async () => {
      world = await createWorld({ ...SELDOM, odds: 3 });
      await world.store({ epochs: 60 });
      await world.begin(1);
      await assign(1, 2);
      let value = 1;
      while (await drawn(1n, 2, value, 3)) value++;
      await world.begin(2, value);
      const { due, node, successor } = await world.audits.duty(1, 2);
      expect([due, node, successor]).to.deep.equal([true, 1n, 2n]);
      await world.toEpoch(3);
      await expect(world.settle())
        .to.emit(world.audits, "Missed")
        .withArgs(...named(world.audits, "Missed", { vNode: 1, node: 1, epoch: 2, misses: 1 }));
    });

    it("the last epoch before the rate is zero is due, drawn or not", async () => {
      world = await createWorld({ ...SELDOM, odds: 3 });
      await world.store({ epochs: 4 });
      for (const epoch of [1, 2, 3, 4]) {
        let value = 1;
        while (await drawn(1n, epoch, value, 3)) value++;
        await world.begin(epoch, value);
        expect((await world.audits.duty(1, epoch)).due, `epoch ${epoch}`).to.equal(epoch === 4);
      }
      await expect(world.prove(4))
        .to.emit(world.audits, "Proven")
        .withArgs(
          ...named(world.audits, "Proven", {
            vNode: 1,
            node: 1,
            epoch: 4,
            since: 1,
            amount: 4n * PAID,
            fee: 4n * (RATE - PAID),
            refunded: 0n,
          }),
        );
    });
  });

  describe("a node that takes over", () => {
    beforeEach(async () => {
      world = await createWorld({ syncEpochs: 2 });
    });

    it("has to show what it holds although some of it ends meanwhile", async () => {
      await world.store({ epochs: 2 });
      await world.store({ epochs: 60 });
      await world.proveEach(1, 1);
      await assign(1, 2);
      await world.proveEach(2, 3);
      await world.begin(4);
      await expect(world.prove(4))
        .to.emit(world.audits, "SyncDropped")
        .withArgs(...named(world.audits, "SyncDropped", { vNode: 1, node: 2, epoch: 4 }));
      const { node, nextNode, nextSince, misses } = await state();
      expect([node, nextNode, nextSince, misses]).to.deep.equal([1n, 0n, 0n, 0n]);
    });

    it("has nothing to show once all of it has ended", async () => {
      await world.store({ epochs: 2 });
      await world.proveEach(1, 1);
      await assign(1, 2);
      await world.begin(2);
      await world.toEpoch(4);
      await world.settle();
      const { node, syncLeft } = await state();
      expect([node, syncLeft]).to.deep.equal([2n, 0n]);
      // What has ended covers nothing.
      await world.registry.retire(1, [{ serial: 0, start: 0, root: world.ethers.ZeroHash }], []);
      await world.store({ epochs: 5, operator: operator(2) });
      await world.proveEach(5, 5);
      expect(await earned(2)).to.equal(PAID);
    });

    it("takes over a vNode without data in its epoch, although that is settled at once", async () => {
      await world.toEpoch(5);
      await assign(1, 2);
      await world.toEpoch(7);
      await world.settle();
      const { node, nextNode, nextSince, settled } = await state();
      expect([node, nextNode, nextSince, settled]).to.deep.equal([2n, 0n, 0n, 6n]);
      await world.store({ operator: operator(2) });
      await world.proveEach(8, 8);
      expect(await earned(2)).to.equal(PAID);
    });

    it("locks nothing any more when another one is chosen instead", async () => {
      await world.store({ epochs: 60 });
      await assign(1, 2);
      expect((await state()).nextLocked).to.equal(30n * RATE);
      await assign(1, 0);
      expect((await state()).nextLocked).to.equal(0n);
      expect((await bond(2)).locked).to.equal(0n);
      await assign(1, 3);
      await world.proveEach(1, 1);
      const { node, locked, nextLocked } = await state();
      expect([node, locked, nextLocked]).to.deep.equal([3n, 30n * RATE, 0n]);
    });
  });

  it("finds in each epoch what began and what ended, however long nobody settled", async () => {
    world = await createWorld();
    // From epochs 1 to 4 on, each until epoch 6 but the first, which ends as the fourth begins.
    for (const [epoch, leaves] of [1, 2, 4, 8].entries()) {
      await world.toEpoch(epoch);
      await world.store({ leaves: [leaves], epochs: epoch === 0 ? 3 : 5 - epoch });
    }
    await world.toEpoch(7);
    const rates: bigint[] = [];
    for (let epoch = 1; epoch <= 6; epoch++) {
      await world.audits.settle(1, 1);
      rates.push((await state()).rate / RATE);
    }
    expect(rates).to.deep.equal([1n, 3n, 7n, 14n, 14n, 0n]);
  });

  describe("with a quantum per epoch", () => {
    /** A unit a leaf, which is rounded up. */
    const RENT = 10n ** 18n;
    beforeEach(async () => {
      world = await createWorld(UNIT);
    });

    it("pays it, and returns what no proof followed", async () => {
      await world.store({ epochs: 3, rent: RENT });
      await world.proveEach(1, 1);
      await world.toEpoch(5);
      await world.settle();
      expect(await earned(1), "the fee of 2 % is less than a unit").to.equal(QUANTUM);
      expect(await world.totals()).to.include({ escrow: 0n, credits: 2n * QUANTUM, fees: 0n });
    });

    it("returns it, and takes it from the bond for the owner", async () => {
      await world.store({ epochs: 3, rent: RENT });
      await world.missEach(1, 1);
      await world.toEpoch(5);
      await world.settle();
      expect((await bond(1)).total).to.equal(FUNDS - 2n * QUANTUM);
      expect(await world.totals()).to.include({ escrow: 0n, credits: 5n * QUANTUM });
      await world.registry.claim(1, 0);
      expect(await world.balance(world.people.alice)).to.equal(FUNDS + 2n * QUANTUM);
    });

    it("locks for it, hands that over, and frees it", async () => {
      await world.store({ epochs: 3, rent: RENT });
      expect((await bond(1)).locked).to.equal(4n * QUANTUM);
      await world.begin(1);
      await assign(1, 2);
      expect((await bond(2)).locked).to.equal(4n * QUANTUM);
      await world.prove(1);
      await world.begin(2);
      await world.takeOver(2);
      await world.prove(2);
      expect((await bond(1)).locked).to.equal(4n * QUANTUM);
      await world.begin(3);
      await world.prove(3);
      expect((await bond(1)).locked).to.equal(0n);
      expect([await earned(1), await earned(2)]).to.deep.equal([2n * QUANTUM, QUANTUM]);
      await world.toEpoch(5);
      await world.settle();
      expect((await bond(2)).locked).to.equal(0n);
      expect((await state()).locked).to.equal(0n);
      expect((await state()).rate).to.equal(0n);
    });
  });
});
