// Failures of comparable systems, tried on this one: one test for each (protocol.md, section 9).
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import type { ContractTransactionResponse } from "ethers";
import { present } from "../../evidence/world/present.ts";
import { EPOCH, FUNDS, PARAMS, RENT, UNBOND, type World } from "../../evidence/world/world.ts";
import { signGrant } from "../helpers/consents.ts";
import { freshWorld, shortcuts } from "../helpers/fresh-world.ts";

/** Price of one leaf per epoch, and the provider's part of it. */
const RATE = 1000n;
const PAID = 950n;
/** Length of the range of one leaf. */
const LEAF = 125n;
const ANY = 2n ** 100n;
/** Osaka's limit for a transaction. */
const TRANSACTION_GAS = 2n ** 24n;

describe("contracts: known failures of others", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });

  const { asManager, provider } = shortcuts(() => world);
  const registryAs = (who: HardhatEthersSigner) => world.registry.connect(who);
  const challengeAs = (who: HardhatEthersSigner, length = LEAF) =>
    world.challenges.connect(who).challenge(1, 0, length, ANY);
  const everybody = () => {
    const { providers, operators, ...others } = world.people;
    return [...Object.values(others), ...providers, ...operators];
  };
  const balances = () => Promise.all(everybody().map((who) => world.balance(who)));

  describe("charging without consent", () => {
    it("has no way: nobody's call takes from an account that did not call or sign", async () => {
      const { alice, bob, stranger, manager } = world.people;
      const before = await world.balance(alice);
      for (const by of [stranger, manager, provider(), present(world.people.operators[0])]) {
        await expect(world.store({ by })).to.be.revertedWithCustomError(world.registry, "Unauthorized");
        await expect(world.ledger.connect(by).withdraw(by, 1n + (await world.balance(by)))).to.be.revert(
          world.ethers,
        );
      }
      await registryAs(alice).setWriter(1, bob, true);
      const paid = await world.balance(bob);
      await world.store({ by: bob });
      expect(await world.balance(bob), "a writer pays for itself").to.equal(paid - 10n * RATE);
      expect(await world.balance(alice)).to.equal(before);
    });

    it("stays within what the payer agreed to, although the node's rent rose meanwhile", async () => {
      const order = await world.order({ rent: 2n * RENT, maxRent: RENT });
      const { bucket, vNode, segments, epochs, maxRent, ...acceptance } = order;
      const sent = registryAs(world.people.alice).store(bucket, vNode, segments, epochs, maxRent, acceptance);
      await expect(sent)
        .to.be.revertedWithCustomError(world.registry, "RentTooHigh")
        .withArgs(2n * RENT, RENT);
    });

    it("by a grant ends with its limit, and with the bucket that it was for", async () => {
      const { alice, bob, stranger } = world.people;
      const { grant } = await signGrant(world, { limit: 10n * RATE });
      const send = async () => {
        const { vNode, segments, epochs, maxRent, ...acceptance } = await world.order();
        return registryAs(stranger).storeFor(grant, vNode, segments, epochs, maxRent, acceptance);
      };
      await send();
      const before = await world.balance(alice);
      await expect(send())
        .to.be.revertedWithCustomError(world.registry, "GrantExceeded")
        .withArgs(10n * RATE, 20n * RATE);
      await registryAs(alice).transferBucket(1, bob);
      await expect(send()).to.be.revertedWithCustomError(world.registry, "GrantInvalid");
      expect(await world.balance(alice)).to.equal(before);
    });
  });

  describe("unbonding twice", () => {
    it("gets the bond out once, and not before its delay, however it is asked for", async () => {
      const own = world.ledger.connect(provider(2));
      const before = await world.balance(provider(2));
      await own.requestUnbond(2, FUNDS);
      await expect(own.requestUnbond(2, 1n)).to.be.revertedWithCustomError(world.ledger, "InsufficientBond");
      await expect(own.releaseBond(2)).to.be.revertedWithCustomError(world.ledger, "NotReleasable");
      await world.chain.networkHelpers.time.increase(UNBOND);
      await own.releaseBond(2);
      await expect(own.releaseBond(2)).to.be.revertedWithCustomError(world.ledger, "ZeroAmount");
      await expect(own.requestUnbond(2, 1n)).to.be.revertedWithCustomError(world.ledger, "InsufficientBond");
      expect((await world.balance(provider(2))) - before).to.equal(FUNDS);
    });

    it("does not take it from under a challenge that is asked while it is on its way", async () => {
      await world.store({ epochs: 30 });
      await world.begin(1);
      await world.prove(1);
      const own = world.ledger.connect(provider());
      await own.requestUnbond(1, await world.ledger.freeBond(1));
      await challengeAs(world.people.bob);
      await asManager().assign(1, 2);
      await world.begin(2);
      await world.takeOver(2);
      await world.prove(2);
      await world.begin(3);
      await world.prove(3);
      await world.toEpoch(4);
      const { total: before } = await world.ledger.bondOf(1);
      await world.challenges.expire(1);
      const { total } = await world.ledger.bondOf(1);
      expect(before - total).to.equal(10n * RATE);
    });
  });

  describe("trust that was not given", () => {
    it("does not pass to a cluster's next manager", async () => {
      const { manager, stranger } = world.people;
      await asManager().addVNodes(1, [30]);
      await asManager().proposeManager(1, stranger);
      await world.toEpoch(Number((await world.registry.cluster(1)).acceptableFrom));
      await registryAs(stranger).acceptManager(1);
      await expect(registryAs(stranger).assign(3, 2))
        .to.be.revertedWithCustomError(world.registry, "NotTrusted")
        .withArgs(2, provider(2), stranger);
      await expect(asManager().assign(3, 2))
        .to.be.revertedWithCustomError(world.registry, "Unauthorized")
        .withArgs(manager);
    });

    it("is not made up for by a place in the queue that was taken in better times", async () => {
      await asManager().addStandby(1, 2);
      await registryAs(provider(2)).trust(world.people.manager, false);
      await world.store();
      await world.missEach(1, 3);
      await world.settle();
      expect((await world.audits.state(1)).nextNode).to.equal(0n);
    });

    it("is not enough: without the operator's acceptance nothing is stored on a node", async () => {
      await expect(world.store({ operator: world.people.manager })).to.be.revertedWithCustomError(
        world.registry,
        "AcceptanceInvalid",
      );
    });
  });

  describe("a past that is too long to settle", () => {
    it("is settled in pages, with the same result, and holds up no other vNode", async () => {
      const LONG = 3000;
      await asManager().assign(2, 2);
      await world.store({ epochs: 4000 });
      await world.store({ vNode: 2, operator: present(world.people.operators[1]), epochs: 4000 });
      await world.begin(LONG);
      for (let i = 0; i < 6; i++) await world.settle(2, 500);
      await world.prove(LONG, 2);
      await expect(world.prove(LONG)).to.be.revertedWithCustomError(world.audits, "ProofRefused");
      let settled = 0n;
      while (settled < BigInt(LONG - 1)) {
        const receipt = await (await world.settle(1, 500)).wait();
        expect(present(receipt ?? undefined).gasUsed < TRANSACTION_GAS).to.equal(true);
        ({ settled } = await world.audits.state(1));
      }
      await world.prove(LONG);
      expect(await world.balance(provider(1))).to.equal(BigInt(LONG) * PAID);
      expect(await world.balance(provider(2))).to.equal(BigInt(LONG) * PAID);
    });

    it("costs a manager's, a provider's and an owner's next step no more than 64 epochs", async () => {
      await world.store({ epochs: 4000 });
      await world.toEpoch(3000);
      for (const step of [
        () => asManager().assign(1, 2),
        () => world.audits.connect(provider()).announceLeave(1),
        () => world.audits.connect(provider()).pause(1, 1),
        () => challengeAs(world.people.bob),
      ]) {
        await expect(step()).to.be.revertedWithCustomError(world.audits, "SettleFirst");
      }
      await registryAs(world.people.alice).endEarly(1, 0);
      expect((await world.registry.segment(1, 0)).end).to.equal(3003n);
    });
  });

  describe("removal that grows with what is removed", () => {
    it("of a node takes as much gas with 16 segments as with 8", async () => {
      const faultedWith = async (batches: number): Promise<bigint> => {
        world = await fresh();
        for (let i = 0; i < batches; i++) await world.store({ leaves: Array.from({ length: 8 }, () => 1) });
        await world.missEach(1, 3);
        const receipt = await (await world.settle()).wait();
        return present(receipt ?? undefined).gasUsed;
      };
      const [few, many] = [await faultedWith(1), await faultedWith(2)];
      // One more bit of a number may be set: 12 or 16 gas.
      expect(Number(many - few)).to.be.lessThan(100);
    });
  });

  describe("a client's free ride", () => {
    it("by letting the vNode fail at the end gets back only the epochs that failed", async () => {
      const before = await world.balance(world.people.alice);
      await world.store({ epochs: 10 });
      await world.proveEach(1, 9);
      await world.begin(10);
      await world.toEpoch(11);
      await world.settle();
      await world.registry.claim(1, 0);
      expect(await world.balance(provider())).to.equal(9n * PAID);
      expect(before - (await world.balance(world.people.alice))).to.equal(9n * RATE);
    });

    it("by ending early still pays for the epochs of the notice, and for all before", async () => {
      const before = await world.balance(world.people.alice);
      await world.store({ epochs: 10 });
      await world.proveEach(1, 4);
      await registryAs(world.people.alice).endEarly(1, 0);
      await world.proveEach(5, 6);
      await world.toEpoch(11);
      await world.settle();
      expect(await world.balance(provider())).to.equal(6n * PAID);
      expect(before - (await world.balance(world.people.alice))).to.equal(6n * RATE);
    });

    it("with the manager's help leaves the node that is replaced all that it has proven", async () => {
      await world.store({ epochs: 10 });
      await world.proveEach(1, 8);
      await expect(asManager().assign(1, 0)).to.be.revertedWithCustomError(world.audits, "HasData");
      await asManager().assign(1, 2);
      await world.begin(9);
      await world.takeOver(9);
      await world.prove(9);
      await world.begin(10);
      await world.toEpoch(12);
      await world.settle();
      expect(await world.balance(provider())).to.equal(9n * PAID);
    });
  });

  describe("squatting", () => {
    it("on a node's room costs its price: an acceptance alone reserves nothing", async () => {
      await world.order({ leaves: [256] });
      expect((await world.registry.node(1)).used).to.equal(0n);
      await world.store({ leaves: [256], epochs: 1 });
      expect((await world.registry.node(1)).used).to.equal(256n);
      expect((await world.totals()).escrow).to.equal(256n * RATE);
    });

    it("on the four challenges of an own vNode costs half of bonds that double, and ends within three epochs", async () => {
      await world.store({ epochs: 30, leaves: [2] });
      await world.begin(1);
      await world.prove(1);
      const { alice, bob, deployer, stranger, treasury } = world.people;
      for (const friend of [deployer, stranger])
        await world.ledger.connect(alice).deposit(friend, FUNDS / 2n);
      const before = await world.balance(treasury);
      for (const friend of [bob, deployer, stranger, alice]) await challengeAs(friend, 2n * LEAF);
      await expect(challengeAs(treasury)).to.be.revertedWithCustomError(world.challenges, "TooManyOpen");
      await world.begin(2);
      for (const id of [1, 2, 3, 4]) {
        const { inputs } = await world.challenges.inputsOf(id);
        await world.challenges.answer(id, [...inputs, 1n, 0n, 0n, 0n]);
      }
      expect((await world.balance(treasury)) - before).to.equal((15n * 8n * 2n * RATE) / 2n);
      await challengeAs(alice);
    });
  });

  describe("a requirement that is read again later", () => {
    const DELAY = UNBOND / EPOCH + 6;
    const changed = {
      ...PARAMS,
      bondEpochs: 16_000,
      slashMultiple: 100,
      faultMultiple: 1000,
      maxMisses: 1,
      grace: 0,
    };

    it("does not: a node's bond is as agreed when it was assigned, whatever the cluster asks later", async () => {
      await world.store({ epochs: 60 });
      await asManager().changeCluster(1, 0, 0, changed);
      await world.toEpoch(DELAY + 1);
      await world.settle();
      await world.store({ epochs: 10 });
      expect((await world.audits.state(1)).locked).to.equal(2n * 30n * RATE);
    });

    it("does not: what a challenge costs is as it was when it was asked", async () => {
      await world.store({ epochs: 60 });
      await asManager().changeCluster(1, 0, 0, { ...changed, maxMisses: 2, grace: 1 });
      await world.begin(DELAY - 1);
      await world.settle();
      await world.prove(DELAY - 1);
      await challengeAs(world.people.bob);
      await world.begin(DELAY);
      await world.prove(DELAY);
      await world.begin(DELAY + 1);
      await world.prove(DELAY + 1);
      await world.toEpoch(DELAY + 2);
      const { total: before } = await world.ledger.bondOf(1);
      await world.challenges.expire(1);
      const { total } = await world.ledger.bondOf(1);
      expect(before - total).to.equal(10n * RATE);
    });
  });

  describe("rounding", () => {
    it("takes no more than a unit from anyone, and what stays behind is less than a unit per claim", async () => {
      const segments = [1, 2, 3];
      await world.store({ leaves: segments, rent: 333_333_333_333_333_333n, maxRent: RENT, epochs: 3 });
      const perEpoch = await Promise.all(
        segments.map(async (_, serial) => (await world.registry.segment(1, serial)).perEpoch),
      );
      expect(perEpoch, "the third of a leaf, rounded up to a quantum").to.deep.equal([8n, 8n, 8n]);
      await world.store({ bucket: 2, leaves: [7], rent: 3n * 10n ** 17n, maxRent: RENT, epochs: 3 });
      await world.missEach(1, 3);
      await world.settle();
      const { credits } = await world.totals();
      for (const serial of [0, 1, 2, 3]) await world.registry.claim(1, serial);
      const rest = (await world.totals()).credits;
      expect(credits > 0n && rest < 4n).to.equal(true);
      expect((await world.totals()).escrow, "nothing is left of what was paid for").to.equal(0n);
    });
  });

  describe("gas for all but the last call (63/64)", () => {
    type Send = (gasLimit: bigint) => Promise<ContractTransactionResponse>;
    /** Whether the transaction happened. */
    const tried = async (send: Send, gasLimit: bigint): Promise<boolean> =>
      send(gasLimit)
        .then((sent) => sent.wait())
        .then(
          () => true,
          () => false,
        );
    /** The same transaction with ever less gas: it happens as a whole, or not at all. */
    const expectAllOrNothing = async (send: Send): Promise<void> => {
      const before = {
        balances: await balances(),
        totals: await world.totals(),
        state: await world.audits.state(1),
      };
      const start = await world.chain.networkHelpers.takeSnapshot();
      expect(await tried(send, 3_000_000n)).to.equal(true);
      const after = {
        balances: await balances(),
        totals: await world.totals(),
        state: await world.audits.state(1),
      };
      expect(after).not.to.deep.equal(before);
      let [happened, refused] = [0, 0];
      for (let gas = 40_000n; gas < 700_000n; gas += 5_003n) {
        await start.restore();
        const done = await tried(send, gas);
        const now = {
          balances: await balances(),
          totals: await world.totals(),
          state: await world.audits.state(1),
        };
        expect(now, `with ${gas} gas`).to.deep.equal(done ? after : before);
        if (done) happened++;
        else refused++;
      }
      expect(happened > 0 && refused > 0).to.equal(true);
    };

    it("never settles a fault by halves", async () => {
      await asManager().addStandby(1, 2);
      await world.store();
      await world.missEach(1, 3);
      await expectAllOrNothing((gasLimit) =>
        world.audits.connect(world.people.auditor).settle(1, 10, { gasLimit }),
      );
    });

    it("never leaves a good proof out of a batch", async () => {
      await world.store();
      await world.begin(1);
      const proof = await world.proof(1);
      await expectAllOrNothing((gasLimit) =>
        world.audits.connect(world.people.auditor).proveBatch([1], 1, [proof], { gasLimit }),
      );
    });

    it("never judges a challenge without its penalty", async () => {
      await world.store({ epochs: 30 });
      await world.begin(1);
      await world.prove(1);
      await challengeAs(world.people.bob);
      await world.begin(2);
      await world.prove(2);
      await world.begin(3);
      await world.prove(3);
      await world.toEpoch(4);
      await expectAllOrNothing((gasLimit) =>
        world.challenges.connect(world.people.auditor).expire(1, { gasLimit }),
      );
    });
  });
});
