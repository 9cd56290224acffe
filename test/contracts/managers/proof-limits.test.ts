// A cluster that proof of storage manages, at its limits.
import { expect } from "chai";
import { OFFERED, REASON, type ManagedWorld } from "../../../evidence/world/managed.ts";
import { RENT } from "../../../evidence/world/world.ts";
import { freshManaged, refusing } from "../../helpers/fresh-managed.ts";
import { named } from "../../helpers/named.ts";

const MEMBERS = 64;
const VNODES = 128;
/** Candidates that prove themselves together. */
const TOGETHER = 16;

describe("contracts: the limits of proof of storage", () => {
  let world: ManagedWorld;
  const fresh = freshManaged();
  beforeEach(async () => {
    world = await fresh();
  });
  const refused = refusing(() => world);

  it("are 64 members, of whom a smaller one without a seat gives way to a larger one", async () => {
    const { manager } = world;
    while (Number(await world.registry.nodeCount()) < MEMBERS + 1) await world.addNode();
    const nodes = Array.from({ length: MEMBERS }, (_, i) => i + 1);
    for (let at = 0; at < MEMBERS; at += TOGETHER) await world.admit(nodes.slice(at, at + TOGETHER));
    const last = MEMBERS + 1;
    await world.join(last, 2 * OFFERED);
    await world.storeProbation(last, { leaves: [Number(await manager.probationLeaves(2 * OFFERED))] });
    await world.pass(3);
    await refused(manager.admit(last, 0), "Full");
    const barred = (until: bigint) => until > 0n;
    await expect(manager.admit(last, 1))
      .to.emit(manager, "Ended")
      .withArgs(
        ...named(manager, "Ended", {
          node: 1,
          provider: world.provider(1),
          reason: REASON.displaced,
          barredUntil: barred,
        }),
      );
    expect((await manager.memberOf(last)).standing).to.equal(2n);
  });

  it("are 128 vNodes", async () => {
    const added = await world.addVNodes(VNODES + 1);
    for (const [i, vNode] of added.slice(0, VNODES).entries())
      await world.manager.enlist(vNode, added[Math.max(0, i - 1)] ?? 0);
    await refused(world.manager.enlist(added[VNODES] ?? 0, added[VNODES - 1] ?? 0), "RingFull");
  });

  it("are 16 seats whose misses are counted at once", async () => {
    await world.admit([1]);
    await refused(world.manager.evict(1, Array<number>(17).fill(1)), "TooMany", 17);
  });

  it("let a vacancy be that somebody serves by the time it is drawn", async () => {
    const { manager, registry } = world;
    await world.admit([1, 2, 3]);
    await world.enlist(1);
    await manager.look(1);
    await world.seatAll();
    const holder = Number((await manager.seatOf(1)).holder);
    await world.setRent(holder, RENT + 1n);
    await world.asProvider(holder).quit(holder);
    await manager.look(1);
    const next = [1, 2, 3].find((node) => node !== holder) ?? 0;
    await world.asManager((signer) => registry.connect(signer).assign(1, next));
    await world.begin((await world.now()) + 1);
    await expect(manager.seat()).to.emit(manager, "Filled").withArgs(1, 1, next);
  });
});
