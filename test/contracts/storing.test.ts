// Storing: acceptances, prices, and limits.
import { expect } from "chai";
import { TypedDataEncoder } from "ethers";
import { present } from "../../evidence/world/present.ts";
import {
  FUNDS,
  hashSegments,
  LOCK_PER_EPOCH,
  PARAMS,
  QUANTUM_BITS,
  RENT,
  SHAPE,
  type Order,
  type World,
} from "../../evidence/world/world.ts";
import { P, toHex32 } from "../../protocol/field.ts";
import { ACCEPTANCE, domain } from "../../protocol/typed-data.ts";
import { freshWorld, registryShortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

/** Leaves that a segment of the profile can have. */
const MAX_LEAVES = 16 ** SHAPE.dataDepth;
/** Segments that a vNode of the profile can have. */
const MAX_SEGMENTS = 4 ** SHAPE.directoryDepth;

describe("contracts: storing", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });
  const { as, provider, unauthorized } = registryShortcuts(() => world);

  const refused = async (order: Order, error: string, ...args: unknown[]) => {
    const attempt = expect(world.store(order)).to.be.revertedWithCustomError(world.registry, error);
    await (args.length > 0 ? attempt.withArgs(...args) : attempt);
  };

  it("says everything in events, and keeps it", async () => {
    const root = toHex32(5n);
    await expect(world.store({ leaves: [3], roots: [root], epochs: 4 }))
      .to.emit(world.registry, "SegmentStored")
      .withArgs(
        ...named(world.registry, "SegmentStored", {
          vNode: 1,
          bucket: 1,
          serial: 0,
          root,
          start: 0,
          leaves: 3,
          perEpoch: 3000,
          from: 1,
          end: 5,
          payer: world.people.alice,
        }),
      );
    await expect(world.store({ leaves: [2], roots: [root], epochs: 1 }))
      .to.emit(world.registry, "SegmentStored")
      .withArgs(
        ...named(world.registry, "SegmentStored", {
          vNode: 1,
          bucket: 1,
          serial: 1,
          root,
          start: 375,
          leaves: 2,
          perEpoch: 2000,
          from: 1,
          end: 2,
          payer: world.people.alice,
        }),
      );
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
    await refused({ roots: [world.ethers.toBeHex(P, 32)] }, "BadSegment", 0, world.ethers.toBeHex(P, 32), 1);
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
        node: 1,
        revision: 0,
        bucket,
        vNode,
        epochs,
        rent,
        nonce,
        deadline,
        segments: hashSegments(segments),
      };
      const { chainId } = await world.ethers.provider.getNetwork();
      for (const wrong of [
        domain(chainId + 1n, await world.registry.getAddress()),
        domain(chainId, await world.ledger.getAddress()),
      ]) {
        const signature = await present(world.people.operators[0]).signTypedData(wrong, ACCEPTANCE, message);
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
        node: 1,
        revision: 0,
        bucket,
        vNode,
        epochs,
        rent,
        nonce,
        deadline,
        segments: hashSegments(segments),
      };
      const typed = domain(chainId, await world.registry.getAddress());
      await contract.accept(TypedDataEncoder.hash(typed, ACCEPTANCE, message));
      await store();
      expect((await world.registry.segment(1, 0)).perEpoch).to.equal(1000n);
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
