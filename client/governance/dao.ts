/**
 * Token holders as a cluster's manager: how their contracts are made, and what these say about proposals.
 */
import { id as keccakText, Interface, type JsonFragment } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { parseAddress, type Chain, type Sent } from "../chain.ts";
import { describeCalls, ledgerPlace, type Call, type Place } from "./calls.ts";
import { makeContract, type OnMade } from "./making.ts";
import type { Calendar } from "./time.ts";

/** ClusterGovernor.Rules: times in seconds, votes in units, the quorum in percent of all votes. */
export interface Rules {
  readonly votingDelay: bigint;
  readonly votingPeriod: bigint;
  readonly proposalThreshold: bigint;
  readonly quorum: bigint;
  readonly voteExtension: bigint;
  readonly delay: bigint;
}

export interface NewDao {
  readonly name: string;
  readonly symbol: string;
  readonly holders: readonly { readonly holder: string; readonly amount: bigint }[];
  readonly rules: Rules;
}

export interface Dao {
  readonly governor: string;
  readonly votes: string;
  /** The cluster's manager. */
  readonly timelock: string;
}

/** IGovernor.ProposalState */
export const STATES = [
  "pending",
  "active",
  "canceled",
  "defeated",
  "succeeded",
  "queued",
  "expired",
  "executed",
] as const;
export type ProposalState = (typeof STATES)[number];

/** GovernorCountingSimple.VoteType */
export const CHOICES = ["against", "for", "abstain"] as const;
export type Choice = (typeof CHOICES)[number];

const abiOf = (name: string): JsonFragment[] => contractArtifact(name).abi as unknown as JsonFragment[];
const encode = (method: string, args: readonly unknown[]): string =>
  new Interface(abiOf("ClusterGovernor")).encodeFunctionData(method, args);

/** How long providers need to leave, in seconds: a timelock's delay is longer. */
export const leavingSeconds = ({ changeDelay, epochSeconds }: Calendar): bigint => changeDelay * epochSeconds;

/** The shortest times that the governor takes, and a quorum of 20 %. */
export function standardRules(calendar: Calendar): Rules {
  const { epochSeconds: epoch } = calendar;
  const once = { votingDelay: epoch, votingPeriod: 3n * epoch, voteExtension: epoch };
  return { ...once, proposalThreshold: 1n, quorum: 20n, delay: leavingSeconds(calendar) + epoch };
}

export async function createDao(
  chain: Chain,
  { name, symbol, holders, rules }: NewDao,
  onMade?: OnMade,
): Promise<OpenDao> {
  const founders = [holders.map(({ holder }) => holder), holders.map(({ amount }) => amount)];
  const votes = await makeContract(chain, "ClusterVotes", [name, symbol, ...founders], onMade);
  const { audits } = chain.addresses;
  const governor = await makeContract(chain, "ClusterGovernor", [votes, audits, rules], onMade);
  return openDao(chain, governor);
}

export interface OpenDao extends Dao {
  /** Other contracts whose calls token holders decide about. */
  readonly places: readonly Place[];
  view<T>(method: string, args?: readonly unknown[]): Promise<T>;
  /** Votes that an account has now, after delegation. */
  votesOf(account: string): Promise<bigint>;
  rules(): Promise<Rules>;
}

/** @throws HoldfastError "chain" if there is no governor */
export async function openDao(chain: Chain, text: string): Promise<OpenDao> {
  const governor = parseAddress(text);
  const code = await chain.ask((endpoint, block) => endpoint.getCode(governor, block), "the governor's code");
  if (code === "0x") {
    const message = `there is no governor at ${governor} on this chain: check the address`;
    throw new HoldfastError("chain", message, { governor });
  }
  const view = <T>(method: string, args: readonly unknown[] = []): Promise<T> =>
    chain.view<T>(abiOf("ClusterGovernor"), governor, method, args);
  const votes = await view<string>("token");
  const timelock = await view<string>("timelock");
  return {
    governor,
    votes,
    timelock,
    places: [
      {
        address: governor,
        name: "the governor itself",
        abi: abiOf("ClusterGovernor"),
        untried: "the governor changes its rules only while it executes a proposal",
      },
      { address: timelock, name: "the timelock itself", abi: abiOf("ClusterTimelock") },
      ledgerPlace(chain.addresses),
    ],
    view,
    votesOf: (account) => chain.view<bigint>(abiOf("ClusterVotes"), votes, "getVotes", [account]),
    rules: async () => ({
      votingDelay: await view<bigint>("votingDelay"),
      votingPeriod: await view<bigint>("votingPeriod"),
      proposalThreshold: await view<bigint>("proposalThreshold"),
      quorum: await view<bigint>("quorumNumerator"),
      voteExtension: await view<bigint>("lateQuorumVoteExtension"),
      delay: await chain.view<bigint>(abiOf("ClusterTimelock"), timelock, "getMinDelay"),
    }),
  };
}

// ------------------------------------------------------------------------------------------------------------ proposals

/**
 * A proposal's text, from its calldata and its proposer alone. The governor lets nobody else make a proposal with this
 * ending, so that nobody can make it first and cancel it.
 */
export function proposalText(
  calls: readonly Call[],
  { registry, places, proposer }: { registry: string; places: readonly Place[]; proposer: string },
): string {
  const lines = describeCalls(calls, registry, places).map((each, i) => `${i + 1}. ${each}`);
  return `${lines.join("\n")}\n#proposer=${proposer.toLowerCase()}`;
}

