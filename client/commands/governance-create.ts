/**
 * `governance create-dao`: makes what token holders decide with; the rules of deciding, as options and in words.
 */
import { InvalidArgumentError, type Command } from "commander";
import { parseAddress } from "../chain.ts";
import {
  callOfGovernor,
  callOfTimelock,
  createDao,
  standardRules,
  type Dao,
  type Rules,
} from "../governance/dao.ts";
import { calendarOf, durationOf } from "../governance/time.ts";
import { agree, formatAmount, parseAmount, printNote, printResult } from "../output.ts";
import type { CallSpec } from "./action-text.ts";
import { natural, units, withChain, dryRunCommand, type DryRunOptions } from "./common.ts";

interface CreateOptions extends DryRunOptions, Partial<Record<keyof Rules, number>> {
  readonly holders: readonly { holder: string; amount: bigint }[];
  readonly name: string;
  readonly symbol: string;
}

/** Of ClusterVotes. */
export const DECIMALS = 18;
/** How token holders decide, each with its option and what changes it later. */
export const RULES: readonly (readonly [
  name: keyof Rules,
  flag: string,
  description: string,
  call: (dao: Dao, value: bigint) => ReturnType<typeof callOfGovernor>,
])[] = [
  [
    "votingDelay",
    "voting-delay",
    "seconds from a proposal until votes are counted; at least, and by default, an epoch",
    (dao, value) => callOfGovernor(dao, "setVotingDelay", value),
  ],
  [
    "votingPeriod",
    "voting-period",
    "seconds to vote; at least an epoch; default: 3 epochs",
    (dao, value) => callOfGovernor(dao, "setVotingPeriod", value),
  ],
  [
    "voteExtension",
    "vote-extension",
    "seconds left to vote, at least, after the quorum is reached; at least, and by default, an epoch",
    (dao, value) => callOfGovernor(dao, "setLateQuorumVoteExtension", value),
  ],
  [
    "quorum",
    "quorum",
    "percent of all votes that must be for a proposal, or abstain; at least 4; default: 20",
    (dao, value) => callOfGovernor(dao, "updateQuorumNumerator", value),
  ],
  [
    "proposalThreshold",
    "proposal-threshold",
    "votes that a proposer needs, in units of 10^-18; default: 1",
    (dao, value) => callOfGovernor(dao, "setProposalThreshold", value),
  ],
  [
    "delay",
    "delay",
    "seconds of the timelock; longer than what leaving takes; default: that and an epoch",
    (dao, value) => callOfTimelock(dao, "updateDelay", value),
  ],
];

export function addCreateDaoCommand(governance: Command): void {
  const create = dryRunCommand(
    governance,
    "create-dao",
    "makes the votes, the governor and the timelock with which token holders decide",
  )
    .requiredOption(
      "--holders <list>",
      "the founders and their votes, as ADDRESS:VOTES, separated by commas",
      parseHolders,
    )
    .option("--name <text>", "name of the votes", "Cluster votes")
    .option("--symbol <text>", "symbol of the votes", "VOTES");
  for (const [, flag, description] of RULES) create.option(`--${flag} <n>`, description, natural);
  create.action(createCommand);
}

function createCommand(options: CreateOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const standard = standardRules(await calendarOf(chain));
    const rules = Object.fromEntries(
      RULES.map(([name]) => [name, options[name] === undefined ? standard[name] : BigInt(options[name])]),
    ) as unknown as Rules;
    const { holders, name, symbol } = options;
    const lines = [
      ...holders.map(({ holder, amount }) => `   ${holder}: ${votesInWords(amount)}`),
      ...rulesInWords(rules),
    ];
    const shown = { holders, rules };
    if (options.dryRun) {
      printResult(
        { dryRun: true, ...shown },
        { ...options, text: ["nothing was sent; this would make:", ...lines].join("\n") },
      );
      return;
    }
    if (!options.json) printNote(lines.join("\n"), false);
    await agree(`make ${symbol} for ${holders.length} holders, a governor and its timelock`, options);
    let gas = 0n;
    const { governor, votes, timelock } = await createDao(
      chain,
      { name, symbol, holders, rules },
      (what, used) => {
        gas += used;
        printNote(`${what} is made`, options.json);
      },
    );
    printResult({ governor, votes, timelock, gas }, options);
  });
}

export function rulesOf(dao: Dao): CallSpec[] {
  return RULES.map(([, name, description, call]) => ({
    group: "rules",
    name,
    description,
    define: (command) => command.argument("<n>", description, units),
    calls: (_, [value]) => Promise.resolve([call(dao, value as bigint)]),
  }));
}

// ---------------------------------------------------------------------------------------------------------------- words

export function rulesInWords(rules: Rules): string[] {
  return [
    `   a proposal needs a proposer with ${votesInWords(rules.proposalThreshold)}`,
    `   votes are counted ${durationOf(rules.votingDelay)} after the proposal, and one can vote for ${durationOf(rules.votingPeriod)}`,
    `   a quorum of ${rules.quorum} % leaves ${durationOf(rules.voteExtension)} or more to vote`,
    `   what has won is done after ${durationOf(rules.delay)}`,
  ];
}

export const votesInWords = (amount: bigint): string =>
  `${formatAmount(amount, DECIMALS)} ${amount === 10n ** BigInt(DECIMALS) ? "vote" : "votes"}`;

function parseHolders(text: string): { holder: string; amount: bigint }[] {
  return text.split(",").map((each) => {
    const [address = "", amount = "", ...more] = each.split(":");
    if (more.length > 0 || amount === "")
      throw new InvalidArgumentError("expected ADDRESS:VOTES, separated by commas");
    try {
      return { holder: parseAddress(address), amount: parseAmount(amount, DECIMALS) };
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  });
}
