/**
 * What a contract or the chain's server answers, as a sentence that says what to do.
 */
import { dataLength, Interface, isCallException, isError } from "ethers";
import { contractArtifact } from "../contracts/artifacts.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { toJson } from "../protocol/json.ts";
import { byName, type Value } from "./chain-values.ts";

/** Whose errors are known: what a linked library reverts with need not be in the ABI of the contract that calls it. */
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
];

/** What to do about what a contract refuses. */
const ADVICE: Readonly<Record<string, string>> = {
  HandingOver:
    "another node is taking over what this vNode holds, and nothing is stored before its first proof: use another vNode, or wait some epochs",
  Compacting:
    "the node is writing this vNode's directory again: use another vNode, or wait until the epoch after the next one at most",
  LockLimit:
    "the node accepts no more in this epoch: wait for the next one, use another node, or ask its provider for a higher --lock-per-epoch",
  BadParameter:
    "it is out of bounds: rarer audits (--odds) need higher penalties (--slash-multiple, --fault-multiple, --bond-epochs), and so does more patience (--grace)",
  HasEnded: "the segment has ended, or is in its last epoch: store it again",
  RentTooHigh: "agree to a higher rent, or use another node",
  AcceptanceInvalid:
    "ask the node for another acceptance: it may have revoked those before, or be another one now",
  OneEach: "this account has a challenge of the vNode open: wait until that is over, or use another account",
  TooManyOpen: "wait until one of them is over",
  BadRange: "the directory has changed meanwhile: try again",
  BondTooHigh:
    "others have challenged the vNode meanwhile: agree to a higher bond, or wait until that is over",
  HasData: "name the node that shall take over",
  NotTrusted: "its provider must trust the manager: `provider trust`",
  LeaveAnnouncedAlready: "who has announced to leave can only wait",
  PauseOverlaps: "wait until the pause is over",
  PauseBudgetSpent: "ask for fewer epochs, or wait until earlier pauses are 90 days ago",
  TooManyPauses: "wait until the first of the last five is 90 days ago",
  NotAcceptableYet: "wait until then",
  SettleFirst: "somebody must settle the vNode before: an auditor does so by itself",
};

/** Rethrows whatever ethers reports as one of ours. */
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
    const message = `the account cannot pay the gas of ${what}: send it the chain's own coin`;
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
  // Without a selector.
  if (dataLength(data) < 4) return undefined;
  for (const name of CONTRACTS) {
    const parsed = new Interface(contractArtifact(name).abi).parseError(data);
    if (parsed) return { name: parsed.name, args: byName(parsed.args) };
  }
  return undefined;
}

/** "InsufficientBalance" as "insufficient balance". */
function inWords(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
}

/** What is short where an error tells how much there is and how much it would take. */
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
