// Which node serves which vNode, and who stands by, under a ReputationManager.
import { expect } from "chai";
import {
  createReputationWorld,
  RULE,
  RULES,
  STANDING,
  type ReputationWorld,
} from "../../../evidence/world/reputation.ts";
import { FUNDS } from "../../../evidence/world/world.ts";
import { freshWorld, shortcuts } from "../../helpers/fresh-world.ts";
import { reputing } from "../../helpers/reputing.ts";

const LEAF = 1000n;

describe("contracts: seats of a ReputationManager", () => {
  let world: ReputationWorld;
  const clock = { epoch: 0 };
  const fresh = freshWorld(() => createReputationWorld()) as () => Promise<ReputationWorld>;
  const { provider } = shortcuts(() => world);
  const { store, refuses, standing, review, place, next, proveUntil, earn, found, try2 } = reputing(
    () => world,
    clock,
  );

  beforeEach(async () => {
    world = await fresh();
    clock.epoch = await world.now();
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

  it("give a vNode to who waits, however many came and went before it", async () => {
    for (let i = 0; i < 20; i++) {
      await world.by(3).join(3);
      await world.by(3).quit(3);
      await world.toEpoch((await world.now()) + RULES.probation);
    }
    await world.by(2).join(2);
    await world.by(3).join(3);
    await world.by(2).quit(2);
    await expect(place(2)).to.emit(world.manager, "Placed").withArgs(2, 3, 0, RULE.candidate, 0);
    // Nobody waits any more, and who comes next is not lost.
    await refuses(world.manager.grow(), "NobodyFits");
    await world.toEpoch((await world.now()) + RULES.probation);
    await world.by(2).join(2);
    await expect(world.manager.grow()).to.emit(world.manager, "Grown");
  });

  it("give a vNode to the next one when the first, the last or one between has gone or is adopted", async () => {
    await world.by(1).quit(1);
    await world.toEpoch((await world.now()) + RULES.probation);
    for (const node of [2, 1, 3]) await world.by(node).join(node);
    await world.manager.adopt(1); // node 1, in the middle
    await world.by(2).quit(2);
    await expect(place(2)).to.emit(world.manager, "Placed").withArgs(2, 3, 0, RULE.candidate, 0);
    await refuses(world.manager.grow(), "NobodyFits");
  });

  it("give who served before a probation's and a notice's time to become members", async () => {
    await world.by(1).quit(1);
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
    await world.toEpoch(++clock.epoch);
    await expect(world.settle())
      .to.emit(world.audits, "TookOver")
      .withArgs(1, 2, clock.epoch + 1);
    // The manager notes it, and there is nothing to decide.
    expect((await world.manager.entryOf(2)).seats).to.equal(1n);
    await place(1);
    expect((await world.manager.entryOf(2)).seats).to.equal(2n);
    await refuses(place(1), "NothingToDo");
  });

  it("let a node go on that is back, if its successor is out before it has taken over", async () => {
    world = await createReputationWorld({}, { syncEpochs: 20 });
    clock.epoch = await world.now();
    await found();
    await try2();
    await earn(2, 2, 2, [1]);
    await review(2);
    await world.by(1).quit(1);
    await proveUntil(Number(await world.manager.managesSince()) + RULES.probation + RULES.notice + 1, [1, 2]);
    await place(1);
    expect((await world.audits.outlook(1)).successor).to.equal(2n);
    await world.by(1).join(1);
    await world.manager.adopt(1);
    await world.by(2).quit(2);
    await expect(place(1)).to.emit(world.manager, "Placed").withArgs(1, 1, 2, RULE.takenBack, 0);
    const { node, successor } = await world.audits.outlook(1);
    expect([node, successor]).to.deep.equal([1n, 0n]);
  });

  it("name another one if the best has not taken over in time", async () => {
    world = await createReputationWorld({ members: 3, founders: 3, evictScore: 1, admitScore: 2 });
    clock.epoch = await world.now();
    await found();
    await try2();
    await earn(2, 2, 2, [1]);
    await review(2);
    await world.by(3).join(3);
    await world.manager.grow();
    await next([1, 2]);
    await store({ vNode: 3, node: 3 });
    await next([1, 2, 3]);
    await world.manager.lookAt(3);
    await earn(3, 3, 1, [1, 2]);
    await review(3);
    await world.by(1).quit(1);
    const since = Number(await world.manager.managesSince());
    await proveUntil(since + RULES.probation + RULES.notice + 1, [1, 2, 3]);
    await place(1);
    expect(await world.manager.seatOf(1)).to.equal(2n);
    for (let i = 0; i < 3; i++) await next([1, 2, 3]);
    expect((await world.audits.outlook(1)).successor).to.equal(0n);
    await place(1);
    expect(await world.manager.seatOf(1)).to.equal(3n);
  });

  it("let nobody serve on as a candidate what it got from this manager", async () => {
    await found();
    await try2();
    await world.by(2).quit(2);
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

  it("get a vNode only with a free seat, room, bond and trust", async () => {
    world = await createReputationWorld({ bond: 1n, seats: 2 });
    clock.epoch = await world.now();
    const { registry, ledger } = world;
    await found();
    await world.by(3).join(3);
    await place(2);
    await next([1]);
    await store({ vNode: 2, node: 3 });
    await next([1, 2]);
    await world.by(3).quit(3);
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
    await world.by(2).quit(2);
    await world.token.mint(provider(1), FUNDS);
    await ledger.connect(provider(1)).deposit(provider(1), FUNDS);
    await ledger.connect(provider(1)).bond(1, FUNDS);
    await refuses(place(3), "NobodyFits");
  });

  it("hand what was earned to the next manager, and decide no more", async () => {
    const { registry, ledger, people, manager } = world;
    await found();
    await next([1]);
    await ledger.collectFees(1);
    await refuses(manager.passOn(), "StillTheManager");
    const call = registry.interface.encodeFunctionData("proposeManager", [1, people.alice.address]);
    await world.by(1).support(call, true);
    await proveUntil(clock.epoch + 5, [1]);
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
