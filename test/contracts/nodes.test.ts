// Nodes: registered, changed, and handed on from one provider to another.
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import { FUNDS, UNBOND, type World } from "../../evidence/world/world.ts";
import { freshWorld, registryShortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

describe("contracts: a node", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });
  const { as, provider, unauthorized } = registryShortcuts(() => world);

  it("is registered for its provider, with all that others need to know", async () => {
    const { stranger, bob } = world.people;
    const sent = as("stranger").registerNode(bob, "http://x", 5, 6, 7, "meta");
    await expect(sent).to.emit(world.registry, "NodeRegistered").withArgs(4, stranger);
    await expect(sent)
      .to.emit(world.registry, "NodeUpdated")
      .withArgs(
        ...named(world.registry, "NodeUpdated", {
          node: 4,
          operator: bob,
          url: "http://x",
          capacity: 5,
          rent: 6,
          lockPerEpoch: 7,
          metadata: "meta",
        }),
      );
    const node = await world.registry.node(4);
    expect([node.provider, node.operator]).to.deep.equal([stranger.address, bob.address]);
    expect([node.capacity, node.used, node.rent, node.lockPerEpoch]).to.deep.equal([5n, 0n, 6n, 7n]);
    expect([node.locked, node.lockedEpoch, node.revision]).to.deep.equal([0n, 0n, 0n]);
    expect([node.url, node.metadata, await world.registry.nodeCount()]).to.deep.equal([
      "http://x",
      "meta",
      4n,
    ]);
  });

  it("is changed by its provider alone, not by its operator", async () => {
    const operator = present(world.people.operators[0]);
    const attempt = world.registry.connect(operator).updateNode(1, operator, "", 1, 1, 1, "");
    await unauthorized(attempt, operator);
    await world.registry.connect(provider(1)).updateNode(1, operator, "http://y", 7, 8, 9, "m");
    expect((await world.registry.node(1)).url).to.equal("http://y");
  });

  it("does not offer less than is taken", async () => {
    await world.store({ leaves: [9] });
    const own = world.registry.connect(provider(1));
    await expect(own.updateNode(1, provider(1), "", 8, 1, 1, ""))
      .to.be.revertedWithCustomError(own, "CapacityExceeded")
      .withArgs(...named(own, "CapacityExceeded", { node: 1, capacity: 8, needed: 9 }));
    await own.updateNode(1, provider(1), "", 9, 1, 1, "");
  });

  it("has an operator and no text beyond 512 bytes", async () => {
    const { registry, ethers } = world;
    await expect(registry.registerNode(ethers.ZeroAddress, "", 1, 1, 1, "")).to.be.revertedWithCustomError(
      registry,
      "ZeroAddress",
    );
    for (const [url, metadata] of [
      ["x".repeat(513), ""],
      ["", "x".repeat(513)],
    ] as const) {
      await expect(registry.registerNode(provider(1), url, 1, 1, 1, metadata))
        .to.be.revertedWithCustomError(registry, "TextTooLong")
        .withArgs(513);
    }
    await registry.registerNode(provider(1), "x".repeat(512), 1, 1, 1, "x".repeat(512));
  });

  it("is handed on in two steps, once a bond could have been released", async () => {
    const { registry, chain, ledger, people } = world;
    const [bob, first] = [people.bob, provider(1)];
    await unauthorized(as("bob").proposeProvider(1, bob), bob);
    await unauthorized(as("bob").acceptProvider(1), bob);
    const at = BigInt(await chain.networkHelpers.time.latest()) + 10n;
    await chain.networkHelpers.time.setNextBlockTimestamp(at);
    await expect(registry.connect(first).proposeProvider(1, bob))
      .to.emit(registry, "ProviderProposed")
      .withArgs(1, bob, at + BigInt(UNBOND));
    await unauthorized(as("alice").acceptProvider(1), people.alice);
    await chain.networkHelpers.time.setNextBlockTimestamp(at + BigInt(UNBOND) - 1n);
    await expect(as("bob").acceptProvider(1))
      .to.be.revertedWithCustomError(registry, "NotAcceptableYet")
      .withArgs(1, at + BigInt(UNBOND), at + BigInt(UNBOND) - 1n);
    await chain.networkHelpers.time.setNextBlockTimestamp(at + BigInt(UNBOND));
    await expect(as("bob").acceptProvider(1)).to.emit(registry, "ProviderChanged").withArgs(1, bob);
    expect(await registry.providerOf(1)).to.equal(bob.address);
    // The bond is bob's now, and the node asks him alone; he accepts once.
    await unauthorized(registry.connect(first).proposeProvider(1, first), first);
    await expect(ledger.connect(first).requestUnbond(1, 1n))
      .to.be.revertedWithCustomError(ledger, "Unauthorized")
      .withArgs(first);
    await ledger.connect(bob).requestUnbond(1, FUNDS);
    await unauthorized(as("bob").acceptProvider(1), bob);
  });

  it("is not handed on by what was taken back, nor before the delay of the last word", async () => {
    const { registry, chain, people } = world;
    const own = registry.connect(provider(1));
    await own.proposeProvider(1, people.bob);
    await own.proposeProvider(1, world.ethers.ZeroAddress);
    await chain.networkHelpers.time.increase(UNBOND);
    await unauthorized(as("bob").acceptProvider(1), people.bob);
    await own.proposeProvider(1, people.bob);
    await expect(as("bob").acceptProvider(1)).to.be.revertedWithCustomError(registry, "NotAcceptableYet");
  });

  it("that is not there is an error", async () => {
    await expect(world.registry.node(9))
      .to.be.revertedWithCustomError(world.registry, "NoSuchNode")
      .withArgs(9);
  });
});
