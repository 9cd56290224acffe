/**
 * The gas of deciding for a cluster: by an account, by a Safe, by token holders.
 */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { concat, id, Interface } from "ethers";
import { encodeAction, NOBODY, type Action } from "../../client/governance/actions.ts";
import { safeArtifact, type SafeContract } from "../../client/governance/safe-artifacts.ts";
import {
  SAFE_TX,
  safeDomain,
  safeMessage,
  safeTransaction,
  type SafeTransaction,
} from "../../client/governance/safe-transaction.ts";
import { TERMS, type TermValues } from "../../client/governance/terms.ts";
import { present } from "../world/present.ts";
import { createWorld, EPOCH, PARAMS, type World } from "../world/world.ts";

export interface GovernanceRow {
  readonly scheme: string;
  readonly step: string;
  readonly gas: number;
}

type Sent = Promise<{ wait(): Promise<{ gasUsed: bigint } | null> }>;

/** Votes of three holders. */
const VOTES = [40n, 35n, 25n];
/** Owners that sign, and all of them. */
const [SIGNING, OWNERS] = [2, 3];

export async function benchGovernance(): Promise<GovernanceRow[]> {
  const bench = await createBench();
  await bench.account();
  await bench.safe();
  await bench.holders();
  return bench.rows;
}

async function createBench() {
  const world = await createWorld();
  const { registry, people, ethers, audits } = world;
  const { manager, alice, bob, auditor } = people;
  const delay = Number(await audits.changeDelay());
  const rows: GovernanceRow[] = [];
  const gasOf = async (sent: Sent): Promise<number> =>
    Number(present((await (await sent).wait()) ?? undefined).gasUsed);
  const measure = async (scheme: string, step: string, sent: Sent): Promise<void> => {
    rows.push({ scheme, step, gas: await gasOf(sent) });
  };
  const send = async (by: HardhatEthersSigner, to: string | null, data: string): Sent =>
    by.sendTransaction({ to, data });
  const call = async (action: Action) => ({
    to: await registry.getAddress(),
    data: encodeAction(action),
  });
  const terms = (managerFee: number): Action => ({
    name: "changeCluster",
    cluster: 1n,
    profile: 0n,
    beacon: 0n,
    params: Object.fromEntries(
      TERMS.map(({ name }) => [name, BigInt({ ...PARAMS, managerFee }[name])]),
    ) as TermValues,
  });
  const three = (): Action[] => [
    terms(400),
    { name: "describeCluster", cluster: 1n, metadata: "two" },
    { name: "addStandby", cluster: 1n, node: 1n },
  ];
  /** The manager, its account or the next manager, once the delay is over. */
  const handOver = async (to: string): Promise<void> => {
    for (const provider of people.providers) await registry.connect(provider).trust(to, true);
    await registry.connect(manager).proposeManager(1, to);
    await world.toEpoch(Number(await audits.currentEpoch()) + delay);
  };

  return {
    rows,

    async account() {
      const scheme = "account";
      const each: readonly (readonly [step: string, action: Action])[] = [
        ["announce terms", terms(300)],
        ["describe", { name: "describeCluster", cluster: 1n, metadata: "one, described" }],
        ["add a vNode", { name: "addVNodes", cluster: 1n, tokens: [77n] }],
        ["assign a node", { name: "assign", vNode: 2n, node: 2n }],
        ["add a standby node", { name: "addStandby", cluster: 1n, node: 3n }],
        ["remove a standby node", { name: "removeStandby", cluster: 1n, node: 3n }],
        ["offer the cluster", { name: "proposeManager", cluster: 1n, manager: alice.address }],
      ];
      const snapshot = await world.chain.networkHelpers.takeSnapshot();
      for (const [step, action] of each) {
        const { to, data } = await call(action);
        await measure(scheme, step, send(manager, to, data));
      }
      await world.toEpoch(Number(await audits.currentEpoch()) + delay);
      await measure(scheme, "accept the cluster", registry.connect(alice).acceptManager(1));
      await snapshot.restore();
    },

    async safe() {
      const scheme = `Safe, ${SIGNING} of ${OWNERS}`;
      const snapshot = await world.chain.networkHelpers.takeSnapshot();
      const owners = [alice, bob, auditor];
      const made = await makeSafe(world, { owners, manager, gasOf });
      rows.push({ scheme, step: "make the first Safe, with the contracts that all share", gas: made.first });
      rows.push({ scheme, step: "make a further Safe", gas: made.further });
      await handOver(made.safe);
      let nonce = 0n;
      const execute = async (step: string, actions: readonly Action[]): Promise<void> => {
        const { chainId } = await ethers.provider.getNetwork();
        const calls = await Promise.all(actions.map(call));
        const where = { multiSend: made.multiSend, nonce: nonce++ };
        const transaction = safeTransaction({ chainId, safe: made.safe }, calls, where);
        const data = await signedBy(owners.slice(0, SIGNING), transaction);
        await measure(scheme, step, send(manager, made.safe, data));
      };
      await execute("execute: accept the cluster", [{ name: "acceptManager", cluster: 1n }]);
      await execute("execute: announce terms", [terms(300)]);
      await execute("execute: three actions at once", three());
      await snapshot.restore();
    },

    async holders() {
      const scheme = "token holders";
      const { time } = world.chain.networkHelpers;
      const names = [alice, bob, auditor].map(({ address }) => address);
      const votes = await ethers.deployContract("ClusterVotes", ["Votes", "V", names, VOTES]);
      const rules = { votingDelay: EPOCH, votingPeriod: EPOCH, proposalThreshold: 1, quorum: 20 };
      const delays = { voteExtension: EPOCH, delay: delay * EPOCH + 1 };
      const governor = await ethers.deployContract("ClusterGovernor", [
        votes,
        audits,
        { ...rules, ...delays },
      ]);
      await measure(
        scheme,
        "make the votes of three holders",
        present(votes.deploymentTransaction()) as never,
      );
      await measure(scheme, "make governor and timelock", present(governor.deploymentTransaction()) as never);
      await measure(scheme, "delegate", votes.connect(auditor).delegate(alice));
      await handOver(await governor.timelock());
      const decide = async (what: string, actions: readonly Action[]): Promise<void> => {
        const calls = await Promise.all(actions.map(call));
        const parts = [calls.map(({ to }) => to), calls.map(() => 0), calls.map(({ data }) => data)] as const;
        await measure(scheme, `propose: ${what}`, governor.connect(alice).propose(...parts, "text"));
        const proposal = await governor.getProposalId(...parts, id("text"));
        await time.increaseTo((await governor.proposalSnapshot(proposal)) + 1n);
        await measure(scheme, `vote: ${what}`, governor.connect(bob).castVote(proposal, 1));
        await time.increaseTo((await governor.proposalDeadline(proposal)) + 1n);
        await measure(scheme, `queue: ${what}`, governor["queue(uint256)"](proposal));
        await time.increaseTo(await governor.proposalEta(proposal));
        await measure(scheme, `execute: ${what}`, governor["execute(uint256)"](proposal));
      };
      await decide("accept the cluster", [{ name: "acceptManager", cluster: 1n }]);
      await decide("announce terms", [terms(300)]);
      await decide("three actions at once", three());
    },
  };
}

