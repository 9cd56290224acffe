// A segment's later life: extended, ended early, claimed for with others, retired with others; and what a writer may do
// by the owner's grant.
import { expect } from "chai";
import { Directory } from "../../protocol/directory.ts";
import { toHex32 } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { signExtension, signGrant, type Extension, type GrantTerms } from "../helpers/consents.ts";
import { present } from "../helpers/present.ts";
import { createWorld, FUNDS, RENT, SHAPE, type Order, type World } from "../helpers/world.ts";

/** Token units that a leaf costs per epoch, and what the provider gets of them. */
const RATE = 1000n;
const PAID = 960n;

describe("contracts: Segments", () => {
  let world: World;
  let restore: () => Promise<void>;
  before(async () => {
    world = await createWorld();
    const snapshot = await world.chain.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  beforeEach(() => restore());

  const as = (who: keyof World["people"]) => world.registry.connect(world.people[who] as never);
  const refused = (attempt: Promise<unknown>, error: string, ...args: unknown[]) =>
    expect(attempt)
      .to.be.revertedWithCustomError(world.registry, error)
      .withArgs(...args);
  const provider = (node: number) => present(world.people.providers[node - 1]);
  const endOf = async (serial: number) => (await world.registry.segment(1, serial)).end;

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
        .withArgs(1, 1, 0, 5, alice)
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

    it("is of a segment that has not ended: in its last epoch it still can be", async () => {
      await refused(extend({ serial: 9 }), "NoSuchSegment", 1, 9);
      await world.toEpoch(2);
      await extend({ epochs: 1 });
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
      await refused(extend({ rent: 2n ** 128n }), "RentTooHigh", 2n ** 128n, 2n ** 128n);
      await refused(extend({ rent: RENT + 10n ** 18n }), "OtherPrice", 3n * RATE, 3n * RATE + 3n);
      await refused(extend({ rent: RENT - 10n ** 18n }), "OtherPrice", 3n * RATE, 3n * RATE - 3n);
      // The price is rounded up.
      await extend({ rent: RENT - 1n });
    });

    it("needs the word of who will be responsible, for exactly these terms, once", async () => {
      const [first, second] = world.people.operators.map(present);
      for (const signed of [
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
      await world.toEpoch(1);
      await as("manager").assign(1, 0);
      await refused(extend(), "NotAssigned", 1);
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

  describe("ending early", () => {
    beforeEach(() => world.store({ leaves: [3], epochs: 10 }));

    it("is after a notice of two epochs, and refunds what would have come then", async () => {
      const { alice } = world.people;
      await world.toEpoch(1);
      const before = await world.balance(alice);
      await expect(as("alice").endEarly(1, 0))
        .to.emit(world.registry, "SegmentEndedEarly")
        .withArgs(1, 1, 0, 4, alice, 21n * RATE)
        .to.emit(world.ledger, "Released")
        .withArgs(alice, 21n * RATE);
      expect(await world.balance(alice)).to.equal(before + 21n * RATE);
      expect(await endOf(0)).to.equal(4n);

      const earned = await world.balance(provider(1));
      await world.proveEach(1, 3);
      expect(await world.balance(provider(1))).to.equal(earned + 9n * PAID);
      expect((await world.totals()).escrow).to.equal(0n);
      expect((await world.ledger.bondOf(1)).locked).to.equal(90n * RATE);
      await world.toEpoch(5);
      await world.settle();
      expect((await world.ledger.bondOf(1)).locked).to.equal(0n);
      expect((await world.audits.state(1)).rate).to.equal(0n);
    });

    it("goes for one that has not begun, and leaves others as they are", async () => {
      await world.store({ epochs: 10 });
      await as("alice").endEarly(1, 0);
      expect(await endOf(0)).to.equal(3n);
      await world.proveEach(1, 4);
      const { rate, committed } = await world.audits.state(1);
      expect([rate, committed]).to.deep.equal([RATE, RATE]);
      expect((await world.totals()).escrow).to.equal(6n * RATE);
    });

    it("is noticed where many quiet epochs were expected", async () => {
      await world.store({ epochs: 100 });
      await world.proveEach(1, 2);
      await as("alice").endEarly(1, 1);
      await world.proveEach(3, 5);
      expect((await world.audits.state(1)).rate).to.equal(3n * RATE);
    });

    it("is for the bucket's owner, whoever has paid: a writer may not", async () => {
      const { bob, alice } = world.people;
      await as("alice").setWriter(1, bob, true);
      await world.store({ by: bob, epochs: 10 });
      await refused(as("bob").endEarly(1, 1), "Unauthorized", bob);
      const before = await world.balance(alice);
      await as("alice").endEarly(1, 1);
      expect(await world.balance(alice)).to.equal(before + 8n * RATE);
    });

    it("is of no use in the last epochs, nor twice", async () => {
      await refused(as("alice").endEarly(1, 9), "NoSuchSegment", 1, 9);
      await world.toEpoch(8);
      await refused(as("alice").endEarly(1, 0), "EndsAnyway", 11, 11);
      await restore();
      await world.store({ epochs: 10 });
      await as("alice").endEarly(1, 0);
      await refused(as("alice").endEarly(1, 0), "EndsAnyway", 3, 3);
    });

    it("can be taken back by an extension", async () => {
      await as("alice").endEarly(1, 0);
      await as("alice").extend(...(await signExtension(world, { epochs: 2 })));
      expect(await endOf(0)).to.equal(5n);
      await world.proveEach(1, 4);
      expect((await world.totals()).escrow).to.equal(0n);
    });

    it("keeps what was credited before, to the unit", async () => {
      const { alice } = world.people;
      await world.missEach(1, 2);
      await world.settle();
      await as("alice").endEarly(1, 0);
      const before = await world.balance(alice);
      await world.registry.claim(1, 0);
      const first = (await world.balance(alice)) - before;
      await world.proveEach(3, 4);
      await world.begin(5);
      await world.toEpoch(7);
      await world.settle();
      await world.registry.claim(1, 0);
      // Epoch 5 was missed, within grace: its rate came back.
      expect(await world.balance(alice)).to.equal(before + first + 3n * RATE);
      expect((await world.totals()).escrow).to.equal(0n);
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
      await expect(sent).to.emit(world.registry, "Claimed").withArgs(1, 0, alice, a);
      await expect(sent).to.emit(world.registry, "Claimed").withArgs(1, 4, alice, e);
      await expect(sent).to.emit(world.registry, "Claimed").withArgs(1, 3, bob, d);
      expect(await world.balance(alice)).to.equal(before[0] + a + b + e);
      expect(await world.balance(bob)).to.equal(before[1] + c + d);
    });

    it("takes them in any order, and each once", async () => {
      const { alice, bob } = world.people;
      const before = [await world.balance(alice), await world.balance(bob)] as const;
      await world.registry.claimMany(1, [0, 2, 1, 3, 4, 0]);
      const after = [await world.balance(alice), await world.balance(bob)];
      await restore();
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

  describe("retiring many", () => {
    let directory: Directory;
    const item = (serial: number, root = 11n + BigInt(serial)) => ({
      serial,
      root: toHex32(root),
      path: directory.path(serial).map((others) => others.map(toHex32)) as [string, string, string][],
    });
    /** Each with its path as the ones before leave the directory. */
    const items = (...serials: number[]) =>
      serials.map((serial) => {
        const made = item(serial);
        directory.retire(serial);
        return made;
      });
    beforeEach(async () => {
      directory = new Directory(SHAPE.directoryDepth);
      const leaves = [1, 2, 3, 4, 5, 6];
      const roots = leaves.map((_, i) => toHex32(BigInt(11 + i)));
      await world.store({ leaves: leaves.slice(0, 5), roots: roots.slice(0, 5), epochs: 1 });
      await world.store({ leaves: [6], roots: [present(roots[5])], epochs: 3 });
      leaves.forEach((count, i) => directory.append({ root: BigInt(11 + i), leaves: count }));
      await world.toEpoch(2);
    });

    it("is the same as one after the other, and frees their room", async () => {
      const sent = await as("stranger").retireMany(1, items(4, 0, 2));
      for (const serial of [4, 0, 2]) {
        await expect(sent).to.emit(world.registry, "SegmentRetired").withArgs(1, serial);
      }
      const { root, total, count, live } = await world.registry.directory(1);
      expect([root, total, count, live]).to.deep.equal([toHex32(directory.root), 21n, 6n, 3n]);
      expect((await world.registry.node(1)).used).to.equal(12n);
      // The frontier is right as well.
      await world.store({ leaves: [7], roots: [toHex32(99n)] });
      directory.append({ root: 99n, leaves: 7 });
      expect((await world.registry.directory(1)).root).to.equal(toHex32(directory.root));
    });

    it("does not change what the running epoch asks", async () => {
      const before = await world.registry.snapshot(1, 2);
      await world.registry.retireMany(1, items(0, 1));
      expect(await world.registry.snapshot(1, 2)).to.deep.equal(before);
      const after = await world.registry.snapshot(1, 3);
      expect(after.root).to.equal(toHex32(directory.root));
    });

    it("is for segments that have ended, each once, each with its own path", async () => {
      const { registry } = world;
      await refused(registry.retireMany(1, [item(0), item(5)]), "NotEnded", 4, 2);
      await refused(registry.retireMany(1, [item(0), item(0)]), "AlreadyRetired", 1, 0);
      await refused(registry.retireMany(1, [item(9 - 9), { ...item(1), serial: 9 }]), "NoSuchSegment", 1, 9);
      // The second path is of the directory before the first was retired.
      const stale = [item(0), item(1)];
      const [first] = items(0);
      await refused(registry.retireMany(1, stale), "PathInvalid", directory.root);
      await expect(
        registry.retireMany(1, [present(first), { ...item(1), path: [] }]),
      ).to.be.revertedWithCustomError(registry, "PathMalformed");
    });

    it("of all that are left empties the directory without a path", async () => {
      await world.toEpoch(4);
      const bare = [0, 1, 2, 3, 4, 5].map((serial) => ({ serial, root: world.ethers.ZeroHash, path: [] }));
      await expect(world.registry.retireMany(1, bare)).to.emit(world.registry, "DirectoryReset").withArgs(1);
      const { total, count, base, live } = await world.registry.directory(1);
      expect([total, count, base, live]).to.deep.equal([0n, 0n, 6n, 0n]);
      expect((await world.registry.node(1)).used).to.equal(0n);
      expect((await world.registry.snapshot(1, 4)).total).to.equal(21n);
    });

    it("frees no room of a vNode that has no node", async () => {
      await as("manager").assign(1, 0);
      expect((await world.registry.node(1)).used).to.equal(0n);
      await world.registry.retireMany(1, items(0, 1));
      const [one] = items(2);
      const { serial, root, path } = present(one);
      await world.registry.retire(1, serial, root, path);
      expect((await world.registry.directory(1)).root).to.equal(toHex32(directory.root));
      expect((await world.registry.vNode(1)).held).to.equal(4n + 5n + 6n);
      expect((await world.registry.node(1)).used).to.equal(0n);
    });

    it("of none does nothing, where nothing is stored either", async () => {
      await expect(world.registry.retireMany(2, [])).not.to.emit(world.registry, "DirectoryReset");
    });
  });

  describe("a grant", () => {
    const storeFor = async (terms: GrantTerms = {}, order: Order = {}, by = world.people.stranger) => {
      const { grant, digest } = await signGrant(world, terms);
      return { digest, grant, sent: send(grant, order, by) };
    };
    const send = async (
      grant: Awaited<ReturnType<typeof signGrant>>["grant"],
      order: Order = {},
      by = world.people.stranger,
    ) => {
      const { vNode, segments, epochs, maxRent, rent, nonce, deadline, signature } = await world.order({
        ...{ bucket: grant.bucket, epochs: 2 },
        ...order,
      });
      const acceptance = { rent, nonce, deadline, signature };
      return world.registry.connect(by).storeFor(grant, vNode, segments, epochs, maxRent, acceptance);
    };

    it("lets a stranger store, and the owner pays", async () => {
      const { alice, stranger } = world.people;
      const before = await world.balance(alice);
      const { sent, digest } = await storeFor();
      await expect(sent)
        .to.emit(world.registry, "GrantSpent")
        .withArgs(alice, stranger, digest, 2n * RATE)
        .to.emit(world.ledger, "Reserved")
        .withArgs(alice, 2n * RATE);
      const [stored] = await world.registry.queryFilter(world.registry.filters.SegmentStored());
      expect(present(stored).args.payer).to.equal(alice.address);
      expect(await world.balance(alice)).to.equal(before - 2n * RATE);
      expect(await world.balance(stranger)).to.equal(0n);
      expect(await world.registry.spentOf(world.people.alice, digest)).to.equal(2n * RATE);
      expect(await world.registry.mayWrite(1, stranger)).to.equal(false);
    });

    it("is good for its limit in total, stored and extended", async () => {
      const { grant, sent, digest } = await storeFor({ limit: 5n * RATE });
      await sent;
      const extend = async (epochs: number) =>
        as("stranger").extendFor(grant, ...(await signExtension(world, { epochs })));
      await refused(send(grant, { epochs: 4 }), "GrantExceeded", 5n * RATE, 6n * RATE);
      await refused(extend(4), "GrantExceeded", 5n * RATE, 6n * RATE);
      const before = await world.balance(world.people.alice);
      await extend(3);
      expect(await world.balance(world.people.alice)).to.equal(before - 3n * RATE);
      expect(await endOf(0)).to.equal(6n);
      expect(await world.registry.spentOf(world.people.alice, digest)).to.equal(5n * RATE);
      await refused(send(grant, { epochs: 1 }), "GrantExceeded", 5n * RATE, 6n * RATE);
    });

    it("extends no segment of another bucket", async () => {
      await world.store({ bucket: 2 });
      const { grant } = await signGrant(world);
      const attempt = as("stranger").extendFor(grant, ...(await signExtension(world)));
      await refused(attempt, "OtherBucket", 2, 1);
    });

    it("is the writer's alone", async () => {
      const { bob, alice } = world.people;
      for (const by of [bob, alice]) await refused((await storeFor({}, {}, by)).sent, "Unauthorized", by);
    });

    it("is of the bucket's owner, for exactly these terms", async () => {
      const { alice, bob, stranger } = world.people;
      for (const terms of [
        { signed: { owner: bob.address } },
        { signed: { writer: bob.address } },
        { signed: { bucket: 2 } },
        { signed: { limit: 10n ** 7n } },
        { signed: { deadline: 2n ** 65n } },
        { signed: { nonce: 1n } },
        { signer: bob },
        { signer: stranger },
      ]) {
        await refused((await storeFor(terms)).sent, "GrantInvalid", alice);
      }
      await refused((await storeFor({ owner: bob })).sent, "GrantInvalid", bob);
      const { grant } = await signGrant(world);
      await as("alice").transferBucket(1, bob);
      await refused(send(grant), "GrantInvalid", alice);
    });

    it("is good until its deadline", async () => {
      const { time } = world.chain.networkHelpers;
      const deadline = BigInt(await time.latest()) + 100n;
      const { grant } = await signGrant(world, { deadline });
      await time.setNextBlockTimestamp(deadline);
      await send(grant);
      await time.setNextBlockTimestamp(deadline + 1n);
      await refused(send(grant), "GrantExpired", deadline, deadline + 1n);
    });

    it("is revoked by its owner, used or not", async () => {
      const { alice } = world.people;
      const { grant, digest } = await signGrant(world);
      // The writer's own word is about the writer's own grants.
      await as("stranger").revokeGrant(digest);
      await send(grant);
      await expect(as("alice").revokeGrant(digest))
        .to.emit(world.registry, "GrantRevoked")
        .withArgs(alice, digest);
      await refused(send(grant), "RevokedGrant", digest);
      expect(await world.registry.spentOf(world.people.alice, digest)).to.equal(2n ** 256n - 1n);
      await (
        await storeFor({ nonce: 1n })
      ).sent;
    });

    it("may be a contract's", async () => {
      const { ethers, registry, ledger, people } = world;
      const contract = await ethers.deployContract("ContractOperator");
      const owner = await contract.getAddress();
      await as("alice").transferBucket(1, owner);
      await ledger.connect(people.alice).deposit(owner, 2n * RATE);
      const { grant, digest } = await signGrant(world, {
        owner: { ...people.alice, address: owner },
        signer: people.alice,
      });
      await refused(send({ ...grant, signature: "0x" }), "GrantInvalid", owner);
      await contract.accept(digest);
      await send({ ...grant, signature: "0x" });
      expect(await ledger.balanceOf(owner)).to.equal(0n);
      expect(await registry.spentOf(owner, digest)).to.equal(2n * RATE);
    });

    it("takes nothing that the owner does not have", async () => {
      const { alice } = world.people;
      await world.ledger.connect(alice).withdraw(alice, FUNDS - 1999n);
      await expect((await storeFor()).sent)
        .to.be.revertedWithCustomError(world.ledger, "InsufficientBalance")
        .withArgs(alice, 1999n, 2000n);
    });
  });

  it("cost at most 330,000 gas to store one, in a directory of the standard depth", async () => {
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
    for (const each of gas.slice(2)) expect(each).to.be.at.most(330_000n);
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
