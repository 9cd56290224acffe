// Epochs that ask for nothing are decided with the next one that does (protocol.md, sections 5 and 9.3).
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import { createWorld, QUANTUM, WINDOW, type World } from "../../evidence/world/world.ts";
import { freshWorld, REFUSAL, shortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

const RATE = 1000n;
const FEE = 50n;
const PAID = RATE - FEE;
/** Rare audits. Misses cost only the rate, until there are four in a row. */
const RARE = {
  odds: 8,
  grace: 3,
  maxMisses: 4,
  slashMultiple: 100,
  faultMultiple: 260,
  bondEpochs: 360,
};

describe("contracts: deferred pay", () => {
  let world: World;
  const fresh = freshWorld(() => createWorld(RARE));
  beforeEach(async () => {
    world = await fresh();
  });
  const { claimed, earned, refuses, state } = shortcuts(() => world);
  /** Begins an epoch with randomness that makes it due, or not due. @returns the randomness */
  const beginAs = async (epoch: number, wanted: boolean): Promise<void> => {
    await world.toEpoch(epoch);
    const before = await world.chain.networkHelpers.takeSnapshot();
    for (let value = 1; value < 500; value++) {
      await world.begin(epoch, value);
      if ((await world.audits.duty(1, epoch)).due === wanted) return;
      await before.restore();
    }
    throw new Error(`epoch ${epoch} is ${wanted ? "never" : "always"} due`);
  };

  it("waits for a proof that is asked for: none is taken of an epoch that the draw leaves out", async () => {
    await world.store({ leaves: [3], epochs: 100 });
    await beginAs(1, true);
    await world.prove(1);
    await beginAs(2, false);
    await refuses(world.prove(2), "ProofRefused", 1, 2, REFUSAL.notDue);
  });

  it("is decided to the unit as a plain list says, over 80 epochs of every kind", async () => {
    await world.store({ leaves: [3], epochs: 100 });
    const rate = 3n * RATE;
    let draw = 11;
    const chance = (percent: number): boolean => (draw = (draw * 48_271) % 2_147_483_647) % 100 < percent;
    let [waits, paid, refunded, proven, missed] = [0n, 0n, 0n, 0, 0];
    for (let epoch = 1; epoch <= 80; epoch++) {
      await world.toEpoch(epoch);
      waits += rate;
      if (chance(15)) continue;
      await world.begin(epoch, epoch + 1_000);
      const { due } = await world.audits.duty(1, epoch);
      if (chance(10)) {
        // As if it had been recorded too late; a proof still counts.
        await world.beacon.setRecordedAfter(epoch, WINDOW);
        if (!due || chance(50)) continue;
      } else if (!due) continue;
      else if (chance(30)) {
        [refunded, waits, missed] = [refunded + waits, 0n, missed + 1];
        continue;
      }
      await world.prove(epoch);
      [paid, waits, proven] = [paid + waits, 0n, proven + 1];
      const sums = [await earned(), (await world.totals()).fees, (await world.totals()).credits];
      expect(sums, `epoch ${epoch}`).to.deep.equal([(paid * PAID) / RATE, (paid * FEE) / RATE, refunded]);
    }
    await world.toEpoch(81);
    await world.settle();
    expect(await earned()).to.equal((paid * PAID) / RATE);
    expect((await state()).deferred).to.equal(waits);
    expect(await claimed(0)).to.equal(refunded);
    expect(
      proven > 2 && missed > 2 && waits + paid + refunded === 80n * rate,
      `${proven}, ${missed}`,
    ).to.equal(true);
  });

  it("has fees that are rounded down for each epoch: the treasury gets all of them, and not more", async () => {
    world = await createWorld({ managerFee: 0, auditFee: 0 });
    await world.store({ rent: 992n * 10n ** 18n });
    // Epoch 1 is void. 2 % of 992 are 19.84, and of twice as much 39.68.
    await world.begin(2);
    await expect(world.prove(2))
      .to.emit(world.audits, "Proven")
      .withArgs(
        ...named(world.audits, "Proven", {
          vNode: 1,
          node: 1,
          epoch: 2,
          since: 1,
          amount: 2n * 992n - 38n,
          fee: 38n,
          refunded: 0n,
        }),
      );
    expect(await earned()).to.equal(2n * 992n - 38n);
    await world.ledger.collectFees(1);
    expect(await world.balance(world.people.treasury)).to.equal(38n);
    expect((await world.totals()).fees).to.equal(0n);
  });

  it("is paid in full to a node that is asked before most of its rate ends", async () => {
    // One of 100 leaves stays. If the deferred epochs were decided later, the owner of the ended ones would get them back.
    await world.store({ leaves: [99], epochs: 7 });
    await world.store({ epochs: 60 });
    for (let epoch = 1; epoch <= 6; epoch++) await beginAs(epoch, false);
    await world.begin(7);
    expect((await world.audits.duty(1, 7)).due).to.equal(true);
    await expect(world.prove(7))
      .to.emit(world.audits, "Proven")
      .withArgs(
        ...named(world.audits, "Proven", {
          vNode: 1,
          node: 1,
          epoch: 7,
          since: 1,
          amount: 700n * PAID,
          fee: 700n * FEE,
          refunded: 0n,
        }),
      );
    expect(await claimed(0)).to.equal(0n);
  });

  it("is paid in full however slowly the rate falls: it is asked before a 64th of what waits has ended", async () => {
    // Two of 401 leaves end after each epoch from the second on.
    for (let i = 2; i <= 6; i++) await world.store({ leaves: [2], epochs: i });
    await world.store({ leaves: [196, 195], epochs: 60 });
    for (let epoch = 1; epoch <= 4; epoch++) await beginAs(epoch, false);
    // Six have ended by epoch 5, and two more are about to.
    await world.begin(5);
    expect((await world.audits.duty(1, 5)).due).to.equal(true);
    await world.prove(5);
    expect(await earned()).to.equal((401n + 401n + 399n + 397n + 395n) * PAID);
    await beginAs(6, false);
  });

  it("is asked for whatever comes in the place of what ends: one could store for oneself", async () => {
    await world.store({ leaves: [15], epochs: 60 });
    await world.store({ leaves: [1], epochs: 3 });
    await beginAs(1, false);
    await beginAs(2, false);
    await world.begin(3);
    await world.store({ leaves: [100], epochs: 60 });
    expect((await world.audits.duty(1, 3)).due).to.equal(true);
    await world.toEpoch(4);
    await expect(world.settle())
      .to.emit(world.audits, "Missed")
      .withArgs(...named(world.audits, "Missed", { vNode: 1, node: 1, epoch: 3, misses: 1 }));
  });

  it("is missed, and not deferred, by a node that has nothing to show before its rate falls", async () => {
    await world.store({ leaves: [99], epochs: 3 });
    await world.store({ epochs: 60 });
    await beginAs(1, false);
    await beginAs(2, false);
    await world.begin(3);
    await world.toEpoch(4);
    const sent = await world.settle();
    await expect(sent)
      .to.emit(world.audits, "Missed")
      .withArgs(...named(world.audits, "Missed", { vNode: 1, node: 1, epoch: 3, misses: 1 }));
    await expect(sent)
      .to.emit(world.audits, "EpochsRefunded")
      .withArgs(
        ...named(world.audits, "EpochsRefunded", { vNode: 1, since: 1, epoch: 3, amount: 300n * RATE }),
      );
  });

  describe("by coverage", () => {
    for (const [live, ended] of [
      [10, 0],
      [8, 2],
      [6, 2],
      [7, 3],
      [5, 5],
      [1, 9],
      [3, 13],
    ] as const) {
      it(`of ${live} in ${live + ended} pays ${live * 4 >= (live + ended) * 3 ? "all" : "its part"}`, async () => {
        world = await createWorld();
        await world.store({ leaves: [live], epochs: 40 });
        if (ended !== 0) await world.store({ bucket: 2, leaves: [ended], epochs: 1 });
        await world.proveEach(1, 1);
        const before = [await earned(), (await world.totals()).fees] as const;
        await world.begin(2);
        const { rate, asked } = await world.audits.duty(1, 2);
        expect([rate, asked]).to.deep.equal([BigInt(live) * RATE, BigInt(live + ended) * RATE]);
        const sent = await world.prove(2);
        const part = (4n * rate * 10n ** 18n) / (3n * asked);
        const whole = part > 10n ** 18n ? rate : (rate * part) / 10n ** 18n;
        const fee = part > 10n ** 18n ? rate / 20n : ((rate / 20n) * part) / 10n ** 18n;
        await expect(sent)
          .to.emit(world.audits, "Proven")
          .withArgs(
            ...named(world.audits, "Proven", {
              vNode: 1,
              node: 1,
              epoch: 2,
              since: 2,
              amount: whole - fee,
              fee,
              refunded: rate - whole,
            }),
          );
        expect((await earned()) - before[0]).to.equal(whole - fee);
        const { fees, credits } = await world.totals();
        expect([fees - before[1], credits]).to.deep.equal([fee, rate - whole]);
        // The owner gets the rest, but for a unit of rounding.
        const back = await claimed(0);
        expect(rate - whole - back <= 1n && back <= rate - whole).to.equal(true);
        expect(await claimed(1).catch(() => 0n)).to.equal(0n);
      });
    }

    it("pays what waited as the epoch that decides it is covered", async () => {
      world = await createWorld();
      await world.store({ leaves: [4], epochs: 40 });
      await world.store({ leaves: [4], epochs: 1 });
      await world.proveEach(1, 1);
      // Epochs 2 and 3 are void.
      await world.begin(4);
      const sent = await world.prove(4);
      const whole = (12n * RATE * 2n) / 3n - 1n;
      const receipt = present((await sent.wait()) ?? undefined);
      const [{ args }] = [
        present((await world.audits.queryFilter(world.audits.filters.Proven(), receipt.blockNumber))[0]),
      ];
      expect([args.since, args.amount + args.fee, args.refunded]).to.deep.equal([
        2n,
        whole,
        12n * RATE - whole,
      ]);
      expect((await world.registry.directory(1)).total).to.equal((8n * RATE) / QUANTUM);
    });
  });
});
