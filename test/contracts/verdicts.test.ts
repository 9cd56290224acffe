// Challenges without an answer: one penalty, and who shares it (protocol.md, section 9.4).
import { expect } from "chai";
import { EPOCH, FUNDS, UNBOND, type World } from "../../evidence/world/world.ts";
import {
  ANY,
  BOND,
  challengedWorld,
  challenging,
  CUT,
  expectAllTokens,
  LOCKED,
  RATE,
  REST,
  REWARD,
  SLASH,
  STATUS,
  TOTAL,
} from "../helpers/challenging.ts";
import { freshWorld, shortcuts } from "../helpers/fresh-world.ts";

describe("contracts: challenges without an answer", () => {
  let world: World;
  const fresh = freshWorld(() => challengedWorld());
  beforeEach(async () => {
    world = await fresh();
  });
  afterEach(() => expectAllTokens(world));
  const { challenge, challengers, expire, proofOf, refused, statusOf, storeOnSecond } = challenging(
    () => world,
  );
  const { asManager, asProvider, bond, claimed, provider, state } = shortcuts(() => world);

  it("are no fault before the last epoch is over", async () => {
    await challenge();
    await refused(expire(1), "ResponseRuns", 1, 3);
    await world.begin(2);
    await world.at(3, EPOCH - 1);
    await refused(expire(1), "ResponseRuns", 1, 3);
  });

  it("cost nobody anything if the randomness was never recorded", async () => {
    await challenge();
    await world.toEpoch(4);
    const before = await bond();
    await expect(expire(1)).to.emit(world.challenges, "Voided").withArgs(1, 1, 1);
    expect(await world.balance(world.people.auditor)).to.equal(FUNDS);
    expect(await bond()).to.deep.equal(before);
    expect(await statusOf(1)).to.equal(STATUS.void);
    expect((await state()).node).to.equal(1n);
  });

  it("slash and remove the node, and let a standby node take over", async () => {
    const { audits, people, registry } = world;
    await asManager().addStandby(1, 3);
    await challenge();
    await world.proveEach(2, 3);
    await world.toEpoch(4);
    const before = await world.totals();
    const expired = await expire(1);
    await expect(expired).to.emit(world.challenges, "Failed").withArgs(1, 1, 1, SLASH, REWARD);
    await expect(expired).to.emit(audits, "Slashed").withArgs(1, 1, 4, SLASH, people.auditor, REWARD);
    await expect(expired).to.emit(audits, "Faulted").withArgs(1, 1, 4);
    await expect(expired).to.emit(audits, "TookOver").withArgs(1, 3, 5);
    expect(await world.balance(people.auditor)).to.equal(FUNDS + REWARD);
    expect(await world.balance(people.treasury)).to.equal(CUT);
    const [total, locked] = await bond();
    expect([total, locked]).to.deep.equal([FUNDS - SLASH, 0n]);
    const after = await world.totals();
    expect(after.credits - before.credits).to.equal(REST);
    expect(before.escrow - after.escrow).to.equal(BOND);
    expect(before.bonds - after.bonds).to.equal(SLASH);
    expect(await audits.owedOf(1)).to.equal(REST);
    expect(await statusOf(1)).to.equal(STATUS.failed);
    expect((await state()).nextNode).to.equal(3n);
    expect((await registry.node(1)).used).to.equal(0n);
  });

  for (const [name, start, length] of [
    ["all of it", 0n, 4n * TOTAL],
    ["one segment's range", TOTAL, 3n * TOTAL],
    ["a single quantum", 5n, 1n],
  ] as const) {
    it(`compensate the owners of all that is stored, in proportion, if ${name} was asked`, async () => {
      // A challenger of a part gets that part of the reporter's share.
      const reward = (4n * REWARD * length) / (4n * TOTAL);
      const rest = 4n * (SLASH - CUT) - reward;
      await world.store({ bucket: 2, leaves: [6], epochs: 20 });
      await world.begin(2);
      await world.prove(2);
      await challenge(world.people.auditor, 1, start, length);
      await world.proveEach(3, 4);
      await world.toEpoch(5);
      await expect(expire(1))
        .to.emit(world.challenges, "Failed")
        .withArgs(1, 1, 1, 4n * SLASH, reward);
      await world.toEpoch(6);
      await expect(world.settle()).to.emit(world.audits, "OwnersCompensated").withArgs(1, 5, rest);
      expect(await world.audits.owedOf(1)).to.equal(0n);
      // Epoch 5 had no node: its rate goes back, too.
      expect(await claimed(0)).to.equal(rest / 4n + RATE);
      expect(await claimed(1)).to.equal(3n * (rest / 4n + RATE));
      expect((await world.totals()).credits).to.equal(0n);
    });
  }

  it("are judged once for all that are open: the others get their bonds back, and nothing more", async () => {
    const four = challengers().slice(0, 4);
    for (const who of four) await challenge(who);
    const balances = await Promise.all(four.map((who) => world.balance(who)));
    await world.begin(2);
    await world.toEpoch(4);
    const expired = await expire(3);
    for (const id of [1, 2, 4])
      await expect(expired).to.emit(world.challenges, "Dismissed").withArgs(id, 1, 1);
    expect((await bond()).total).to.equal(FUNDS - SLASH);
    for (const [i, who] of four.entries()) {
      const back = (await world.balance(who)) - (balances[i] ?? 0n);
      expect(back).to.equal(BOND * 2n ** BigInt(i) + (i === 2 ? REWARD : 0n));
    }
    for (const id of [1, 2, 4]) {
      expect(await statusOf(id)).to.equal(STATUS.dismissed);
      await refused(expire(id), "NotOpen", id, STATUS.dismissed);
      await refused(world.challenges.answer(id, [0, 0, 0, 0, 0, 0, 0, 0]), "NotOpen", id, STATUS.dismissed);
    }
    expect(await world.challenges.openOf(1)).to.deep.equal([]);
  });

  it("share what was taken with who comes in the next epoch, and slash the node for them too", async () => {
    for (const epoch of [3, 4]) {
      world = await fresh();
      await challenge();
      await world.begin(2);
      await world.prove(2);
      await world.toEpoch(epoch - 1);
      await world.store({ bucket: 2, leaves: [18], epochs: 5 });
      await world.toEpoch(4);
      await expect(expire(1))
        .to.emit(world.audits, "Slashed")
        .withArgs(1, 1, 4, 10n * SLASH, world.people.auditor, 10n * REWARD);
      await world.toEpoch(5);
      await world.settle();
      // Epoch 3 was void and waited for a proof; epoch 4 had no node.
      const epochs = epoch === 3 ? [2n, 2n] : [2n, 1n];
      expect(await claimed(0)).to.equal(REST + (epochs[0] ?? 0n) * RATE);
      expect(await claimed(1)).to.equal(9n * (REST + (epochs[1] ?? 0n) * RATE));
    }
  });

  it("refund what waited: nothing is paid that no proof follows", async () => {
    await challenge();
    await world.begin(2);
    await world.prove(2);
    await world.toEpoch(4);
    await expect(expire(1)).to.emit(world.audits, "EpochsRefunded").withArgs(1, 3, 3, RATE);
    expect((await state()).deferredSince).to.equal(0n);
  });

  it("pay the treasury if nothing is stored any more", async () => {
    await storeOnSecond(1);
    await world.begin(2);
    await world.prove(2, 2);
    await challenge(world.people.auditor, 2);
    await world.begin(3);
    await world.toEpoch(5);
    await expect(expire(1)).to.emit(world.audits, "OwnersCompensated").withArgs(2, 5, 0n);
    expect(await world.balance(world.people.treasury)).to.equal(CUT + REST);
    expect((await world.totals()).credits).to.equal(0n);
    expect((await state(2)).node).to.equal(0n);
  });

  it("pay the treasury if the last segment ends before the next epoch", async () => {
    await storeOnSecond(3);
    await world.begin(2);
    await challenge(world.people.auditor, 2);
    await world.prove(2, 2);
    await world.proveEach(3, 4, 2);
    await world.toEpoch(5);
    await expire(1);
    await world.toEpoch(6);
    await expect(world.settle(2)).to.emit(world.audits, "OwnersCompensated").withArgs(2, 5, 0n);
    expect(await world.balance(world.people.treasury)).to.equal(CUT + REST);
  });

  for (const settleFirst of [false, true]) {
    it(`give the treasury what is taken if all that was stored then has ended, settled ${settleFirst ? "before" : "now"}`, async () => {
      await storeOnSecond(1);
      await world.begin(2);
      await world.prove(2, 2);
      await challenge(world.people.auditor, 2);
      await world.begin(3);
      await world.toEpoch(5);
      if (settleFirst) await world.settle(2);
      // Somebody stores again before the answer is missed.
      await world.store({ bucket: 2, vNode: 2, epochs: 3, leaves: [6], node: 2 });
      await expire(1);
      expect(await world.audits.owedOf(2)).to.equal(0n);
      await world.toEpoch(7);
      await world.settle(2);
      expect(await world.balance(world.people.treasury)).to.equal(CUT + REST);
      // Epoch 6 had no node.
      expect(await claimed(1, 2)).to.equal(3n * RATE);
    });
  }

  it("take what there is, and no other vNode's", async () => {
    world = await challengedWorld({ grace: 0, bondEpochs: 25 });
    await asManager().assign(2, 1);
    await world.ledger.connect(provider()).requestUnbond(1, FUNDS - 25n * RATE - 25_000n);
    await world.toEpoch(1 + UNBOND / EPOCH + 1);
    await world.ledger.connect(provider()).releaseBond(1);
    await world.store({ vNode: 2, epochs: 40 });
    // Four misses take 20 epochs' rate, and leave 5.
    for (const epoch of [13, 16]) {
      await world.begin(epoch);
      await world.begin(epoch + 1);
      await world.begin(epoch + 2);
      await world.prove(epoch + 2);
    }
    await challenge();
    await world.proveEach(19, 20);
    await world.toEpoch(21);
    const taken = 5n * RATE;
    await expect(expire(1))
      .to.emit(world.challenges, "Failed")
      .withArgs(1, 1, 1, taken, taken / 10n);
    expect(await world.audits.owedOf(1)).to.equal((taken * 8n) / 10n);
    expect([...(await bond())].slice(0, 2)).to.deep.equal([25_000n, 25_000n]);
  });

  it("are dismissed by a fault that their end brings to light: it is penalty enough", async () => {
    await challenge();
    for (const epoch of [2, 3, 4]) await world.begin(epoch);
    await world.begin(5);
    const { total: before } = await bond();
    const expired = await expire(1);
    await expect(expired).to.emit(world.audits, "Faulted").withArgs(1, 1, 4);
    await expect(expired).not.to.emit(world.challenges, "Failed");
    expect(await statusOf(1)).to.equal(STATUS.dismissed);
    expect(await world.balance(world.people.auditor), "the bond is back").to.be.greaterThanOrEqual(FUNDS);
    const { slashMultiple, faultMultiple } = (await world.audits.params(1))[0];
    expect(before - (await bond()).total).to.equal((2n * slashMultiple + faultMultiple) * RATE);
  });

  describe("by a node that is gone meanwhile", () => {
    const kept = async () => (await world.audits.keptOf(1, 1)).amount;
    /** Node 2 takes over in epoch 2 and is responsible from epoch 3 on. */
    const replace = async (): Promise<void> => {
      await asManager().assign(1, 2);
      await world.begin(2);
      await world.takeOver(2);
      await world.prove(2);
      await world.begin(3);
      await world.prove(3);
    };

    it("that was replaced: its bond stays locked, it is slashed, and the new node stays", async () => {
      await challenge();
      await replace();
      expect(await kept()).to.equal(LOCKED);
      expect((await bond(1)).locked).to.equal(LOCKED);
      await world.toEpoch(4);
      const expired = await expire(1);
      await expect(expired).to.emit(world.challenges, "Failed").withArgs(1, 1, 1, SLASH, REWARD);
      await expect(expired).not.to.emit(world.audits, "Faulted");
      const { total, locked } = await bond(1);
      expect([total, locked]).to.deep.equal([FUNDS - SLASH, 0n]);
      const v = await state();
      expect([v.node, v.locked]).to.deep.equal([2n, LOCKED]);
      expect((await bond(2)).total).to.equal(FUNDS);
      // The new node has the data: no owner has lost any.
      await expect(expired).to.emit(world.audits, "OwnersCompensated").withArgs(1, 4, 0n);
      expect(await world.balance(world.people.treasury)).to.equal(CUT + REST);
      await world.begin(4);
      await world.prove(4);
      expect(await claimed(0)).to.equal(0n);
    });

    it("that was replaced: it answers, is paid, and its bond is free", async () => {
      await challenge();
      await asManager().assign(1, 2);
      await world.begin(2);
      await world.takeOver(2);
      await world.prove(2);
      await world.begin(3);
      await expect(world.prove(3)).to.emit(world.audits, "BondKept").withArgs(1, 1, LOCKED, 0);
      const before = await world.balance(provider());
      await world.challenges.answer(1, await proofOf(1));
      expect((await world.balance(provider())) - before).to.equal(BOND / 2n);
      expect(await kept()).to.equal(0n);
      expect(await world.ledger.freeBond(1)).to.equal(FUNDS);
    });

    it("has its bond locked until the last challenge is over", async () => {
      await challenge();
      await challenge(world.people.bob);
      await replace();
      await world.challenges.answer(1, await proofOf(1));
      expect(await kept()).to.equal(LOCKED);
      await world.challenges.answer(2, await proofOf(2));
      expect([await kept(), await world.ledger.freeBond(1)]).to.deep.equal([0n, FUNDS]);
    });

    it("is judged once for all challenges of its time, too", async () => {
      await challenge();
      await challenge(world.people.bob);
      await replace();
      await world.toEpoch(4);
      await expect(expire(2)).to.emit(world.challenges, "Dismissed").withArgs(1, 1, 1);
      const { total, locked } = await bond(1);
      expect([total, locked]).to.deep.equal([FUNDS - SLASH, 0n]);
    });

    it("leaves the challenges of the new node alone", async () => {
      await challenge();
      await replace();
      await challenge(world.people.bob);
      await world.toEpoch(4);
      await expire(1);
      expect(await statusOf(2)).to.equal(STATUS.open);
      expect(await world.challenges.openAgainst(1, 2)).to.equal(1n);
    });

    it("that was faulted: its challenges are dismissed, and it is slashed no second time", async () => {
      await challenge();
      // Two misses beyond grace and the fault: 20 epochs' rate.
      await world.missEach(2, 4);
      await expect(world.settle()).to.emit(world.challenges, "Dismissed").withArgs(1, 1, 1);
      expect(await kept()).to.equal(0n);
      await refused(expire(1), "NotOpen", 1, STATUS.dismissed);
      const { total, locked } = await bond();
      expect([total, locked]).to.deep.equal([FUNDS - 20n * RATE, 0n]);
      expect(await world.balance(world.people.auditor)).to.equal(FUNDS + 2n * RATE);
    });

    it("that left", async () => {
      await asProvider().announceLeave(1);
      await world.proveEach(2, 4);
      await world.begin(5);
      await world.challenges.connect(world.people.auditor).challenge(1, 0, TOTAL, ANY);
      await world.prove(5);
      await world.begin(6);
      await world.toEpoch(8);
      await world.settle();
      expect(await kept()).to.equal(LOCKED);
      await expire(1);
      expect((await bond()).total).to.equal(FUNDS - SLASH);
    });

    it("has what its segments' end frees locked until the challenge is over", async () => {
      await world.proveEach(2, 20);
      await challenge();
      await world.begin(21);
      await world.settle();
      await world.toEpoch(22);
      await world.settle();
      expect((await state()).locked).to.equal(0n);
      expect(await kept()).to.equal(LOCKED);
      await expect(world.ledger.connect(provider()).requestUnbond(1, FUNDS))
        .to.be.revertedWithCustomError(world.ledger, "InsufficientBond")
        .withArgs(1, FUNDS - LOCKED, FUNDS);
      await world.ledger.connect(provider()).requestUnbond(1, FUNDS - LOCKED);
      await world.toEpoch(23);
      await expire(1);
      expect((await bond()).total).to.equal(FUNDS - SLASH);
      expect(await world.balance(world.people.treasury)).to.equal(CUT + REST);
    });

    it("and is back: it is removed again", async () => {
      await challenge();
      await replace();
      await asManager().assign(1, 1);
      await world.begin(4);
      await world.takeOver(4);
      await world.prove(4);
      await world.begin(5);
      await world.prove(5);
      await expect(expire(1)).to.emit(world.audits, "Faulted").withArgs(1, 1, 5);
      const { total, locked } = await bond();
      expect([total, locked]).to.deep.equal([FUNDS - SLASH, 0n]);
    });

    it("has its bond free if the challenge is void", async () => {
      await world.begin(2);
      await world.prove(2);
      await challenge();
      await asManager().assign(1, 2);
      // Nobody records epoch 3, by which it would be drawn.
      await world.begin(4);
      await world.takeOver(4);
      await world.prove(4);
      await world.begin(5);
      await world.prove(5);
      expect(await kept()).to.equal(LOCKED);
      await expire(1);
      expect(await statusOf(1)).to.equal(STATUS.void);
      expect([await kept(), await world.ledger.freeBond(1)]).to.deep.equal([0n, FUNDS]);
    });
  });
});
