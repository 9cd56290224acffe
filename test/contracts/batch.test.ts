// Many proofs in one transaction: each counts as it would alone (protocol.md, section 9.5).
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import { EPOCH, FUNDS, MARGIN, PARAMS, QUANTUM_BITS, SHAPE, type World } from "../../evidence/world/world.ts";
import { freshWorld, shortcuts } from "../helpers/fresh-world.ts";

/** Of a leaf's 1,000 units, the provider's part, and the fees. */
const PAID = 950n;
const FEE = 50n;
const MAX_BATCH = 32;

describe("contracts: proofs in batches", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });
  const { asManager, earned, state } = shortcuts(() => world);

  describe("a batch", () => {
    const proofs = (epoch: number, vNodes: readonly number[]) =>
      Promise.all(vNodes.map((vNode) => world.proof(epoch, vNode)));
    const accepted = async (
      epoch: number,
      vNodes: number[],
      batch?: Awaited<ReturnType<typeof proofs>>,
    ): Promise<boolean[]> => {
      const given = batch ?? (await proofs(epoch, vNodes));
      const answer = await world.audits.proveBatch.staticCall(vNodes, epoch, given);
      await world.audits.proveBatch(vNodes, epoch, given);
      return [...answer];
    };
    beforeEach(async () => {
      await asManager().addVNodes(1, [30]);
      await asManager().assign(2, 2);
      await asManager().assign(3, 2);
      const second = present(world.people.operators[1]);
      await world.store({ vNode: 1 });
      await world.store({ vNode: 2, leaves: [2], operator: second });
      await world.store({ vNode: 3, leaves: [3], operator: second });
      await world.begin(1);
    });

    it("pays every vNode as a proof of its own does", async () => {
      expect(await accepted(1, [1, 2, 3])).to.deep.equal([true, true, true]);
      expect(await earned(1)).to.equal(PAID);
      expect(await earned(2)).to.equal(5n * PAID);
      expect([...(await world.ledger.feesOf(1))]).to.deep.equal([6n * FEE, 6n * 20n]);
      const { escrow, fees } = await world.totals();
      expect([escrow, fees]).to.deep.equal([6n * 1000n * 9n, 6n * FEE]);
    });

    it("leaves out a proof that does not hold, and takes the others", async () => {
      const batch = await proofs(1, [1, 2, 3]);
      present(batch[1])[4] = 0n;
      expect(await accepted(1, [1, 2, 3], batch)).to.deep.equal([true, false, true]);
      expect((await state(2)).settled).to.equal(0n);
      expect(await earned(2)).to.equal(3n * PAID);
    });

    it("leaves out what somebody else has proven meanwhile, another epoch, and what is not there", async () => {
      const batch = await proofs(1, [1, 2, 3]);
      await world.prove(1, 2);
      expect(await accepted(1, [1, 2, 3], batch)).to.deep.equal([true, false, true]);
      await world.begin(2);
      expect(await accepted(1, [1, 2, 3], batch)).to.deep.equal([false, false, false]);
      const [first, second] = await proofs(2, [1, 2]);
      const some = [present(first), present(second)];
      expect(await accepted(2, [9, 2], some)).to.deep.equal([false, true]);
    });

    /** Adds vNode 4 in a cluster with beacon 1. Epoch 2 has begun for both beacons. */
    const addCluster = async (profile: number): Promise<void> => {
      const { ethers, people, audits, registry } = world;
      const beacon = await ethers.deployContract("SettableBeacon", [audits, world.genesis, EPOCH, MARGIN]);
      await audits.connect(people.treasury).addBeacon(beacon);
      await registry.connect(people.manager).createCluster(profile, 1, QUANTUM_BITS, PARAMS, "two");
      await registry.connect(people.manager).addVNodes(2, [1]);
      await registry.connect(people.manager).assign(4, 3);
      await registry.connect(people.alice).createBucket(2, false);
      const operator = present(people.operators[2]);
      await world.store({ by: people.alice, bucket: 3, vNode: 4, operator });
      await world.begin(2);
      await world.at(2, MARGIN);
      await audits.recordBeacon(1, 2, ethers.toBeHex(7, 32));
    };

    it("leaves out another profile's proofs than the first one's, each by its own beacon", async () => {
      const { ethers, people, audits } = world;
      const verifier = await ethers.deployContract("FlagVerifier");
      await audits.connect(people.treasury).addProfile({ verifier, ...SHAPE });
      await addCluster(1);
      expect(await accepted(2, [4, 1])).to.deep.equal([true, false]);
      expect(await accepted(2, [1])).to.deep.equal([true]);
    });

    it("takes proofs by different beacons, each by its own", async () => {
      await addCluster(0);
      expect(await accepted(2, [1, 4, 2])).to.deep.equal([true, true, true]);
    });

    it("counts the same vNode once", async () => {
      expect(await accepted(1, [1, 1, 2])).to.deep.equal([true, false, true]);
      expect(await earned(1)).to.equal(PAID);
    });

    it("of nothing good changes nothing", async () => {
      const batch = await proofs(1, [1, 2]);
      for (const proof of batch) proof[4] = 0n;
      expect(await accepted(1, [1, 2], batch)).to.deep.equal([false, false]);
      await world.begin(2);
      expect(await accepted(1, [1, 2], batch)).to.deep.equal([false, false]);
    });

    it("settles what was missed before", async () => {
      await world.begin(2);
      expect(await accepted(2, [1, 2, 3])).to.deep.equal([true, true, true]);
      expect(await world.ledger.bondOf(2)).to.have.property("0", FUNDS);
      expect((await world.totals()).credits).to.equal(6000n);
    });

    it("settles 64 epochs at most, all together, and leaves out who is further behind than what is left", async () => {
      const second = present(world.people.operators[1]);
      await world.store({ vNode: 1, epochs: 60 });
      for (const vNode of [2, 3]) await world.store({ vNode, epochs: 60, operator: second });
      await world.begin(30);
      await world.settle(1, 1);
      // They need 28 of 64 epochs, 29 of the remaining 36, and 29 of the remaining 7.
      expect(await accepted(30, [1, 2, 3])).to.deep.equal([true, true, false]);
      expect([(await state(1)).settled, (await state(3)).settled]).to.deep.equal([30n, 0n]);
      expect(await accepted(30, [1, 2, 3])).to.deep.equal([false, false, true]);
    });

    it("pays what waits, and what is covered, as a proof of its own does", async () => {
      await world.store({ vNode: 1, leaves: [1], epochs: 1 });
      await world.prove(1, 2);
      // Epoch 1 of vNode 1 is missed, epoch 2 is void, and in epoch 3 half of what is audited is paid for: two thirds of both.
      await world.begin(3);
      const before = await earned(1);
      expect(await accepted(3, [1, 2])).to.deep.equal([true, true]);
      const { args } = present(
        (await world.audits.queryFilter(world.audits.filters.Proven(1))).find(
          ({ args }) => args.epoch === 3n,
        ),
      );
      expect([args.since, args.amount, args.fee, args.refunded].map(Number)).to.deep.equal([
        2, 1900, 99, 1001,
      ]);
      expect((await earned(1)) - before).to.equal(args.amount);
    });

    it("has one proof at least, 32 at most, and as many as vNodes", async () => {
      const proof = await world.proof(1);
      for (const [vNodes, count] of [
        [0, 0],
        [MAX_BATCH + 1, MAX_BATCH + 1],
        [2, 1],
        [1, 2],
      ] as const) {
        const ids = new Array<number>(vNodes).fill(1);
        await expect(world.audits.proveBatch(ids, 1, new Array<typeof proof>(count).fill(proof)))
          .to.be.revertedWithCustomError(world.audits, "BadBatch")
          .withArgs(vNodes, count);
      }
      const most = await world.audits.proveBatch.staticCall(
        new Array<number>(MAX_BATCH).fill(1),
        1,
        new Array<typeof proof>(MAX_BATCH).fill(proof),
      );
      expect(most.indexOf(true)).to.equal(0);
      expect(most.lastIndexOf(true)).to.equal(0);
    });
  });
});
