// A node that is named for a vNode becomes responsible with a proof; until then the old node stays (protocol.md, section 9.3).
import { expect } from "chai";
import {
  FUNDS,
  LOCK_PER_EPOCH,
  MARGIN,
  RENT,
  WINDOW,
  type Proof,
  type World,
} from "../../evidence/world/world.ts";
import { auditSeed } from "../../protocol/statement.ts";
import { askedOf } from "../helpers/challenging.ts";
import { signExtension } from "../helpers/consents.ts";
import { freshWorld, REFUSAL, shortcuts } from "../helpers/fresh-world.ts";
import { named } from "../helpers/named.ts";

/** Price of one leaf per epoch, and the provider's part of it. */
const RATE = 1000n;
const PAID = 950n;
const LOCK = 30n * RATE;
const ANY = 2n ** 100n;

describe("contracts: a hand-over", () => {
  let world: World;
  const fresh = freshWorld();
  const { asManager, bond, claimed, earned, operator, provider, refuses, state } = shortcuts(() => world);
  const assign = async (node: number, vNode = 1) => asManager().assign(vNode, node);
  const used = async (node: number): Promise<bigint> => (await world.registry.node(node)).used;
  const offer = async (node: number, capacity: number): Promise<unknown> =>
    world.registry
      .connect(provider(node))
      .updateNode(node, operator(node), "", capacity, RENT, LOCK_PER_EPOCH, "");
  const summary = async () => {
    const { node, nextNode, nextSince, nextUntil } = await state();
    return [node, nextNode, nextSince, nextUntil].map(Number);
  };

  /** One leaf on vNode 1 until epoch 40; node 1 has proven epoch 1, and node 2 is named. */
  beforeEach(async () => {
    world = await fresh();
    await world.store({ epochs: 40 });
    await world.proveEach(1, 1);
  });

  describe("that is announced", () => {
    it("leaves the old node where it is: asked, paid and slashed, whoever waits", async () => {
      await expect(assign(2))
        .to.emit(world.registry, "NodeAssigned")
        .withArgs(...named(world.registry, "NodeAssigned", { vNode: 1, node: 2, fromEpoch: 2 }));
      expect(await summary()).to.deep.equal([1, 2, 2, 4]);
      await world.begin(2);
      const { node, due, successor } = await world.audits.duty(1, 2);
      expect([node, due, successor]).to.deep.equal([1n, true, 2n]);
      await world.prove(2);
      expect(await earned(1)).to.equal(2n * PAID);
      await world.missEach(3, 4);
      await world.settle();
      expect((await bond(1)).total).to.equal(FUNDS - 5n * RATE);
      expect((await bond(2)).total).to.equal(FUNDS);
    });

    it("locks the new node's bond, and takes its room besides the old one's", async () => {
      await assign(2);
      expect([await used(1), await used(2)]).to.deep.equal([1n, 1n]);
      expect([(await bond(1)).locked, (await bond(2)).locked]).to.deep.equal([LOCK, LOCK]);
      const { node, successor } = await world.registry.vNode(1);
      expect([node, successor]).to.deep.equal([1n, 2n]);
    });

    it("needs the new node's bond and room", async () => {
      await world.ledger.connect(provider(2)).requestUnbond(2, FUNDS);
      await expect(assign(2))
        .to.be.revertedWithCustomError(world.ledger, "InsufficientBond")
        .withArgs(...named(world.ledger, "InsufficientBond", { node: 2, free: 0, needed: LOCK }));
      await offer(3, 0);
      await expect(assign(3))
        .to.be.revertedWithCustomError(world.registry, "CapacityExceeded")
        .withArgs(...named(world.registry, "CapacityExceeded", { node: 3, capacity: 0, needed: 1 }));
    });

    it("is refused to who is responsible, or named, already", async () => {
      await refuses(assign(1), "AlreadyAssigned", 1, 1);
      await assign(2);
      await refuses(assign(2), "AlreadyAssigned", 1, 2);
    });

    it("is none to nobody: data is not left alone", async () => {
      await refuses(assign(0), "HasData", 1, 1);
    });

    it("lets nothing be stored meanwhile, but what is there be extended by the old node", async () => {
      await assign(2);
      for (const node of [1, 2]) {
        await expect(world.store({ node }))
          .to.be.revertedWithCustomError(world.registry, "HandingOver")
          .withArgs(1);
      }
      await world.registry.connect(world.people.alice).extend(...(await signExtension(world)));
      expect((await world.registry.segment(1, 0)).end).to.equal(46n);
    });

    it("lets a challenge ask the old node", async () => {
      await assign(2);
      await world.begin(2);
      await world.challenges.connect(world.people.bob).challenge(1, 0, 125, ANY);
      expect((await askedOf(world, 1)).node).to.equal(1n);
    });

    it("needs the past settled, if there is too much of it to settle on the way", async () => {
      world = await fresh();
      await world.store({ epochs: 100 });
      await world.toEpoch(70);
      await refuses(assign(2), "SettleFirst", 1, 64, 69);
      await world.settle();
      await assign(2);
    });
  });

  describe("that is taken back", () => {
    for (const [who, node] of [
      ["nobody", 0],
      ["the node that is responsible", 1],
    ] as const) {
      it(`by naming ${who} leaves no lock and no room behind`, async () => {
        await assign(2);
        await expect(assign(node))
          .to.emit(world.registry, "NodeAssigned")
          .withArgs(...named(world.registry, "NodeAssigned", { vNode: 1, node, fromEpoch: 0 }));
        expect(await summary()).to.deep.equal([1, 0, 0, 0]);
        expect([await used(1), await used(2)]).to.deep.equal([1n, 0n]);
        expect([(await bond(1)).locked, (await bond(2)).locked]).to.deep.equal([LOCK, 0n]);
        await world.store();
        await world.proveEach(2, 2);
        expect(await earned(1)).to.equal(3n * PAID);
      });
    }

    it("by naming another one frees the first, and gives the other one its own time", async () => {
      await assign(2);
      await world.begin(2);
      await world.prove(2);
      await expect(assign(3))
        .to.emit(world.registry, "NodeAssigned")
        .withArgs(...named(world.registry, "NodeAssigned", { vNode: 1, node: 3, fromEpoch: 3 }));
      expect(await summary()).to.deep.equal([1, 3, 3, 5]);
      expect([await used(1), await used(2), await used(3)]).to.deep.equal([1n, 0n, 1n]);
      expect([(await bond(2)).locked, (await bond(3)).locked]).to.deep.equal([0n, LOCK]);
    });

    it("after the new node has proven makes its proof worth nothing", async () => {
      await assign(2);
      await world.begin(2);
      await world.takeOver(2);
      await assign(0);
      await world.prove(2);
      await world.begin(3);
      expect((await world.audits.duty(1, 3)).node).to.equal(1n);
      await assign(2);
      expect(await summary()).to.deep.equal([1, 2, 4, 6]);
    });
  });

  describe("that is proven", () => {
    beforeEach(async () => {
      await assign(2);
    });

    it("makes the new node responsible from the next epoch on, and frees the old one", async () => {
      await world.begin(2);
      await expect(world.takeOver(2))
        .to.emit(world.audits, "TakeOverProven")
        .withArgs(...named(world.audits, "TakeOverProven", { vNode: 1, node: 2, epoch: 3 }));
      await world.prove(2);
      expect(await earned(2), "its first proof is not paid").to.equal(0n);
      expect(await earned(1)).to.equal(2n * PAID);
      await world.begin(3);
      expect((await world.audits.duty(1, 3)).node).to.equal(2n);
      await expect(world.prove(3))
        .to.emit(world.audits, "NodeSwitched")
        .withArgs(...named(world.audits, "NodeSwitched", { vNode: 1, node: 2, fromEpoch: 3 }));
      expect(await earned(2)).to.equal(PAID);
      expect([await used(1), await used(2)]).to.deep.equal([0n, 1n]);
      expect([(await bond(1)).locked, (await bond(2)).locked]).to.deep.equal([0n, LOCK]);
      expect(await summary()).to.deep.equal([2, 0, 0, 0]);
      await world.store({ node: 2 });
    });

    it("waits for its settling before something is stored", async () => {
      await world.begin(2);
      await world.takeOver(2);
      await world.begin(3);
      await expect(world.store({ node: 2 }))
        .to.be.revertedWithCustomError(world.registry, "HandingOver")
        .withArgs(1);
      await world.prove(3);
      await world.store({ node: 2 });
    });

    it("by the new node may come before and after the old one's proof", async () => {
      await world.begin(2);
      await world.prove(2);
      await world.takeOver(2);
      await world.begin(3);
      await world.prove(3);
      expect(await earned(2)).to.equal(PAID);
    });

    it("makes nobody pay for the old node's misses but that node", async () => {
      await world.begin(2);
      await world.takeOver(2);
      await world.begin(3);
      await world.prove(3);
      const { misses } = await state();
      expect(misses, "the new node begins without any").to.equal(0n);
      expect(await claimed(0)).to.equal(RATE);
      expect((await bond(2)).total).to.equal(FUNDS);
    });

    it("refunds what waits: what the old node was not asked for, the new one is not paid for", async () => {
      await world.begin(2);
      await world.takeOver(2);
      await world.beacon.setRecordedAfter(2, WINDOW);
      await world.begin(3);
      const sent = await world.prove(3);
      await expect(sent)
        .to.emit(world.audits, "EpochDeferred")
        .withArgs(...named(world.audits, "EpochDeferred", { vNode: 1, node: 1, epoch: 2, rate: RATE }));
      await expect(sent)
        .to.emit(world.audits, "EpochsRefunded")
        .withArgs(...named(world.audits, "EpochsRefunded", { vNode: 1, since: 2, epoch: 2, amount: RATE }));
      await expect(sent)
        .to.emit(world.audits, "Proven")
        .withArgs(
          ...named(world.audits, "Proven", {
            vNode: 1,
            node: 2,
            epoch: 3,
            since: 3,
            amount: PAID,
            fee: RATE - PAID,
            refunded: 0n,
          }),
        );
    });

    it("happens once", async () => {
      await world.begin(2);
      await world.takeOver(2);
      const { successor, successorSeed } = await world.audits.duty(1, 2);
      expect([successor, successorSeed]).to.deep.equal([0n, 0n]);
      await refuses(world.takeOver(2), "NoSuccessor", 1);
    });

    it("is the new node's alone: under its seed, and no epoch's proof", async () => {
      await world.begin(2);
      const { root, total, successorSeed, seed } = await world.audits.duty(1, 2);
      const { chainId } = await world.ethers.provider.getNetwork();
      const ours = auditSeed({
        chainId,
        audits: await world.audits.getAddress(),
        vNode: 1n,
        node: 2n,
        epoch: 2n,
        randomness: world.ethers.toBeHex(3, 32) as `0x${string}`,
      });
      expect(successorSeed).to.equal(ours);
      const proof = (of: bigint): Proof => [BigInt(root), of, 0n, total, 1n, 0n, 0n, 0n];
      const audits = world.audits.connect(provider(2));
      await refuses(audits.takeOver(1, 2, proof(seed)), "ProofInvalid", 1, 2);
      await refuses(audits.prove(1, 2, proof(successorSeed)), "ProofInvalid", 1, 2);
      await audits.takeOver(1, 2, proof(successorSeed));
    });

    it("is the new node's own to give: nobody with the data binds it before it has them", async () => {
      await world.begin(2);
      const { root, total, successorSeed } = await world.audits.duty(1, 2);
      const proof: Proof = [BigInt(root), successorSeed, 0n, total, 1n, 0n, 0n, 0n];
      for (const who of [world.people.stranger, world.people.manager, provider(1)]) {
        const attempt = world.audits.connect(who).takeOver(1, 2, proof);
        await refuses(attempt, "ProofRefused", 1, 2, REFUSAL.notConsented);
      }
      await world.audits.connect(world.people.operators[1] ?? world.people.stranger).takeOver(1, 2, proof);
    });

    it("is taken until its window ends", async () => {
      await world.begin(2);
      // The next block is a second later.
      await world.at(2, MARGIN + WINDOW - 2);
      await expect(world.takeOver(2))
        .to.emit(world.audits, "TakeOverProven")
        .withArgs(...named(world.audits, "TakeOverProven", { vNode: 1, node: 2, epoch: 3 }));
    });

    it("is refused out of its time, without randomness, and of nobody", async () => {
      const proof: Proof = [0n, 0n, 0n, 0n, 1n, 0n, 0n, 0n];
      const attempt = (epoch: number, vNode = 1) => world.audits.takeOver(vNode, epoch, proof);
      await refuses(attempt(0), "ProofRefused", 1, 0, REFUSAL.notCurrentEpoch);
      await refuses(attempt(1), "NoSuccessor", 1);
      await world.toEpoch(2);
      await refuses(attempt(1), "ProofRefused", 1, 1, REFUSAL.notCurrentEpoch);
      await refuses(attempt(3), "ProofRefused", 1, 3, REFUSAL.notCurrentEpoch);
      await refuses(attempt(2), "ProofRefused", 1, 2, REFUSAL.noRandomness);
      await world.begin(2);
      await refuses(attempt(2, 2), "NoSuccessor", 2);
      await refuses(attempt(2, 9), "NoSuchVNode", 9);
      await world.at(2, MARGIN + WINDOW);
      await refuses(attempt(2), "ProofRefused", 1, 2, REFUSAL.windowClosed);
    });
  });

  describe("that is not proven", () => {
    beforeEach(async () => {
      await assign(2);
    });

    it("ends with the new node dropped, and the old one as if nothing had been", async () => {
      await world.proveEach(2, 3);
      await world.begin(4);
      expect((await world.audits.duty(1, 4)).successor).to.equal(0n);
      await refuses(world.takeOver(4), "NoSuccessor", 1);
      await expect(world.prove(4))
        .to.emit(world.audits, "SyncDropped")
        .withArgs(...named(world.audits, "SyncDropped", { vNode: 1, node: 2, epoch: 4 }));
      expect(await summary()).to.deep.equal([1, 0, 0, 0]);
      expect([await used(1), await used(2)]).to.deep.equal([1n, 0n]);
      expect([(await bond(1)).locked, (await bond(2)).locked]).to.deep.equal([LOCK, 0n]);
      expect((await bond(2)).total).to.equal(FUNDS);
      await world.store();
      await world.proveEach(5, 5);
      expect(await earned(1)).to.equal(6n * PAID);
    });

    it("takes so many epochs, whether they ask for something or not", async () => {
      await world.toEpoch(4);
      await world.settle();
      expect(await summary()).to.deep.equal([1, 2, 2, 4]);
      await world.toEpoch(5);
      await expect(world.settle())
        .to.emit(world.audits, "SyncDropped")
        .withArgs(...named(world.audits, "SyncDropped", { vNode: 1, node: 2, epoch: 4 }));
    });

    it("in its last epoch may still be", async () => {
      await world.begin(3);
      await world.takeOver(3);
      await world.begin(4);
      await world.prove(4);
      expect(await earned(2)).to.equal(PAID);
    });

    it("may be announced again", async () => {
      await world.proveEach(2, 4);
      await assign(2);
      await world.begin(5);
      await world.takeOver(5);
      await world.begin(6);
      await world.prove(6);
      expect(await earned(2)).to.equal(PAID);
    });
  });
});
