// What no way of deciding decides: a proof earns its pay, and misses are punished and end a service, to the same unit under each.
import { expect } from "chai";
import { safeArtifact } from "../../../client/governance/safe-artifacts.ts";
import { createManagedWorld } from "../../../evidence/world/managed.ts";
import { nominatingWorld } from "../../../evidence/world/nominating.ts";
import { createReputationWorld } from "../../../evidence/world/reputation.ts";
import { createWorld, EPOCH, FUNDS, type World } from "../../../evidence/world/world.ts";

/** Of what is stored here, in an epoch. */
const RATE = 1000n;
const FEE = 50n;
/** Epochs from an announcement until the node is gone. */
const NOTICE = 5;

/** Hands the cluster to a contract whose own rules say when it accepts. */
async function managedBy(make: (world: World) => Promise<string>): Promise<World> {
  const world = await createWorld();
  const { registry, people, ethers, chain } = world;
  const address = await make(world);
  await registry.connect(people.manager).proposeManager(1, address);
  await world.toEpoch(Number((await registry.cluster(1)).acceptableFrom));
  await chain.networkHelpers.impersonateAccount(address);
  await chain.networkHelpers.setBalance(address, 10n ** 20n);
  await registry.connect(await ethers.getSigner(address)).acceptManager(1);
  return world;
}

async function makeSafe({ ethers, people }: World): Promise<string> {
  const { abi, bytecode } = safeArtifact("SafeL2");
  const safe = await new ethers.ContractFactory(abi, bytecode, people.deployer).deploy();
  return safe.getAddress();
}

async function makeTimelock({ ethers, audits, people }: World): Promise<string> {
  const votes = await ethers.deployContract("ClusterVotes", ["Votes", "V", [people.alice], [100n]]);
  const delay = Number(await audits.changeDelay()) * EPOCH + 1;
  const governor = await ethers.deployContract("ClusterGovernor", [
    votes,
    audits,
    {
      ...{ votingDelay: EPOCH, votingPeriod: EPOCH, proposalThreshold: 1n },
      ...{ quorum: 20, voteExtension: EPOCH, delay },
    },
  ]);
  return governor.timelock();
}

/** It has no function that the core knows, and none for calls that it does not know. */
async function makeDead({ ethers }: World): Promise<string> {
  return (await ethers.deployContract("FlagVerifier")).getAddress();
}

const SCHEMES: readonly (readonly [name: string, make: () => Promise<World>])[] = [
  ["an account", createWorld],
  ["a Safe", () => managedBy(makeSafe)],
  ["token holders", () => managedBy(makeTimelock)],
  ["reputation", createReputationWorld],
  ["proof of storage", createManagedWorld],
  ["nomination", nominatingWorld],
  ["a contract that refuses every call", () => managedBy(makeDead)],
];

describe("contracts: under each manager", () => {
  for (const [name, make] of SCHEMES)
    describe(name, () => {
      let world: World;
      let first: number;
      let restore: () => Promise<void>;
      before(async () => {
        world = await make();
        first = Number(await world.audits.currentEpoch()) + 1;
        await world.store({ epochs: 20 });
        const snapshot = await world.chain.networkHelpers.takeSnapshot();
        restore = () => snapshot.restore();
      });
      afterEach(() => restore());

      it("a proof entitles a provider to its pay, at once and to the unit", async () => {
        await world.begin(first);
        await expect(world.prove(first))
          .to.emit(world.audits, "Proven")
          .withArgs(1, 1, first, first, RATE - FEE, FEE, 0n);
      });

      it("misses are refunded, then slashed, and the last one in time removes the node", async () => {
        await world.missEach(first, first + 2);
        await expect(world.settle())
          .to.emit(world.audits, "Faulted")
          .withArgs(1, 1, first + 2);
        const { total } = await world.ledger.bondOf(1);
        expect(total).to.equal(FUNDS - (5n + 5n + 10n) * RATE);
        expect((await world.audits.state(1)).node).to.equal(0n);
      });

      it("an epoch without a proof goes back to its owners, and nobody earns a unit of it", async () => {
        const before = await world.totals();
        await world.missEach(first, first);
        await world.settle();
        const after = await world.totals();
        expect(after.fees).to.equal(before.fees);
        expect(after.accounts).to.equal(before.accounts);
        expect(after.credits - before.credits).to.equal(RATE);
      });

      it("an owner claims what was refunded, and a provider leaves, whoever the manager is", async () => {
        const [provider] = world.people.providers;
        await world.begin(first);
        await expect(world.audits.connect(provider).announceLeave(1))
          .to.emit(world.audits, "LeaveAnnounced")
          .withArgs(1, 1, first + NOTICE);
        await world.proveEach(first + 1, first + NOTICE - 1);
        await world.toEpoch(first + NOTICE + 1);
        await expect(world.settle())
          .to.emit(world.audits, "Left")
          .withArgs(1, 1, first + NOTICE);
        const { alice } = world.people;
        const before = await world.balance(alice);
        await world.registry.claim(1, 0);
        // The epoch of the announcement, which nobody proved, and the first one without a node.
        expect((await world.balance(alice)) - before).to.equal(2n * RATE);
      });
    });
});
