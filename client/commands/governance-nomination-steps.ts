/**
 * The calls of nominated staking and of its manager, each as a command.
 */
import { InvalidArgumentError, Option } from "commander";
import type { Part } from "../governance/nomination.ts";
import { count, id, ids, natural, toggle } from "./common.ts";

/** A call of one of the two contracts. */
export interface Step {
  readonly name: string;
  readonly description: string;
  readonly part: Part;
  readonly arguments: readonly (readonly [
    syntax: string,
    description: string,
    parse: (text: string) => unknown,
  ])[];
  /** The argument that is an amount of tokens. */
  readonly amount?: number;
  /** Whether the contract takes the amount from the caller's wallet. */
  readonly pays?: boolean;
  readonly options?: readonly (() => Option)[];
  /** @param account whose command it is, if it has a key */
  call(
    values: readonly unknown[],
    options: Readonly<Record<string, unknown>>,
    account: string | undefined,
  ): { readonly method: string; readonly args: readonly unknown[] };
  /** What it does, after "This will". */
  says(values: readonly string[]): string;
}

const CANDIDATE = ["<candidate>", "number of the candidate", id] as const;
const SEAT = ["<seat>", "number of the seat, from 0 on", natural] as const;
const AMOUNT = ["<amount>", "tokens, as 12 or 0.5", (text: string) => text] as const;
const instead = (who: string) => (): Option =>
  new Option(
    "--instead <n>",
    `if all places are taken: the ${who} with less stake whose place this one takes; its stake leaves`,
  )
    .argParser(id)
    .default(0n, "nobody");

/** Basis points. */
function share(text: string): number {
  const value = natural(text);
  if (value > 10_000) throw new InvalidArgumentError("expected basis points, 0 to 10,000");
  return value;
}

/** A step whose arguments are the call's. */
const plain = (
  part: Part,
  method: string,
  name: string,
  description: string,
  args: Step["arguments"],
  says: Step["says"],
  more: Partial<Step> = {},
): Step => ({
  name,
  description,
  part,
  arguments: args,
  call: (values) => ({ method, args: values }),
  says,
  ...more,
});

