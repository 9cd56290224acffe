// Randomness and proofs: what is refused, and why replays are useless (protocol.md, sections 7 and 9.2).
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import { EPOCH, MARGIN, PARAMS, WINDOW, type Proof, type World } from "../../evidence/world/world.ts";
import { auditSeed, publicInputs } from "../../protocol/statement.ts";
import { freshWorld, REFUSAL, shortcuts } from "../helpers/fresh-world.ts";

describe("contracts: Audits", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });
  const { asManager, earned, refuses, state } = shortcuts(() => world);
  const refused = async (attempt: Promise<unknown>, vNode: number, epoch: number, reason: number) =>
    refuses(attempt, "ProofRefused", vNode, epoch, reason);

  describe("roles", () => {
    it("keeps what is the registry's from everyone else", async () => {
      const audits = world.audits.connect(world.people.deployer);
      for (const attempt of [
        () => audits.openCluster(9, 0, 0, PARAMS),
        () => audits.openVNode(9, 1),
        () => audits.assign(1, 2, world.people.deployer),
        () => audits.commit(1, 1n, 1, 2),
        () => audits.reschedule(1, 1n, 2, 3),
        () => audits.nextRate(1),
      ]) {
        await expect(attempt())
          .to.be.revertedWithCustomError(audits, "Unauthorized")
          .withArgs(world.people.deployer);
      }
    });

    it("tells the registry what is paid for in the next epoch, and settles on the way", async () => {
      await world.store({ leaves: [1], epochs: 1 });
      await world.store({ leaves: [2], epochs: 2 });
      await world.store({ leaves: [4], epochs: 20 });
      await world.toEpoch(2);
      await world.store({ leaves: [8] });
      const registry = await world.ethers.getImpersonatedSigner(await world.registry.getAddress());
      await world.chain.networkHelpers.setBalance(registry.address, 10n ** 18n);
      const audits = world.audits.connect(registry);
      // Segments that end with epochs 1, 2 and 20, and one that begins with epoch 3.
      expect(await audits.nextRate.staticCall(1)).to.equal(12_000n);
      await audits.nextRate(1);
      expect((await state()).settled).to.equal(1n);
    });

    it("has no vNode that was not added", async () => {
      for (const attempt of [
        () => world.audits.settle(9, 1),
        () => world.audits.state(9),
        () => world.audits.duty(9, 0),
        () => world.audits.topUp(9),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(world.audits, "NoSuchVNode").withArgs(9);
      }
    });
  });

  describe("randomness", () => {
    it("is recorded by anyone, once", async () => {
      await world.at(1, MARGIN);
      const [first, second] = [world.ethers.toBeHex(5, 32), world.ethers.toBeHex(6, 32)];
      await world.audits.connect(world.people.stranger).recordBeacon(0, 1, first);
      await world.audits.recordBeacon(0, 1, second);
      expect(await world.audits.randomness(0, 1)).to.equal(first);
    });

    it("comes along with a proof, so that nobody can hold that up", async () => {
      await world.store();
      await world.toEpoch(1);
      const random = world.ethers.toBeHex(5, 32);
      await world.at(1, MARGIN);
      const snapshot = await world.chain.networkHelpers.takeSnapshot();
      await world.audits.recordBeacon(0, 1, random);
      const proof = await world.proof(1);
      await snapshot.restore();
      await world.at(1, MARGIN + 1);
      await world.audits.multicall([
        world.audits.interface.encodeFunctionData("recordBeacon", [0, 1, random]),
        world.audits.interface.encodeFunctionData("prove", [1, 1, proof]),
      ]);
      expect((await state()).settled).to.equal(1n);
    });

    it("comes with nothing that Audits does not know", async () => {
      const calls = [world.audits.interface.encodeFunctionData("recordBeacon", [0, 1, "0x05"]), "0x12345678"];
      await world.at(1, MARGIN);
      await expect(world.audits.multicall(calls)).to.be.revertedWithCustomError(world.audits, "FailedCall");
    });
  });

  describe("what a proof must show", () => {
    it("is nothing in epoch 0, nor of a vNode that is newer than the epoch", async () => {
      await world.begin(0);
      await refused(world.audits.prove(1, 0, [0, 0, 0, 0, 1, 0, 0, 0]), 1, 0, REFUSAL.notCurrentEpoch);
      await world.begin(1);
      await asManager().addVNodes(1, [30]);
      const { due, proven, seed } = await world.audits.duty(3, 1);
      expect([due, proven, seed]).to.deep.equal([false, false, 0n]);
    });

    it("is the seed of protocol/, the directory as the epoch began, and all of it", async () => {
      await world.store({ leaves: [3, 4] });
      await world.begin(1);
      await world.store({ leaves: [5] });
      const duty = await world.audits.duty(1, 1);
      const { chainId } = await world.ethers.provider.getNetwork();
      const seed = auditSeed({
        chainId,
        audits: await world.audits.getAddress(),
        vNode: 1n,
        node: 1n,
        epoch: 1n,
        randomness: world.ethers.toBeHex(2, 32) as `0x${string}`,
      });
      expect(duty.seed).to.equal(seed);
      // 125 quanta of 8 units a leaf.
      expect([duty.total, duty.rate, duty.asked]).to.deep.equal([875n, 7000n, 7000n]);
      expect([duty.due, duty.proven]).to.deep.equal([true, false]);
      expect(duty.deadline).to.equal(world.genesis + EPOCH + MARGIN + WINDOW);
      const inputs = publicInputs({ directoryRoot: BigInt(duty.root), seed, start: 0, length: 875 });
      await world.audits.prove(1, 1, [...inputs, 1n, 0n, 0n, 0n]);
      const after = await world.audits.duty(1, 1);
      expect([after.due, after.proven]).to.deep.equal([true, true]);
    });

    it("is refused with any one of the four changed", async () => {
      await world.store();
      await world.begin(1);
      const proof = await world.proof(1);
      for (const i of [0, 1, 2, 3, 4]) {
        const changed = proof.with(i, present(proof[i]) + 1n) as Proof;
        await expect(world.audits.prove(1, 1, changed))
          .to.be.revertedWithCustomError(world.audits, "ProofInvalid")
          .withArgs(1, 1);
      }
      expect((await state()).settled).to.equal(0n);
      expect(await earned()).to.equal(0n);
    });

    it("is asked for the running epoch only", async () => {
      await world.store();
      await world.begin(1);
      for (const epoch of [0, 2]) {
        await expect(world.audits.duty(1, epoch))
          .to.be.revertedWithCustomError(world.audits, "NotCurrentEpoch")
          .withArgs(epoch, 1);
      }
    });
  });

  describe("a proof", () => {
    beforeEach(async () => {
      await world.store({ epochs: 200 });
    });

    it("is worth nothing in another epoch", async () => {
      await world.begin(1);
      const proof = await world.proof(1);
      await refused(world.audits.prove(1, 2, proof), 1, 2, REFUSAL.notCurrentEpoch);
      await world.begin(2, 2); // even with the same randomness
      await refused(world.audits.prove(1, 1, proof), 1, 1, REFUSAL.notCurrentEpoch);
      await expect(world.audits.prove(1, 2, proof)).to.be.revertedWithCustomError(
        world.audits,
        "ProofInvalid",
      );
    });

    it("is worth nothing for another vNode with the same data", async () => {
      const root = world.ethers.toBeHex(77, 32);
      world = await fresh();
      await asManager().assign(2, 1);
      for (const vNode of [1, 2]) await world.store({ vNode, roots: [root], epochs: 200 });
      await world.begin(1);
      const [first, second] = [await world.audits.duty(1, 1), await world.audits.duty(2, 1)];
      expect(first.root).to.equal(second.root);
      expect(first.seed).not.to.equal(second.seed);
      await expect(world.audits.prove(2, 1, await world.proof(1, 1)))
        .to.be.revertedWithCustomError(world.audits, "ProofInvalid")
        .withArgs(2, 1);
      await world.prove(1, 1);
      expect((await world.audits.state(2)).settled).to.equal(0n);
    });

    it("is worth nothing for another node", async () => {
      await world.begin(1);
      const before = await world.audits.duty(1, 1);
      await world.prove(1);
      await asManager().assign(1, 2);
      await world.begin(2);
      await world.prove(2);
      await world.takeOver(2);
      await world.begin(3, 2);
      const after = await world.audits.duty(1, 3);
      const { chainId } = await world.ethers.provider.getNetwork();
      const old = auditSeed({
        chainId,
        audits: await world.audits.getAddress(),
        vNode: 1n,
        node: 1n,
        epoch: 3n,
        randomness: world.ethers.toBeHex(2, 32) as `0x${string}`,
      });
      expect([after.node, after.seed === old]).to.deep.equal([2n, false]);
      const proof: Proof = [BigInt(before.root), old, 0n, before.total, 1n, 0n, 0n, 0n];
      await refuses(world.audits.prove(1, 3, proof), "ProofInvalid", 1, 3);
    });

    it("is not needed where nothing is stored or nobody is responsible", async () => {
      await asManager().assign(2, 2);
      await world.begin(1);
      await refused(world.audits.prove(2, 1, await world.proof(1, 2)), 2, 1, REFUSAL.notDue);
      await world.missEach(1, 3);
      await world.begin(4);
      await refused(world.prove(4), 1, 4, REFUSAL.notDue);
      await refused(world.audits.prove(9, 4, await world.proof(4)), 9, 4, REFUSAL.noSuchVNode);
    });

    it("settles no more than 64 epochs on its way", async () => {
      await world.begin(66);
      await refused(world.prove(66), 1, 66, REFUSAL.settleFirst);
      await world.settle(1, 1);
      await world.begin(66);
      await world.prove(66);
      expect((await state()).settled).to.equal(66n);
    });

    it("settles nothing in the first epoch, which nobody has to prove", async () => {
      expect(await world.audits.settle.staticCall(2, 10)).to.equal(0n);
      await world.settle(2);
      expect((await world.audits.state(2)).settled).to.equal(0n);
    });

    it("credits nothing for no time", async () => {
      await world.missEach(1, 2);
      await world.settle();
      expect(await world.audits.creditBetween(1, 2, 2)).to.deep.equal([2n, 0n]);
      expect(await world.audits.creditBetween(1, 7, 9)).to.deep.equal([7n, 0n]);
    });

    it("says in events what was paid, and for which epoch", async () => {
      await world.proveEach(1, 3);
      const paid = await world.audits.queryFilter(world.audits.filters.Proven());
      expect(
        paid.map(({ args }) => [args.vNode, args.node, args.epoch, args.since, args.amount, args.fee]),
      ).to.deep.equal([1n, 2n, 3n].map((epoch) => [1n, 1n, epoch, epoch, 950n, 50n]));
    });
  });
});
