// Buckets: their owners, readers and writers.
import { expect } from "chai";
import { type World } from "../../evidence/world/world.ts";
import { freshWorld, registryShortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

describe("contracts: a bucket", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });
  const { as, unauthorized } = registryShortcuts(() => world);

  it("is its creator's: nobody makes one for another account", async () => {
    await expect(as("stranger").createBucket(1, true))
      .to.emit(world.registry, "BucketCreated")
      .withArgs(
        ...named(world.registry, "BucketCreated", {
          bucket: 3,
          cluster: 1,
          owner: world.people.stranger,
          isPublic: true,
        }),
      );
    const { owner, cluster, isPublic } = await world.registry.bucket(3);
    expect([owner, cluster, isPublic]).to.deep.equal([world.people.stranger.address, 1n, true]);
  });

  it("is changed by its owner alone", async () => {
    const { stranger, bob } = world.people;
    for (const attempt of [
      () => as("stranger").transferBucket(1, bob),
      () => as("stranger").setPublic(1, true),
      () => as("stranger").setReader(1, stranger, true),
      () => as("stranger").setWriter(1, stranger, true),
      () => as("stranger").setWriter(9, stranger, true),
    ]) {
      await unauthorized(attempt(), stranger);
    }
    await expect(as("alice").transferBucket(1, world.ethers.ZeroAddress)).to.be.revertedWithCustomError(
      world.registry,
      "ZeroAddress",
    );
    await expect(as("alice").transferBucket(1, bob))
      .to.emit(world.registry, "BucketTransferred")
      .withArgs(1, bob);
    await unauthorized(as("alice").setPublic(1, true), world.people.alice);
  });

  it("is read and written by whom its owner says: readers do not write", async () => {
    const { alice, bob, stranger } = world.people;
    const rights = async (who: typeof bob) => [
      await world.registry.mayRead(1, who),
      await world.registry.mayWrite(1, who),
    ];
    expect(await rights(alice)).to.deep.equal([true, true]);
    expect(await rights(bob)).to.deep.equal([false, false]);
    await expect(as("alice").setReader(1, bob, true))
      .to.emit(world.registry, "ReaderChanged")
      .withArgs(1, bob, true);
    expect(await rights(bob)).to.deep.equal([true, false]);
    await expect(as("alice").setWriter(1, stranger, true))
      .to.emit(world.registry, "WriterChanged")
      .withArgs(1, stranger, true);
    expect(await rights(stranger)).to.deep.equal([true, true]);
    await as("alice").setWriter(1, stranger, false);
    await as("alice").setReader(1, bob, false);
    expect([...(await rights(bob)), ...(await rights(stranger))]).to.deep.equal(new Array(4).fill(false));
    await expect(as("alice").setPublic(1, true)).to.emit(world.registry, "PublicChanged").withArgs(1, true);
    expect(await rights(bob)).to.deep.equal([true, false]);
  });

  it("that is not there is nobody's", async () => {
    const { registry, ethers } = world;
    await expect(registry.bucket(9)).to.be.revertedWithCustomError(registry, "NoSuchBucket").withArgs(9);
    expect(await registry.mayWrite(9, ethers.ZeroAddress)).to.equal(false);
  });
});