export const STEPS: readonly Step[] = [
  {
    name: "offer",
    description: "offers a node of this account as a candidate, with own stake",
    part: "staking",
    arguments: [["<node>", "id of the node", id], AMOUNT],
    amount: 1,
    pays: true,
    options: [
      () =>
        new Option("--commission <bp>", "what the provider keeps of its seat's reward first, in 1/10,000")
          .argParser(share)
          .default(0),
      instead("candidate"),
    ],
    call: ([node, amount], options) => ({
      method: "offer",
      args: [node, options["commission"], amount, options["instead"]],
    }),
    says: ([node, amount]) => `offer node ${node ?? ""} as a candidate with ${amount ?? ""} of own stake`,
  },
  plain(
    "staking",
    "raise",
    "raise",
    "adds to a candidate's own stake",
    [CANDIDATE, AMOUNT],
    ([candidate, amount]) => `add ${amount ?? ""} to the own stake of candidate ${candidate ?? ""}`,
    { amount: 1, pays: true },
  ),
  plain(
    "staking",
    "chill",
    "chill",
    "takes a candidate out of the elections to come, or puts it back",
    [CANDIDATE, ["<chilled>", "on or off", toggle]],
    ([candidate, chilled]) =>
      `${chilled === "true" ? "take" : "put"} candidate ${candidate ?? ""} ${chilled === "true" ? "out of" : "back into"} the elections to come`,
  ),
  plain(
    "staking",
    "lowerCommission",
    "lower-commission",
    "lowers a candidate's commission",
    [CANDIDATE, ["<bp>", "the new one, in 1/10,000", share]],
    ([candidate, bp]) => `lower the commission of candidate ${candidate ?? ""} to ${bp ?? ""}/10,000`,
  ),
  plain(
    "staking",
    "leaveAsCandidate",
    "leave-as-candidate",
    "lets own stake leave: all of it, or so much that the least is left",
    [CANDIDATE, AMOUNT],
    ([candidate, amount]) => `let ${amount ?? ""} of candidate ${candidate ?? ""}'s own stake leave`,
    { amount: 1 },
  ),
  plain(
    "staking",
    "releaseCandidate",
    "release-candidate",
    "pays out own stake that has left, to its provider's credit",
    [CANDIDATE],
    ([candidate]) => `release what has left of candidate ${candidate ?? ""}'s own stake`,
  ),
  {
    name: "nominate",
    description: "backs candidates with this account's stake, in place of those whom it backed before",
    part: "staking",
    arguments: [["<candidates>", "their numbers, separated by commas", ids], AMOUNT],
    amount: 1,
    pays: true,
    options: [instead("nominator")],
    call: ([targets, amount], options) => ({
      method: "nominate",
      args: [(targets as bigint[]).toSorted((a, b) => Number(a - b)), amount, options["instead"]],
    }),
    says: ([targets, amount]) => `add ${amount ?? ""} to this account's stake, and back ${targets ?? ""}`,
  },
  plain(
    "staking",
    "leaveAsNominator",
    "leave",
    "lets this account's stake leave: all of it, or so much that the least is left",
    [AMOUNT],
    ([amount]) => `let ${amount ?? ""} of this account's stake leave`,
    { amount: 0 },
  ),
  plain(
    "staking",
    "releaseNominator",
    "release",
    "pays out stake that has left, to the nominator's credit",
    [["<nominator>", "number of the nominator", id]],
    ([nominator]) => `release what has left of nominator ${nominator ?? ""}'s stake`,
  ),
  {
    name: "pay",
    description: "sends an account what the staking owes it",
    part: "staking",
    arguments: [["[account]", "address; default: this account", (text) => text]],
    call: ([to], _, account) => ({ method: "pay", args: [to ?? account] }),
    says: ([account]) => `send ${account === "undefined" ? "this account" : (account ?? "")} what it is owed`,
  },
  plain(
    "staking",
    "forfeit",
    "forfeit",
    "ends a submission whose pages were not all shown by the deadline",
    [
      ["<era>", "the era that it was for", count],
      ["<submitter>", "address", (text) => text],
    ],
    ([era, submitter]) => `end the submission of ${submitter ?? ""} for era ${era ?? ""}`,
  ),
  plain(
    "manager",
    "accept",
    "accept",
    "takes over the cluster that was proposed",
    [],
    () => "take the cluster over",
  ),
  plain(
    "manager",
    "turn",
    "turn",
    "ends an era that is over, and begins the next one",
    [],
    () => "end the era",
  ),
  plain(
    "manager",
    "observe",
    "observe",
    "takes what the member that serves a vNode has missed",
    [["<vnode>", "id of the vNode", id]],
    ([vNode]) => `take what was missed of vNode ${vNode ?? ""}`,
  ),
  plain(
    "manager",
    "observeFaults",
    "observe-faults",
    "takes what the faults of a member's node cost",
    [SEAT],
    ([seat]) => `take what the faults of seat ${seat ?? ""} cost`,
  ),
  plain(
    "manager",
    "reportLoss",
    "report-loss",
    "takes what a lost challenge costs the seat whose node was challenged",
    [["<challenge>", "id of the challenge", id], ["<era>", "the era in which it was made", natural], SEAT],
    ([challenge, era, seat]) =>
      `take what challenge ${challenge ?? ""} costs seat ${seat ?? ""} of era ${era ?? ""}`,
  ),
  plain(
    "manager",
    "enlist",
    "enlist",
    "has vNodes of the cluster looked after",
    [["<vnodes>", "ids, separated by commas", ids]],
    ([vNodes]) => `have vNodes ${vNodes ?? ""} looked after`,
  ),
  plain(
    "manager",
    "place",
    "place",
    "gives vNodes without a member's node to members",
    [["<max>", "vNodes at most", count]],
    ([max]) => `give up to ${max ?? ""} vNodes to members`,
  ),
  plain(
    "manager",
    "standBy",
    "stand-by",
    "makes the members' nodes the standby nodes",
    [],
    () => "make the members' nodes the standby nodes",
  ),
  plain("manager", "grow", "grow", "adds a vNode, once members serve all there are", [], () => "add a vNode"),
  {
    name: "withdraw",
    description: "sends what this account has earned by calling the manager's functions",
    part: "manager",
    arguments: [],
    call: (_, __, account) => ({ method: "withdraw", args: [account] }),
    says: () => "send what this account has earned by calls",
  },
];
