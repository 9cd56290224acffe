// NominationManager and nominated staking: what they say of each decision.
import { expect } from "chai";
import {
  COMMISSION,
  CRANK_REWARD,
  MAX_VNODES,
  SHARES,
  TERMS,
  type Nominating,
} from "../../../evidence/world/nominating.ts";
import { freshWorld } from "../../helpers/fresh-world.ts";
import { named } from "../../helpers/named.ts";
import { firstEra, nominating } from "../../helpers/nominating.ts";

describe("contracts: nominated staking says", () => {
  let world: Nominating;
  const fresh = freshWorld(firstEra) as () => Promise<Nominating>;
  beforeEach(async () => {
    world = await fresh();
  });
  const { toEnd, turn, credit } = nominating(() => world);
  const epoch = async (): Promise<number> => Number(await world.audits.currentEpoch());

  it("who offers what", async () => {
    const { stranger } = world.people;
    await world.registry.connect(stranger).registerNode(stranger, "", 100, 1, 1, "");
    const offered = world.staking.connect(stranger).offer(4, COMMISSION, 700, 0);
    await expect(offered)
      .to.emit(world.staking, "CandidateOffered")
      .withArgs(4, 4, stranger.address, COMMISSION);
    await expect(offered)
      .to.emit(world.staking, "StakeChanged")
      .withArgs(
        ...named(world.staking, "StakeChanged", {
          candidate: 4,
          nominator: 0,
          staked: 700,
          leaving: 0,
          releasable: 0,
        }),
      );
  });

  it("of which vNodes it takes care", async () => {
    const { audits, ethers, people } = world;
    const { deployer } = people;
    const from = deployer.address;
    const manager = ethers.getCreateAddress({ from, nonce: (await deployer.getNonce()) + 1 });
    const source = await ethers.deployContract("NominatedStaking", [audits, manager, TERMS]);
    const other = await ethers.deployContract("NominationManager", [
      audits,
      1,
      source,
      SHARES,
      CRANK_REWARD,
      MAX_VNODES,
    ]);
    await expect(other.enlist([2]))
      .to.emit(other, "Enlisted")
      .withArgs(2);
  });

  it("how an era ends and the next one begins, and who was paid for that", async () => {
    const { nomination, staking, people } = world;
    const nobody = `0x${"00".repeat(20)}`;
    const ends = Number(await staking.endsAt());
    await world.proveEach(await epoch(), ends - 1);
    await toEnd();
    const turned = await turn();
    const { perSeat } = await staking.eraOf(1);
    expect(perSeat).to.be.above(0n);
    await expect(turned).to.emit(nomination, "Turned");
    await expect(turned).to.emit(staking, "EraEnded").withArgs(1, perSeat, 0, nobody, 0);
    await expect(turned)
      .to.emit(staking, "EraBegan")
      .withArgs(
        2,
        ends,
        (election: bigint) => election <= 2n,
        (by: string) => by.length === 42,
      );
    await expect(turned).to.emit(nomination, "CrankPaid").withArgs(people.stranger.address, CRANK_REWARD);
  });

  it("what each is credited and paid", async () => {
    const { staking, people } = world;
    const { alice, stranger } = people;
    const [checked] = await staking.queryFilter(staking.filters.PageChecked());
    await toEnd();
    await world.token.mint(staking, 10_000n);
    await turn();
    const shown = staking.connect(stranger).distribute(1, 0, checked?.args.page ?? "0x");
    await expect(shown).to.emit(staking, "PageDone");
    await expect(shown)
      .to.emit(staking, "Credited")
      .withArgs(alice.address, await credit(alice), (reason: string) => reason.length === 66);
    await expect(staking.pay(alice))
      .to.emit(staking, "Paid")
      .withArgs(alice.address, (units: bigint) => units > 0n);
  });

  it("what was missed, and what share that takes", async () => {
    const at = await epoch();
    await world.missEach(at, at);
    await world.settle();
    await expect(world.nomination.observe(1))
      .to.emit(world.nomination, "MissesSeen")
      .withArgs(1, 0, 1, 1, SHARES.miss);
  });
});
