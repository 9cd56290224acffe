// A segment's later life: extended, ended early, claimed for with others, retired with others; and what a writer may do
// by the owner's grant.
import { expect } from "chai";
import { Directory } from "../../protocol/directory.ts";
import { P, toHex32 } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { signExtension, signGrant, type Extension, type GrantTerms } from "../helpers/consents.ts";
import { openingsOf } from "../helpers/openings.ts";
import { present } from "../helpers/present.ts";
import { createWorld, FUNDS, LOCK_PER_EPOCH, RENT, SHAPE, type Order, type World } from "../helpers/world.ts";

/** Token units that a leaf costs per epoch, and what the provider gets of them. */
const RATE = 1000n;
const PAID = 950n;

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

  describe("ending early", () => {
    const people = (name: "carol") => ({ carol: world.people.auditor })[name];
    const payers = async (serial: number) =>
      (await world.registry.payersOf(1, serial)).map(({ account, end }) => [account, end]);
    const extend = async (serial: number, epochs: number, by: keyof World["people"] = "alice") =>
      as(by).extend(...(await signExtension(world, { serial, epochs })));
    beforeEach(() => world.store({ leaves: [3], epochs: 10 }));

    it("is after a notice of two epochs, and refunds what would have come then", async () => {
      const { alice } = world.people;
      await world.toEpoch(1);
      const before = await world.balance(alice);
      await expect(as("alice").endEarly(1, 0))
        .to.emit(world.registry, "SegmentEndedEarly")
        .withArgs(1, 1, 0, 4, 21n * RATE)
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

    it("is for the bucket's owner; who has paid gets it back", async () => {
      const { bob, alice } = world.people;
      await as("alice").setWriter(1, bob, true);
      await world.store({ by: bob, epochs: 10 });
      expect(await payers(1)).to.deep.equal([[bob.address, 11n]]);
      await refused(as("bob").endEarly(1, 1), "Unauthorized", bob);
      const before = [await world.balance(alice), await world.balance(bob)] as const;
      await expect(as("alice").endEarly(1, 1))
        .to.emit(world.registry, "SegmentEndedEarly")
        .withArgs(1, 1, 1, 3, 8n * RATE);
      expect(await world.balance(bob)).to.equal(before[1] + 8n * RATE);
      expect(await world.balance(alice)).to.equal(before[0]);
      expect(await payers(1)).to.deep.equal([[bob.address, 3n]]);
    });

    it("gives each payer what would have come in the epochs that were theirs", async () => {
      const { bob, alice, stranger } = world.people;
      const { ledger, token } = world;
      await token.connect(bob).approve(ledger, 2n ** 255n);
      await token.mint(bob, FUNDS);
      await ledger.connect(bob).deposit(stranger, FUNDS);
      for (const writer of [bob, stranger]) await as("alice").setWriter(1, writer, true);
      const nobody = world.ethers.ZeroAddress;
      // Until 4 by alice, 6 and 7 by bob, 9 by alice, 12 by the stranger.
      await world.store({ epochs: 3 });
      await extend(1, 2, "bob");
      await extend(1, 1, "bob");
      await extend(1, 2);
      await extend(1, 3, "stranger");
      expect(await payers(1)).to.deep.equal([
        [nobody, 4n],
        [bob.address, 7n],
        [nobody, 9n],
        [stranger.address, 12n],
      ]);
      await world.toEpoch(3);
      // Whoever is the owner now is meant.
      await as("alice").transferBucket(1, people("carol"));
      const all = [alice, people("carol"), bob, stranger];
      const before = await Promise.all(all.map(world.balance));
      await world.registry.connect(people("carol")).endEarly(1, 1);
      const after = await Promise.all(all.map(world.balance));
      expect(after.map((now, i) => now - present(before[i]))).to.deep.equal([0n, 2n * RATE, RATE, 3n * RATE]);
      expect(await payers(1)).to.deep.equal([
        [nobody, 4n],
        [bob.address, 6n],
      ]);
    });

    it("is right where one payer's epochs end with the notice, and where nobody but the owner is left", async () => {
      const { bob } = world.people;
      await as("alice").setWriter(1, bob, true);
      await world.store({ epochs: 2 });
      await extend(1, 2, "bob");
      const before = await world.balance(bob);
      await as("alice").endEarly(1, 1);
      expect(await world.balance(bob)).to.equal(before + 2n * RATE);
      expect(await payers(1)).to.deep.equal([]);
      await extend(1, 2, "bob");
      expect(await payers(1)).to.deep.equal([
        [world.ethers.ZeroAddress, 3n],
        [bob.address, 5n],
      ]);
    });

    it("knows 8 payers in turn of epochs to come", async () => {
      const { bob } = world.people;
      await as("alice").setWriter(1, bob, true);
      await world.store({ epochs: 1 });
      for (let i = 0; i < 7; i++) await extend(1, 1, i % 2 === 0 ? "bob" : "alice");
      expect((await payers(1)).length).to.equal(8);
      await refused(extend(1, 1), "TooManyPayers", 1, 1);
      // The last of them may go on, and others once the first are over.
      await extend(1, 1, "bob");
      await world.toEpoch(3);
      await extend(1, 1);
      expect((await payers(1)).length).to.equal(7);
      expect(await payers(1)).to.deep.equal([
        ...[4n, 5n, 6n, 7n, 8n].map((end) => [end % 2n === 0n ? world.ethers.ZeroAddress : bob.address, end]),
        [bob.address, 10n],
        [world.ethers.ZeroAddress, 11n],
      ]);
      const before = await world.balance(bob);
      await as("alice").endEarly(1, 1);
      expect(await world.balance(bob)).to.equal(before + 3n * RATE);
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

  describe("retiring", () => {
    let directory: Directory;
    const retire = (...serials: number[]) => world.registry.retire(1, ...openingsOf(directory, serials));
    const stock = async () => {
      const { total, count, live, nextSerial } = await world.registry.directory(1);
      return [total, count, live, nextSerial];
    };
    beforeEach(async () => {
      directory = new Directory(SHAPE.directoryDepth);
      const leaves = [1, 2, 3, 4, 5, 6];
      const roots = leaves.map((_, i) => toHex32(BigInt(11 + i)));
      await world.store({ leaves: leaves.slice(0, 5), roots: roots.slice(0, 5), epochs: 1 });
      await world.store({ leaves: [6], roots: [present(roots[5])], epochs: 3 });
      leaves.forEach((n, i) => directory.append({ root: BigInt(11 + i), weight: 125 * n, leaves: n }));
      await world.toEpoch(2);
    });

    it("is for anyone, leaves tombstones, and frees their room", async () => {
      const before = await world.registry.snapshot(1, 2);
      const sent = await world.registry
        .connect(world.people.stranger)
        .retire(1, ...openingsOf(directory, [0, 2, 4]));
      for (const serial of [0, 2, 4]) {
        await expect(sent).to.emit(world.registry, "SegmentRetired").withArgs(1, serial);
        directory.retire(serial);
      }
      expect((await world.registry.directory(1)).root).to.equal(toHex32(directory.root));
      expect(await stock()).to.deep.equal([21n * 125n, 6n, 3n, 6n]);
      expect((await world.registry.node(1)).used).to.equal(12n);
      // The running epoch asks for what it asked for, and the next one for no more of what is retired.
      expect(await world.registry.snapshot(1, 2)).to.deep.equal(before);
      expect((await world.registry.snapshot(1, 3)).root).to.equal(toHex32(directory.root));
      // The frontier is right as well.
      await world.store({ leaves: [7], roots: [toHex32(99n)] });
      directory.append({ root: 99n, weight: 7 * 125, leaves: 7 });
      expect((await world.registry.directory(1)).root).to.equal(toHex32(directory.root));
    });

    it("is for segments that have ended, each once", async () => {
      await refused(retire(0, 5), "NotEnded", 4, 2);
      await refused(
        world.registry.retire(1, ...openingsOf(directory, [0, 9], [0, 1])),
        "NoSuchSegment",
        1,
        9,
      );
      await refused(
        world.registry.retire(1, ...openingsOf(directory, [0, 0], [0, 1])),
        "AlreadyRetired",
        1,
        0,
      );
      await retire(0);
      directory.retire(0);
      await refused(retire(0), "AlreadyRetired", 1, 0);
    });

    it("is of the segments' own entries, opened as they are now", async () => {
      const { registry } = world;
      const root = (await registry.directory(1)).root;
      const [openings, siblings] = openingsOf(directory, [1]);
      const opening = present(openings[0]);
      for (const other of [
        { ...opening, root: toHex32(11n) },
        { ...opening, root: world.ethers.ZeroHash },
        { ...opening, start: 0 },
        { ...opening, serial: 0 },
        // What ends later cannot be opened in the place of what has ended, even if it weighs the same.
        { ...present(openingsOf(directory, [5])[0][0]), serial: 1 },
      ]) {
        await refused(registry.retire(1, [other], siblings), "PathInvalid", root);
      }
      for (const attempt of [
        () => registry.retire(1, openings, siblings.slice(1)),
        () => registry.retire(1, openings, [...siblings, ...siblings.slice(0, 1)]),
        () => registry.retire(1, [{ ...opening, root: toHex32(BigInt(opening.root) + P) }], siblings),
        () => registry.retire(1, openings, [toHex32(BigInt(present(siblings[0])) + P), ...siblings.slice(1)]),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(registry, "PathMalformed");
      }
      const [both, path] = openingsOf(directory, [0, 1]);
      await expect(registry.retire(1, both.toReversed(), path)).to.be.revertedWithCustomError(
        registry,
        "PathMalformed",
      );
      // A path of the tree before another one was retired.
      await retire(2);
      directory.retire(2);
      await refused(registry.retire(1, openings, siblings), "PathInvalid", directory.root);
      await retire(1);
    });

    it("of all that are left empties the directory without a path, and serials go on", async () => {
      await world.toEpoch(4);
      const bare = [5, 0, 1, 2, 3, 4].map((serial) => ({ serial, start: 0, root: world.ethers.ZeroHash }));
      await expect(world.registry.retire(1, bare, []))
        .to.emit(world.registry, "DirectoryReset")
        .withArgs(1);
      expect(await stock()).to.deep.equal([0n, 0n, 0n, 6n]);
      expect((await world.registry.node(1)).used).to.equal(0n);
      expect((await world.registry.snapshot(1, 4)).total).to.equal(21n * 125n);
      await refused(world.registry.retire(1, bare, []), "AlreadyRetired", 1, 5);
      await world.store({ leaves: [5], roots: [toHex32(99n)] });
      const fresh = new Directory(SHAPE.directoryDepth);
      fresh.append({ root: 99n, weight: 5 * 125, leaves: 5 });
      expect((await world.registry.directory(1)).root).to.equal(toHex32(fresh.root));
      expect((await world.registry.segment(1, 6)).index).to.equal(0n);
    });

    it("of the last ones in several calls empties it too", async () => {
      await world.toEpoch(4);
      await retire(0, 1, 2);
      const rest = [3, 4, 5].map((serial) => ({ serial, start: 0, root: world.ethers.ZeroHash }));
      await expect(world.registry.retire(1, rest, [])).to.emit(world.registry, "DirectoryReset");
      expect((await world.registry.node(1)).used).to.equal(0n);
    });

    it("frees room of who waits to take over as well", async () => {
      await as("manager").assign(1, 2);
      expect((await world.registry.node(2)).used).to.equal(21n);
      await retire(0, 1);
      const used = [1, 2].map(async (id) => (await world.registry.node(id)).used);
      expect(await Promise.all(used)).to.deep.equal([18n, 18n]);
    });

    it("frees no room where nobody is responsible", async () => {
      await world.store({ leaves: [7], roots: [toHex32(99n)], epochs: 20 });
      directory.append({ root: 99n, weight: 7 * 125, leaves: 7 });
      await world.missEach(2, 4);
      await world.settle();
      expect((await world.registry.node(1)).used).to.equal(0n);
      await retire(0, 1);
      expect((await world.registry.vNode(1)).held).to.equal(25n);
      expect((await world.registry.node(1)).used).to.equal(0n);
    });

    it("of none does nothing, and needs a vNode", async () => {
      await expect(world.registry.retire(2, [], [])).not.to.emit(world.registry, "DirectoryReset");
      await refused(world.registry.retire(9, [], []), "NoSuchVNode", 9);
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

    it("is good up to its rent", async () => {
      const { grant } = await signGrant(world, { maxRent: RENT - 1n });
      await refused(send(grant), "RentTooHigh", RENT, RENT - 1n);
      await refused(send(grant, { rent: RENT - 1n, maxRent: RENT }), "RentTooHigh", RENT, RENT - 1n);
      await send(grant, { rent: RENT - 1n });
      const extend = async (rent: bigint) =>
        as("stranger").extendFor(grant, ...(await signExtension(world, { rent })));
      await refused(extend(RENT), "RentTooHigh", RENT, RENT - 1n);
      await extend(RENT - 1n);
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
