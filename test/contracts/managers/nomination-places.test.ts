// NominationManager: which member serves which vNode, who decides what no rule does, and what it is made with.
import { expect } from "chai";
import { getCreateAddress } from "ethers";
import {
  CRANK_REWARD,
  MAX_VNODES,
  nominatingWorld,
  SHARES,
  TERMS,
  type Nominating,
} from "../../../evidence/world/nominating.ts";
import { PARAMS } from "../../../evidence/world/world.ts";
import { freshWorld } from "../../helpers/fresh-world.ts";
import { named } from "../../helpers/named.ts";
import { nominating } from "../../helpers/nominating.ts";

describe("contracts: NominationManager", () => {
  let world: Nominating;
  /** Era 1 has nodes 2 and 3, and node 1 serves vNode 1. */
  const fresh = freshWorld(async () => {
    const made = await nominatingWorld();
    await nominating(() => made).nextEra();
    return made;
  }) as () => Promise<Nominating>;
  beforeEach(async () => {
    world = await fresh();
  });
  const { provider, toEnd, turn, nextEra } = nominating(() => world);
  const placed = (values: Parameters<typeof named>[2]) => named(world.nomination, "Placed", values);
  /** Who is to serve it, or serves it. */
  const nodeOf = async (vNode: number) => {
    const { node, successor } = await world.registry.vNode(vNode);
    return successor || node;
  };
  const refused = (attempt: Promise<unknown>, error: string, ...values: unknown[]) =>
    expect(attempt)
      .to.be.revertedWithCustomError(world.nomination, error)
      .withArgs(...values);

  describe("gives vNodes", () => {
    it("that are vacant or that losers have to the members with the fewest", async () => {
      const { nomination } = world;
      await expect(nomination.place(9))
        .to.emit(nomination, "Placed")
        .withArgs(...placed({ vNode: 1, node: 2, era: 1, seat: 0, before: 1 }))
        .and.to.emit(nomination, "Placed")
        .withArgs(...placed({ vNode: 2, node: 3, era: 1, seat: 1, before: 0 }));
      expect([await nodeOf(1), await nodeOf(2)]).to.deep.equal([2n, 3n]);
      expect(await nomination.place.staticCall(9)).to.equal(0n);
    });

    it("at most as many as it is asked to, and goes on later", async () => {
      await world.nomination.place(1);
      expect([await nodeOf(1), await nodeOf(2)]).to.deep.equal([2n, 0n]);
      await world.nomination.place(1);
      expect(await nodeOf(2)).to.equal(3n);
    });

    it("to none that does not trust it, or was chilled", async () => {
      await world.registry.connect(provider(2)).trust(world.nomination, false);
      await expect(world.nomination.place(1)).to.emit(world.nomination, "Refused");
      expect(await nodeOf(1)).to.equal(3n);
      await world.staking.connect(provider(3)).chill(3, true);
      await world.nomination.place(9);
      expect(await nodeOf(2)).to.equal(0n);
    });

    it("with data to another one if the one that was named does not take over", async () => {
      await world.store({ leaves: [1], epochs: 40 });
      await world.nomination.place(1);
      const before = await world.registry.vNode(1);
      expect([before.node, before.successor]).to.deep.equal([1n, 2n]);
      const at = Number(await world.audits.currentEpoch());
      await world.proveEach(at + 1, at + 5);
      await world.settle();
      expect((await world.registry.vNode(1)).successor).to.equal(0n);
      await world.nomination.place(1);
      expect((await world.registry.vNode(1)).successor).to.equal(3n);
      expect((await world.registry.vNode(1)).node).to.equal(1n);
    });

    it("of its cluster alone, each once, and not too many", async () => {
      const { registry, nomination, people } = world;
      await refused(nomination.enlist([1]), "NotEnlistable", 1);
      await registry.connect(people.stranger).createCluster(0, 0, 3, PARAMS, "two");
      await registry.connect(people.stranger).addVNodes(2, [5]);
      await refused(nomination.enlist([3]), "NotEnlistable", 3);
      await refused(nomination.observe(3), "NotEnlisted", 3);
      await refused(nomination.grow(), "VacantFirst", 1);
      await nomination.place(9);
      for (let i = 2; i < MAX_VNODES; i++) {
        await nomination.grow();
        await nomination.place(9);
      }
      expect(await registry.vNodeCount()).to.equal(5n);
      await refused(nomination.grow(), "TooManyVNodes", MAX_VNODES);
    });
  });

  it("makes the members' nodes the standby nodes, and no others", async () => {
    const { registry, nomination, staking } = world;
    await nomination.standBy();
    expect(await registry.standby(1)).to.deep.equal([2n, 3n]);
    await staking.connect(provider(3)).chill(3, true);
    await registry.connect(provider(2)).removeStandby(1, 2);
    await nomination.standBy();
    expect(await registry.standby(1)).to.deep.equal([2n]);
  });

  it("has no members without own stake, and never more than seats", async () => {
    await world.staking.connect(provider(3)).leaveAsCandidate(3, 3_000);
    const members = await world.staking.members(1);
    expect(members.map(({ willing }) => willing)).to.deep.equal([true, false]);
    await nextEra();
    expect((await world.staking.members(2)).map(({ node }) => node)).to.deep.equal([1n, 2n]);
  });

  describe("leaves what no rule decides to the members", () => {
    const hold = (next: string): string =>
      world.registry.interface.encodeFunctionData("proposeManager", [1, next]);

    it("by what is behind them", async () => {
      const { nomination, registry, people } = world;
      const call = hold(people.bob.address);
      await refused(nomination.connect(people.stranger).support(call, true), "NotAMember", people.stranger);
      await nomination.connect(provider(2)).support(call, true);
      const at = Number(await world.audits.currentEpoch());
      await world.toEpoch(at + 4);
      // 2,000 of 5,000.
      await refused(nomination.enact(call), "NoMajority", 2_000, 5_000);
      await nomination.connect(provider(3)).support(call, true);
      await nomination.enact(call);
      expect((await registry.cluster(1)).pendingManager).to.equal(people.bob.address);
    });

    it("and weighs a supporter by the least it has had since", async () => {
      const { nomination, staking, people } = world;
      const call = hold(people.bob.address);
      await nomination.connect(provider(2)).support(call, true);
      await staking.connect(people.alice).nominate([2], 50_000, 0);
      await nextEra();
      expect(await nomination.supportOf(provider(2))).to.equal(52_000n);
      const { inFavour, all } = await nomination.motion(call);
      expect([inFavour, all]).to.deep.equal([2_000n, 55_000n]);
    });
  });

  it("hands the cluster over in two steps, and its eras still end", async () => {
    const { nomination, registry, people } = world;
    const call = registry.interface.encodeFunctionData("proposeManager", [1, people.bob.address]);
    for (const node of [2, 3]) await nomination.connect(provider(node)).support(call, true);
    const at = Number(await world.audits.currentEpoch());
    await world.toEpoch(at + 4);
    await nomination.enact(call);
    await world.toEpoch(Number((await registry.cluster(1)).acceptableFrom));
    await registry.connect(people.bob).acceptManager(1);
    expect(await nomination.manages()).to.equal(false);
    await toEnd();
    await turn();
    expect(await world.staking.era()).to.equal(2n);
  });

  it("fits into the code that a contract may have, with its staking", async () => {
    for (const contract of [world.nomination, world.staking]) {
      const code = await world.ethers.provider.getCode(contract);
      expect((code.length - 2) / 2).to.be.at.most(24_576);
    }
  });

  it("is refused with a source of another manager, shares of more than half, or no vNodes", async () => {
    const { ethers, audits, staking, people } = world;
    const attempt = (shares: Partial<typeof SHARES>, vNodes = MAX_VNODES, source: unknown = staking) =>
      ethers.deployContract("NominationManager", [
        audits,
        1,
        source as typeof staking,
        { ...SHARES, ...shares },
        CRANK_REWARD,
        vNodes,
      ]);
    await refused(attempt({}), "BadSource", staking);
    for (const vNodes of [0, 65]) await refused(attempt({}, vNodes), "BadMaxVNodes", vNodes);
    const own = async () => {
      const { deployer } = people;
      const nonce = (await deployer.getNonce()) + 1;
      const manager = getCreateAddress({ from: deployer.address, nonce });
      return ethers.deployContract("NominatedStaking", [audits, manager, TERMS]);
    };
    for (const kind of ["miss", "fault", "lost"])
      await refused(attempt({ [kind]: 5_001 }, MAX_VNODES, await own()), "BadShare", 5_001);
  });
});
