/**
 * A ReputationManager: how it is made, what it says, and which of its decisions are due.
 */
import { Contract, Interface, isError } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { refuse } from "../chain-errors.ts";
import { parseAddress, type Chain, type Sent } from "../chain.ts";
import { makeContract, type OnMade } from "./making.ts";
import { isSampled } from "./reputation.ts";
import { vNodesOf } from "./vnodes.ts";

const NAME = "ReputationManager";
export const STANDINGS = ["none", "waiting", "probation", "member"] as const;

/** The rules, in the contract's order, in its units. */
export const RULE_NAMES = [
  "period",
  "memoryEpochs",
  "payerCap",
  "admitScore",
  "evictScore",
  "probation",
  "notice",
  "probationLeaves",
  "bond",
  "members",
  "founders",
  "seats",
  "vNodes",
  "reward",
] as const;
export type Rules = Readonly<Record<(typeof RULE_NAMES)[number], bigint>>;

export interface Entry {
  readonly standing: bigint;
  readonly since: bigint;
  readonly noticeUntil: bigint;
  readonly holder: string;
  readonly vNode: bigint;
  readonly seats: bigint;
}

/** A call that the contract would carry out now. */
export interface Step {
  readonly method: "lookAt" | "review" | "adopt" | "place" | "grow" | "lineUp" | "passOn";
  readonly args: readonly bigint[];
  readonly does: string;
}

export interface Reputation {
  readonly address: string;
  readonly cluster: bigint;
  readonly period: bigint;
  view<T>(method: string, args?: readonly unknown[]): Promise<T>;
  /** What a call would return, or undefined if the contract refuses it. */
  attempt(method: string, args: readonly unknown[]): Promise<{ result: unknown } | undefined>;
  /** @throws HoldfastError "chain" with the contract's reason, if it would refuse */
  check(method: string, args: readonly unknown[]): Promise<unknown>;
  send(method: string, args: readonly unknown[]): Promise<Sent>;
}

/** Makes the contract and its libraries. @returns its address */
export function createReputation(
  chain: Chain,
  { cluster, rules }: { readonly cluster: bigint; readonly rules: Rules },
  onMade?: OnMade,
): Promise<string> {
  const args = [chain.addresses.audits, cluster, RULE_NAMES.map((name) => rules[name])];
  return makeContract(chain, NAME, args, onMade).catch(refuseRules);
}

/** Says which rule the constructor refuses. */
function refuseRules(error: unknown): never {
  const cause = error instanceof HoldfastError ? error.cause : undefined;
  const data = isError(cause, "CALL_EXCEPTION") ? cause.data : null;
  const parsed = data === null ? null : new Interface(contractArtifact(NAME).abi).parseError(data);
  if (parsed?.name !== "BadRule") throw error;
  const [name, value] = parsed.args as unknown as [string, bigint];
  const message = `the rule ${name} cannot be ${value}: its bounds are in contracts/managers/reputation/ReputationRules.sol`;
  throw new HoldfastError("bad-input", message, { name, value });
}

/** @throws HoldfastError "chain" if it is not a manager of this deployment */
export async function openReputation(chain: Chain, text: string): Promise<Reputation> {
  const address = parseAddress(text);
  const abi = contractArtifact(NAME).abi as never;
  const contract = new Contract(address, abi, chain.provider);
  const call = async (method: string, args: readonly unknown[] = [], from?: string): Promise<unknown> =>
    contract.getFunction(method).staticCall(...args, from === undefined ? {} : { from });
  const audits = await call("audits").catch(() => undefined);
  if (audits !== chain.addresses.audits) {
    const message = `the contract at ${address} is no manager by reputation of this deployment: check the address`;
    throw new HoldfastError("chain", message, { address, expected: chain.addresses.audits, actual: audits });
  }
  const { period } = (await call("rules")) as Rules;

  return {
    address,
    cluster: (await call("cluster")) as bigint,
    period,
    view: async <T>(method: string, args: readonly unknown[] = []) =>
      (await call(method, args).catch(refuse(method))) as T,
    async attempt(method, args) {
      try {
        return { result: await call(method, args, chain.account()) };
      } catch (error) {
        if (isError(error, "CALL_EXCEPTION")) return undefined;
        throw error;
      }
    },
    check: (method, args) =>
      call(method, args, chain.account()).catch((error: unknown) => {
        throw refusalOf(method, error);
      }),
    send: (method, args) =>
      chain.submit(method, address, new Interface(abi).encodeFunctionData(method, [...args])),
  };
}

