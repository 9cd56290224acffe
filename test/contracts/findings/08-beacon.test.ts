// Finding 8: a beacon that fails in any way. (factories.test.ts and life.test.ts test who may add verifiers and beacons.)
import { expect } from "chai";
import type { ContractTransactionResponse } from "ethers";
import {
  createWorld,
  EPOCH,
  FUNDS,
  MARGIN,
  MIN_BOND,
  PARAMS,
  QUANTUM_BITS,
  type World,
} from "../../../evidence/world/world.ts";
import { freshWorld, REFUSAL, shortcuts } from "../../helpers/fresh-world.ts";
import { named } from "../../helpers/named.ts";

const RATE = 1000n;
const PAID = 950n;
const LEAF = 125n;
const ANY = 2n ** 100n;
/** SettableBeacon.Mood. */
const MOODS = {
  reverts: 1,
  "answers 31 bytes": 2,
  "answers 100,000 bytes": 3,
  "answers nonsense": 4,
  "burns all gas": 5,
};

describe("contracts: finding 8, a beacon that fails", () => {
  let world: World;
  /** Cluster 2, with a beacon of its own, has vNode 3 on node 3. */
  const fresh = freshWorld(async () => {
    const made = await createWorld();
    const { ethers, people, audits, registry } = made;
    const beacon = await ethers.deployContract("SettableBeacon", [audits, made.genesis, EPOCH, MARGIN]);
    await audits.connect(people.treasury).addBeacon(beacon);
    const asManager = registry.connect(people.manager);
    await asManager.createCluster(0, 1, QUANTUM_BITS, PARAMS, "another beacon's");
    await asManager.addVNodes(2, [1]);
    await asManager.assign(3, 3);
    await registry.connect(people.alice).createBucket(2, false);
    await made.store({ epochs: 60 });
    await made.store({ by: people.alice, bucket: 3, vNode: 3, node: 3, epochs: 60 });
    await made.begin(1);
    await made.prove(1);
    return made;
  });
  beforeEach(async () => {
    world = await fresh();
  });
  const { asManager, asProvider, bond, earned, refuses, state } = shortcuts(() => world);

  for (const [name, mood] of Object.entries(MOODS)) {
    describe(`that ${name}`, () => {
      beforeEach(async () => {
        await world.challenges.connect(world.people.bob).challenge(1, 0, LEAF, ANY);
        await world.begin(2);
        await world.beacon.setMood(mood);
      });

      it("makes its epochs void, and no settling impossible", async () => {
        await world.toEpoch(5);
        await expect(world.settle())
          .to.emit(world.audits, "EpochDeferred")
          .withArgs(...named(world.audits, "EpochDeferred", { vNode: 1, node: 1, epoch: 4, rate: RATE }));
        const { settled, misses, deferred } = await state();
        expect([settled, misses, deferred]).to.deep.equal([4n, 0n, 3n * RATE]);
        expect((await bond()).total).to.equal(FUNDS);
      });

      it("lets a manager name another node, and providers pause and leave", async () => {
        await asManager().assign(1, 2);
        await asManager().assign(1, 0);
        await asProvider().pause(1, 2);
        await world.toEpoch(6);
        await asProvider().announceLeave(1);
        await world.toEpoch(12);
        await expect(world.settle())
          .to.emit(world.audits, "Left")
          .withArgs(...named(world.audits, "Left", { vNode: 1, node: 1, epoch: 11 }));
        await world.audits.unlockKept(1, 1);
      });

      it("lets segments be stored, ended and claimed for", async () => {
        await world.store({ epochs: 3 });
        await world.registry.connect(world.people.alice).endEarly(1, 0);
        await world.toEpoch(8);
        await world.settle();
        const amount = await world.registry.claim.staticCall(1, 0);
        expect(amount).to.equal(3n * RATE);
        await world.registry.claim(1, 0);
        expect((await world.totals()).escrow, "the other cluster's, and the challenge's").to.equal(
          60n * RATE + MIN_BOND,
        );
      });

      it("lets challenges be asked, and ends those that it cannot draw without a loss to anybody", async () => {
        await world.challenges.connect(world.people.alice).challenge(1, 0, LEAF, ANY);
        await world.toEpoch(5);
        if (name === "answers nonsense") {
          // It says what was recorded, and that this was an age ago: the challenge of epoch 1 can be drawn, that of 2 not.
          await expect(world.challenges.expire(1)).to.emit(world.challenges, "Failed");
          return;
        }
        for (const id of [1, 2])
          await expect(world.challenges.expire(id))
            .to.emit(world.challenges, "Voided")
            .withArgs(...named(world.challenges, "Voided", { id, vNode: 1, node: 1 }));
        expect((await bond()).total).to.equal(FUNDS);
        expect((await state()).node).to.equal(1n);
      });

      it("leaves the proofs of other clusters alone, also in one batch with its own", async () => {
        await world.at(2, MARGIN + 10);
        await world.audits.recordBeacon(1, 2, world.ethers.toBeHex(9, 32));
        const snapshot = await world.chain.networkHelpers.takeSnapshot();
        await world.prove(2, 3);
        expect(await earned(3), "with the void epoch before it").to.equal(2n * PAID);
        await snapshot.restore();
        const proof = await world.proof(2, 3);
        await world.audits.proveBatch([1, 3], 2, [proof, proof]);
        expect(await earned(3), "with the void epoch before it").to.equal(2n * PAID);
      });

      if (name !== "answers nonsense") {
        it("refuses a proof of its own cluster, as if nothing were recorded", async () => {
          await refuses(world.prove(2), "ProofRefused", 1, 2, REFUSAL.noRandomness);
          expect(await world.audits.randomness(0, 2)).to.equal(world.ethers.ZeroHash);
          // What 100,000 bytes begin with is an answer.
          const never = name === "answers 100,000 bytes" ? 0n : 2n ** 256n - 1n;
          expect(await world.audits.recordedAfter(0, 2)).to.equal(never);
          const { due, node, seed } = await world.audits.duty(1, 2);
          expect([due, node, seed]).to.deep.equal([false, 1n, 0n]);
        });
      }
    });
  }

  it("is told from one that was given too little gas: the caller cannot choose that an epoch is void", async () => {
    await world.begin(2);
    await world.toEpoch(3);
    type Send = (gasLimit: bigint) => Promise<ContractTransactionResponse>;
    const sends: Record<string, Send> = {
      settle: (gasLimit) => world.audits.settle(1, 1, { gasLimit }),
      topUp: (gasLimit) => world.audits.topUp(1, { gasLimit }),
      pause: (gasLimit) => asProvider().pause(1, 1, { gasLimit }),
      leave: (gasLimit) => asProvider().announceLeave(1, { gasLimit }),
    };
    for (const [name, send] of Object.entries(sends)) {
      const before = await world.chain.networkHelpers.takeSnapshot();
      let [happened, refused] = [0, 0];
      for (let gas = 60_000n; gas < 260_000n; gas += 4_001n) {
        await before.restore();
        const done = await send(gas)
          .then((sent) => sent.wait())
          .then(
            () => true,
            () => false,
          );
        const { settled, misses, deferredSince } = await state();
        expect([settled, misses, deferredSince], `${name} with ${gas} gas`).to.deep.equal(
          done ? [2n, 1n, 0n] : [1n, 0n, 0n],
        );
        if (done) happened++;
        else refused++;
      }
      expect(happened > 0 && refused > 0, name).to.equal(true);
      await before.restore();
    }
    const value = await world.audits.randomness.staticCall(0, 2, { gasLimit: 80_000n });
    expect(value, "with little more than it may use").to.equal(world.ethers.toBeHex(3, 32));
  });

  it("is not asked with less gas than it may use: it has not failed then, and is not void", async () => {
    await world.begin(2);
    await expect(world.audits.randomness.staticCall(0, 2, { gasLimit: 70_000n }))
      .to.be.revertedWithCustomError(world.audits, "NotEnoughGas")
      .withArgs();
    const value = await world.audits.randomness.staticCall(0, 2, { gasLimit: 120_000n });
    expect(value).to.equal(world.ethers.toBeHex(3, 32));
  });
});
