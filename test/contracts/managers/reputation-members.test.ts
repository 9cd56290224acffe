// Who becomes a member of a ReputationManager, who is evicted, and what members decide.
import { expect } from "chai";
import { contractArtifact } from "../../../contracts/artifacts.ts";
import {
  createReputationWorld,
  deployManager,
  REASON,
  RULES,
  STANDING,
  type ReputationWorld,
  type Rules,
} from "../../../evidence/world/reputation.ts";
import { createWorld, FUNDS } from "../../../evidence/world/world.ts";
import { freshWorld, shortcuts } from "../../helpers/fresh-world.ts";
import { reputing } from "../../helpers/reputing.ts";

const LEAF = 1000n;
const PERIOD = 4n;

describe("contracts: members of a ReputationManager", () => {
  let world: ReputationWorld;
  const clock = { epoch: 0 };
  const fresh = freshWorld(() => createReputationWorld()) as () => Promise<ReputationWorld>;
  const { provider } = shortcuts(() => world);
  const { store, refuses, standing, members, review, place, next, proveUntil, earn, serve, found, try2 } =
    reputing(() => world, clock);

  beforeEach(async () => {
    world = await fresh();
    clock.epoch = await world.now();
  });

  it("admit the founders with the score that a member must keep, and the others with more", async () => {
    await store();
    await store({ bucket: 2 });
    await next([1]);
    await world.manager.lookAt(1);
    await refuses(review(1), "NothingToDo");
    await earn(1, 1, 1);
    expect(await world.manager.neededScore()).to.equal(RULES.evictScore);
    await expect(review(1))
      .to.emit(world.manager, "Admitted")
      .withArgs(1, 2n * LEAF * PERIOD, RULES.evictScore);
    expect(await world.manager.neededScore()).to.equal(RULES.admitScore);
    await try2();
    await earn(2, 2, 1, [1]);
    await refuses(review(2), "NothingToDo");
    await earn(2, 2, 1, [1]);
    await review(2);
    expect(await members()).to.deep.equal([1, 2]);
    // Places are for members: a founder's does not become free for another one.
    await world.by(1).quit(1);
    expect(await world.manager.neededScore()).to.equal(RULES.admitScore);
  });

  it("admit nobody before the probation is over", async () => {
    world = await createReputationWorld({ probation: 10 });
    clock.epoch = await world.now();
    const { since } = await world.manager.entryOf(1);
    await serve();
    expect(await world.manager.scoreOf(1)).to.be.greaterThan(RULES.admitScore);
    await proveUntil(Number(since) + 10, [1]);
    await refuses(review(1), "NothingToDo");
    await next([1]);
    await review(1);
    expect(await members()).to.deep.equal([1]);
  });

  it("are no more than the rules say; a candidate that only lacks a place keeps its vNode", async () => {
    const small = await createReputationWorld({ members: 1, evictScore: 1, admitScore: 2 });
    [world, clock.epoch] = [small, await small.now()];
    await found();
    await try2();
    await earn(2, 2, 1, [1]);
    await proveUntil(clock.epoch + 40, [1, 2]);
    await refuses(review(2), "NothingToDo");
    expect(await standing(2)).to.equal(STANDING.probation);
  });

  it("pass over candidates that have no bond or trust any more", async () => {
    const { registry, ledger } = world;
    await world.by(3).join(3);
    await world.by(2).join(2);
    await ledger.connect(provider(3)).requestUnbond(3, FUNDS);
    await expect(place(2)).to.emit(world.manager, "WentOut").withArgs(3, REASON.notBacked, 0);
    expect(await world.manager.seatOf(2)).to.equal(2n);
    await registry.connect(provider(2)).trust(world.manager, false);
    await expect(review(2)).to.emit(world.manager, "WentOut").withArgs(2, REASON.notBacked, 0);
  });

  it("admit only nodes with bond and trust, by their providers, once", async () => {
    const { registry, ledger, people } = world;
    await refuses(world.by(1).join(2), "Unauthorized", provider(1));
    await refuses(world.by(1).join(1), "HasStanding", 1, STANDING.probation);
    await ledger.connect(provider(2)).requestUnbond(2, FUNDS / 2n + 1n);
    await refuses(world.by(2).join(2), "NotBacked", 2);
    await registry.connect(provider(3)).trust(world.manager, false);
    await refuses(world.by(3).join(3), "NotBacked", 3);
    await refuses(world.by(3).quit(3), "NotIn", 3);
    await refuses(world.manager.connect(people.stranger).quit(1), "Unauthorized", people.stranger);
  });

  it("let a candidate go that is too slow, and name its vNode away", async () => {
    await found();
    await try2();
    await proveUntil(clock.epoch + 33, [1, 2]);
    await expect(review(2)).to.emit(world.manager, "WentOut").withArgs(2, REASON.tooSlow, 0);
    await refuses(world.by(2).join(2), "TooEarly", 2, clock.epoch + RULES.probation);
    await expect(place(2)).to.emit(world.manager, "Placed");
    // Node 2 stays responsible until node 1 has proven that it has the data.
    expect((await world.audits.outlook(2)).node).to.equal(2n);
    expect((await world.audits.outlook(2)).successor).to.equal(1n);
    await next([1, 2]);
    await world.takeOver(clock.epoch, 2);
    await next([1, 2]);
    expect((await world.audits.state(2)).node).to.equal(1n);
  });

  it("let a candidate go that has failed its vNode", async () => {
    await store();
    for (let i = 0; i < 3; i++) await next([]);
    await world.toEpoch((clock.epoch += 2));
    await world.settle();
    await expect(review(1)).to.emit(world.manager, "WentOut").withArgs(1, REASON.notServing, 0);
  });

  it("evict a member whose score is too low, after a notice", async () => {
    world = await createReputationWorld({ evictScore: 5000 });
    clock.epoch = await world.now();
    await found();
    await try2();
    await earn(2, 2, 2, [1]);
    await review(2);
    for (let i = 0; i < 3; i++) await next([2]);
    await next([2]);
    await world.settle();
    await review(1);
    const { noticeUntil } = await world.manager.entryOf(1);
    expect(noticeUntil).to.equal(clock.epoch + RULES.notice);
    await world.toEpoch(clock.epoch + 1);
    // Nobody serves vNode 1 now, and node 2 is the best.
    await expect(place(1)).to.emit(world.manager, "Placed");
    expect(await world.manager.seatOf(1)).to.equal(2n);
    clock.epoch++;
    await next([2]);
    await next([2]);
    await world.settle();
    // A node that syncs may leave audits unanswered that are no misses.
    await expect(world.manager.lookAt(1)).not.to.emit(world.manager, "Opened");
    await world.prove(clock.epoch, 1);
    await expect(world.manager.lookAt(1)).to.emit(world.manager, "Opened");
    await proveUntil(Number(noticeUntil), [1, 2]);
    await refuses(review(1), "NothingToDo");
    await next([1, 2]);
    await expect(review(1)).to.emit(world.manager, "WentOut");
    expect(await members()).to.deep.equal([2]);
  });

  it("withdraw a notice once score, bond and trust are there again", async () => {
    const { registry } = world;
    await found();
    await registry.connect(provider(1)).trust(world.manager, false);
    await expect(review(1)).to.emit(world.manager, "NoticeGiven");
    await refuses(review(1), "NothingToDo");
    await registry.connect(provider(1)).trust(world.manager, true);
    await expect(review(1)).to.emit(world.manager, "NoticeWithdrawn");
    expect((await world.manager.entryOf(1)).noticeUntil).to.equal(0n);
  });

  it("gain nothing by leaving and coming back: the score stays, and the probation begins again", async () => {
    await found();
    const score = await world.manager.scoreOf(1);
    await world.by(1).quit(1);
    expect(await members()).to.deep.equal([]);
    await refuses(world.by(1).join(1), "TooEarly", 1, clock.epoch + RULES.probation);
    await next([1]);
    await next([1]);
    await world.by(1).join(1);
    expect(await standing(1)).to.equal(STANDING.waiting);
    const left = await world.manager.scoreOf(1);
    expect(left).to.be.lessThan(score);
    expect(left).to.be.greaterThan((score * 9n) / 10n);
    await world.manager.adopt(1);
    await refuses(review(1), "NothingToDo");
    expect(await world.manager.neededScore()).to.equal(RULES.admitScore);
  });

  it("reward decisions from the manager's fee, at most eight in an epoch, and nothing else", async () => {
    const { ledger, token, people } = world;
    const before = await token.balanceOf(people.stranger);
    await store();
    await store({ bucket: 2 });
    await next([1]);
    await world.manager.lookAt(1);
    await earn(1, 1, 1);
    await expect(review(1)).to.emit(world.manager, "Rewarded").withArgs(people.stranger, RULES.reward);
    expect(await token.balanceOf(people.stranger)).to.equal(before + BigInt(RULES.reward));
    await refuses(review(1), "NothingToDo");
    await world.registry.connect(provider(1)).trust(world.manager, false);
    await review(1);
    expect(await token.balanceOf(people.stranger)).to.equal(before + BigInt(RULES.reward));
    expect(await ledger.balanceOf(world.manager)).to.be.greaterThan(0n);
  });

  it("decide without a reward if nothing was earned", async () => {
    const { token, people } = world;
    await world.by(2).join(2);
    await place(2);
    expect(await token.balanceOf(people.stranger)).to.equal(0n);
  });

  it("vote once, with the least that all of their nodes have had since", async () => {
    const { registry, people, manager, chain } = world;
    const call = registry.interface.encodeFunctionData("proposeManager", [1, people.alice.address]);
    await found();
    await try2();
    await earn(2, 2, 2, [1]);
    await review(2);
    await registry.connect(provider(2)).proposeProvider(2, provider(1));
    await chain.networkHelpers.time.increase(100_000);
    await registry.connect(provider(1)).acceptProvider(2);
    await world.by(1).takeUp(2);
    await world.toEpoch((clock.epoch = (await world.now()) + 1));
    await world.by(1).support(call, true);
    await next([2]);
    await next([1, 2]);
    await expect(manager.lookAt(1)).to.emit(manager, "Cut");
    const scores = [await manager.scoreOf(1), await manager.scoreOf(2)] as const;
    const { inFavour, all } = await manager.motion(call);
    expect(all).to.equal(scores[0] + scores[1]);
    expect(inFavour).to.equal(all);
    expect(await manager.scoreSince(1, clock.epoch)).to.equal(scores[0]);
  });

  it("reward eight decisions in an epoch", async () => {
    world = await createReputationWorld({ vNodes: 12 });
    const { registry, ledger, token, people, manager } = world;
    await ledger.connect(people.alice).deposit(manager, 1000n);
    await registry.connect(people.bob).trust(manager, true);
    for (let i = 0; i < 9; i++) {
      await registry.connect(people.bob).registerNode(people.bob, "", 100, 1, 1, "");
      const node = await registry.nodeCount();
      await token.mint(people.bob, FUNDS);
      await ledger.connect(people.bob).deposit(people.bob, FUNDS);
      await ledger.connect(people.bob).bond(node, RULES.bond);
      await manager.connect(people.bob).join(node);
    }
    for (let i = 0; i < 9; i++) await manager.connect(people.stranger).grow();
    expect(await token.balanceOf(people.stranger)).to.equal(8n * BigInt(RULES.reward));
    await world.toEpoch((await world.now()) + 1);
    await world.by(2).join(2);
    await manager.connect(people.stranger).grow();
    expect(await token.balanceOf(people.stranger)).to.equal(9n * BigInt(RULES.reward));
  });

  it("decide by their scores since before a motion was opened about terms and the next manager", async () => {
    const { registry, people, manager } = world;
    const call = registry.interface.encodeFunctionData("proposeManager", [1, people.alice.address]);
    await found();
    await expect(world.by(1).support(call, true)).to.be.revertedWithCustomError(manager, "NotAMember");
    await next([1]);
    await world.by(1).support(call, true);
    await expect(world.by(2).support(call, true)).to.be.revertedWithCustomError(manager, "NotAMember");
    const opened = clock.epoch;
    const had = await manager.scoreOf(1);
    await earn(1, 1, 3);
    const { since, inFavour, all } = await manager.motion(call);
    expect(since).to.equal(opened);
    // What was earned since then counts in the whole only.
    expect(inFavour).to.be.lessThan(had);
    expect(all).to.be.greaterThan(had);
    await proveUntil(opened + 5, [1]);
    expect((await manager.motion(call)).all).to.equal(await manager.scoreOf(1));
    await expect(manager.enact(call)).to.be.revertedWithCustomError(manager, "NoMajority");
    await world.by(1).support(call, false);
  });

  it("let who has taken over a node vote for it later, with the score that stays", async () => {
    const { registry, people, manager, chain } = world;
    const call = registry.interface.encodeFunctionData("proposeManager", [1, people.alice.address]);
    await found();
    await registry.connect(provider(1)).proposeProvider(1, people.stranger);
    await chain.networkHelpers.time.increase(100_000);
    await registry.connect(people.stranger).acceptProvider(1);
    clock.epoch = await world.now();
    expect(await manager.scoreOf(1)).to.be.greaterThan(0n);
    for (const who of [people.stranger, provider(1)])
      await expect(manager.connect(who).support(call, true)).to.be.revertedWithCustomError(
        manager,
        "NotAMember",
      );
    await refuses(world.by(1).takeUp(1), "Unauthorized", provider(1));
    await expect(manager.connect(people.stranger).takeUp(1))
      .to.emit(manager, "HolderChanged")
      .withArgs(1, people.stranger);
    await refuses(manager.connect(people.stranger).takeUp(1), "NothingToDo");
    await expect(manager.connect(people.stranger).support(call, true)).to.be.revertedWithCustomError(
      manager,
      "NotAMember",
    );
    await world.toEpoch(clock.epoch + 1);
    await manager.connect(people.stranger).support(call, true);
    expect(await members()).to.deep.equal([1]);
  });
});

