/**
 * Turns errors of contracts and of the chain's server into sentences that say what to do.
 */
import { dataLength, Interface, isCallException, isError } from "ethers";
import { contractArtifact, isBuilt } from "../contracts/artifacts.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { toJson } from "../protocol/json.ts";
import { byName, type Value } from "./chain-values.ts";

/**
 * The ABIs that errors are looked up in: a contract's own ABI may lack the errors of the libraries that it calls. Managers are no
 * part of a deployment. They may not be built here, and nobody calls them then.
 */
const CONTRACTS = [
  "Audits",
  "Registry",
  "Ledger",
  "Challenges",
  "TestToken",
  "Groth16Verifier",
  "DrandBeacon",
  "PrevrandaoBeacon",
  "Factory",
  "Segments",
  "Settlement",
  "Responsibility",
  "ClusterGovernor",
  "ClusterTimelock",
  "ClusterVotes",
  "NominationManager",
  "NominatedStaking",
  "ProofOfStorageManager",
  "ReputationManager",
];

/** What to do, for each error of a contract. */
const ADVICE: Readonly<Record<string, string>> = {
  HandingOver:
    "another node is taking this vNode over, and nothing can be stored before its first proof: use another vNode, or wait a few epochs",
  Compacting: "the node is compacting this vNode's directory: use another vNode, or wait two epochs",
  LockLimit:
    "the node can accept no more in this epoch: wait for the next epoch, use another node, or ask its provider to raise --lock-per-epoch",
  BadParameter:
    "the value is out of bounds: rarer audits (--odds) and more forgiven misses (--grace) need higher penalties (--slash-multiple, --fault-multiple, --bond-epochs)",
  HasEnded: "the segment has ended, or is in its last epoch: store it again",
  RentTooHigh: "agree to a higher rent, or use another node",
  AcceptanceInvalid:
    "ask the node for a new acceptance: it may have revoked the old ones, or another node may be responsible now",
  OneEach:
    "this account already has an open challenge to this vNode: wait until it ends, or use another account",
  TooManyOpen: "wait until one of the open challenges ends",
  BadRange: "the directory has changed in the meantime: try again",
  BondTooHigh:
    "others have challenged the vNode in the meantime: agree to a higher bond, or wait until their challenges end",
  HasData: "name the node that is to take over",
  NotTrusted: "the node's provider must trust the manager first: `provider trust`",
  LeaveAnnouncedAlready: "the node has announced already that it leaves: wait until it is released",
  PauseOverlaps: "wait until the pause is over",
  NothingToDo: "nothing is left to do there: somebody may have done it already",
  NotBetter: "a result that is at least as good is there already",
  NoPlace: "all places are taken: give --instead with one that has less stake",
  EraRuns: "wait for the epoch in which it ends",
  NotReleasable: "wait until then",
  PauseBudgetSpent: "ask for fewer epochs, or wait until earlier pauses are more than 90 days old",
  TooManyPauses: "wait until the oldest of the last five pauses is more than 90 days old",
  NotAcceptableYet: "wait until that time",
  ManagerTooEarly: "wait for that epoch: providers who do not trust the next manager can leave until then",
  NotAMember: "only members decide: use the key of a provider that the manager counts",
  NotEnactable: "wait for the epoch from which it can be carried out, or move it anew if it has lapsed",
  NoMajority: "more members must support it",
  DelayTooShort: "choose a delay that is longer than what leaving takes",
  SettleFirst: "the vNode must be settled first: wait for an auditor, which settles it by itself",
};

/** Rethrows an error of ethers as a HoldfastError. */
export function refuse(what: string): (error: unknown) => never {
  return (error) => {
    throw explain(what, error);
  };
}

function explain(what: string, error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const cause = { cause: error };
  if (isCallException(error)) {
    const revert = error.data ? decodeError(error.data) : undefined;
    if (revert) return explainRevert(what, revert, cause);
    const message = `the contract refuses ${what}: ${error.reason ?? "no reason given"}`;
    return new HoldfastError("chain", message, {}, cause);
  }
  if (isError(error, "INSUFFICIENT_FUNDS")) {
    const message = `the account cannot pay the gas of ${what}: send it some of the chain's own coin`;
    return new HoldfastError("funds", message, {}, cause);
  }
  if (isError(error, "NETWORK_ERROR") || isError(error, "TIMEOUT") || isError(error, "SERVER_ERROR")) {
    return new HoldfastError("unreachable", `the chain did not answer ${what}: try again`, {}, cause);
  }
  const text = error instanceof Error ? error.message : String(error);
  return new HoldfastError("chain", `${what} failed: ${text}`, {}, cause);
}

interface Revert {
  readonly name: string;
  readonly args: Readonly<Record<string, Value>>;
}

function explainRevert(what: string, { name, args }: Revert, cause: ErrorOptions): HoldfastError {
  const shortfall = missing(args);
  const values = Object.entries(args).map(([key, value]) => `${key} ${show(value)}`);
  const advice = ADVICE[name];
  const message = [
    `the contract refuses ${what}: ${inWords(name)}${values.length ? ` (${values.join(", ")})` : ""}`,
    ...(shortfall === undefined ? [] : [`${shortfall} is missing`]),
    ...(advice === undefined ? [] : [advice]),
  ].join("; ");
  return new HoldfastError(
    shortfall === undefined ? "chain" : "funds",
    message,
    { error: name, ...args },
    cause,
  );
}

function decodeError(data: string): Revert | undefined {
  // Too short for an error's selector.
  if (dataLength(data) < 4) return undefined;
  for (const name of CONTRACTS.filter(isBuilt)) {
    const parsed = new Interface(contractArtifact(name).abi).parseError(data);
    // Error(string) and Panic(uint256) are in no ABI, and their values have no names.
    if (parsed && parsed.fragment.inputs.every((input) => input.name !== ""))
      return { name: parsed.name, args: byName(parsed.args) };
  }
  return undefined;
}

/** "InsufficientBalance" as "insufficient balance". */
/** "NotAMember" as "not a member". */
function inWords(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, " ").toLowerCase();
}

/** What is missing, if the error says how much there is and how much is needed. */
function missing(args: Readonly<Record<string, Value>>): bigint | undefined {
  const find = (...names: string[]): bigint | undefined =>
    names.map((name) => args[name]).find((value) => typeof value === "bigint");
  const needed = find("needed", "required");
  const available = find("available", "balance", "free");
  return needed !== undefined && available !== undefined && needed > available
    ? needed - available
    : undefined;
}

function show(value: Value): string {
  return typeof value === "object" ? toJson(value) : String(value);
}
