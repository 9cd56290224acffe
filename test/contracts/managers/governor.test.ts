// Token holders decide for a cluster: its governor, whose timelock is the manager, and who tries to misuse it.
import { expect } from "chai";
import { id, type BigNumberish } from "ethers";
import { encodeAction, type Action } from "../../../client/governance/actions.ts";
import { TERMS, type TermValues } from "../../../client/governance/terms.ts";
import { createWorld, EPOCH, FUNDS, PARAMS, UNBOND, type World } from "../../../evidence/world/world.ts";
import type { ClusterGovernor, ClusterTimelock, ClusterVotes } from "../../../types/ethers/index.js";
import { named } from "../../helpers/named.ts";

/** Of 100 votes: alice and bob hold the rest together. */
const SHARES = { alice: 40n, bob: 35n, auditor: 6n, stranger: 19n };
type Holder = keyof typeof SHARES;
/** Epochs until new terms hold. */
const DELAY = UNBOND / EPOCH + 6;
const LEAVING = DELAY * EPOCH;
const RULES = {
  votingDelay: EPOCH,
  votingPeriod: 3 * EPOCH,
  proposalThreshold: 5n,
  quorum: 20,
  voteExtension: EPOCH,
  delay: LEAVING + 1,
};
const [AGAINST, FOR, ABSTAIN] = [0, 1, 2] as const;
const STATE = { pending: 0n, active: 1n, defeated: 3n, succeeded: 4n, queued: 5n, executed: 7n };

