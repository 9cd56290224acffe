// Who becomes a member of a ReputationManager, who serves what, and who is evicted.
import { expect } from "chai";
import { contractArtifact } from "../../../contracts/artifacts.ts";
import {
  createReputationWorld,
  deployManager,
  REASON,
  RULE,
  RULES,
  STANDING,
  type ReputationWorld,
  type Rules,
} from "../../../evidence/world/reputation.ts";
import { createWorld, FUNDS, type Order } from "../../../evidence/world/world.ts";
import { freshWorld, shortcuts } from "../../helpers/fresh-world.ts";

const LEAF = 1000n;
const PERIOD = 4n;

describe("contracts: members and seats of a ReputationManager", () => {
  let world: ReputationWorld;
  let epoch: number;
  const fresh = freshWorld(() => createReputationWorld()) as () => Promise<ReputationWorld>;
  const { provider } = shortcuts(() => world);

  beforeEach(async () => {
    world = await fresh();
    epoch = await world.now();
  });

  const store = (options: Order = {}) => world.store({ epochs: 300, ...options });
  const refuses = (attempt: Promise<unknown>, error: string, ...args: unknown[]) =>
    expect(attempt)
      .to.be.revertedWithCustomError(world.manager, error)
      .withArgs(...args);
  const standing = async (node: number) => (await world.manager.entryOf(node)).standing;
  const members = async () => (await world.manager.memberNodes()).map(Number);
  const review = (node: number) => world.manager.connect(world.people.stranger).review(node);
  const place = (vNode: number) => world.manager.connect(world.people.stranger).place(vNode);
  /** Begins the next epoch and proves these vNodes. */
  const next = async (vNodes: readonly number[], drawn?: number) => {
    await world.begin(++epoch, world.drawing(drawn ?? 1, drawn !== undefined, 1000 * epoch));
    for (const vNode of vNodes) await world.prove(epoch, vNode);
  };
  /** Epochs in which these vNodes are proven, until one more would be `end`. */
  const proveUntil = async (end: number, vNodes: readonly number[]) => {
    while (epoch + 1 < end) await next(vNodes);
  };
  /** Proves and samples a vNode `times` times. */
  const earn = async (node: number, vNode: number, times: number, others: readonly number[] = []) => {
    for (let i = 0; i < times; i++) {
      await next([vNode, ...others], vNode);
      const { nextSerial } = await world.registry.directory(vNode);
      await world.by(node).sample(
        vNode,
        Array.from({ length: Number(nextSerial) }, (_, serial) => serial),
      );
    }
  };
  /** Node 1 is the founding member; two leaves of two owners are on vNode 1. */
  const found = async () => {
    await store();
    await store({ bucket: 2 });
    await next([1]);
    await world.manager.lookAt(1);
    await earn(1, 1, 2);
    await review(1);
  };
  /** Node 2 is a candidate on vNode 2, with a leaf of each owner. */
  const try2 = async () => {
    await world.by(2).join(2);
    await place(2);
    await next([1]);
    await store({ vNode: 2, node: 2 });
    await store({ vNode: 2, node: 2, bucket: 2 });
    await next([1, 2]);
    await world.manager.lookAt(2);
  };

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
    await world.by(1).leave(1);
    expect(await world.manager.neededScore()).to.equal(RULES.admitScore);
  });

  it("admit nobody before the probation is over", async () => {
    await found();
    await world.by(2).join(2);
    await place(2);
    await store({ vNode: 2, node: 2, leaves: [1] }).catch(() => undefined);
    expect(await standing(2)).to.equal(STANDING.probation);
    await refuses(review(2), "NothingToDo");
    expect((await world.manager.entryOf(2)).vNode).to.equal(2n);
  });

  it("are no more than the rules say; a candidate that only lacks a place keeps its vNode", async () => {
    const small = await createReputationWorld({ members: 1, evictScore: 1, admitScore: 2 });
    [world, epoch] = [small, await small.now()];
    await found();
    await try2();
    await earn(2, 2, 1, [1]);
    await proveUntil(epoch + 40, [1, 2]);
    await refuses(review(2), "NothingToDo");
    expect(await standing(2)).to.equal(STANDING.probation);
  });

  it("give a candidate one vNode, in the order in which they came", async () => {
    await expect(world.by(3).join(3)).to.emit(world.manager, "Joined").withArgs(3, provider(3), 2);
    await world.by(2).join(2);
    await expect(place(2))
      .to.emit(world.manager, "Placed")
      .withArgs(2, 3, 0, RULE.candidate, 0)
      .and.to.emit(world.manager, "OnProbation")
      .withArgs(3, 2, false);
    await refuses(place(2), "NothingToDo");
    await expect(world.manager.grow()).to.emit(world.manager, "Grown");
    expect(await world.manager.seatOf(3)).to.equal(2n);
    await refuses(world.manager.grow(), "TooManyVNodes", 1);
    expect((await world.registry.vNode(3)).node).to.equal(2n);
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
    await refuses(world.by(3).leave(3), "NotIn", 3);
    await refuses(world.manager.connect(people.stranger).leave(1), "Unauthorized", people.stranger);
  });

  it("let a candidate go that is too slow, and name its vNode away", async () => {
    await found();
    await try2();
    await proveUntil(epoch + 33, [1, 2]);
    await expect(review(2)).to.emit(world.manager, "WentOut").withArgs(2, REASON.tooSlow, 0);
    await refuses(world.by(2).join(2), "TooEarly", 2, epoch + RULES.probation);
    await expect(place(2)).to.emit(world.manager, "Placed");
    // Node 2 stays responsible until node 1 has proven that it has the data.
    expect((await world.audits.outlook(2)).node).to.equal(2n);
    expect((await world.audits.outlook(2)).successor).to.equal(1n);
    await next([1, 2]);
    await world.takeOver(epoch, 2);
    await next([1, 2]);
    expect((await world.audits.state(2)).node).to.equal(1n);
  });

  it("let a candidate go that has failed its vNode", async () => {
    await store();
    for (let i = 0; i < 3; i++) await next([]);
    await world.toEpoch((epoch += 2));
    await world.settle();
    await expect(review(1)).to.emit(world.manager, "WentOut").withArgs(1, REASON.notServing, 0);
  });

  it("evict a member whose score is too low, after a notice", async () => {
    world = await createReputationWorld({ evictScore: 5000 });
    epoch = await world.now();
    await found();
    await try2();
    await earn(2, 2, 2, [1]);
    await review(2);
    for (let i = 0; i < 3; i++) await next([2]);
    await next([2]);
    await world.settle();
    await review(1);
    const { noticeUntil } = await world.manager.entryOf(1);
    expect(noticeUntil).to.equal(epoch + RULES.notice);
    await world.toEpoch(epoch + 1);
    // Nobody serves vNode 1 now, and node 2 is the best.
    await expect(place(1)).to.emit(world.manager, "Placed");
    expect(await world.manager.seatOf(1)).to.equal(2n);
    epoch++;
    await next([2]);
    await next([2]);
    await world.settle();
    // A node that syncs may leave audits unanswered that are no misses.
    await expect(world.manager.lookAt(1)).not.to.emit(world.manager, "Opened");
    await world.prove(epoch, 1);
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
    await world.by(1).leave(1);
    expect(await members()).to.deep.equal([]);
    await refuses(world.by(1).join(1), "TooEarly", 1, epoch + RULES.probation);
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

  it("give who served before a probation's and a notice's time to become members", async () => {
    await world.by(1).leave(1);
    await place(2).catch(() => undefined);
    await world.by(2).join(2);
    await place(2);
    await store();
    const { managesSince } = { managesSince: Number(await world.manager.managesSince()) };
    const until = managesSince + RULES.probation + RULES.notice;
    await refuses(place(1), "StillTime", 1, 1, until);
    await proveUntil(until, [1]);
    await next([1]);
    await refuses(place(1), "NobodyFits");
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

  it("have the standby list made of the best members, the best first", async () => {
    const { registry, people } = world;
    await found();
    await try2();
    await earn(2, 2, 4, [1]);
    await review(2);
    await expect(world.manager.lineUp()).to.emit(world.manager, "LinedUp").withArgs([2, 1]);
    expect(await registry.standby(1)).to.deep.equal([2n, 1n]);
    await refuses(world.manager.lineUp(), "NothingToDo");
    await next([1, 2]);
    await registry.connect(provider(2)).trust(world.manager, false);
    await world.manager.connect(people.stranger).lineUp();
    expect(await registry.standby(1)).to.deep.equal([1n]);
  });

  it("have a member that stands by take over from one that fails, the best first", async () => {
    await found();
    await try2();
    await earn(2, 2, 2, [1]);
    await review(2);
    await world.manager.lineUp();
    for (let i = 0; i < 3; i++) await next([2]);
    await world.toEpoch(++epoch);
    await expect(world.settle())
      .to.emit(world.audits, "TookOver")
      .withArgs(1, 2, epoch + 1);
    // The manager notes it, and there is nothing to decide.
    expect((await world.manager.entryOf(2)).seats).to.equal(1n);
    await place(1);
    expect((await world.manager.entryOf(2)).seats).to.equal(2n);
    await refuses(place(1), "NothingToDo");
  });

  it("let a node go on that is back, if its successor is out before it has taken over", async () => {
    world = await createReputationWorld({}, { syncEpochs: 20 });
    epoch = await world.now();
    await found();
    await try2();
    await earn(2, 2, 2, [1]);
    await review(2);
    await world.by(1).leave(1);
    await proveUntil(Number(await world.manager.managesSince()) + RULES.probation + RULES.notice + 1, [1, 2]);
    await place(1);
    expect((await world.audits.outlook(1)).successor).to.equal(2n);
    await world.by(1).join(1);
    await world.manager.adopt(1);
    await world.by(2).leave(2);
    await expect(place(1)).to.emit(world.manager, "Placed").withArgs(1, 1, 2, RULE.takenBack, 0);
    const { node, successor } = await world.audits.outlook(1);
    expect([node, successor]).to.deep.equal([1n, 0n]);
  });

  it("let nobody serve on as a candidate what it got from this manager", async () => {
    await found();
    await try2();
    await world.by(2).leave(2);
    await next([1, 2]);
    await next([1, 2]);
    await world.by(2).join(2);
    await refuses(world.manager.adopt(2), "NothingToDo");
    // What has data goes to the best member, also while a candidate waits.
    await expect(place(2)).to.emit(world.manager, "Placed");
    expect(await world.manager.seatOf(2)).to.equal(1n);
    expect([(await world.manager.entryOf(2)).seats, (await world.manager.entryOf(1)).seats]).to.deep.equal([
      0n,
      2n,
    ]);
    expect(await standing(2)).to.equal(STANDING.waiting);
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
    await world.toEpoch((epoch = (await world.now()) + 1));
    await world.by(1).support(call, true);
    await next([2]);
    await next([1, 2]);
    await expect(manager.lookAt(1)).to.emit(manager, "Cut");
    const scores = [await manager.scoreOf(1), await manager.scoreOf(2)] as const;
    const { inFavour, all } = await manager.motion(call);
    expect(all).to.equal(scores[0] + scores[1]);
    expect(inFavour).to.equal(all);
    expect(await manager.scoreSince(1, epoch)).to.equal(scores[0]);
  });

  it("get a vNode only with a free seat, room, bond and trust", async () => {
    world = await createReputationWorld({ bond: 1n, seats: 2 });
    epoch = await world.now();
    const { registry, ledger } = world;
    await found();
    await world.by(3).join(3);
    await place(2);
    await next([1]);
    await store({ vNode: 2, node: 3 });
    await next([1, 2]);
    await world.by(3).leave(3);
    const { operator, capacity, used, rent, lockPerEpoch } = await registry.node(1);
    const offer = (room: bigint) =>
      registry.connect(provider(1)).updateNode(1, operator, "", room, rent, lockPerEpoch, "");
    await offer(used);
    await refuses(place(2), "NobodyFits");
    await offer(capacity);
    await registry.connect(provider(1)).trust(world.manager, false);
    await refuses(place(2), "NobodyFits");
    await registry.connect(provider(1)).trust(world.manager, true);
    // A leaf locks the price of 30 epochs.
    await ledger.connect(provider(1)).requestUnbond(1, (await ledger.freeBond(1)) - 30n * LEAF + 1n);
    await refuses(place(2), "NobodyFits");
    await ledger.connect(provider(1)).bond(1, 1n);
    await place(2);
    expect((await world.manager.entryOf(1)).seats).to.equal(2n);
    await world.by(2).join(2);
    await world.manager.grow();
    await next([1, 2]);
    await store({ vNode: 3, node: 2 });
    await next([1, 2, 3]);
    await world.by(2).leave(2);
    await ledger
      .connect(provider(1))
      .bond(1, 100n * LEAF)
      .catch(() => undefined);
    await refuses(place(3), "NobodyFits");
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
    const opened = epoch;
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
    epoch = await world.now();
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
    await world.toEpoch(epoch + 1);
    await manager.connect(people.stranger).support(call, true);
    expect(await members()).to.deep.equal([1]);
  });

  it("hand what was earned to the next manager, and decide no more", async () => {
    const { registry, ledger, people, manager } = world;
    await found();
    await next([1]);
    await manager
      .connect(people.stranger)
      .place(2)
      .catch(() => undefined);
    await ledger.collectFees(1);
    await refuses(manager.passOn(), "StillTheManager");
    const call = registry.interface.encodeFunctionData("proposeManager", [1, people.alice.address]);
    await world.by(1).support(call, true);
    await proveUntil(epoch + 5, [1]);
    await manager.enact(call);
    const { acceptableFrom } = await registry.cluster(1);
    await proveUntil(Number(acceptableFrom) + 1, [1]);
    await registry.connect(people.alice).acceptManager(1);
    for (const attempt of [manager.place(1), manager.grow(), manager.lineUp()])
      await refuses(attempt, "NotTheManager");
    const [before, earned] = [await ledger.balanceOf(people.alice), await ledger.balanceOf(manager)];
    expect(earned).to.be.greaterThan(0n);
    await expect(manager.passOn()).to.emit(manager, "PassedOn").withArgs(people.alice, earned);
    expect(await ledger.balanceOf(people.alice)).to.equal(before + earned);
    expect(await ledger.balanceOf(manager)).to.equal(0n);
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
