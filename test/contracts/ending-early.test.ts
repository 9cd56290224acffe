// Segments that end before their time, and who gets what back.
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import { FUNDS, type World } from "../../evidence/world/world.ts";
import { signExtension } from "../helpers/consents.ts";
import { freshWorld, registryShortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

/** Price of a leaf per epoch in token units, and the provider's part of it. */
const RATE = 1000n;
const PAID = 950n;

describe("contracts: ending early", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });
  const { as, endOf, provider, refused } = registryShortcuts(() => world);

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
      .withArgs(
        ...named(world.registry, "SegmentEndedEarly", {
          vNode: 1,
          bucket: 1,
          serial: 0,
          end: 4,
          amount: 21n * RATE,
        }),
      )
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
      .withArgs(
        ...named(world.registry, "SegmentEndedEarly", {
          vNode: 1,
          bucket: 1,
          serial: 1,
          end: 3,
          amount: 8n * RATE,
        }),
      );
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
    // The present owner decides.
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
    world = await fresh();
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
