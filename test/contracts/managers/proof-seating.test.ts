// Seats by the beacon: the ring, the queue, the draws, and what nobody can choose.
import { expect } from "chai";
import { drawSeat, exactRules } from "../../../client/governance/proof-draw.ts";
import { REASON, RULES, WHY, type ManagedWorld } from "../../../evidence/world/managed.ts";
import { EPOCH, MARGIN, PARAMS, RENT } from "../../../evidence/world/world.ts";
import { freshManaged, refusing } from "../../helpers/fresh-managed.ts";
import { named } from "../../helpers/named.ts";

const WITHOUT = 0;

describe("contracts: seats by the beacon", () => {
  let world: ManagedWorld;
  const fresh = freshManaged();
  beforeEach(async () => {
    world = await fresh();
  });
  const refused = refusing(() => world);
  const vacant = (values: Parameters<typeof named>[2]) => named(world.manager, "Vacant", values);
  const holder = async (vNode: number) => Number((await world.manager.seatOf(vNode)).holder);
  const served = async (vNode: number) => Number((await world.audits.outlook(vNode)).node);
  const rent = (node: number, units: bigint) => world.setRent(node, units);
  const addVNodes = (count: number) => world.addVNodes(count);
  const asManager: ManagedWorld["asManager"] = (act) => world.asManager(act);

  describe("the ring", () => {
    it("keeps the cluster's vNodes in the order of their tokens, wherever the hint is near", async () => {
      const [a = 0, b = 0, c = 0] = await addVNodes(3); // 100, 110, 120, beside 10 and 20
      await world.manager.enlist(b, WITHOUT);
      await world.manager.enlist(1, b);
      await world.manager.enlist(c, 1);
      await world.manager.enlist(2, c);
      await expect(world.manager.enlist(a, 1)).to.emit(world.manager, "Enlisted").withArgs(a, 100, 2, b);
      const order: number[] = [];
      for (let at = 1; order.length < 5; at = Number((await world.manager.seatOf(at)).next)) order.push(at);
      expect(order).to.deep.equal([1, 2, a, b, c]);
    });

    it("refuses what is on it, is of another cluster, or is far from the hint", async () => {
      await world.enlist(1, 2);
      await refused(world.manager.enlist(1, 2), "AlreadyOnRing", 1);
      await world.join(1);
      await refused(world.manager.enlist(3, 1), "NotOfCluster", 3);
      const added = await addVNodes(18);
      await refused(world.manager.enlist(added[1] ?? 0, added[0] ?? 0), "NotOnRing", added[0]);
      for (const [i, vNode] of added.entries())
        await world.manager.enlist(vNode, i === 0 ? 2 : (added[i - 1] ?? 0));
      await asManager((manager) => world.registry.connect(manager).addVNodes(1, [275]));
      const last = Number(await world.registry.vNodeCount());
      await refused(world.manager.enlist(last, 1), "BadHint", 1, 275);
      await world.manager.enlist(last, added[3] ?? 0);
    });

    it("grows by a vNode an epoch, at a place that the beacon says, while twice as many seats are offered", async () => {
      await world.enlist(1, 2);
      await refused(world.manager.grow(1), "NothingToDo");
      await world.admit([1]); // 10 seats
      for (let count = 3; count <= 5; count++) {
        await world.manager.grow(1);
        await refused(world.manager.grow(1), "NothingToDo");
        await world.toEpoch((await world.now()) + 1);
        if (count === 3) await refused(world.manager.grow(1), "NotDrawnYet", 0, await world.now());
        await world.begin(await world.now());
        expect((await world.manager.ring()).length).to.equal(count);
      }
      await refused(world.manager.grow(1), "NothingToDo");
    });
  });

  describe("a draw", () => {
    beforeEach(async () => {
      await world.admit([1, 2, 3]);
      await world.enlist(1, 2);
      await world.manager.look(1); // node 1's from before
    });

    it("gives a vacant vNode to a member, by the randomness of an epoch that was still to come", async () => {
      const epoch = await world.now();
      await expect(world.manager.look(2))
        .to.emit(world.manager, "Vacant")
        .withArgs(...vacant({ number: 1, vNode: 2, node: 0, why: WHY.nobody, epoch }));
      await refused(world.manager.look(2), "NothingToDo");
      await refused(world.manager.seat(), "NotDrawnYet", 1, epoch + 1);
      await world.toEpoch(epoch + 1);
      await refused(world.manager.seat(), "NotDrawnYet", 1, epoch + 1);
      await world.begin(epoch + 1);
      const events = await world.said(world.manager.seat());
      const seated = events.find(({ name }) => name === "Seated")?.args;
      expect([2n, 3n]).to.include(seated?.["node"]); // node 1 is next to it
      expect(seated?.["epoch"]).to.equal(BigInt(epoch + 1));
      expect(await holder(2)).to.equal(Number(seated?.["node"]));
      await world.toEpoch(epoch + 2);
      expect(await served(2)).to.equal(await holder(2));
      await refused(world.manager.look(2), "NothingToDo");
      await refused(world.manager.seat(), "NothingToDo");
    });

    it("is the same whenever it is cranked", async () => {
      await world.manager.look(2);
      await world.begin((await world.now()) + 1);
      const restore = await world.chain.networkHelpers.takeSnapshot();
      const seeds = new Set<unknown>();
      for (const wait of [0, 1, 2, 5]) {
        for (let i = 0; i < wait; i++) await world.begin((await world.now()) + 1, 77 + i);
        const events = await world.said(world.manager.seat());
        seeds.add(events.find(({ name }) => name === "Seated")?.args["seed"]);
        await restore.restore();
      }
      expect([...seeds]).to.have.lengthOf(1);
      expect(seeds.has(undefined)).to.equal(false);
    });

    it("differs with the randomness", async () => {
      await world.manager.look(2);
      const restore = await world.chain.networkHelpers.takeSnapshot();
      const winners = new Set<number>();
      for (let value = 1; value <= 12; value++) {
        await world.seatAll(value);
        winners.add(await holder(2));
        await restore.restore();
      }
      expect([...winners].toSorted()).to.deep.equal([2, 3]);
    });

    it("takes the next epoch that has randomness, if the first one has none", async () => {
      await world.manager.look(2);
      const found = await world.now();
      await world.toEpoch(found + 3);
      await refused(world.manager.seat(), "NotDrawnYet", 1, found + 3);
      await world.begin(found + 3);
      const later = found + 4;
      await world.begin(later);
      const events = await world.said(world.manager.seat());
      expect(events.find(({ name }) => name === "Seated")?.args["epoch"]).to.equal(BigInt(found + 3));
    });

    it("goes on over as many epochs without randomness as there were", async () => {
      await world.manager.look(2);
      await world.toEpoch((await world.now()) + 70);
      await world.begin((await world.now()) + 1);
      await world.manager.seat();
      expect(await holder(2)).to.equal(0);
      await world.manager.seat();
      expect(await holder(2)).to.not.equal(0);
    });

    it("does not heed who joins once it is known", async () => {
      const fourth = await world.addNode();
      await world.join(fourth, 900);
      await world.storeProbation(fourth, { leaves: [64] });
      await world.pass(RULES.probation);
      await world.manager.look(2);
      await world.begin((await world.now()) + 1);
      await world.manager.admit(fourth, 0);
      const events = await world.said(world.manager.seat());
      const nodes = events.filter(({ name }) => name !== "Rewarded").map(({ args }) => args["node"]);
      expect(nodes).to.not.include(BigInt(fourth));
    });

    it("passes over a member whose rent, bond, trust or capacity is not as it should be, and says why", async () => {
      const { registry, ledger, manager } = world;
      await manager.look(2);
      const restore = await world.chain.networkHelpers.takeSnapshot();
      for (const [spoil, reason] of [
        [(node: number) => rent(node, RENT + 1n), REASON.rentTooHigh],
        [(node: number) => registry.connect(world.provider(node)).trust(manager, false), REASON.untrusted],
        [
          async (node: number) =>
            ledger
              .connect(world.provider(node))
              .requestUnbond(node, (await ledger.freeBond(node)) - 2_000_000n),
          REASON.noBond,
        ],
      ] as const) {
        for (const [node, other] of [
          [2, 3],
          [3, 2],
        ] as const) {
          await spoil(node);
          await world.begin((await world.now()) + 1, 5);
          const events = await world.said(manager.seat());
          const passed = events.filter(({ name }) => name === "PassedOver").map(({ args }) => args["node"]);
          expect(await holder(2)).to.equal(other);
          for (const { name, args } of events)
            if (name === "PassedOver" && args["node"] === BigInt(node))
              expect(args["reason"]).to.equal(reason);
          expect(passed.length).to.be.lessThanOrEqual(2);
          await restore.restore();
        }
      }
    });

    it("is done as a whole or not at all: with gas for half, nothing changes", async () => {
      await world.manager.look(2);
      await world.begin((await world.now()) + 1);
      const gas = await world.manager.seat.estimateGas();
      for (const part of [2n, 3n, 5n, 8n]) {
        const sent = world.manager.seat({ gasLimit: (gas * part) / 10n });
        expect(
          await sent.then(
            () => "done",
            () => "nothing",
          ),
        ).to.equal("nothing");
      }
      expect((await world.manager.queue()).length).to.equal(1);
      expect(await holder(2)).to.equal(0);
      await world.manager.seat();
    });

    it("waits again if no member is fit, with another draw", async () => {
      await world.manager.look(2);
      for (const node of [2, 3]) await rent(node, RENT + 1n);
      await world.begin((await world.now()) + 1);
      const epoch = await world.now();
      await expect(world.manager.seat()).to.emit(world.manager, "Unfilled").withArgs(1, 2, epoch);
      const [waiting] = await world.manager.queue();
      expect([waiting?.vNode, waiting?.since]).to.deep.equal([2n, BigInt(epoch)]);
      await refused(world.manager.seat(), "NotDrawnYet", 2, epoch + 1);
      await rent(2, RENT);
      await world.seatAll();
      expect(await holder(2)).to.equal(2);
    });

    it("begins anew if the cluster has another beacon by then", async () => {
      const { audits, registry, manager, people } = world;
      const other = await world.ethers.deployContract("SettableBeacon", [
        audits,
        world.genesis,
        EPOCH,
        MARGIN,
      ]);
      await audits.connect(people.treasury).addBeacon(other);
      // Two of three on the ring are node 1's.
      const [far = 0] = await addVNodes(1);
      await world.manager.enlist(far, 2);
      await asManager((signer) => registry.connect(signer).assign(far, 1));
      await world.store({ leaves: [1], epochs: 100 });
      await world.pass(1);
      await world.manager.look(far);
      const call = registry.interface.encodeFunctionData("changeCluster", [1, 0, 1, PARAMS]);
      await manager.connect(world.provider(1)).support(call, true);
      await world.pass(4);
      await manager.enact(call);
      const { since } = await audits.announced(1);
      while ((await world.now()) < Number(since) - 2) await world.pass(1);
      await manager.look(2);
      await world.toEpoch(Number(since));
      await other.record(since, world.ethers.toBeHex(1, 32));
      await expect(manager.seat()).to.emit(manager, "BeaconChanged").withArgs(1, 1);
      await refused(manager.seat(), "NotDrawnYet", 1, since + 1n);
      await world.toEpoch(Number(since) + 1);
      await other.record(since + 1n, world.ethers.toBeHex(1, 32));
      await expect(manager.seat()).to.emit(manager, "Seated");
    });
  });

  describe("neighbours on the ring", () => {
    it("never go to one provider, and a lot that wins next to its own is owed another seat", async () => {
      await world.admit([1, 2]);
      const added = await addVNodes(6);
      await world.enlist(1, 2, ...added);
      for (const vNode of [1, 2, ...added]) await world.manager.look(vNode);
      await world.begin((await world.now()) + 1);
      const { length } = await world.manager.queue();
      let conflicting: ReturnType<typeof world.manager.seat> | undefined;
      for (let i = 0; i < length; i++) {
        const sent = world.manager.seat();
        if ((await world.said(sent)).some(({ name }) => name === "Conflicted")) conflicting = sent;
      }
      await expect(conflicting).to.emit(world.manager, "Conflicted");
      const ring = [1, 2, ...added];
      const holders = await Promise.all(ring.map(holder));
      for (const [i, node] of holders.entries()) {
        const next = holders[(i + 1) % holders.length];
        if (node !== 0) expect(node).to.not.equal(next);
      }
    });

    it("gives an owed seat back where another has won, next to none of its own", async () => {
      await world.admit([1, 2, 3]);
      const [a = 0, b = 0] = await addVNodes(2);
      await world.enlist(1, 2, a, b); // 1 is node 1's; its neighbours are 2 and b
      await world.manager.look(1);
      await world.manager.look(2);
      await world.manager.look(a);
      const epoch = (await world.now()) + 1;
      // A randomness whose least lot for vNode 2 is node 1's, and for vNode a another's.
      const restore = await world.chain.networkHelpers.takeSnapshot();
      for (let value = 1; ; value++) {
        await world.begin(epoch, value);
        const first = await world.said(world.manager.seat());
        const conflict = first.find(({ name }) => name === "Conflicted");
        if (conflict?.args["node"] !== 1n) {
          await restore.restore();
          continue;
        }
        expect((await world.manager.memberOf(1)).owed).to.equal(1n);
        const second = await world.said(world.manager.seat());
        const seated = second.find(({ name }) => name === "Seated")?.args;
        if (seated?.["least"] === 1n) {
          await restore.restore();
          continue;
        }
        expect(seated?.["node"]).to.equal(1n);
        expect((await world.manager.memberOf(1)).owed).to.equal(0n);
        break;
      }
    });

    it("are put apart if the core or a sale put them together", async () => {
      await world.admit([1, 2, 3]);
      await world.enlist(1, 2);
      await world.manager.look(1);
      await asManager((manager) => world.registry.connect(manager).assign(2, 1));
      await world.pass(1);
      // Of two neighbours only one moves.
      const moving = [1, 2].map((vNode) => world.manager.look.staticCall(vNode));
      const outcomes = await Promise.allSettled(moving);
      const epoch = await world.now();
      await expect(world.manager.look(1))
        .to.emit(world.manager, "Vacant")
        .withArgs(...vacant({ number: 1, vNode: 1, node: 1, why: WHY.nextToItself, epoch }));
      await world.manager.look(2);
      expect(outcomes.map(({ status }) => status)).to.deep.equal(["fulfilled", "fulfilled"]);
      await refused(world.manager.look(2), "NothingToDo");
      await world.seatAll();
      expect([2, 3]).to.include(await holder(1));
    });
  });

  describe("what the events say", () => {
    it("is enough to draw again, and comes to the same", async () => {
      await world.admit([1, 2, 3]);
      const fourth = await world.addNode();
      await world.admit([fourth], 200);
      const added = await addVNodes(6);
      const ring = [1, 2, ...added];
      await world.enlist(...ring);
      for (const vNode of ring) await world.manager.look(vNode);
      const nodes = [1, 2, 3, fourth];
      const books = new Map(nodes.map((node) => [node, { owed: 0, seats: node === 1 ? 1 : 0 }]));
      const holders = new Map<number, number>([[1, 1]]);
      await world.begin((await world.now()) + 1);
      for (const { vNode } of await world.manager.queue()) {
        const events = await world.said(world.manager.seat());
        const place = ring.indexOf(Number(vNode));
        const around = [ring.at(place - 1), ring[(place + 1) % ring.length]];
        const next = new Set(around.map((each) => String(holders.get(each ?? 0))));
        const seated = events.find(({ name }) => name === "Seated")?.args;
        if (!seated) {
          // The seed is not said if nobody is seated: only one provider was left for the place.
          expect(events.map(({ name }) => name)).to.include("Unfilled");
          continue;
        }
        const lots = nodes.map((node) => {
          const { owed = 0, seats = 0 } = books.get(node) ?? {};
          return { node, provider: String(node), weight: (node === fourth ? 20 : 10) - seats, owed };
        });
        const outcome = drawSeat(lots, next, exactRules(seated["seed"] as string));
        expect(outcome.winner).to.equal(Number(seated["node"]));
        expect(outcome.least).to.equal(Number(seated["least"]));
        const seed = world.ethers.keccak256(
          world.ethers.AbiCoder.defaultAbiCoder().encode(
            ["bytes32", "address", "uint64"],
            [
              await world.audits.randomness(0, seated["epoch"] as bigint),
              await world.manager.getAddress(),
              seated["number"],
            ],
          ),
        );
        expect(seated["seed"]).to.equal(seed);
        holders.set(Number(vNode), Number(seated["node"]));
        for (const [node, book] of books) {
          if (node === outcome.winner) book.seats++;
          if (node === outcome.owedMore) book.owed++;
          if (node === outcome.owedLess) book.owed--;
        }
      }
      expect(holders.size).to.be.greaterThan(5);
      for (const [node, book] of books) {
        const { owed, seats } = await world.manager.memberOf(node);
        expect([Number(owed), Number(seats)]).to.deep.equal([book.owed, book.seats]);
      }
    });
  });
});
