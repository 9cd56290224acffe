// What a writer may do by a grant that the owner has signed.
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import { FUNDS, RENT, type Order, type World } from "../../evidence/world/world.ts";
import { signExtension, signGrant, type GrantTerms } from "../helpers/consents.ts";
import { freshWorld, registryShortcuts } from "../helpers/fresh-world.ts";

/** Token units that a leaf costs per epoch. */
const RATE = 1000n;

describe("contracts: a grant", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });
  const { as, endOf, refused } = registryShortcuts(() => world);

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
      bucket: grant.bucket,
      epochs: 2,
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