export interface Proposal {
  readonly id: bigint;
  readonly calls: readonly Call[];
  readonly proposer: string;
  /** Whether its text is the one that the calldata gives. */
  readonly isDescribed: boolean;
  readonly state: ProposalState;
  /** Seconds since 1970: when the votes are counted, and until when one can vote. */
  readonly snapshot: bigint;
  readonly deadline: bigint;
  /** Seconds since 1970 from which it can be executed; 0 if it is not queued. */
  readonly eta: bigint;
  readonly tally: Readonly<Record<Choice, bigint>>;
  /** Votes for it or abstaining that it needs. undefined: the votes are not counted yet. */
  readonly quorum: bigint | undefined;
}

interface Details {
  readonly targets: readonly string[];
  readonly values: readonly bigint[];
  readonly calldatas: readonly string[];
  readonly descriptionHash: string;
}

export async function readProposal(chain: Chain, dao: OpenDao, id: bigint): Promise<Proposal> {
  const { targets, values, calldatas, descriptionHash } = await dao.view<Details>("proposalDetails", [id]);
  if (values.some((value) => value !== 0n))
    throw new HoldfastError("bad-input", `proposal ${id} sends coins with a call: do not agree to it`);
  const calls = targets.map((to, i) => ({ to, data: calldatas[i] ?? "0x" }));
  const proposer = await dao.view<string>("proposalProposer", [id]);
  const { registry } = chain.addresses;
  const state = STATES[Number(await dao.view<bigint>("state", [id]))] ?? "pending";
  const snapshot = await dao.view<bigint>("proposalSnapshot", [id]);
  const { timestamp } = await chain.block();
  const votes = await dao.view<Record<`${Choice}Votes`, bigint>>("proposalVotes", [id]);
  return {
    id,
    calls,
    proposer,
    isDescribed:
      keccakText(proposalText(calls, { registry, places: dao.places, proposer })) === descriptionHash,
    state,
    snapshot,
    deadline: await dao.view<bigint>("proposalDeadline", [id]),
    eta: await dao.view<bigint>("proposalEta", [id]),
    tally: { against: votes.againstVotes, for: votes.forVotes, abstain: votes.abstainVotes },
    // It may have been canceled before the votes are counted.
    quorum: snapshot < BigInt(timestamp) ? await dao.view<bigint>("quorum", [snapshot]) : undefined,
  };
}

/** Ids, the newest first. */
export async function proposalIds(dao: OpenDao, most: number): Promise<bigint[]> {
  const count = Number(await dao.view<bigint>("proposalCount"));
  const indexes = Array.from({ length: Math.min(count, most) }, (_, i) => count - 1 - i);
  return Promise.all(
    indexes.map(
      async (index) => (await dao.view<{ proposalId: bigint }>("proposalDetailsAt", [index])).proposalId,
    ),
  );
}

/** The earliest time at which a proposal is executed, in seconds since 1970. undefined: it is made now. */
export function earliestExecution(rules: Rules, proposal: Proposal | undefined, now: bigint): bigint {
  const { votingDelay, votingPeriod, delay } = rules;
  if (!proposal) return now + votingDelay + votingPeriod + delay;
  const { state, deadline, eta } = proposal;
  if (state === "pending" || state === "active") return deadline + delay;
  if (state === "succeeded") return now + delay;
  return state === "queued" && eta > now ? eta : now;
}

export async function propose(
  chain: Chain,
  dao: OpenDao,
  calls: readonly Call[],
): Promise<{ id: bigint; text: string; sent: Sent }> {
  const { registry } = chain.addresses;
  const text = proposalText(calls, { registry, places: dao.places, proposer: chain.account() });
  const parts = [calls.map(({ to }) => to), calls.map(() => 0n), calls.map(({ data }) => data)];
  const id = await dao.view<bigint>("getProposalId", [...parts, keccakText(text)]);
  return { id, text, sent: await chain.submit("propose", dao.governor, encode("propose", [...parts, text])) };
}

export const castVote = (
  chain: Chain,
  dao: Dao,
  { id, choice, reason }: { id: bigint; choice: Choice; reason: string },
): Promise<Sent> =>
  chain.submit("vote", dao.governor, encode("castVoteWithReason", [id, CHOICES.indexOf(choice), reason]));

/** Overloaded: the governor also takes all parts of the proposal. */
export const queue = (chain: Chain, dao: Dao, id: bigint): Promise<Sent> =>
  chain.submit("queue", dao.governor, encode("queue(uint256)", [id]));

export const executeProposal = (chain: Chain, dao: Dao, id: bigint): Promise<Sent> =>
  chain.submit("execute", dao.governor, encode("execute(uint256)", [id]));

/** By its proposer, as long as nobody can vote about it. */
export const cancelProposal = (chain: Chain, dao: Dao, id: bigint): Promise<Sent> =>
  chain.submit("cancel", dao.governor, encode("cancel(uint256)", [id]));

export function delegate(chain: Chain, dao: Dao, to: string): Promise<Sent> {
  const data = new Interface(abiOf("ClusterVotes")).encodeFunctionData("delegate", [to]);
  return chain.submit("delegate", dao.votes, data);
}

/** A proposal that changes how token holders decide. */
export function callOfGovernor({ governor }: Dao, method: string, value: bigint): Call {
  return { to: governor, data: encode(method, [value]) };
}

export function callOfTimelock({ timelock }: Dao, method: string, value: bigint): Call {
  return { to: timelock, data: new Interface(abiOf("ClusterTimelock")).encodeFunctionData(method, [value]) };
}
