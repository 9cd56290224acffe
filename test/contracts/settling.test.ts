// Where settling could go wrong by one: by a unit, by an epoch, by a node that takes over (protocol.md, sections 9.1 to 9.3).
import { expect } from "chai";
import { auditSeed, isDue } from "../../protocol/statement.ts";
import { present } from "../helpers/present.ts";
import { createWorld, FUNDS, type Params, type World } from "../helpers/world.ts";

const RATE = 1000n;
/** One unit of everything. */
const UNIT = {
  ...{ grace: 0, maxMisses: 2, slashMultiple: 1, faultMultiple: 0, bondEpochs: 2 },
  ...{ managerFee: 0, auditFee: 0, reporterShare: 0 },
} satisfies Partial<Params>;

describe("contracts: settling", () => {
  let world: World;
  const provider = (node: number) => present(world.people.providers[node - 1]);
  const operator = (node: number) => present(world.people.operators[node - 1]);
  const assign = async (vNode: number, node: number) =>
    world.registry.connect(world.people.manager).assign(vNode, node);
  const state = async (vNode = 1) => world.audits.state(vNode);
  const bond = async (node: number) => world.ledger.bondOf(node);

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
        world = await createWorld({ odds });
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
      world = await createWorld({ odds: 3, syncEpochs: 2 });
      await world.store({ epochs: 60 });
      await assign(1, 2);
      for (const epoch of [1, 2]) {
        let value = 1;
        while (await drawn(2n, epoch, value, 3)) value++;
        await world.begin(epoch, value);
        expect((await world.audits.duty(1, epoch)).due).to.equal(true);
      }
      await world.toEpoch(3);
      await expect(world.settle()).to.emit(world.audits, "SyncDropped").withArgs(1, 2, 2);
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
      await world.begin(2);
      await world.begin(3);
      await world.toEpoch(4);
      await expect(world.settle()).to.emit(world.audits, "SyncDropped").withArgs(1, 2, 3);
      const { node, misses, syncLeft } = await state();
      expect([node, misses, syncLeft]).to.deep.equal([0n, 0n, 0n]);
    });

    it("has nothing to show once all of it has ended", async () => {
      await world.store({ epochs: 2 });
      await world.proveEach(1, 1);
      await assign(1, 2);
      await world.begin(2);
      await world.toEpoch(4);
      await world.settle();
      expect((await state()).syncLeft).to.equal(0n);
      await world.store({ epochs: 5, operator: operator(2) });
      await world.toEpoch(6);
      await world.settle();
      expect(await world.balance(provider(2)), "a void epoch").to.equal(960n);
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
      expect(await world.balance(provider(2))).to.equal(960n);
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

  describe("with a unit per epoch", () => {
    const UNIT_RENT = 10n ** 18n;
    beforeEach(async () => {
      world = await createWorld(UNIT, undefined, 0);
    });

    it("pays it", async () => {
      await world.store({ epochs: 3, rent: UNIT_RENT });
      await world.proveEach(1, 1);
      await world.toEpoch(4);
      await world.settle();
      expect(await world.balance(provider(1)), "proven, and twice void").to.equal(3n);
      expect(await world.totals()).to.include({ escrow: 0n, credits: 0n, fees: 0n });
    });

    it("returns it, and takes it from the bond for the owner", async () => {
      await world.store({ epochs: 3, rent: UNIT_RENT });
      await world.missEach(1, 1);
      await world.toEpoch(4);
      await world.settle();
      expect((await bond(1)).total).to.equal(FUNDS - 1n);
      expect(await world.totals()).to.include({ escrow: 0n, credits: 2n });
      await world.registry.claim(1, 0);
      expect(await world.balance(world.people.alice)).to.equal(FUNDS - 1n);
    });

    it("locks for it, hands that over, and frees it", async () => {
      await world.store({ epochs: 3, rent: UNIT_RENT });
      expect((await bond(1)).locked).to.equal(2n);
      await assign(1, 2);
      expect((await bond(2)).locked).to.equal(2n);
      await world.proveEach(1, 3);
      expect((await bond(1)).locked).to.equal(0n);
      await world.toEpoch(5);
      await world.settle();
      expect((await bond(2)).locked).to.equal(0n);
      expect((await state()).locked).to.equal(0n);
      expect((await state()).rate).to.equal(0n);
    });
  });
});
