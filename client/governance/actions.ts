/**
 * What a cluster's manager can do, as calldata for the Registry and in words. Dry runs, Safes and token holders' proposals
 * use the same encoding and the same words.
 */
import { Interface, type InterfaceAbi, type TransactionDescription } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { byName, type Value } from "../chain-values.ts";
import { plural, TERMS, type TermValues } from "./terms.ts";

export const NOBODY = `0x${"0".repeat(40)}`;

/** The names and arguments of contracts/interfaces/registry/IClusters.sol. */
export type Action =
  | {
      readonly name: "changeCluster";
      readonly cluster: bigint;
      readonly profile: bigint;
      readonly beacon: bigint;
      readonly params: TermValues;
    }
  | { readonly name: "describeCluster"; readonly cluster: bigint; readonly metadata: string }
  | { readonly name: "proposeManager"; readonly cluster: bigint; readonly manager: string }
  | { readonly name: "acceptManager"; readonly cluster: bigint }
  | { readonly name: "addVNodes"; readonly cluster: bigint; readonly tokens: readonly bigint[] }
  | { readonly name: "assign"; readonly vNode: bigint; readonly node: bigint }
  | { readonly name: "addStandby"; readonly cluster: bigint; readonly node: bigint }
  | { readonly name: "removeStandby"; readonly cluster: bigint; readonly node: bigint };

export const ACTIONS: readonly Action["name"][] = [
  "changeCluster",
  "describeCluster",
  "proposeManager",
  "acceptManager",
  "addVNodes",
  "assign",
  "addStandby",
  "removeStandby",
];

let clusters: Interface | undefined;
const registryInterface = (): Interface => (clusters ??= new Interface(contractArtifact("IClusters").abi));

/** The arguments in the contract's order. */
export function argumentsOf({ name, ...values }: Action): unknown[] {
  const { inputs } = registryInterface().getFunction(name) ?? unknown("0x");
  return inputs.map((input) => (values as Readonly<Record<string, unknown>>)[input.name]);
}

export function encodeAction(action: Action): string {
  return registryInterface().encodeFunctionData(action.name, argumentsOf(action));
}

/** @throws HoldfastError "bad-input" if the calldata is no manager action, or has bytes that no argument shows */
export function decodeAction(data: string): Action {
  const parsed = parse(data);
  if (!parsed || !ACTIONS.some((name) => name === parsed.name)) return unknown(data);
  const action = { name: parsed.name, ...byName(parsed.args) } as unknown as Action;
  if (encodeAction(action) === data.toLowerCase()) return action;
  const message = `the calldata of ${parsed.name} has bytes that its arguments do not show: do not agree to it`;
  throw new HoldfastError("bad-input", message, { data });
}

function parse(data: string): TransactionDescription | null {
  try {
    return registryInterface().parseTransaction({ data });
  } catch (cause) {
    const message = "the calldata is malformed: do not agree to it";
    throw new HoldfastError("bad-input", message, { data }, { cause });
  }
}

function unknown(data: string): never {
  const message = `calldata that begins with ${data.slice(0, 10)} is not a manager's action: do not agree to it unless you know what it does`;
  throw new HoldfastError("bad-input", message, { data });
}

/** One sentence, from the calldata alone: everybody who has the calldata gets the same text. */
export function describeAction(data: string): string {
  return inWords(decodeAction(data));
}

function inWords(action: Action): string {
  switch (action.name) {
    case "changeCluster": {
      const { cluster, profile, beacon, params } = action;
      const terms = TERMS.map((term) => `${term.label}: ${term.inWords(params[term.name])}`);
      return `announce new terms of cluster ${cluster}: ${[`profile ${profile}`, `beacon ${beacon}`, ...terms].join("; ")}`;
    }
    case "describeCluster":
      return `describe cluster ${action.cluster} as ${JSON.stringify(action.metadata)}`;
    case "proposeManager":
      return action.manager === NOBODY
        ? `withdraw the offer of cluster ${action.cluster} to another manager`
        : `offer cluster ${action.cluster} to the manager ${action.manager}`;
    case "acceptManager":
      return `take over cluster ${action.cluster} as its manager`;
    case "addVNodes":
      return `add ${plural(action.tokens.length, "vNode")} to cluster ${action.cluster}, at ${action.tokens.length === 1 ? "place" : "places"} ${action.tokens.join(", ")} of its ring`;
    case "assign":
      return action.node === 0n
        ? `leave vNode ${action.vNode} to the node that has it, or to none if it stores nothing`
        : `assign vNode ${action.vNode} to node ${action.node}`;
    case "addStandby":
      return `add node ${action.node} to the standby queue of cluster ${action.cluster}`;
    case "removeStandby":
      return `remove node ${action.node} from the standby queue of cluster ${action.cluster}`;
  }
}

/** A call of any function of an ABI, as its name and arguments. undefined: these are not all that is in the calldata. */
export function describeCallOf(abi: InterfaceAbi, data: string): string | undefined {
  const functions = new Interface(abi);
  try {
    const parsed = functions.parseTransaction({ data });
    if (!parsed || functions.encodeFunctionData(parsed.fragment, parsed.args) !== data.toLowerCase())
      return undefined;
    const values = Object.entries(byName(parsed.args)).map(([name, value]) => `${name} ${show(value)}`);
    return `${parsed.name}(${values.join(", ")})`;
  } catch {
    return undefined;
  }
}

/** The action, or undefined if the calldata is none. */
export function actionIn(data: string): Action | undefined {
  try {
    return decodeAction(data);
  } catch (error) {
    if (error instanceof HoldfastError) return undefined;
    throw error;
  }
}

function show(value: Value): string {
  return typeof value === "object"
    ? `[${Object.values(value as Readonly<Record<string, Value>>)
        .map(show)
        .join(", ")}]`
    : String(value);
}