describe("contracts: token holders as a manager", () => {
  let world: World;
  let votes: ClusterVotes;
  let governor: ClusterGovernor;
  let timelock: ClusterTimelock;
  let restore: () => Promise<void>;
  before(async () => {
    world = await createWorld();
    const { ethers, people, registry, audits } = world;
    const holders = Object.keys(SHARES) as Holder[];
    const args = [holders.map((who) => people[who].address), Object.values(SHARES)] as const;
    votes = await ethers.deployContract("ClusterVotes", ["Votes", "V", ...args]);
    governor = await ethers.deployContract("ClusterGovernor", [votes, audits, RULES]);
    timelock = await ethers.getContractAt("ClusterTimelock", await governor.timelock());
    await registry.connect(people.manager).proposeManager(1, timelock);
    await world.toEpoch(DELAY);
    await decide([{ name: "acceptManager", cluster: 1n }]);
    const snapshot = await world.chain.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  afterEach(() => restore());

  const now = () => world.chain.networkHelpers.time.latest();
  const to = (time: BigNumberish) => world.chain.networkHelpers.time.increaseTo(time);
  const epoch = async () => Number(await world.audits.currentEpoch());
  const as = (who: Holder) => governor.connect(world.people[who]);
  const vote = (who: Holder, proposal: bigint, choice: number = FOR) => as(who).castVote(proposal, choice);

  async function propose(calls: readonly { to: string; data: string }[], by: Holder = "alice") {
    const parts = [calls.map((call) => call.to), calls.map(() => 0), calls.map(({ data }) => data)] as const;
    await as(by).propose(...parts, "text");
    return governor.getProposalId(...parts, id("text"));
  }
  const proposed = async (actions: readonly Action[], by?: Holder) => {
    const registry = await world.registry.getAddress();
    return propose(
      actions.map((action) => ({ to: registry, data: encodeAction(action) })),
      by,
    );
  };
  /** Goes on until one can vote. */
  const open = async (proposal: bigint) => to((await governor.proposalSnapshot(proposal)) + 1n);
  const close = async (proposal: bigint) => to((await governor.proposalDeadline(proposal)) + 1n);
  /** Votes, queues, and goes on until it can be executed. */
  const pass = async (proposal: bigint, voters: readonly Holder[] = ["alice", "bob"]) => {
    await open(proposal);
    for (const who of voters) await vote(who, proposal);
    await close(proposal);
    await governor["queue(uint256)"](proposal);
    await to(await governor.proposalEta(proposal));
  };
  const decide = async (actions: readonly Action[]) => {
    const proposal = await proposed(actions);
    await pass(proposal);
    return governor["execute(uint256)"](proposal);
  };
  const terms = (change: Partial<Record<keyof TermValues, bigint>> = {}): Action => ({
    name: "changeCluster",
    cluster: 1n,
    profile: 0n,
    beacon: 0n,
    params: {
      ...(Object.fromEntries(TERMS.map(({ name }) => [name, BigInt(PARAMS[name])])) as TermValues),
      ...change,
    },
  });

  it("do each of a manager's actions, and nobody else does", async () => {
    const { registry, people } = world;
    for (const provider of people.providers) await registry.connect(provider).trust(timelock, true);
    expect(await registry.managerOf(1)).to.equal(await timelock.getAddress());
    const sent = await decide([
      terms({ managerFee: 300n }),
      { name: "describeCluster", cluster: 1n, metadata: "ours" },
      { name: "addVNodes", cluster: 1n, tokens: [77n] },
      { name: "assign", vNode: 3n, node: 2n },
      { name: "addStandby", cluster: 1n, node: 3n },
      { name: "addStandby", cluster: 1n, node: 1n },
      { name: "removeStandby", cluster: 1n, node: 3n },
      { name: "proposeManager", cluster: 1n, manager: people.bob.address },
    ]);
    for (const event of [
      "ClusterChanged",
      "ClusterDescribed",
      "VNodeAdded",
      "NodeAssigned",
      "ManagerProposed",
    ])
      await expect(sent).to.emit(registry, event);
    expect(await registry.standby(1)).to.deep.equal([1n]);
    expect((await world.audits.announced(1)).params_.managerFee).to.equal(300n);
    await expect(registry.connect(people.manager).describeCluster(1, ""))
      .to.be.revertedWithCustomError(registry, "Unauthorized")
      .withArgs(people.manager);
    const schedule = timelock.connect(people.alice).schedule(registry, 0, "0x", id(""), id(""), RULES.delay);
    await expect(schedule).to.be.revertedWithCustomError(timelock, "AccessControlUnauthorizedAccount");
  });

  it("propose only with enough votes, and say all of it in events", async () => {
    await votes.connect(world.people.auditor).transfer(world.people.alice, 2n);
    await expect(proposed([terms()], "auditor"))
      .to.be.revertedWithCustomError(governor, "GovernorInsufficientProposerVotes")
      .withArgs(world.people.auditor, 4n, 5n);
    const proposal = await proposed([terms()], "bob");
    await open(proposal);
    await expect(as("bob").castVoteWithReason(proposal, FOR, "cheaper"))
      .to.emit(governor, "VoteCast")
      .withArgs(world.people.bob, proposal, FOR, SHARES.bob, "cheaper");
  });

  it("count no votes that were borrowed after the snapshot, or for a moment", async () => {
    const { ethers, people } = world;
    const flash = await ethers.deployContract("FlashVoter", [votes]);
    await votes.connect(people.alice).approve(flash, 100n);
    const weight = async (proposal: bigint) => (await governor.proposalVotes(proposal)).forVotes;
    await expect(flash.propose(people.alice, SHARES.alice, governor, world.registry))
      .to.be.revertedWithCustomError(governor, "GovernorInsufficientProposerVotes")
      .withArgs(flash, 0n, 5n);
    const proposal = await proposed([terms()], "bob");
    // In the very second in which the votes are counted, too.
    await world.chain.networkHelpers.time.setNextBlockTimestamp(await governor.proposalSnapshot(proposal));
    await flash.touch(people.alice, SHARES.alice);
    await open(proposal);
    await flash.vote(people.alice, SHARES.alice, governor, proposal);
    expect(await governor.hasVoted(proposal, flash)).to.equal(true);
    expect(await weight(proposal)).to.equal(0n);
    // Who buys votes after the snapshot has none either.
    await votes.connect(people.bob).transfer(people.stranger, SHARES.bob);
    await vote("stranger", proposal);
    expect(await weight(proposal)).to.equal(SHARES.stranger);
  });

  it("decide nothing without a quorum, or with as many against it", async () => {
    const few = await proposed([terms()]);
    await open(few);
    await vote("stranger", few);
    await close(few);
    expect(await governor.state(few)).to.equal(STATE.defeated);
    await expect(governor["queue(uint256)"](few)).to.be.revertedWithCustomError(
      governor,
      "GovernorUnexpectedProposalState",
    );
    const even = await proposed([terms({ managerFee: 1n })]);
    await open(even);
    await vote("stranger", even);
    await vote("auditor", even, ABSTAIN);
    expect(await governor.state(even)).to.equal(STATE.active);
    await vote("bob", even, AGAINST);
    await close(even);
    expect(await governor.state(even)).to.equal(STATE.defeated);
  });

  it("have time to answer a quorum that is reached in the last moment", async () => {
    const proposal = await proposed([terms()], "stranger");
    await open(proposal);
    await vote("stranger", proposal);
    const deadline = await governor.proposalDeadline(proposal);
    await world.chain.networkHelpers.time.setNextBlockTimestamp(deadline);
    await expect(vote("auditor", proposal, ABSTAIN))
      .to.emit(governor, "ProposalExtended")
      .withArgs(proposal, deadline + BigInt(EPOCH));
    await to(deadline + BigInt(EPOCH) - 1n);
    await vote("bob", proposal, AGAINST);
    await close(proposal);
    expect(await governor.state(proposal)).to.equal(STATE.defeated);
  });

  it("wait longer than leaving takes, whatever they decide", async () => {
    const { ethers, audits } = world;
    const make = (rules: Partial<typeof RULES>) =>
      ethers.deployContract("ClusterGovernor", [votes, audits, { ...RULES, ...rules }]);
    await expect(make({ delay: LEAVING }))
      .to.be.revertedWithCustomError(timelock, "DelayTooShort")
      .withArgs(...named(timelock, "DelayTooShort", { delay: LEAVING, leaving: LEAVING }));
    const own = timelock.interface;
    const shorten = await propose([
      { to: await timelock.getAddress(), data: own.encodeFunctionData("updateDelay", [LEAVING]) },
    ]);
    await pass(shorten);
    await expect(governor["execute(uint256)"](shorten)).to.be.revertedWithCustomError(
      timelock,
      "DelayTooShort",
    );
    await expect(timelock.updateDelay(LEAVING + 5)).to.be.revertedWithCustomError(
      timelock,
      "TimelockUnauthorizedCaller",
    );
    const proposal = await proposed([terms()]);
    await pass(proposal);
    expect((await governor.proposalEta(proposal)) - BigInt(await now())).to.equal(0n);
    await restore();
    const early = await proposed([terms()]);
    await open(early);
    await vote("alice", early);
    await close(early);
    await governor["queue(uint256)"](early);
    await to((await governor.proposalEta(early)) - 2n);
    await expect(governor["execute(uint256)"](early)).to.be.revertedWithCustomError(
      timelock,
      "TimelockUnexpectedOperationState",
    );
  });

  it("may make the delay longer, and their own rules others", async () => {
    const change = governor.interface.encodeFunctionData("setVotingPeriod", [EPOCH]);
    await expect(governor.setVotingPeriod(EPOCH)).to.be.revertedWithCustomError(
      governor,
      "GovernorOnlyExecutor",
    );
    const proposal = await propose([
      { to: await governor.getAddress(), data: change },
      {
        to: await timelock.getAddress(),
        data: timelock.interface.encodeFunctionData("updateDelay", [LEAVING + 2]),
      },
    ]);
    await pass(proposal);
    await governor["execute(uint256)"](proposal);
    expect(await governor.votingPeriod()).to.equal(BigInt(EPOCH));
    expect(await timelock.getMinDelay()).to.equal(BigInt(LEAVING + 2));
  });

  it("cannot be founded with rules by which few decide fast", async () => {
    const { ethers, audits } = world;
    const bad = { votingDelay: EPOCH - 1, votingPeriod: EPOCH - 1, voteExtension: EPOCH - 1, quorum: 3 };
    for (const [rule, value] of Object.entries(bad)) {
      const rules = { ...RULES, ...(rule === "votingPeriod" && { voteExtension: 1 }), [rule]: value };
      await expect(ethers.deployContract("ClusterGovernor", [votes, audits, rules]), rule)
        .to.be.revertedWithCustomError(governor, "BadRule")
        .withArgs(...named(governor, "BadRule", { rule, value }));
    }
    for (const amounts of [[], [1]])
      await expect(ethers.deployContract("ClusterVotes", ["V", "V", [], amounts]))
        .to.be.revertedWithCustomError(votes, "BadHolders")
        .withArgs(...named(votes, "BadHolders", { holders: 0, amounts: amounts.length }));
  });

  it("that are captured raise slash and fee to the caps, and providers are out before that holds", async () => {
    const { audits, ledger, people } = world;
    const [provider] = people.providers;
    if (!provider) throw new Error("the world has no provider");
    await world.store({ epochs: 200 });
    const worst = { slashMultiple: 100n, faultMultiple: 1000n, bondEpochs: 2000n, managerFee: 2000n };
    const proposal = await proposed([terms({ ...worst, maxMisses: 1n, grace: 0n })]);
    await open(proposal);
    for (const who of ["alice", "bob"] as const) await vote(who, proposal);
    await close(proposal);
    await governor["queue(uint256)"](proposal);
    // The provider has slept until now, and nobody takes its place.
    const first = await epoch();
    await world.begin(first);
    await world.settle();
    await audits.connect(provider).announceLeave(1);
    await world.proveEach(first + 1, first + 4);
    await world.toEpoch(first + 6);
    await world.settle();
    // Nobody takes over, so the lock stays for a while.
    const { until } = await audits.keptOf(1, 1);
    await world.toEpoch(Number(until));
    await audits.unlockKept(1, 1);
    const { total } = await ledger.bondOf(1);
    expect(total, "nothing was slashed").to.equal(FUNDS);
    await ledger.connect(provider).requestUnbond(1, total);
    // At the first moment at which that is possible.
    await to(await governor.proposalEta(proposal));
    await governor["execute(uint256)"](proposal);
    const { since, params_ } = await audits.announced(1);
    expect([params_.slashMultiple, params_.managerFee]).to.deep.equal([100n, 2000n]);
    await to((await ledger.bondOf(1)).releaseAt);
    await ledger.connect(provider).releaseBond(1);
    expect((await ledger.bondOf(1)).total).to.equal(0n);
    expect(await epoch(), "with time to spare").to.be.below(Number(since) - DELAY / 2);
    expect((await audits.state(1)).node).to.equal(0n);
  });
});