interface Making {
  readonly owners: readonly HardhatEthersSigner[];
  readonly manager: HardhatEthersSigner;
  readonly gasOf: (sent: Sent) => Promise<number>;
}

async function makeSafe({ ethers }: World, { owners, manager, gasOf }: Making) {
  let first = 0;
  const make = async (name: SafeContract): Promise<string> => {
    const { abi, bytecode } = safeArtifact(name);
    const factory = new ethers.ContractFactory(abi, bytecode, manager);
    const made = await factory.deploy();
    first += await gasOf(Promise.resolve(present(made.deploymentTransaction() ?? undefined)));
    return made.getAddress();
  };
  const [singleton, factory] = [await make("SafeL2"), await make("SafeProxyFactory")];
  const [handler, multiSend] = [await make("CompatibilityFallbackHandler"), await make("MultiSendCallOnly")];
  const setup = new Interface(safeArtifact("SafeL2").abi).encodeFunctionData("setup", [
    ...[owners.map(({ address }) => address), SIGNING, NOBODY, "0x", handler, NOBODY, 0, NOBODY],
  ]);
  const maker = new ethers.Contract(factory, safeArtifact("SafeProxyFactory").abi, manager);
  const create = maker.getFunction("createProxyWithNonce");
  const safe = (await create.staticCall(singleton, setup, 0)) as string;
  const further = await gasOf(create.send(singleton, setup, 0));
  return { safe, multiSend, first: first + further, further };
}

async function signedBy(
  owners: readonly HardhatEthersSigner[],
  transaction: SafeTransaction,
): Promise<string> {
  const message = safeMessage(transaction);
  const signed = await Promise.all(
    owners
      .toSorted((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1))
      .map((owner) => owner.signTypedData(safeDomain(transaction), SAFE_TX, message)),
  );
  return new Interface(safeArtifact("SafeL2").abi).encodeFunctionData("execTransaction", [
    ...[message.to, 0, message.data, message.operation, 0, 0, 0, NOBODY, NOBODY],
    concat(signed),
  ]);
}
