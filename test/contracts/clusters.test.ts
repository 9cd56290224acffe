// Clusters: their managers, their vNodes, and the nodes that serve them or wait to.
import { expect } from "chai";
import { FUNDS, PARAMS, QUANTUM_BITS, type World } from "../../evidence/world/world.ts";
import { freshWorld, registryShortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

describe("contracts: a cluster", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });
  const { as, provider, unauthorized } = registryShortcuts(() => world);

  it("belongs to who created it, and is changed by nobody else", async () => {
    const { manager, stranger } = world.people;
    await expect(as("stranger").createCluster(0, 0, QUANTUM_BITS, PARAMS, "two"))
      .to.emit(world.registry, "ClusterCreated")
      .withArgs(
        ...named(world.registry, "ClusterCreated", {
          cluster: 2,
          manager: stranger,
          profile: 0,
          beacon: 0,
          quantumBits: QUANTUM_BITS,
          params: Object.values(PARAMS),
          metadata: "two",
        }),
      );
    expect((await world.registry.cluster(2)).manager).to.equal(stranger.address);
    // The manager of another cluster is a stranger here.
    for (const [who, attempt] of [
      [stranger, () => as("stranger").addVNodes(1, [5])],
      [stranger, () => as("stranger").addStandby(1, 2)],
      [stranger, () => as("stranger").removeStandby(1, 2)],
      [stranger, () => as("stranger").assign(1, 2)],
      [stranger, () => as("stranger").proposeManager(1, stranger)],
      [manager, () => as("manager").addVNodes(2, [5])],
      [manager, () => as("manager").assign(9, 1)],
    ] as const) {
      await unauthorized(attempt(), who);
    }
  });

  it("changes its manager in two steps, between which there is time to leave", async () => {
    const { manager, bob, stranger } = world.people;
    const [now, delay] = [await world.audits.currentEpoch(), await world.audits.changeDelay()];
    const from = now + delay;
    await expect(as("manager").proposeManager(1, bob))
      .to.emit(world.registry, "ManagerProposed")
      .withArgs(1, bob, from);
    expect((await world.registry.cluster(1)).acceptableFrom).to.equal(from);
    await world.toEpoch(Number(from) - 1);
    await expect(as("bob").acceptManager(1))
      .to.be.revertedWithCustomError(world.registry, "ManagerTooEarly")
      .withArgs(1, from, from - 1n);
    await world.toEpoch(Number(from));
    await unauthorized(as("stranger").acceptManager(1), stranger);
    await unauthorized(as("manager").acceptManager(1), manager);
    await as("manager").addVNodes(1, [6]);
    await expect(as("bob").acceptManager(1)).to.emit(world.registry, "ManagerChanged").withArgs(1, bob);
    await unauthorized(as("manager").addVNodes(1, [7]), manager);
    await as("bob").addVNodes(1, [7]);
    await unauthorized(as("bob").acceptManager(1), bob);
  });

  it("stays its manager's who takes a proposal back, and counts the delay anew for another", async () => {
    const { bob, stranger } = world.people;
    await as("manager").proposeManager(1, bob);
    const first = (await world.registry.cluster(1)).acceptableFrom;
    await world.toEpoch(Number(first) - 1);
    await as("manager").proposeManager(1, stranger);
    const second = (await world.registry.cluster(1)).acceptableFrom;
    expect(second - first).to.equal((await world.audits.changeDelay()) - 1n);
    await world.toEpoch(Number(second));
    await unauthorized(as("bob").acceptManager(1), bob);
    await as("manager").proposeManager(1, `0x${"00".repeat(20)}`);
    await unauthorized(as("stranger").acceptManager(1), stranger);
  });

  it("has each token once; two clusters may share one", async () => {
    await expect(as("manager").addVNodes(1, [5, 5]))
      .to.be.revertedWithCustomError(world.registry, "TokenTaken")
      .withArgs(...named(world.registry, "TokenTaken", { cluster: 1, token: 5 }));
    await expect(as("manager").addVNodes(1, [10]))
      .to.be.revertedWithCustomError(world.registry, "TokenTaken")
      .withArgs(...named(world.registry, "TokenTaken", { cluster: 1, token: 10 }));
    await as("manager").createCluster(0, 0, QUANTUM_BITS, PARAMS, "two");
    await expect(as("manager").addVNodes(2, [10, 2n ** 64n - 1n]))
      .to.emit(world.registry, "VNodeAdded")
      .withArgs(...named(world.registry, "VNodeAdded", { vNode: 3, cluster: 2, token: 10 }));
    expect((await world.registry.vNode(4)).token).to.equal(2n ** 64n - 1n);
    expect(await world.registry.vNodeCount()).to.equal(4n);
  });

  it("uses only nodes whose provider trusts the manager, from now on", async () => {
    const third = provider(3);
    await expect(world.registry.connect(third).trust(world.people.manager, false))
      .to.emit(world.registry, "Trusted")
      .withArgs(third, world.people.manager, false);
    for (const attempt of [() => as("manager").assign(2, 3), () => as("manager").addStandby(1, 3)]) {
      await expect(attempt())
        .to.be.revertedWithCustomError(world.registry, "NotTrusted")
        .withArgs(3, third, world.people.manager);
    }
    await world.registry.connect(provider(1)).trust(world.people.manager, false);
    expect((await world.registry.vNode(1)).node).to.equal(1n); // history stays
    await expect(as("manager").assign(1, 9))
      .to.be.revertedWithCustomError(world.registry, "NoSuchNode")
      .withArgs(9);
  });

  it("trusts a manager's own nodes without a word", async () => {
    await as("manager").registerNode(world.people.manager, "", 10, 1, 1, "");
    await as("manager").assign(2, 4);
    expect((await world.registry.vNode(2)).node).to.equal(4n);
  });

  it("keeps its standby nodes in order, each once, and lets a provider take his away", async () => {
    await expect(as("manager").addStandby(1, 3))
      .to.emit(world.registry, "StandbyAdded")
      .withArgs(...named(world.registry, "StandbyAdded", { cluster: 1, node: 3 }));
    await as("manager").addStandby(1, 2);
    await as("manager").addStandby(1, 1);
    expect(await world.registry.standby(1)).to.deep.equal([3n, 2n, 1n]);
    await expect(as("manager").addStandby(1, 2))
      .to.be.revertedWithCustomError(world.registry, "AlreadyStandby")
      .withArgs(...named(world.registry, "AlreadyStandby", { cluster: 1, node: 2 }));
    await expect(world.registry.connect(provider(3)).removeStandby(1, 3))
      .to.emit(world.registry, "StandbyRemoved")
      .withArgs(...named(world.registry, "StandbyRemoved", { cluster: 1, node: 3 }));
    expect(await world.registry.standby(1)).to.deep.equal([2n, 1n]);
    await unauthorized(world.registry.connect(provider(3)).removeStandby(1, 2), provider(3));
    await expect(as("manager").removeStandby(1, 3))
      .to.be.revertedWithCustomError(world.registry, "NotStandby")
      .withArgs(...named(world.registry, "NotStandby", { cluster: 1, node: 3 }));
  });

  it("has 32 standby nodes at most", async () => {
    for (let i = 0; i < 33; i++) await as("manager").registerNode(world.people.manager, "", 1, 1, 1, "");
    for (let i = 0; i < 32; i++) await as("manager").addStandby(1, 4 + i);
    await expect(as("manager").addStandby(1, 36))
      .to.be.revertedWithCustomError(world.registry, "TooManyStandby")
      .withArgs(1);
  });

  it("is not assigned what it has already", async () => {
    await expect(as("manager").assign(1, 1))
      .to.be.revertedWithCustomError(world.audits, "AlreadyAssigned")
      .withArgs(...named(world.audits, "AlreadyAssigned", { vNode: 1, node: 1 }));
    await expect(as("manager").assign(2, 0))
      .to.be.revertedWithCustomError(world.audits, "AlreadyAssigned")
      .withArgs(...named(world.audits, "AlreadyAssigned", { vNode: 2, node: 0 }));
  });

  it("has a quantum below 2^80 token units", async () => {
    await expect(as("manager").createCluster(0, 0, 80, PARAMS, ""))
      .to.be.revertedWithCustomError(world.registry, "BadQuantum")
      .withArgs(80);
    await as("manager").createCluster(0, 0, 79, PARAMS, "");
    expect((await world.registry.cluster(2)).quantumBits).to.equal(79n);
  });

  describe("as the audits ask", () => {
    /** The registry, called by Audits. */
    const asAudits = async () => {
      const address = await world.audits.getAddress();
      await world.chain.networkHelpers.impersonateAccount(address);
      await world.chain.networkHelpers.setBalance(address, 10n ** 20n);
      return world.registry.connect(await world.ethers.getSigner(address));
    };

    it("and nobody else does", async () => {
      const { manager } = world.people;
      await unauthorized(as("manager").takeStandby(1, 1, 0), manager);
      await unauthorized(as("manager").freeRoom(1, 1), manager);
    });

    it("takes the first standby node that is not the one that goes, and is trusted, with room and bond", async () => {
      await world.store({ leaves: [9] });
      const { manager } = world.people;
      const add = async (capacity: number, by = manager) => {
        await world.registry.connect(by).registerNode(by, "", capacity, 1, 1, "");
        return world.registry.nodeCount();
      };
      const [small, poor] = [await add(8), await add(9)];
      for (const id of [1n, small, poor, 2n, 3n]) await as("manager").addStandby(1, id);
      await world.registry.connect(provider(2)).trust(manager, false);
      const registry = await asAudits();
      expect(await registry.takeStandby.staticCall(1, 0, FUNDS - 9000n * 30n)).to.equal(1n);
      expect(await registry.takeStandby.staticCall(1, 1, 0)).to.equal(poor);
      await expect(registry.takeStandby(1, 1, FUNDS))
        .to.emit(registry, "StandbyRemoved")
        .withArgs(...named(registry, "StandbyRemoved", { cluster: 1, node: 3 }));
      expect(await registry.standby(1)).to.deep.equal([1n, small, poor, 2n]);
      expect((await registry.node(3)).used).to.equal(9n);
      await registry.takeStandby(1, 1, FUNDS);
      expect(await registry.standby(1)).to.deep.equal([1n, small, poor, 2n]);
      await registry.freeRoom(1, 3);
      expect((await registry.node(3)).used).to.equal(0n);
    });

    it("tries all 32 of them", async () => {
      const { manager } = world.people;
      for (let i = 0; i < 32; i++) {
        await as("manager").registerNode(manager, "", 1, 1, 1, "");
        await as("manager").addStandby(1, 4 + i);
      }
      await world.ledger.connect(world.people.alice).bond(35, 5n);
      const registry = await asAudits();
      await expect(registry.takeStandby(1, 1, 5n))
        .to.emit(registry, "StandbyRemoved")
        .withArgs(...named(registry, "StandbyRemoved", { cluster: 1, node: 35 }));
    });
  });

  it("that is not there is an error", async () => {
    const { registry } = world;
    await expect(registry.cluster(9)).to.be.revertedWithCustomError(registry, "NoSuchCluster").withArgs(9);
    await expect(registry.vNode(9)).to.be.revertedWithCustomError(registry, "NoSuchVNode").withArgs(9);
    await expect(registry.createBucket(9, true))
      .to.be.revertedWithCustomError(registry, "NoSuchCluster")
      .withArgs(9);
  });
});