function refusalOf(method: string, error: unknown): unknown {
  if (!isError(error, "CALL_EXCEPTION") || !error.revert) return error;
  const { name } = error.revert;
  const args = error.revert.args as readonly unknown[];
  const text = `${name}(${args.map(String).join(", ")})`;
  return new HoldfastError("chain", `the manager refuses ${method}: ${text}${adviceFor(name)}`, {
    error: text,
  });
}

function adviceFor(name: string): string {
  const advice: Readonly<Record<string, string>> = {
    NotBacked: "; bond more with `provider bond`, and trust the manager with `provider trust`",
    Unauthorized: "; use the key of the node's provider, or its operator's to sample",
    TooEarly: "; wait until that epoch",
    NotDrawn: "; samples are taken in epochs that are drawn by chance: try again in the next epoch",
    NotProven: "; wait until the node has proven this epoch",
    NotPaid: "; what the node has locked was slashed: top it up with `provider top-up`",
    NoStanding: "; join first, and wait for a vNode",
  };
  return advice[name] ?? "";
}

/** Everything that the contract would decide now, in the order in which it is best done. */
export async function dueSteps(chain: Chain, manager: Reputation): Promise<Step[]> {
  const vNodes = (await vNodesOf(chain, manager.cluster)).map(({ vNode }) => vNode);
  const all: Step[] = [];
  for (const vNode of vNodes)
    all.push({ method: "lookAt", args: [vNode], does: `count the misses of vNode ${vNode}'s node` });
  const nodes = await chain.read<bigint>("registry", "nodeCount");
  for (let node = 1n; node <= nodes; node++)
    all.push({ method: "review", args: [node], does: `decide about node ${node}` });
  for (const vNode of vNodes) {
    all.push({ method: "adopt", args: [vNode], does: `make vNode ${vNode} its node's probation` });
    all.push({ method: "place", args: [vNode], does: `decide who serves vNode ${vNode}` });
  }
  all.push({ method: "grow", args: [], does: "add a vNode for the first candidate" });
  all.push({ method: "lineUp", args: [], does: "make the standby list the best members" });
  all.push({ method: "passOn", args: [], does: "pass what is left on to the next manager's account" });
  const due: Step[] = [];
  for (const step of all) if (await isDue(manager, step)) due.push(step);
  return due;
}

/** A look that changes nothing is not refused, nor is nothing passed on. */
export async function isDue(manager: Reputation, { method, args }: Step): Promise<boolean> {
  const answer = await manager.attempt(method, args);
  return answer !== undefined && answer.result !== false && answer.result !== 0n;
}

/** The segments that are paid for in the running epoch, and whether the epoch is drawn. */
export async function sampleOf(
  chain: Chain,
  manager: Reputation,
  vNode: bigint,
): Promise<{ epoch: bigint; drawn: boolean; proven: boolean; serials: bigint[] }> {
  const epoch = await chain.read<bigint>("audits", "currentEpoch");
  const duty = await chain.read<{ randomness: string; proven: boolean }>("audits", "duty", [vNode, epoch]);
  const { nextSerial } = await chain.read<{ nextSerial: bigint }>("registry", "directory", [vNode]);
  const serials: bigint[] = [];
  for (let serial = 0n; serial < nextSerial; serial++) {
    const { from, end } = await chain.read<{ from: bigint; end: bigint }>("registry", "segment", [
      vNode,
      serial,
    ]);
    if (from <= epoch && epoch < end) serials.push(serial);
  }
  const drawn =
    BigInt(duty.randomness) !== 0n && isSampled(duty.randomness, vNode, manager.address, manager.period);
  return { epoch, drawn, proven: duty.proven, serials };
}
