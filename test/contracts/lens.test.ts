// The views for discovery: what each shows, in pages of every size.
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import {
  FUNDS,
  LOCK_PER_EPOCH,
  PARAMS,
  SELDOM,
  RENT,
  SHAPE,
  WINDOW,
  type World,
} from "../../evidence/world/world.ts";
import type { Lens } from "../../types/ethers/index.js";
import { all, idsOf, lensWorld, plain, ZERO } from "../helpers/looking.ts";

const RATE = 1000n;

describe("contracts: Lens", () => {
  let world: World;
  let lens: Lens;
  let restore: () => Promise<void>;
  before(async () => {
    ({ world, lens, restore } = await lensWorld());
  });
  beforeEach(() => restore());

  it("knows its deployment from Audits alone", async () => {
    expect(await lens.audits()).to.equal(await world.audits.getAddress());
    expect(await lens.registry()).to.equal(await world.registry.getAddress());
    expect(await lens.ledger()).to.equal(await world.ledger.getAddress());
  });

  describe("clusters", () => {
    it("come with their terms, those announced, their profile, standby nodes and fees", async () => {
      const { people, registry } = world;
      await registry.connect(people.manager).changeCluster(2, 0, 0, { ...PARAMS, ...SELDOM, odds: 9 });
      const [items, next] = await lens.clusters(0, 10);
      expect([idsOf(items), next]).to.deep.equal([[1n, 2n], 0n]);
      const two = present(items[1]);
      expect(two.info.metadata).to.equal("two");
      expect(two.info.manager).to.equal(people.manager.address);
      expect([two.params.odds, two.params.window, two.announced.odds]).to.deep.equal([
        7n,
        BigInt(WINDOW),
        9n,
      ]);
      expect(two.announcedSince).to.equal(await world.audits.changeDelay());
      expect(two.profile.samples).to.equal(SHAPE.samples);
      expect(two.profile.verifier).to.equal(await world.verifier.getAddress());
      expect(two.standby).to.deep.equal([3n, 1n]);
      expect(two.fees).to.equal(0n);

      await world.proveEach(1, 1);
      // 5 % of 12 leaves' rate.
      expect((await lens.cluster(1)).fees).to.equal(600n);
      expect((await world.ledger.feesOf(1)).fees).to.equal(600n);
    });

    it("offer what their nodes do: prices, room, and what their vNodes are paid", async () => {
      const { registry, people } = world;
      const [, second, third] = people.providers.map(present);
      await registry.connect(present(second)).updateNode(2, present(second), "", 500, 7, LOCK_PER_EPOCH, "");
      await registry.connect(present(third)).updateNode(3, present(third), "", 50, 3, LOCK_PER_EPOCH, "");
      await registry.connect(people.manager).assign(4, 3);
      const [sum, next] = await lens.supply(2, 1, 100);
      expect(next).to.equal(0n);
      expect(plain(sum)).to.deep.equal({
        vNodes: 3n,
        vacant: 0n,
        missing: 0n,
        syncing: 0n,
        behind: 0n,
        nodes: 2n,
        minRent: 3n,
        maxRent: 7n,
        capacity: 550n,
        free: 550n - 6n,
        held: 6n,
        rate: 0n,
      });
      const [other] = await lens.supply(1, 1, 100);
      expect([other.vNodes, other.vacant, other.nodes, other.minRent, other.free]).to.deep.equal([
        2n,
        1n,
        1n,
        RENT,
        1000n - 12n,
      ]);

      await registry.connect(present(third)).updateNode(3, present(third), "", 50, 9, LOCK_PER_EPOCH, "");
      const [dearer] = await lens.supply(2, 1, 100);
      expect([dearer.nodes, dearer.minRent, dearer.maxRent]).to.deep.equal([2n, 7n, 9n]);
    });

    it("show what was missed and not settled", async () => {
      await world.missEach(1, 2);
      expect((await lens.supply(1, 1, 100)).sum.behind).to.equal(2n);
      await world.settle();
      const { sum } = await lens.supply(1, 1, 100);
      // The last settled epoch's rate is the last of two segments.
      expect([sum.behind, sum.missing, sum.rate]).to.deep.equal([0n, 1n, 12n * RATE]);
    });

    it("that take over are said to sync", async () => {
      await world.registry.connect(world.people.manager).assign(1, 3);
      await world.toEpoch(2);
      expect((await lens.supply(1, 1, 100)).sum.syncing).to.equal(0n);
      await world.settle();
      expect((await lens.supply(1, 1, 100)).sum.syncing).to.equal(1n);
    });

    it("that wait to take over are said to be the successors", async () => {
      await world.begin(1);
      await world.registry.connect(world.people.manager).assign(1, 3);
      const { info, state } = await lens.vNode(1);
      expect([info.node, info.successor, state.nextNode, state.nextUntil]).to.deep.equal([1n, 3n, 3n, 4n]);
    });

    it("put together from pages of one offer the same vNodes", async () => {
      const sums = await all(async (from, count) => {
        const { sum, next } = await lens.supply(2, from, count);
        return [[sum], next];
      }, 1);
      expect(sums.map(({ vNodes }) => vNodes)).to.deep.equal([0n, 0n, 1n, 1n, 1n]);
      expect(sums.map(({ held }) => held)).to.deep.equal([0n, 0n, 1n, 0n, 5n]);
    });
  });

  describe("nodes", () => {
    it("come with what they offer and their bond", async () => {
      await world.ledger.connect(present(world.people.providers[0])).requestUnbond(1, 5n);
      const [items, next] = await lens.nodes(ZERO, 0, 100);
      expect([idsOf(items), next]).to.deep.equal([[1n, 2n, 3n], 0n]);
      const one = present(items[0]);
      expect([one.info.url, one.info.capacity, one.info.used, one.info.rent]).to.deep.equal([
        "http://node0",
        1000n,
        12n,
        RENT,
      ]);
      expect([one.bond, one.locked, one.unbonding]).to.deep.equal([FUNDS, 12n * 30n * RATE, 5n]);
      expect(one.releaseAt).not.to.equal(0n);
    });

    it("of one provider are those and no other", async () => {
      const second = present(world.people.providers[1]);
      await world.registry.connect(second).registerNode(second, "", 1, 1, LOCK_PER_EPOCH, "");
      const page = async (from: bigint, count: number) => {
        const { items, next } = await lens.nodes(second, from, count);
        return [items, next] as [typeof items, bigint];
      };
      for (const count of [1, 2, 3, 4, 100]) expect(idsOf(await all(page, count))).to.deep.equal([2n, 4n]);
      expect((await lens.nodes(world.people.stranger, 1, 100)).items).to.deep.equal([]);
    });

    it("of a cluster come once, however many vNodes they serve", async () => {
      expect(idsOf((await lens.nodesOf(2, 1, 100)).items)).to.deep.equal([2n]);
      expect(idsOf((await lens.nodesOf(1, 1, 100)).items)).to.deep.equal([1n]);
      const { items, next } = await lens.nodesOf(2, 3, 2);
      expect([idsOf(items), next]).to.deep.equal([[2n], 5n]);
    });

    it("in reserve come in the order in which they take over", async () => {
      expect(idsOf(await lens.standby(2))).to.deep.equal([3n, 1n]);
      expect(await lens.standby(1)).to.deep.equal([]);
    });
  });

  describe("vNodes", () => {
    it("come with who is responsible, what they hold and what is asked of them", async () => {
      await world.begin(1);
      const before = await lens.vNode(1);
      expect(plain(before.info)).to.deep.equal({
        cluster: 1n,
        token: 10n,
        held: 12n,
        node: 1n,
        successor: 0n,
      });
      expect([before.directory.total, before.directory.count]).to.deep.equal([1500n, 3n]);
      expect([before.duty.due, before.duty.proven]).to.deep.equal([true, false]);
      await world.prove(1);
      const after = await lens.vNode(1);
      expect(after.duty.proven).to.equal(true);
      expect([after.state.node, after.state.settled, after.state.rate]).to.deep.equal([1n, 1n, 12n * RATE]);
    });

    it("of a cluster are those and no other, in pages of every size", async () => {
      for (const { cluster, expected } of [
        { cluster: 1, expected: [1n, 2n] },
        { cluster: 2, expected: [3n, 4n, 5n] },
        { cluster: 0, expected: [1n, 2n, 3n, 4n, 5n] },
        { cluster: 9, expected: [] },
      ]) {
        const page = async (from: bigint, count: number) => {
          const { items, next } = await lens.vNodes(cluster, from, count);
          return [items, next] as [typeof items, bigint];
        };
        for (const count of [1, 2, 4, 5, 6]) expect(idsOf(await all(page, count))).to.deep.equal(expected);
      }
    });
  });

  describe("buckets", () => {
    it("of one owner are those and no other", async () => {
      const { alice, bob, stranger } = world.people;
      const page = (owner: string) => async (from: bigint, count: number) => {
        const { items, next } = await lens.buckets(owner, from, count);
        return [items, next] as [typeof items, bigint];
      };
      for (const count of [1, 2, 3, 4]) {
        expect(idsOf(await all(page(alice.address), count))).to.deep.equal([1n, 3n]);
        expect(idsOf(await all(page(bob.address), count))).to.deep.equal([2n]);
        expect(await all(page(stranger.address), count)).to.deep.equal([]);
        expect(idsOf(await all(page(ZERO), count))).to.deep.equal([1n, 2n, 3n]);
      }
      const [, third] = (await lens.buckets(alice, 0, 10)).items;
      expect(plain(present(third).info)).to.deep.equal({
        owner: alice.address,
        cluster: 2n,
        isPublic: true,
      });
      await world.registry.connect(alice).transferBucket(3, bob);
      expect(idsOf(await all(page(bob.address), 10))).to.deep.equal([2n, 3n]);
    });
  });

  describe("a bucket", () => {
    it("comes alone as it does among others", async () => {
      const [, , third] = (await lens.buckets(ZERO, 0, 10)).items;
      const { id, info } = await lens.bucket(3);
      expect([id, plain(info)]).to.deep.equal([3n, plain(present(third).info)]);
      await expect(lens.bucket(9)).to.be.revertedWithCustomError(world.registry, "NoSuchBucket").withArgs(9);
    });
  });

  describe("segments", () => {
    const places = (items: readonly { vNode: bigint; serial: bigint }[]) =>
      items.map(({ vNode, serial }) => [vNode, serial]);

    it("of a vNode come with what they cost and until when they are paid for", async () => {
      const { items, next } = await lens.segments(1, 0, 10);
      expect([places(items), next]).to.deep.equal([
        [
          [1n, 0n],
          [1n, 1n],
          [1n, 2n],
        ],
        0n,
      ]);
      expect(plain(present(items[1]).info)).to.deep.equal({
        bucket: 1n,
        leaves: 4n,
        from: 1n,
        end: 3n,
        perEpoch: 4n * RATE,
        payers: 0n,
        index: 1n,
      });
    });

    it("say how far they are settled and what a claim would pay", async () => {
      await world.begin(1);
      await world.missEach(2, 2);
      await world.settle();
      // Epoch 1 and 2 went back, and the second miss cost five epochs' rate, a tenth of it for the reporter.
      const { items } = await lens.segments(1, 0, 10);
      for (const [serial, leaves] of [
        [0, 3n],
        [1, 4n],
        [2, 5n],
      ] as const) {
        const item = present(items[serial]);
        expect(item.settledUntil).to.equal(3n);
        expect(item.claimable).to.equal(leaves * RATE * 2n + (leaves * RATE * 5n * 9n) / 10n);
        expect(item.claimable).to.equal(await world.registry.claim.staticCall(1, serial));
      }
      await world.registry.claim(1, 0);
      expect((await lens.segment(1, 0)).claimable).to.equal(0n);
    });

    it("are shown after they are retired, and after their directory was emptied", async () => {
      await world.toEpoch(12);
      await world.settle(3);
      await world.registry.retire(3, [{ serial: 0, start: 0, root: world.ethers.ZeroHash }], []);
      const { count, nextSerial } = (await lens.vNode(3)).directory;
      expect([count, nextSerial]).to.deep.equal([0n, 1n]);
      const { items } = await lens.segments(3, 0, 10);
      expect(places(items)).to.deep.equal([[3n, 0n]]);
      expect(present(items[0]).info.leaves).to.equal(0n);
    });

    it("of a vNode come in pages of every size", async () => {
      const page = async (from: bigint, count: number) => {
        const { items, next } = await lens.segments(1, from, count);
        return [items, next] as [typeof items, bigint];
      };
      for (const count of [1, 2, 3, 4]) {
        expect((await all(page, count, 0n)).map(({ serial }) => serial)).to.deep.equal([0n, 1n, 2n]);
      }
      expect((await lens.segments(1, 99, 5)).items).to.deep.equal([]);
      expect((await lens.segments(2, 0, 5)).items).to.deep.equal([]);
    });

    it("of a bucket are found on all vNodes of its cluster, in pages of every size", async () => {
      for (const { bucket, expected } of [
        {
          bucket: 1,
          expected: [
            [1n, 0n],
            [1n, 1n],
          ],
        },
        { bucket: 2, expected: [[1n, 2n]] },
        {
          bucket: 3,
          expected: [
            [3n, 0n],
            [5n, 0n],
            [5n, 1n],
          ],
        },
      ]) {
        const page = async (from: bigint, count: number) => {
          const { items, next } = await lens.segmentsOf(bucket, from, count);
          return [items, next] as [typeof items, bigint];
        };
        for (const count of [1, 2, 3, 5, 8, 100])
          expect(places(await all(page, count, 0n))).to.deep.equal(expected);
      }
    });
  });
});
