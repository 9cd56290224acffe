// Admission by a proof of storage: who joins, who is admitted, and what ends it.
import { expect } from "chai";
import { OFFERED, REASON, RULES, SEGMENT, type ManagedWorld } from "../../../evidence/world/managed.ts";
import { PARAMS, RENT } from "../../../evidence/world/world.ts";
import { freshManaged, refusing } from "../../helpers/fresh-managed.ts";
import { named } from "../../helpers/named.ts";

describe("contracts: admission by proof of storage", () => {
  let world: ManagedWorld;
  const fresh = freshManaged();
  beforeEach(async () => {
    world = await fresh();
  });
  const member = (node: number) => world.manager.memberOf(node);
  const refused = refusing(() => world);
  const notFit = (sent: Promise<unknown>, ...values: [number, bigint]) => refused(sent, "NotFit", ...values);
  const ended = (node: number, reason: bigint, until: number) =>
    named(world.manager, "Ended", { node, provider: world.provider(node), reason, barredUntil: until });
  const update = (node: number, { capacity = 1000, rent = RENT } = {}) =>
    world.registry
      .connect(world.provider(node))
      .updateNode(node, world.operator(node), "", capacity, rent, 10n ** 9n, "");
  const unbond = (node: number, amount: bigint) =>
    world.ledger.connect(world.provider(node)).requestUnbond(node, amount);

  describe("joining", () => {
    it("takes a bonded node of a provider that has seen the terms, and gives it a vNode to prove on", async () => {
      const terms = await world.manager.termsHash();
      const bondRate = RENT * BigInt(PARAMS.bondEpochs);
      await expect(world.join(1))
        .to.emit(world.manager, "Joined")
        .withArgs(
          ...named(world.manager, "Joined", {
            node: 1,
            provider: world.provider(1),
            vNode: 3,
            offered: OFFERED,
            leaves: SEGMENT,
            bondRate,
            terms,
          }),
        );
      const { cluster, node } = await world.registry.vNode(3);
      expect([cluster, node]).to.deep.equal([2n, 1n]);
      const { standing, provider, quota } = await member(1);
      expect([standing, provider, quota]).to.deep.equal([1n, world.provider(1).address, 10n]);
    });

    it("is the provider's, once, for enough capacity", async () => {
      const terms = await world.manager.termsHash();
      await expect(world.manager.connect(world.people.stranger).join(1, OFFERED, terms))
        .to.be.revertedWithCustomError(world.registry, "Unauthorized")
        .withArgs(world.people.stranger);
      await refused(world.join(1, 9), "CapacityTooSmall", 9, RULES.seatLeaves);
      await world.join(1);
      await refused(world.join(1), "AlreadyIn", 1);
    });

    it("refuses terms that the provider has not seen: changed since, or announced", async () => {
      const terms = await world.manager.termsHash();
      const call = world.registry.interface.encodeFunctionData("changeCluster", [
        1,
        0,
        0,
        { ...PARAMS, faultMultiple: 11 },
      ]);
      await becomeSole();
      await world.manager.connect(world.provider(1)).support(call, true);
      await world.pass(4);
      await world.manager.enact(call);
      const later = await world.manager.termsHash();
      expect(later).to.not.equal(terms);
      await refused(world.asProvider(2).join(2, OFFERED, terms), "OtherTerms", terms, later);
      await world.asProvider(2).join(2, OFFERED, later);
    });

    it("refuses a node without enough free bond, capacity, trust, or with too high a rent", async () => {
      const needed = BigInt(OFFERED) * 1000n * BigInt(PARAMS.bondEpochs);
      const { free } = { free: await world.ledger.freeBond(1) };
      await unbond(1, free - needed + 1n);
      await notFit(world.join(1), 1, REASON.noBond);
      await update(2, { capacity: OFFERED - 1 });
      await notFit(world.join(2), 2, REASON.unbacked);
      await update(2, { rent: RENT + 1n });
      await notFit(world.join(2), 2, REASON.rentTooHigh);
      await world.registry.connect(world.provider(3)).trust(world.manager, false);
      await notFit(world.join(3), 3, REASON.untrusted);
    });

    it("asks for the bond that higher terms need, once they hold for the next epoch", async () => {
      await becomeSole();
      const call = world.registry.interface.encodeFunctionData("changeCluster", [
        1,
        0,
        0,
        { ...PARAMS, bondEpochs: 60 },
      ]);
      await world.manager.connect(world.provider(1)).support(call, true);
      await world.pass(4);
      await world.manager.enact(call);
      await world.join(2);
      expect((await member(2)).bondRate).to.equal(30n * RENT);
      const { since } = await world.audits.announced(1);
      await world.toEpoch(Number(since) - 1);
      await world.join(3);
      expect((await member(3)).bondRate).to.equal(60n * RENT);
    });
  });

  /** Node 1 as the only member, with the only vNode that has data. */
  async function becomeSole(): Promise<void> {
    await world.admit([1]);
    await world.enlist(1);
    await world.store({ leaves: [1], epochs: 200 });
    await world.manager.look(1);
    await world.pass(1);
  }

  describe("probation", () => {
    it("admits a candidate whose segment was paid for long enough, and nobody earlier", async () => {
      await world.join(1);
      await world.storeProbation(1);
      await world.pass(RULES.probation - 1);
      await refused(world.manager.admit(1, 0), "NotYetProven", 1, RULES.probation - 1, RULES.probation);
      await world.pass(1);
      const root = (await world.registry.directory(3)).root;
      await expect(world.manager.connect(world.people.stranger).admit(1, 0))
        .to.emit(world.manager, "Admitted")
        .withArgs(1, world.provider(1), RULES.probation, root);
      expect(await world.manager.members()).to.deep.equal([1n]);
      expect(await world.manager.offers()).to.deep.equal([BigInt(OFFERED), 10n]);
      await refused(world.manager.admit(1, 0), "NotACandidate", 1);
    });

    it("asks for as many times more epochs as the cluster's odds say", async () => {
      const rare = await freshManaged(
        {},
        { odds: 3, slashMultiple: 50, faultMultiple: 250, bondEpochs: 350 },
      )();
      await rare.join(1);
      await rare.storeProbation(1);
      await rare.pass(RULES.probation);
      const [, paid, needed] = await refusal(rare, rare.manager.admit.staticCall(1, 0));
      expect([Number(paid) <= 2, needed]).to.deep.equal([true, 6n]);
    });

    const refusal = async (at: ManagedWorld, sent: Promise<unknown>): Promise<unknown[]> => {
      try {
        await sent;
      } catch (error) {
        const { data } = error as { data: string };
        return [...(at.manager.interface.parseError(data)?.args ?? [])] as unknown[];
      }
      return [];
    };

    it("does not count epochs that no proof has followed, nor those that the candidate pauses", async () => {
      await world.join(1);
      await world.storeProbation(1, { epochs: 30 });
      await world.pass(1);
      await world.toEpoch((await world.now()) + 4); // nothing is recorded
      await refused(world.manager.admit(1, 0), "NotYetProven", 1, 1, RULES.probation);
      await world.audits.connect(world.provider(1)).pause(3, 3);
      await world.pass(1);
      await world.manager.admit.staticCall(1, 0);
      const paid = async () => {
        const { from, end } = await world.registry.segment(3, 0);
        const { to, credit } = await world.audits.creditBetween(3, from, end);
        return to - from - credit / 10n ** 18n;
      };
      const before = await paid();
      await world.pass(3);
      expect((await paid()) - before).to.equal(0n);
    });

    it("fails a candidate that misses: it is out, and may come back later through another probation", async () => {
      await world.join(1);
      await world.storeProbation(1);
      await world.pass(1);
      await world.pass(1, [3]);
      await world.pass(2);
      await notFit(world.manager.admit(1, 0), 1, REASON.failedProbation);
      const until = (await world.now()) + RULES.reentry;
      await expect(world.manager.evict(1, []))
        .to.emit(world.manager, "Ended")
        .withArgs(...ended(1, REASON.failedProbation, until));
      await refused(world.join(1), "Barred", 1, until, until - RULES.reentry);
      await world.toEpoch(until);
      await world.join(1);
      const { vNode, standing } = await member(1);
      expect([vNode, standing]).to.deep.equal([4n, 1n]);
    });

    it("refuses other data: too little, in two segments, too cheap, or another before it", async () => {
      const other = async (node: number, order: Parameters<ManagedWorld["storeProbation"]>[1][]) => {
        await world.join(node);
        for (const each of order) await world.storeProbation(node, each);
        const { vNode } = await member(node);
        await world.pass(3);
        await refused(world.manager.admit(node, 0), "OtherData", vNode);
      };
      await other(1, [{ leaves: [SEGMENT - 1] }]);
      await other(2, [{ leaves: [SEGMENT / 2, SEGMENT / 2] }]);
      await other(3, [{ rent: RENT / 2n }]);
      const fourth = await world.addNode();
      await other(fourth, [{ leaves: [1], epochs: 1 }, {}]);
    });

    it("refuses a candidate whose bond, trust, rent or provider is no longer as it was", async () => {
      await world.join(1);
      await world.storeProbation(1);
      await world.pass(RULES.probation);
      const { audits, registry, manager } = world;
      const restore = await world.chain.networkHelpers.takeSnapshot();
      for (const [spoil, reason] of [
        [() => unbond(1, 999_000_000n), REASON.unbacked],
        [() => update(1, { rent: RENT + 1n }), REASON.rentTooHigh],
        [() => update(1, { capacity: OFFERED - 1 }), REASON.unbacked],
        [() => registry.connect(world.provider(1)).trust(manager, false), REASON.untrusted],
      ] as const) {
        await spoil();
        await notFit(manager.admit(1, 0), 1, reason);
        await restore.restore();
      }
      expect(await audits.currentEpoch()).to.be.greaterThan(0n);
      await manager.admit(1, 0);
    });

    it("is over for a candidate that never stores", async () => {
      await world.join(1);
      const last = (await world.now()) + 4 * RULES.probation + 64;
      await world.toEpoch(last);
      await refused(world.manager.evict(1, []), "NothingToDo");
      await world.toEpoch(last + 1);
      await expect(world.manager.evict(1, []))
        .to.emit(world.manager, "Ended")
        .withArgs(...ended(1, REASON.failedProbation, last + 1 + RULES.reentry));
    });

    it("gives the candidate a seed that nobody knew before it joined", async () => {
      await world.begin((await world.now()) + 1);
      await world.join(1);
      expect(await world.manager.seedOf(1)).to.equal(world.ethers.ZeroHash);
      await world.toEpoch((await world.now()) + 2); // one epoch has none
      expect(await world.manager.seedOf(1)).to.equal(world.ethers.ZeroHash);
      const epoch = await world.now();
      await world.begin(epoch);
      const random = world.ethers.toBeHex(epoch + 1, 32);
      const seed = world.ethers.keccak256(
        world.ethers.AbiCoder.defaultAbiCoder().encode(
          ["uint32", "uint32", "uint32", "bytes32"],
          [1, 1, SEGMENT, random],
        ),
      );
      expect(await world.manager.seedOf(1)).to.equal(seed);
      await world.begin(epoch + 1);
      expect(await world.manager.seedOf(1)).to.equal(seed);
    });

    it("uses a vNode again, once what was on it is gone", async () => {
      await world.join(1);
      await world.storeProbation(1, { epochs: 3 });
      await refused(world.manager.freeProbation(1), "NothingToDo");
      await world.asProvider(1).quit(1);
      await refused(world.manager.freeProbation(1), "OtherData", 3);
      await world.pass(4);
      await refused(world.manager.freeProbation(1), "OtherData", 3);
      await world.pass(1);
      await refused(world.manager.freeProbation(1), "OtherData", 3);
      await world.registry.retire(3, [{ serial: 0, start: 0, root: world.ethers.ZeroHash }], []);
      await expect(world.manager.freeProbation(1)).to.emit(world.manager, "ProbationFreed").withArgs(3, 1);
      await world.join(2);
      expect((await member(2)).vNode).to.equal(3n);
      await world.pass(2); // the last node goes first
      await world.storeProbation(2);
      await world.pass(RULES.probation);
      await world.manager.admit(2, 0);
    });

    it("follows the cluster's terms in its own cluster", async () => {
      const { registry, audits, manager } = world;
      const probation = await manager.probationCluster();
      expect(await registry.managerOf(probation)).to.equal(await manager.getAddress());
      await refused(manager.followTerms(), "NothingToDo");
      await becomeSole();
      const changed = { ...PARAMS, faultMultiple: 11 };
      const call = registry.interface.encodeFunctionData("changeCluster", [1, 0, 0, changed]);
      await manager.connect(world.provider(1)).support(call, true);
      await world.pass(4);
      await manager.enact(call);
      await expect(manager.followTerms()).to.emit(manager, "TermsFollowed");
      expect((await audits.announced(probation)).params_.faultMultiple).to.equal(11n);
      await refused(manager.followTerms(), "NothingToDo");
    });
  });

  describe("the end of a membership", () => {
    beforeEach(async () => {
      await world.admit([1, 2]);
    });

    it("is evicted by anyone for what the core has on record, and by nobody without a reason", async () => {
      await refused(world.manager.evict(1, []), "NothingToDo");
      await refused(world.manager.evict(3, []), "NotIn", 3);
      await world.enlist(1, 2);
      await world.store({ leaves: [1], epochs: 50 });
      await world.pass(1);
      for (let i = 0; i < 3; i++) await world.pass(1, [1]);
      await world.pass(1);
      await world.settle();
      const until = (await world.now()) + RULES.reentry;
      await expect(world.manager.connect(world.people.stranger).evict(1, []))
        .to.emit(world.manager, "Ended")
        .withArgs(...ended(1, REASON.faulted, until));
      expect(await world.manager.members()).to.deep.equal([2n]);
      expect(await world.manager.offers()).to.deep.equal([BigInt(OFFERED), 10n]);
    });

    it("evicts for more misses than a period allows, in a row or not, each counted once", async () => {
      await world.enlist(1, 2);
      await world.store({ leaves: [1], epochs: 60 });
      await world.manager.look(1);
      await world.pass(1);
      const miss = async (): Promise<void> => {
        await world.pass(1, [1]);
        await world.pass(1);
      };
      await miss();
      await world.manager.evict(1, [1]);
      await refused(world.manager.evict(1, [1]), "NothingToDo");
      expect((await member(1)).missed).to.equal(1n);
      await world.toEpoch((Math.floor((await world.now()) / RULES.period) + 1) * RULES.period);
      await world.pass(1);
      await miss();
      await world.manager.evict(1, [1]);
      expect((await member(1)).missed).to.equal(1n); // a new period
      await miss();
      await miss();
      await expect(world.manager.evict(1, [1]))
        .to.emit(world.manager, "Ended")
        .withArgs(...ended(1, REASON.tooManyMisses, (await world.now()) + RULES.reentry));
    });

    it("forgives, after a long time without a look, what every period allows", async () => {
      await world.enlist(1, 2);
      await world.store({ leaves: [1], epochs: 60 });
      await world.manager.look(1);
      await world.pass(1);
      for (let i = 0; i < 4; i++) {
        await world.pass(1, [1]);
        await world.pass(3);
      }
      await expect(world.manager.evict(1, [1]))
        .to.emit(world.manager, "MissesCounted")
        .withArgs(1, 1, 4, 4, 0);
    });

    it("evicts who withdraws bond or capacity, but for a small penalty", async () => {
      const half = (BigInt(OFFERED - SEGMENT) * 1000n * BigInt(PARAMS.bondEpochs)) / 2n;
      await unbond(1, (await world.ledger.freeBond(1)) - half);
      await refused(world.manager.evict(1, []), "NothingToDo");
      await unbond(1, 1n);
      const until = (await world.now()) + RULES.reentry;
      await expect(world.manager.evict(1, []))
        .to.emit(world.manager, "Ended")
        .withArgs(...ended(1, REASON.unbacked, until));
      await update(2, { capacity: OFFERED - 1 });
      await expect(world.manager.evict(2, []))
        .to.emit(world.manager, "Ended")
        .withArgs(...ended(2, REASON.unbacked, until));
    });

    it("does not pass a membership on with the node, and keeps nobody who does not trust it", async () => {
      const { registry, people } = world;
      await registry.connect(world.provider(1)).proposeProvider(1, people.bob);
      await world.pass(12);
      await registry.connect(people.bob).acceptProvider(1);
      await expect(world.manager.evict(1, [])).to.emit(world.manager, "Ended");
      await registry.connect(world.provider(2)).trust(world.manager, false);
      const until = (await world.now()) + RULES.reentry;
      await expect(world.manager.evict(2, []))
        .to.emit(world.manager, "Ended")
        .withArgs(...ended(2, REASON.untrusted, until));
    });

    it("lets a provider go at any time, whoever manages, and not come back earlier than others", async () => {
      const { manager, people } = world;
      await expect(manager.connect(people.stranger).quit(1)).to.be.revertedWithCustomError(
        world.registry,
        "Unauthorized",
      );
      const until = (await world.now()) + RULES.reentry;
      await expect(world.asProvider(1).quit(1))
        .to.emit(manager, "Ended")
        .withArgs(...ended(1, REASON.left, until));
      await refused(world.join(1), "Barred", 1, until, until - RULES.reentry);
      await refused(world.asProvider(1).quit(1), "NotIn", 1);
    });
  });
});
