// Nodes, clusters, buckets, and what is stored on whose word; the directory agrees with protocol/ entry by entry.
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { TypedDataEncoder } from "ethers";
import { Directory } from "../../protocol/directory.ts";
import { P, toHex32 } from "../../protocol/field.ts";
import { ACCEPTANCE, domain } from "../../protocol/typed-data.ts";
import { present } from "../helpers/present.ts";
import { createWorld, hashSegments, PARAMS, RENT, SHAPE, type Order, type World } from "../helpers/world.ts";

interface DirectoryVectors {
  segments: { root: string; leaves: number }[];
  afterAppending: { segments: number; total: number; root: string }[];
  segment1Tombstoned: { total: number; root: string };
}
const vectors = JSON.parse(
  readFileSync(new URL("../vectors/directory.json", import.meta.url), "utf8"),
) as DirectoryVectors;

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
      const sent = as("stranger").registerNode(bob, "http://x", 5, 6, "meta");
      await expect(sent).to.emit(world.registry, "NodeRegistered").withArgs(4, stranger);
      await expect(sent).to.emit(world.registry, "NodeUpdated").withArgs(4, bob, "http://x", 5, 6, "meta");
      const node = await world.registry.node(4);
      expect([node.provider, node.operator]).to.deep.equal([stranger.address, bob.address]);
      expect([node.capacity, node.used, node.rent]).to.deep.equal([5n, 0n, 6n]);
      expect([node.url, node.metadata, await world.registry.nodeCount()]).to.deep.equal([
        "http://x",
        "meta",
        4n,
      ]);
    });

    it("is changed by its provider alone, not by its operator", async () => {
      const operator = present(world.people.operators[0]);
      const attempt = world.registry.connect(operator).updateNode(1, operator, "", 1, 1, "");
      await unauthorized(attempt, operator);
      await world.registry.connect(provider(1)).updateNode(1, operator, "http://y", 7, 8, "m");
      expect((await world.registry.node(1)).url).to.equal("http://y");
    });

    it("does not offer less than is taken", async () => {
      await world.store({ leaves: [9] });
      const own = world.registry.connect(provider(1));
      await expect(own.updateNode(1, provider(1), "", 8, 1, ""))
        .to.be.revertedWithCustomError(own, "CapacityExceeded")
        .withArgs(1, 8, 9);
      await own.updateNode(1, provider(1), "", 9, 1, "");
    });

    it("has an operator and no text beyond 512 bytes", async () => {
      const { registry, ethers } = world;
      await expect(registry.registerNode(ethers.ZeroAddress, "", 1, 1, "")).to.be.revertedWithCustomError(
        registry,
        "ZeroAddress",
      );
      for (const [url, metadata] of [
        ["x".repeat(513), ""],
        ["", "x".repeat(513)],
      ] as const) {
        await expect(registry.registerNode(provider(1), url, 1, 1, metadata))
          .to.be.revertedWithCustomError(registry, "TextTooLong")
          .withArgs(513);
      }
      await registry.registerNode(provider(1), "x".repeat(512), 1, 1, "x".repeat(512));
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
      await expect(as("stranger").createCluster(0, 0, PARAMS, "two"))
        .to.emit(world.registry, "ClusterCreated")
        .withArgs(2, stranger, 0, 0, Object.values(PARAMS), "two");
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
      await as("manager").createCluster(0, 0, PARAMS, "two");
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
      await as("manager").registerNode(world.people.manager, "", 10, 1, "");
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
      for (let i = 0; i < 33; i++) await as("manager").registerNode(world.people.manager, "", 1, 1, "");
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

    it("lets only the audits replace a node", async () => {
      await unauthorized(as("manager").replaceNode(1, 1, 0), world.people.manager);
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
      const { bucket, start, leaves, from, end, perEpoch } = await world.registry.segment(1, 0);
      expect([bucket, start, leaves, from, end, perEpoch]).to.deep.equal([1n, 0n, 3n, 1n, 5n, 3000n]);
      const { committed, rate } = await world.audits.state(1);
      expect([committed, rate]).to.deep.equal([3000n, 0n]);
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
      await as("manager").createCluster(0, 0, PARAMS, "two");
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
      await refused({ leaves: [1, 1] }, "DirectoryFull", 1, MAX_SEGMENTS + 1, MAX_SEGMENTS + 1);
      await world.store({ epochs: 1 });
      await refused({}, "DirectoryFull", 1, MAX_SEGMENTS + 1, MAX_SEGMENTS + 1);
    });

    it("ends below 2^40 leaves", async () => {
      await world.store();
      // What thousands of the largest segments would make of it, most of which have ended.
      await setTotal(world, 1, 2n ** 40n - 3n);
      expect((await world.registry.directory(1)).total).to.equal(2n ** 40n - 3n);
      await refused({ leaves: [2, 1] }, "DirectoryFull", 1, 3, 2n ** 40n);
      await world.store({ leaves: [2] });
      await refused({}, "DirectoryFull", 1, 3, 2n ** 40n);
    });

    it("costs no more than the caller agrees to", async () => {
      await refused({ maxRent: RENT - 1n }, "RentTooHigh", RENT, RENT - 1n);
      await refused({ rent: 2n ** 128n }, "RentTooHigh", 2n ** 128n, 2n ** 128n);
    });

    it("fails for prices of 2^80 and beyond, of a segment or of a vNode", async () => {
      const operator = present(world.people.operators[0]);
      await world.registry.connect(provider(1)).updateNode(1, operator, "", 2 ** 30, 1, "");
      const rent = 2n ** 128n - 1n;
      const most = (BigInt(MAX_LEAVES) * rent) / 10n ** 18n + 1n;
      await expect(world.store({ leaves: new Array<number>(16).fill(MAX_LEAVES), rent }))
        .to.be.revertedWithCustomError(world.audits, "RateTooHigh")
        .withArgs(1, 16n * most);

      const deeper = await createWorld({}, { ...SHAPE, dataDepth: 4 });
      const price = (65_536n * rent) / 10n ** 18n + 1n;
      await expect(deeper.store({ leaves: [65_536], rent }))
        .to.be.revertedWithCustomError(deeper.registry, "BadPrice")
        .withArgs(price);
    });

    it("fails where nobody is responsible", async () => {
      await refused({ vNode: 2 }, "NotAssigned", 2);
      await refused({ vNode: 9 }, "NoSuchVNode", 9);
    });

    it("takes the room of the node, as far as it goes", async () => {
      await world.registry
        .connect(provider(1))
        .updateNode(1, world.people.operators[0] as never, "", 5, 1, "");
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
          ...{ bucket, vNode, epochs, rent, nonce, deadline },
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
        await world.registry.connect(provider(1)).updateNode(1, operator, "", 1000, 1, "");
        await refused({}, "AcceptanceInvalid", 1, operator);
        await world.store({ operator });
      });

      it("of who will be responsible, not of who is", async () => {
        await world.toEpoch(1);
        await as("manager").assign(1, 2);
        await refused({}, "AcceptanceInvalid", 2, world.people.operators[1]);
        await world.store({ operator: present(world.people.operators[1]) });
        expect((await world.audits.state(1)).nextLocked).to.equal(30_000n);
        expect((await world.ledger.bondOf(1)).locked).to.equal(0n);
      });

      it("which a contract may give", async () => {
        const contract = await world.ethers.deployContract("ContractOperator");
        const address = await contract.getAddress();
        await world.registry.connect(provider(1)).updateNode(1, address, "", 1000, 1, "");
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
          ...{ bucket, vNode, epochs, rent, nonce, deadline },
          segments: hashSegments(segments),
        };
        const typed = domain(chainId, await world.registry.getAddress());
        await contract.accept(TypedDataEncoder.hash(typed, ACCEPTANCE, message));
        await store();
        expect((await world.registry.segment(1, 0)).perEpoch).to.equal(1000n);
      });
    });
  });

  describe("the directory", () => {
    /** What the contract says about vNode 1 is what protocol/ says. */
    const expectSame = async (directory: Directory) => {
      const actual = await world.registry.directory(1);
      expect(actual.root).to.equal(toHex32(directory.root));
      expect([actual.total, actual.count]).to.deep.equal([
        BigInt(directory.total),
        BigInt(directory.entries.length),
      ]);
    };
    const pathOf = (directory: Directory, index: number) =>
      directory.path(index).map((others) => others.map(toHex32)) as [string, string, string][];

    it("is that of the vectors", async () => {
      world = await createWorld({}, { ...SHAPE, directoryDepth: 4 });
      for (const [i, segment] of vectors.segments.entries()) {
        const before = present(vectors.afterAppending[i]);
        const { root, total } = await world.registry.directory(1);
        expect([root, total]).to.deep.equal([before.root, BigInt(before.total)]);
        await world.store({ leaves: [segment.leaves], roots: [segment.root], epochs: i === 1 ? 1 : 9 });
      }
      const last = present(vectors.afterAppending.at(-1));
      expect((await world.registry.directory(1)).root).to.equal(last.root);

      const directory = new Directory(4);
      for (const { root, leaves } of vectors.segments) directory.append({ root: BigInt(root), leaves });
      await world.toEpoch(2);
      await world.registry.retire(1, 1, present(vectors.segments[1]).root, pathOf(directory, 1));
      expect((await world.registry.directory(1)).root).to.equal(vectors.segment1Tombstoned.root);
      world = await createWorld();
      const snapshot = await world.chain.networkHelpers.takeSnapshot();
      restore = () => snapshot.restore();
    });

    it("is the same in one call as in many, to the last entry", async () => {
      const directory = new Directory(SHAPE.directoryDepth);
      let root = 100n;
      for (const sizes of [[1, 2, 3], [4], [5, 6], [7, 8, 9, 10], [11], [12, 13, 14, 15], [16]]) {
        const roots = sizes.map(() => toHex32(++root));
        await world.store({ leaves: sizes, roots });
        sizes.forEach((leaves, i) => directory.append({ root: BigInt(present(roots[i])), leaves }));
        await expectSame(directory);
      }
    });

    it("keeps its frontier right when entries on it are retired before more follow", async () => {
      for (const count of [2, 3, 4, 5, 6, 7, 9, 13, 14]) {
        await restore();
        const directory = new Directory(SHAPE.directoryDepth);
        const roots = Array.from({ length: count }, (_, i) => toHex32(BigInt(i + 1)));
        await world.store({ leaves: roots.map(() => 1), roots, epochs: 1 });
        for (const root of roots) directory.append({ root: BigInt(root), leaves: 1 });
        await world.toEpoch(2);
        for (const index of [count - 1, 0]) {
          await world.registry.retire(1, index, present(roots[index]), pathOf(directory, index));
          directory.retire(index);
          if (count > 2 || index > 0) await expectSame(directory);
        }
        if (count === 2) continue; // none is alive
        await world.store({ leaves: [2, 3], roots: [toHex32(70n), toHex32(71n)] });
        for (const [i, leaves] of [2, 3].entries()) directory.append({ root: BigInt(70 + i), leaves });
        await expectSame(directory);
      }
    });

    it("is as it was when the epoch began, through any number of changes within it", async () => {
      await world.store({ leaves: [1], epochs: 1 });
      await world.store({ leaves: [2], epochs: 8 });
      const first = await world.registry.directory(1);
      await world.toEpoch(2);
      expect(await world.registry.snapshot(1, 2)).to.deep.equal([first.root, 3n]);
      await world.store({ leaves: [4] });
      await world.store({ leaves: [8] });
      expect(await world.registry.snapshot(1, 2)).to.deep.equal([first.root, 3n]);
      const second = await world.registry.directory(1);
      expect(await world.registry.snapshot(1, 3)).to.deep.equal([second.root, 15n]);
      await world.toEpoch(3);
      await world.store();
      expect(await world.registry.snapshot(1, 3)).to.deep.equal([second.root, 15n]);
    });

    it("is empty before the first segment", async () => {
      const { root, total, count, base, live } = await world.registry.directory(1);
      expect(root).to.equal(toHex32(new Directory(SHAPE.directoryDepth).root));
      expect([total, count, base, live]).to.deep.equal([0n, 0n, 0n, 0n]);
      await world.store();
      expect((await world.registry.snapshot(1, 0)).total).to.equal(0n);
    });
  });

  describe("retiring", () => {
    let directory: Directory;
    const path = (index: number) =>
      directory.path(index).map((others) => others.map(toHex32)) as [string, string, string][];
    beforeEach(async () => {
      directory = new Directory(SHAPE.directoryDepth);
      await world.store({ leaves: [1, 2], roots: [toHex32(11n), toHex32(12n)], epochs: 1 });
      await world.store({ leaves: [3], roots: [toHex32(13n)], epochs: 3 });
      for (const [i, leaves] of [1, 2, 3].entries()) directory.append({ root: BigInt(11 + i), leaves });
    });

    it("is for segments that have ended", async () => {
      await world.toEpoch(1);
      await expect(world.registry.retire(1, 1, toHex32(12n), path(1)))
        .to.be.revertedWithCustomError(world.registry, "NotEnded")
        .withArgs(2, 1);
      await expect(world.registry.retire(1, 9, toHex32(12n), path(1)))
        .to.be.revertedWithCustomError(world.registry, "NoSuchSegment")
        .withArgs(1, 9);
    });

    it("is for anyone, frees the node's room, and happens once", async () => {
      await world.toEpoch(2);
      await expect(as("stranger").retire(1, 1, toHex32(12n), path(1)))
        .to.emit(world.registry, "SegmentRetired")
        .withArgs(1, 1);
      expect((await world.registry.node(1)).used).to.equal(4n);
      await expect(as("stranger").retire(1, 1, toHex32(12n), path(1)))
        .to.be.revertedWithCustomError(world.registry, "AlreadyRetired")
        .withArgs(1, 1);
    });

    it("needs the segment's own root and path", async () => {
      await world.toEpoch(2);
      const { registry } = world;
      const root = (await registry.directory(1)).root;
      const retire = (serial: number, segment: bigint, at: [string, string, string][]) =>
        registry.retire(1, serial, world.ethers.toBeHex(segment, 32), at);
      for (const attempt of [
        () => retire(1, 11n, path(1)),
        () => retire(1, 12n, path(0)),
        () => retire(0, 12n, path(1)),
        () => retire(1, 0n, path(1)),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(registry, "PathInvalid").withArgs(root);
      }
      const alias = path(1);
      const [first] = alias;
      if (first) first[0] = world.ethers.toBeHex(BigInt(first[0]) + P, 32);
      for (const attempt of [
        () => retire(1, 12n, path(1).slice(1)),
        () => retire(1, 12n, [...path(1), ...path(1).slice(1)]),
        () => retire(1, 12n + P, path(1)),
        () => retire(1, 12n, alias),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(registry, "PathMalformed");
      }
    });

    it("does not change what the running epoch asks", async () => {
      await world.toEpoch(2);
      const before = await world.registry.snapshot(1, 2);
      await world.registry.retire(1, 1, toHex32(12n), path(1));
      expect(await world.registry.snapshot(1, 2)).to.deep.equal(before);
    });

    it("of the last one alive empties the directory, and serials go on", async () => {
      await world.toEpoch(4);
      await world.registry.retire(1, 0, toHex32(11n), path(0));
      directory.retire(0);
      await world.registry.retire(1, 2, toHex32(13n), path(2));
      await expect(world.registry.retire(1, 1, world.ethers.ZeroHash, []))
        .to.emit(world.registry, "DirectoryReset")
        .withArgs(1);
      const { total, count, base, live } = await world.registry.directory(1);
      expect([total, count, base, live]).to.deep.equal([0n, 0n, 3n, 0n]);
      expect((await world.registry.node(1)).used).to.equal(0n);

      await world.store({ leaves: [5], roots: [toHex32(99n)] });
      expect((await world.registry.segment(1, 3)).start).to.equal(0n);
      const fresh = new Directory(SHAPE.directoryDepth);
      fresh.append({ root: 99n, leaves: 5 });
      expect((await world.registry.directory(1)).root).to.equal(toHex32(fresh.root));
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
