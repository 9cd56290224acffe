// Ballots: what more than half of the members' weight decides for a cluster, and what it cannot.
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import { present } from "../../../evidence/world/present.ts";
import { createWorld, type World } from "../../../evidence/world/world.ts";
import type { BallotHarness } from "../../../types/ethers/index.js";
import { freshWorld } from "../../helpers/fresh-world.ts";
import { named } from "../../helpers/named.ts";

const [OPEN, LAPSE] = [4, 64];

describe("contracts: a ballot", () => {
  let world: World;
  let ballot: BallotHarness;
  const fresh = freshWorld(async () => {
    const made = await createWorld();
    ballot = await made.ethers.deployContract("BallotHarness", [made.audits, 1]);
    await made.registry.connect(made.people.manager).proposeManager(1, ballot);
    await made.toEpoch(Number((await made.registry.cluster(1)).acceptableFrom));
    await ballot.accept();
    return made;
  });
  const member = (index: number): HardhatEthersSigner => present(world.people.providers[index - 1]);
  const now = async () => Number(await world.audits.currentEpoch());
  const describe1 = (text: string): string =>
    world.registry.interface.encodeFunctionData("describeCluster", [1, text]);
  const later = async (epochs: number) => world.toEpoch((await now()) + epochs);

  beforeEach(async () => {
    world = await fresh();
    await later(1);
    for (const [i, weight] of [3, 2, 2].entries()) await ballot.setWeight(member(i + 1), weight, 1);
  });

  it("manages the cluster that it accepted", async () => {
    expect(await ballot.manages()).to.equal(true);
    expect(await world.registry.managerOf(1)).to.equal(await ballot.getAddress());
  });

  it("is for a cluster that exists", async () => {
    for (const cluster of [0, 3]) {
      await expect(world.ethers.deployContract("BallotHarness", [world.audits, cluster]))
        .to.be.revertedWithCustomError(ballot, "NoSuchCluster")
        .withArgs(cluster);
    }
  });

  it("carries out what more than half supports, and says who decided what", async () => {
    const call = describe1("ours");
    const hash = world.ethers.keccak256(call);
    await expect(ballot.connect(member(1)).support(call, true))
      .to.emit(ballot, "Moved")
      .withArgs(hash, member(1), 1, call)
      .and.to.emit(ballot, "Supported")
      .withArgs(hash, member(1), 1, true);
    await ballot.connect(member(2)).support(call, true);
    const since = await now();
    expect(await ballot.motion(call)).to.deep.equal([BigInt(since), 5n, 7n]);
    await later(OPEN);
    await expect(ballot.connect(world.people.stranger).enact(call))
      .to.emit(ballot, "Enacted")
      .withArgs(...named(ballot, "Enacted", { callHash: hash, round: 1, inFavour: 5, all: 7 }));
    expect((await world.registry.cluster(1)).metadata).to.equal("ours");
  });

  it("does not carry out the same support twice", async () => {
    const call = describe1("ours");
    for (const i of [1, 2]) await ballot.connect(member(i)).support(call, true);
    await later(OPEN);
    await ballot.enact(call);
    await expect(ballot.enact(call)).to.be.revertedWithCustomError(ballot, "NotEnactable");
    await ballot.connect(member(1)).support(call, true);
    await later(OPEN);
    await expect(ballot.enact(call)).to.be.revertedWithCustomError(ballot, "NoMajority").withArgs(3, 7);
  });

  it("carries nothing out with half, or before it was open, or after it has lapsed", async () => {
    const call = describe1("ours");
    await ballot.setWeight(member(1), 4, 1);
    await ballot.connect(member(1)).support(call, true);
    const since = await now();
    await later(OPEN - 1);
    const window = [world.ethers.keccak256(call), since + OPEN, since + LAPSE];
    await expect(ballot.enact(call))
      .to.be.revertedWithCustomError(ballot, "NotEnactable")
      .withArgs(...window, since + OPEN - 1);
    await later(1);
    await expect(ballot.enact(call)).to.be.revertedWithCustomError(ballot, "NoMajority").withArgs(4, 8);
    await ballot.connect(member(2)).support(call, true);
    await world.toEpoch(since + LAPSE);
    await expect(ballot.enact(call))
      .to.be.revertedWithCustomError(ballot, "NotEnactable")
      .withArgs(...window, since + LAPSE);
  });

  it("counts weight that came after the motion against it only, and weight that is gone not at all", async () => {
    const call = describe1("ours");
    for (const i of [1, 2]) await ballot.connect(member(i)).support(call, true);
    await later(OPEN);
    await ballot.setWeight(member(2), 2, await now());
    expect((await ballot.motion(call)).slice(1)).to.deep.equal([3n, 7n]);
    await expect(ballot.enact(call)).to.be.revertedWithCustomError(ballot, "NoMajority");
    await ballot.setWeight(member(2), 0, 0);
    expect((await ballot.motion(call)).slice(1)).to.deep.equal([3n, 5n]);
    await ballot.enact(call);
  });

  it("takes support back", async () => {
    const call = describe1("ours");
    for (const i of [1, 2]) await ballot.connect(member(i)).support(call, true);
    await ballot.connect(member(2)).support(call, false);
    await later(OPEN);
    await expect(ballot.enact(call)).to.be.revertedWithCustomError(ballot, "NoMajority").withArgs(3, 7);
  });

  it("is not opened anew by who takes support back too late", async () => {
    const call = describe1("ours");
    const notOpen = async () =>
      expect(ballot.connect(member(1)).support(call, false))
        .to.be.revertedWithCustomError(ballot, "NotOpen")
        .withArgs(world.ethers.keccak256(call));
    await notOpen();
    await ballot.connect(member(1)).support(call, true);
    await later(LAPSE);
    await notOpen();
    await expect(ballot.connect(member(1)).support(call, true)).to.emit(ballot, "Moved");
  });

  it("begins anew when a lapsed motion is moved again: earlier support is gone", async () => {
    const call = describe1("ours");
    for (const i of [1, 2]) await ballot.connect(member(i)).support(call, true);
    await later(LAPSE);
    await ballot.connect(member(1)).support(call, true);
    await later(OPEN);
    await expect(ballot.enact(call)).to.be.revertedWithCustomError(ballot, "NoMajority").withArgs(3, 7);
  });

  it("decides about nothing but its own cluster's terms, metadata and manager", async () => {
    const { stranger } = world.people;
    const encode = (name: string, values: unknown[]): string =>
      world.registry.interface.encodeFunctionData(name as never, values as never);
    const supports = (call: string) => ballot.connect(member(1)).support(call, true);
    for (const call of [
      encode("describeCluster", [2, "theirs"]),
      encode("assign", [1, 2]),
      encode("addVNodes", [1, [5]]),
      encode("trust", [stranger.address, true]),
      encode("describeCluster", [1, "x"]).slice(0, 10),
      "0x",
    ]) {
      await expect(supports(call)).to.be.revertedWithCustomError(ballot, "NotAMotion");
    }
    await supports(encode("proposeManager", [1, stranger.address]));
    await expect(ballot.connect(stranger).support(describe1("x"), true))
      .to.be.revertedWithCustomError(ballot, "NotAMember")
      .withArgs(stranger);
  });

  it("hands the cluster on, after the delay that terms have", async () => {
    const { bob } = world.people;
    const call = world.registry.interface.encodeFunctionData("proposeManager", [1, bob.address]);
    for (const i of [1, 2]) await ballot.connect(member(i)).support(call, true);
    await later(OPEN);
    await ballot.enact(call);
    await expect(world.registry.connect(bob).acceptManager(1)).to.be.revertedWithCustomError(
      world.registry,
      "ManagerTooEarly",
    );
    await later(Number(await world.audits.changeDelay()));
    await world.registry.connect(bob).acceptManager(1);
    expect(await ballot.manages()).to.equal(false);
  });

  it("tells why the registry refuses what was decided", async () => {
    const call = describe1("x".repeat(513));
    for (const i of [1, 2]) await ballot.connect(member(i)).support(call, true);
    await later(OPEN);
    await expect(ballot.enact(call))
      .to.be.revertedWithCustomError(world.registry, "TextTooLong")
      .withArgs(513);
  });
});
