// Nodes, clusters, buckets, and what is stored on whose word.
import { expect } from "chai";
import { TypedDataEncoder } from "ethers";
import { P, toHex32 } from "../../protocol/field.ts";
import { ACCEPTANCE, domain } from "../../protocol/typed-data.ts";
import { present } from "../helpers/present.ts";
import {
  createWorld,
  FUNDS,
  hashSegments,
  LOCK_PER_EPOCH,
  PARAMS,
  QUANTUM_BITS,
  RENT,
  SHAPE,
  UNBOND,
  type Order,
  type World,
} from "../helpers/world.ts";

/** Leaves that a segment of the profile can have. */
const MAX_LEAVES = 16 ** SHAPE.dataDepth;
/** Segments that a vNode of the profile can have. */
const MAX_SEGMENTS = 4 ** SHAPE.directoryDepth;

describe("contracts: Registry", () => {
  let world: World;
  let restore: () => Promise<void>;
  before(async () => {
    world = await createWorld();
    const snapshot = await world.chain.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  beforeEach(() => restore());

  const provider = (node: number) => present(world.people.providers[node - 1]);
  const as = (who: keyof World["people"]) => world.registry.connect(world.people[who] as never);
  const unauthorized = async (attempt: Promise<unknown>, who: unknown) =>
    expect(attempt).to.be.revertedWithCustomError(world.registry, "Unauthorized").withArgs(who);

  describe("a node", () => {
    it("is registered for its provider, with all that others need to know", async () => {
      const { stranger, bob } = world.people;
      const sent = as("stranger").registerNode(bob, "http://x", 5, 6, 7, "meta");
      await expect(sent).to.emit(world.registry, "NodeRegistered").withArgs(4, stranger);
      await expect(sent).to.emit(world.registry, "NodeUpdated").withArgs(4, bob, "http://x", 5, 6, 7, "meta");
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
        .withArgs(1, 8, 9);
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

  describe("a cluster", () => {
    it("belongs to who created it, and is changed by nobody else", async () => {
      const { manager, stranger } = world.people;
      await expect(as("stranger").createCluster(0, 0, QUANTUM_BITS, PARAMS, "two"))
        .to.emit(world.registry, "ClusterCreated")
        .withArgs(2, stranger, 0, 0, QUANTUM_BITS, Object.values(PARAMS), "two");
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

    it("changes its manager in two steps", async () => {
      const { manager, bob, stranger } = world.people;
      await expect(as("manager").proposeManager(1, bob))
        .to.emit(world.registry, "ManagerProposed")
        .withArgs(1, bob);
      await unauthorized(as("stranger").acceptManager(1), stranger);
      await unauthorized(as("manager").acceptManager(1), manager);
      await as("manager").addVNodes(1, [6]);
      await expect(as("bob").acceptManager(1)).to.emit(world.registry, "ManagerChanged").withArgs(1, bob);
      await unauthorized(as("manager").addVNodes(1, [7]), manager);
      await as("bob").addVNodes(1, [7]);
      await unauthorized(as("bob").acceptManager(1), bob);
    });

    it("has each token once; two clusters may share one", async () => {
      await expect(as("manager").addVNodes(1, [5, 5]))
        .to.be.revertedWithCustomError(world.registry, "TokenTaken")
        .withArgs(1, 5);
      await expect(as("manager").addVNodes(1, [10]))
        .to.be.revertedWithCustomError(world.registry, "TokenTaken")
        .withArgs(1, 10);
      await as("manager").createCluster(0, 0, QUANTUM_BITS, PARAMS, "two");
      await expect(as("manager").addVNodes(2, [10, 2n ** 64n - 1n]))
        .to.emit(world.registry, "VNodeAdded")
        .withArgs(3, 2, 10);
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
      await expect(as("manager").addStandby(1, 3)).to.emit(world.registry, "StandbyAdded").withArgs(1, 3);
      await as("manager").addStandby(1, 2);
      await as("manager").addStandby(1, 1);
      expect(await world.registry.standby(1)).to.deep.equal([3n, 2n, 1n]);
      await expect(as("manager").addStandby(1, 2))
        .to.be.revertedWithCustomError(world.registry, "AlreadyStandby")
        .withArgs(1, 2);
      await expect(world.registry.connect(provider(3)).removeStandby(1, 3))
        .to.emit(world.registry, "StandbyRemoved")
        .withArgs(1, 3);
      expect(await world.registry.standby(1)).to.deep.equal([2n, 1n]);
      await unauthorized(world.registry.connect(provider(3)).removeStandby(1, 2), provider(3));
      await expect(as("manager").removeStandby(1, 3))
        .to.be.revertedWithCustomError(world.registry, "NotStandby")
        .withArgs(1, 3);
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
        .withArgs(1, 1);
      await expect(as("manager").assign(2, 0))
        .to.be.revertedWithCustomError(world.audits, "AlreadyAssigned")
        .withArgs(2, 0);
    });

    it("has a quantum below 2^80 token units", async () => {
      await expect(as("manager").createCluster(0, 0, 80, PARAMS, ""))
        .to.be.revertedWithCustomError(world.registry, "BadQuantum")
        .withArgs(80);
      await as("manager").createCluster(0, 0, 79, PARAMS, "");
      expect((await world.registry.cluster(2)).quantumBits).to.equal(79n);
    });

    describe("as the audits ask", () => {
      /** The registry, asked by the audits. */
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
          .withArgs(1, 3);
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
          .withArgs(1, 35);
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

  describe("a bucket", () => {
    it("is its creator's: nobody makes one for another account", async () => {
      await expect(as("stranger").createBucket(1, true))
        .to.emit(world.registry, "BucketCreated")
        .withArgs(3, 1, world.people.stranger, true);
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

  describe("storing", () => {
    const refused = async (order: Order, error: string, ...args: unknown[]) => {
      const attempt = expect(world.store(order)).to.be.revertedWithCustomError(world.registry, error);
      await (args.length > 0 ? attempt.withArgs(...args) : attempt);
    };

    it("says everything in events, and keeps it", async () => {
      const root = toHex32(5n);
      await expect(world.store({ leaves: [3], roots: [root], epochs: 4 }))
        .to.emit(world.registry, "SegmentStored")
        .withArgs(1, 1, 0, root, 0, 3, 3000, 1, 5, world.people.alice);
      await expect(world.store({ leaves: [2], roots: [root], epochs: 1 }))
        .to.emit(world.registry, "SegmentStored")
        .withArgs(1, 1, 1, root, 375, 2, 2000, 1, 2, world.people.alice);
      const { bucket, leaves, from, end, perEpoch, payers, index } = await world.registry.segment(1, 1);
      expect([bucket, leaves, from, end, perEpoch, payers]).to.deep.equal([1n, 2n, 1n, 2n, 2000n, 0n]);
      expect(index).to.equal(1n);
      expect(await world.registry.payersOf(1, 1)).to.deep.equal([]);
      const { committed, rate } = await world.audits.state(1);
      expect([committed, rate]).to.deep.equal([5000n, 0n]);
    });

    it("costs a multiple of the cluster's quantum, rounded up", async () => {
      // A leaf costs 1,000.3 units.
      const rent = RENT - 10n ** 18n + 13n * 10n ** 17n;
      await world.registry
        .connect(provider(1))
        .updateNode(1, present(world.people.operators[0]), "", 1000, rent, LOCK_PER_EPOCH, "");
      await world.store({ leaves: [1, 7, 8], rent });
      const prices = await Promise.all(
        [0, 1, 2].map(async (i) => (await world.registry.segment(1, i)).perEpoch),
      );
      expect(prices).to.deep.equal([1008n, 7008n, 8008n]);
      expect((await world.registry.directory(1)).total).to.equal((1008n + 7008n + 8008n) / 8n);
      const { asked, total, provider: paid } = await world.registry.statement(1, 1, 2);
      expect([total, asked, paid]).to.deep.equal([2003n, 16_024n, provider(2).address]);
    });

    it("is for the bucket's owner and its writers, each from their own account", async () => {
      const { bob, stranger, alice } = world.people;
      for (const by of [bob, stranger]) await refused({ by }, "Unauthorized", by);
      await as("alice").setReader(1, bob, true);
      await refused({ by: bob }, "Unauthorized", bob);
      await as("alice").setWriter(1, bob, true);
      const before = await world.balance(alice);
      await world.store({ by: bob, epochs: 2 });
      expect(await world.balance(alice)).to.equal(before);
      expect(await world.balance(bob)).to.equal(before - 2000n);
    });

    it("stays within the bucket's cluster", async () => {
      await as("manager").createCluster(0, 0, QUANTUM_BITS, PARAMS, "two");
      await as("manager").addVNodes(2, [1]);
      await as("manager").assign(3, 1);
      await refused({ vNode: 3 }, "OtherCluster", 1, 2);
    });

    it("is of something, for some time, but not for ever", async () => {
      await refused({ leaves: [] }, "BadOrder", 0, 10);
      await refused({ epochs: 0 }, "BadOrder", 1, 0);
      await refused({ epochs: 2 ** 20 + 1 }, "BadOrder", 1, 2 ** 20 + 1);
    });

    it("takes roots that are field elements and leaf counts that the profile has", async () => {
      const zero = world.ethers.ZeroHash;
      await refused({ roots: [zero] }, "BadSegment", 0, zero, 1);
      await refused(
        { roots: [world.ethers.toBeHex(P, 32)] },
        "BadSegment",
        0,
        world.ethers.toBeHex(P, 32),
        1,
      );
      await refused({ leaves: [1, 0] }, "BadSegment");
      await refused({ leaves: [MAX_LEAVES + 1] }, "BadSegment");
      await world.store({ leaves: [1, MAX_LEAVES], roots: [toHex32(P - 1n), toHex32(1n)] });
    });

    it("ends where the directory is full, and begins again when nothing in it is alive", async () => {
      await world.store({ leaves: new Array<number>(MAX_SEGMENTS - 1).fill(1), epochs: 1 });
      const weight = 125 * (MAX_SEGMENTS + 1);
      await refused({ leaves: [1, 1] }, "DirectoryFull", 1, MAX_SEGMENTS + 1, weight);
      await world.store({ epochs: 1 });
      await refused({}, "DirectoryFull", 1, MAX_SEGMENTS + 1, weight);
    });

    it("ends below a weight of 2^40", async () => {
      await world.store();
      // What thousands of the dearest segments would make of it, most of which have ended.
      await setTotal(world, 1, 2n ** 40n - 251n);
      expect((await world.registry.directory(1)).total).to.equal(2n ** 40n - 251n);
      await refused({ leaves: [2, 1] }, "DirectoryFull", 1, 3, 2n ** 40n + 124n);
      await world.store({ leaves: [2] });
      await refused({}, "DirectoryFull", 1, 3, 2n ** 40n + 124n);
    });

    it("costs no more than the caller agrees to, nor than the node's provider said", async () => {
      await refused({ maxRent: RENT - 1n }, "RentTooHigh", RENT, RENT - 1n);
      await refused({ rent: RENT + 1n }, "RentTooHigh", RENT + 1n, RENT);
      await refused({ rent: 2n ** 256n - 1n }, "RentTooHigh", 2n ** 256n - 1n, RENT);
      await world.store({ rent: RENT - 1n });
    });

    it("costs something", async () => {
      await refused({ rent: 0n }, "BadPrice", 0);
      await world.store({ rent: 1n });
      expect((await world.registry.segment(1, 0)).perEpoch).to.equal(8n);
    });

    it("fails for prices of 2^80 and beyond of a vNode", async () => {
      await as("manager").createCluster(0, 0, 79, PARAMS, "dear");
      await as("manager").addVNodes(2, [1]);
      await as("manager").assign(3, 1);
      await as("alice").createBucket(2, false);
      await expect(world.store({ bucket: 3, vNode: 3, leaves: [1, 1] }))
        .to.be.revertedWithCustomError(world.audits, "RateTooHigh")
        .withArgs(3, 2n ** 80n);
    });

    it("locks no more of the bond in an epoch than the node's provider said", async () => {
      const { registry, audits, people } = world;
      const own = registry.connect(provider(1));
      const limit = 100_000n;
      await own.updateNode(1, present(people.operators[0]), "", 1000, RENT, limit, "");
      await refused({ leaves: [4] }, "LockLimit", 1, limit, 120_000n);
      await world.store({ leaves: [2] });
      await refused({ leaves: [2] }, "LockLimit", 1, limit, 120_000n);
      // On whatever vNode.
      await as("manager").assign(2, 1);
      await refused({ vNode: 2, leaves: [2] }, "LockLimit", 1, limit, 120_000n);
      await world.store({ vNode: 2 });
      const { locked, lockedEpoch } = await registry.node(1);
      expect([locked, lockedEpoch]).to.deep.equal([90_000n, 0n]);
      expect((await audits.state(1)).locked + (await audits.state(1)).nextLocked).to.equal(60_000n);
      await world.toEpoch(1);
      await world.store({ leaves: [3] });
      expect((await registry.node(1)).lockedEpoch).to.equal(1n);
    });

    it("fails where nobody is responsible", async () => {
      await refused({ vNode: 2 }, "NotAssigned", 2);
      await refused({ vNode: 9 }, "NoSuchVNode", 9);
    });

    it("takes the room of the node, as far as it goes", async () => {
      await world.registry
        .connect(provider(1))
        .updateNode(1, present(world.people.operators[0]), "", 5, RENT, LOCK_PER_EPOCH, "");
      await world.store({ leaves: [4] });
      expect((await world.registry.node(1)).used).to.equal(4n);
      await refused({ leaves: [2] }, "CapacityExceeded", 1, 5, 6);
    });

    describe("on the node's word", () => {
      it("which is good until its deadline, and once", async () => {
        const deadline = BigInt(await world.chain.networkHelpers.time.latest()) + 100n;
        await world.chain.networkHelpers.time.setNextBlockTimestamp(deadline);
        await world.store({ deadline, nonce: 1000n });
        await refused({ nonce: 1000n }, "AcceptanceUsed", 1, 1000);
        await world.chain.networkHelpers.time.setNextBlockTimestamp(deadline + 50n);
        await refused({ deadline: deadline + 49n }, "AcceptanceExpired", deadline + 49n, deadline + 50n);
      });

      it("in any order of nonces", async () => {
        for (const nonce of [2n ** 255n, 256n, 255n, 0n]) await world.store({ nonce });
        await refused({ nonce: 255n }, "AcceptanceUsed", 1, 255);
      });

      it("for exactly these terms", async () => {
        const operator = present(world.people.operators[0]);
        const other = hashSegments([{ root: toHex32(1n), leaves: 2 }]);
        for (const signed of [
          { node: 2 },
          { revision: 1 },
          { bucket: 2 },
          { vNode: 2 },
          { segments: other },
          { epochs: 11 },
          { rent: RENT + 1n },
          { nonce: 12_345n },
          { deadline: 2n ** 63n },
        ]) {
          await refused({ signed }, "AcceptanceInvalid", 1, operator);
        }
      });

      it("and nobody else's: not the provider's, not another node's, not for another contract", async () => {
        for (const signer of [provider(1), present(world.people.operators[1]), world.people.alice]) {
          await refused({ operator: signer }, "AcceptanceInvalid", 1, world.people.operators[0]);
        }
        const order = await world.order({});
        const { bucket, vNode, segments, epochs, rent, nonce, deadline } = order;
        const message = {
          ...{ node: 1, revision: 0, bucket, vNode, epochs, rent, nonce, deadline },
          segments: hashSegments(segments),
        };
        const { chainId } = await world.ethers.provider.getNetwork();
        for (const wrong of [
          domain(chainId + 1n, await world.registry.getAddress()),
          domain(chainId, await world.ledger.getAddress()),
        ]) {
          const signature = await present(world.people.operators[0]).signTypedData(
            wrong,
            ACCEPTANCE,
            message,
          );
          await refused(
            { ...order, leaves: [1], roots: [present(segments[0]).root], signature },
            "AcceptanceInvalid",
          );
        }
        await refused({ signature: "0x" }, "AcceptanceInvalid");
      });

      it("no longer once the operator is another", async () => {
        const operator = present(world.people.operators[2]);
        await world.registry.connect(provider(1)).updateNode(1, operator, "", 1000, RENT, FUNDS, "");
        await refused({}, "AcceptanceInvalid", 1, operator);
        await world.store({ operator, node: 1 });
      });

      it("no longer once its provider or its operator has revoked it", async () => {
        const operator = present(world.people.operators[0]);
        const { stranger } = world.people;
        await unauthorized(as("stranger").revokeAcceptances(1), stranger);
        const other = present(world.people.operators[1]);
        await unauthorized(world.registry.connect(other).revokeAcceptances(1), other);
        for (const [i, by] of [provider(1), operator].entries()) {
          const revision = BigInt(i);
          await expect(world.registry.connect(by).revokeAcceptances(1))
            .to.emit(world.registry, "AcceptancesRevoked")
            .withArgs(1, revision + 1n);
          await refused({ revision }, "AcceptanceInvalid", 1, operator);
          await refused({ revision: revision + 2n }, "AcceptanceInvalid", 1, operator);
          await world.store({ revision: revision + 1n });
        }
      });

      it("of who will be responsible, not of who is", async () => {
        await world.toEpoch(1);
        await as("manager").assign(2, 2);
        const operator = present(world.people.operators[1]);
        await refused({ vNode: 2 }, "AcceptanceInvalid", 2, operator);
        await world.store({ vNode: 2, operator });
        expect((await world.audits.state(2)).nextLocked).to.equal(30_000n);
        expect((await world.ledger.bondOf(1)).locked).to.equal(0n);
      });

      it("and of nobody's while one node takes over from another", async () => {
        await world.store();
        await world.toEpoch(1);
        await as("manager").assign(1, 2);
        await refused({}, "HandingOver", 1);
        await refused({ node: 2 }, "HandingOver", 1);
      });

      it("which a contract may give", async () => {
        const contract = await world.ethers.deployContract("ContractOperator");
        const address = await contract.getAddress();
        await world.registry.connect(provider(1)).updateNode(1, address, "", 1000, RENT, FUNDS, "");
        const order = await world.order({ signature: "0x" });
        const { bucket, vNode, segments, epochs, rent, nonce, deadline } = order;
        const store = () =>
          as("alice").store(bucket, vNode, segments, epochs, rent, {
            rent,
            nonce,
            deadline,
            signature: "0x",
          });
        await expect(store())
          .to.be.revertedWithCustomError(world.registry, "AcceptanceInvalid")
          .withArgs(1, address);
        const { chainId } = await world.ethers.provider.getNetwork();
        const message = {
          ...{ node: 1, revision: 0, bucket, vNode, epochs, rent, nonce, deadline },
          segments: hashSegments(segments),
        };
        const typed = domain(chainId, await world.registry.getAddress());
        await contract.accept(TypedDataEncoder.hash(typed, ACCEPTANCE, message));
        await store();
        expect((await world.registry.segment(1, 0)).perEpoch).to.equal(1000n);
      });
    });
  });
});

/** Writes the total of a vNode's directory where Registry keeps it: see StockWord. */
async function setTotal({ registry, ethers, chain }: World, vNode: number, total: bigint): Promise<void> {
  const address = await registry.getAddress();
  const abi = ethers.AbiCoder.defaultAbiCoder();
  const { total: before } = await registry.directory(vNode);
  const { held } = await registry.vNode(vNode);
  for (let mapping = 0; mapping < 32; mapping++) {
    const slot = ethers.keccak256(abi.encode(["uint256", "uint256"], [vNode, mapping]));
    const word = BigInt(await ethers.provider.getStorage(address, slot));
    if (word % 2n ** 40n !== before || word >> 216n !== held) continue;
    await chain.networkHelpers.setStorageAt(address, slot, ethers.toBeHex(word - before + total, 32));
    return;
  }
  throw new Error("Registry keeps its vNodes elsewhere");
}