describe("contracts: rules of a ReputationManager", () => {
  it("fit into contracts that can be deployed", () => {
    for (const name of ["ReputationManager", "Sampling", "Membership", "Seating"])
      expect((contractArtifact(name).deployedBytecode.length - 2) / 2, name).to.be.at.most(24_576);
  });

  it("are bounded", async () => {
    const world = await createWorld();
    const factory = await world.ethers.getContractFactory("ReputationManager", {
      libraries: {
        Sampling: world.people.alice,
        Membership: world.people.alice,
        Seating: world.people.alice,
      },
    });
    for (const [name, value] of [
      ["period", 0],
      ["period", 257],
      ["memoryEpochs", 63],
      ["memoryEpochs", 2 ** 20 + 1],
      ["payerCap", 0],
      ["evictScore", 0],
      ["evictScore", RULES.admitScore],
      ["probation", RULES.period / 2 - 1],
      ["probation", 4097],
      ["notice", 15],
      ["probationLeaves", 0],
      ["bond", 0],
      ["members", 0],
      ["members", 33],
      ["founders", 0],
      ["founders", RULES.members + 1],
      ["seats", 0],
      ["seats", 65],
      ["vNodes", 4097],
    ] as [keyof Rules, number][])
      await expect(deployManager(world, { ...RULES, [name]: value }), name)
        .to.be.revertedWithCustomError(factory, "BadRule")
        .withArgs(name, value);
  });
});
