// Stored segments: extensions, and claims for many.
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import { createWorld, FUNDS, LOCK_PER_EPOCH, RENT, SHAPE, type World } from "../../evidence/world/world.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { signExtension, type Extension } from "../helpers/consents.ts";
import { freshWorld, registryShortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

/** Price of a leaf per epoch in token units, and the provider's part of it. */
const RATE = 1000n;
const PAID = 950n;

describe("contracts: Segments", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });
  const { as, endOf, provider, refused } = registryShortcuts(() => world);

  describe("an extension", () => {
    const extend = async (options: Extension = {}, by: keyof World["people"] = "alice") =>
      as(by).extend(...(await signExtension(world, options)));
    beforeEach(() => world.store({ leaves: [3], epochs: 2 }));

    it("is paid by whoever asks, and lasts as long as it says", async () => {
      const { alice } = world.people;
      await world.toEpoch(1);
      const before = await world.balance(alice);
      const sent = await extend({ epochs: 2 });
      await expect(sent)
        .to.emit(world.registry, "SegmentExtended")
        .withArgs(
          ...named(world.registry, "SegmentExtended", {
            vNode: 1,
            bucket: 1,
            serial: 0,
            end: 5,
            payer: alice,
          }),
        )
        .to.emit(world.ledger, "Reserved")
        .withArgs(alice, 6n * RATE);
      expect(await world.balance(alice)).to.equal(before - 6n * RATE);
      expect(await endOf(0)).to.equal(5n);
      expect((await world.totals()).escrow).to.equal(12n * RATE);

      const earned = await world.balance(provider(1));
      await world.proveEach(1, 4);
      expect(await world.balance(provider(1))).to.equal(earned + 12n * PAID);
      expect((await world.totals()).escrow).to.equal(0n);
      await world.toEpoch(6);
      await world.settle();
      const { rate, committed, locked } = await world.audits.state(1);
      expect([rate, committed, locked]).to.deep.equal([0n, 0n, 0n]);
    });

    it("is for the bucket's owner and its writers, each from their own account", async () => {
      const { bob } = world.people;
      await refused(extend({}, "bob"), "Unauthorized", bob);
      await as("alice").setWriter(1, bob, true);
      const before = await world.balance(bob);
      await extend({ epochs: 1 }, "bob");
      expect(await world.balance(bob)).to.equal(before - 3n * RATE);
    });

    it("is of a segment that does not end with this epoch, nor has ended", async () => {
      await refused(extend({ serial: 9 }), "NoSuchSegment", 1, 9);
      await world.toEpoch(1);
      await extend({ epochs: 1 });
      await world.toEpoch(3);
      await refused(extend(), "HasEnded", 4, 3);
      await world.toEpoch(4);
      await refused(extend(), "HasEnded", 4, 4);
    });

    it("is for some time, and until 2^20 epochs from now at most", async () => {
      await refused(extend({ epochs: 0 }), "BadOrder", 1, 0);
      await refused(extend({ epochs: 2 ** 20 - 1 }), "BadOrder", 1, 2 ** 20 - 1);
      await world.ledger.connect(world.people.alice).deposit(world.people.alice, FUNDS);
      await world.token.mint(world.people.alice, 10n ** 10n);
      await world.ledger.connect(world.people.alice).deposit(world.people.alice, 10n ** 10n);
      await extend({ epochs: 2 ** 20 - 2 });
      expect(await endOf(0)).to.equal(2n ** 20n + 1n);
    });

    it("keeps the segment's price", async () => {
      await refused(extend({ maxRent: RENT - 1n }), "RentTooHigh", RENT, RENT - 1n);
      await refused(extend({ rent: RENT + 1n }), "RentTooHigh", RENT + 1n, RENT);
      await refused(extend({ rent: RENT - 10n ** 19n }), "OtherPrice", 3n * RATE, 3n * RATE - 24n);
      // The price is rounded up, to a multiple of the quantum.
      await extend({ rent: RENT - 10n ** 18n });
      const [operator] = world.people.operators;
      const own = world.registry.connect(provider(1));
      await own.updateNode(1, present(operator), "", 1000, 2n * RENT, LOCK_PER_EPOCH, "");
      await refused(extend({ rent: RENT + 1n }), "OtherPrice", 3n * RATE, 3n * RATE + 8n);
    });

    it("needs the word of who will be responsible, for exactly these terms, once", async () => {
      const [first, second] = world.people.operators.map(present);
      for (const signed of [
        { node: 2 },
        { revision: 1 },
        { vNode: 2 },
        { serial: 1 },
        { epochs: 6 },
        { rent: RENT + 1n },
        { nonce: 7n },
        { deadline: 2n ** 63n },
      ]) {
        await refused(extend({ signed }), "AcceptanceInvalid", 1, first);
      }
      await refused(extend({ operator: second as never }), "AcceptanceInvalid", 1, first);
      await extend({ nonce: 5n });
      await refused(extend({ nonce: 5n }), "AcceptanceUsed", 1, 5);
      await refused(world.store({ nonce: 5n }), "AcceptanceUsed", 1, 5);
      const now = await world.chain.networkHelpers.time.latest();
      await world.chain.networkHelpers.time.setNextBlockTimestamp(now + 20);
      await refused(extend({ deadline: BigInt(now + 19) }), "AcceptanceExpired", now + 19, now + 20);
    });

    it("is not what an acceptance to store is", async () => {
      const { segments, epochs, rent, nonce, deadline, signature } = await world.order({ epochs: 5 });
      const acceptance = { rent, nonce, deadline, signature };
      await refused(
        as("alice").extend(1, 0, epochs, rent, acceptance),
        "AcceptanceInvalid",
        1,
        present(world.people.operators[0]),
      );
      await as("alice").store(1, 1, segments, epochs, rent, acceptance);
    });

    it("fails where nobody will be responsible", async () => {
      await world.store({ epochs: 20 });
      await world.missEach(1, 3);
      await world.settle();
      await refused(extend({ serial: 1 }), "NotAssigned", 1);
    });

    it("is backed by no more of the bond than the node's provider said", async () => {
      await world.store({ epochs: 20 });
      await world.missEach(1, 2);
      await world.settle();
      const { locked, committed } = await world.audits.state(1);
      const [limit, needed] = [30n * committed - locked - 1n, 30n * committed - locked];
      const own = world.registry.connect(provider(1));
      await own.updateNode(1, present(world.people.operators[0]), "", 1000, RENT, limit, "");
      await refused(extend({ serial: 1 }), "LockLimit", 1, limit, needed);
      await own.updateNode(1, present(world.people.operators[0]), "", 1000, RENT, needed, "");
      await extend({ serial: 1 });
      expect((await world.registry.node(1)).locked).to.equal(needed);
    });

    it("is backed anew by the bond", async () => {
      await world.store({ epochs: 20 });
      await world.missEach(1, 2);
      await world.settle();
      const { locked, committed } = await world.audits.state(1);
      expect(locked).to.be.below(30n * committed);
      await extend({ serial: 1 });
      expect((await world.audits.state(1)).locked).to.equal(30n * committed);
    });
  });

  describe("claiming for many", () => {
    beforeEach(async () => {
      await world.store({ leaves: [1, 2], epochs: 4 });
      await world.store({ bucket: 2, leaves: [3, 4], epochs: 4 });
      await world.store({ leaves: [5], epochs: 6 });
      await world.missEach(1, 3);
      await world.settle();
    });

    it("pays what claiming for each would", async () => {
      const { alice, bob } = world.people;
      const expected = await Promise.all([0, 1, 2, 3, 4].map((i) => world.registry.claim.staticCall(1, i)));
      const [a, b, c, d, e] = expected as [bigint, bigint, bigint, bigint, bigint];
      const before = [await world.balance(alice), await world.balance(bob)] as const;
      const serials = [0, 1, 4, 2, 3];
      expect(await world.registry.claimMany.staticCall(1, serials)).to.equal(a + b + c + d + e);
      const sent = await as("stranger").claimMany(1, serials);
      await expect(sent)
        .to.emit(world.registry, "Claimed")
        .withArgs(...named(world.registry, "Claimed", { vNode: 1, serial: 0, owner: alice, amount: a }));
      await expect(sent)
        .to.emit(world.registry, "Claimed")
        .withArgs(...named(world.registry, "Claimed", { vNode: 1, serial: 4, owner: alice, amount: e }));
      await expect(sent)
        .to.emit(world.registry, "Claimed")
        .withArgs(...named(world.registry, "Claimed", { vNode: 1, serial: 3, owner: bob, amount: d }));
      expect(await world.balance(alice)).to.equal(before[0] + a + b + e);
      expect(await world.balance(bob)).to.equal(before[1] + c + d);
    });

    it("takes them in any order, and each once", async () => {
      const { alice, bob } = world.people;
      const before = [await world.balance(alice), await world.balance(bob)] as const;
      await world.registry.claimMany(1, [0, 2, 1, 3, 4, 0]);
      const after = [await world.balance(alice), await world.balance(bob)];
      world = await fresh();
      await world.store({ leaves: [1, 2], epochs: 4 });
      await world.store({ bucket: 2, leaves: [3, 4], epochs: 4 });
      await world.store({ leaves: [5], epochs: 6 });
      await world.missEach(1, 3);
      await world.settle();
      for (let i = 0; i < 5; i++) await world.registry.claim(1, i);
      expect([await world.balance(alice), await world.balance(bob)]).to.deep.equal(after);
      expect(after[0]).to.be.above(before[0]);
      expect(await world.registry.claimMany.staticCall(1, [0, 1, 2, 3, 4])).to.equal(0n);
      await expect(world.registry.claimMany(1, [4, 3])).not.to.emit(world.registry, "Claimed");
    });

    it("fails for one that is not there", async () => {
      await refused(world.registry.claimMany(1, [0, 5]), "NoSuchSegment", 1, 5);
      expect(await world.registry.claimMany.staticCall(1, [])).to.equal(0n);
    });
  });

  it("cost at most 335,000 gas to store one, in a directory of the standard depth", async () => {
    const deep = await createWorld({}, { ...SHAPE, directoryDepth: PROFILES.standard.directoryDepth });
    const gas: bigint[] = [];
    // Each is the first of its epoch, which is not proven yet, and the only one until its end.
    for (let epoch = 1; epoch <= 7; epoch++) {
      await deep.begin(epoch);
      const receipt = present((await (await deep.store()).wait()) ?? undefined);
      gas.push(receipt.gasUsed);
      if (epoch > 1) await deep.prove(epoch);
    }
    // The first two write both of a directory's roots for the first time.
    for (const each of gas.slice(2)) expect(each).to.be.at.most(335_000n);
  });

  it("are found by the vNodes that a bucket was stored on, in pages", async () => {
    const { registry } = world;
    await as("manager").addVNodes(1, [30]);
    for (const [vNode, node] of [
      [2, 2],
      [3, 3],
    ] as const) {
      await as("manager").assign(vNode, node);
    }
    const on = (vNode: number) => ({ vNode, operator: present(world.people.operators[vNode - 1]) });
    for (const vNode of [3, 1, 3, 2, 1]) await world.store(on(vNode));
    await world.store({ bucket: 2, ...on(2) });
    expect(await registry.vNodesOf(1, 0, 10)).to.deep.equal([3n, 1n, 2n]);
    expect(await registry.vNodesOf(1, 1, 1)).to.deep.equal([1n]);
    expect(await registry.vNodesOf(1, 2, 2n ** 256n - 1n)).to.deep.equal([2n]);
    expect(await registry.vNodesOf(1, 3, 1)).to.deep.equal([]);
    expect(await registry.vNodesOf(2, 0, 10)).to.deep.equal([2n]);
    expect(await registry.vNodesOf(9, 0, 10)).to.deep.equal([]);
  });

  it("are moved and refunded by the Registry alone", async () => {
    const { audits, ledger, people } = world;
    await expect(audits.connect(people.alice).reschedule(1, 1, 5, 6))
      .to.be.revertedWithCustomError(audits, "Unauthorized")
      .withArgs(people.alice);
    await expect(ledger.connect(people.alice).release(people.alice, 1))
      .to.be.revertedWithCustomError(ledger, "Unauthorized")
      .withArgs(people.alice);
  });
});
