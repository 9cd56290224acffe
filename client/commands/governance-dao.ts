/**
 * `governance delegate | propose | vote | queue | execute | cancel | show`: token holders decide for a cluster.
 */
import { InvalidArgumentError, Option, type Command } from "commander";
import { HoldfastError } from "../../protocol/errors.ts";
import { parseAddress, type Chain, type Sent } from "../chain.ts";
import {
  cancelProposal,
  castVote,
  CHOICES,
  delegate,
  earliestExecution,
  executeProposal,
  openDao,
  proposalIds,
  propose,
  proposalText,
  queue,
  readProposal,
  type Choice,
  type Dao,
  type OpenDao,
  type Proposal,
} from "../governance/dao.ts";
import { decisionJson, decisionLines, decisionOf, type Decision } from "../governance/decision.ts";
import { dateOf } from "../governance/time.ts";
import { agree, formatAmount, printNote, printResult } from "../output.ts";
import { actionOption, callsOf, WITHDRAW } from "./action-text.ts";
import { chainCommand, count, withChain, dryRunCommand, type DryRunOptions } from "./common.ts";
import {
  addCreateDaoCommand,
  DECIMALS,
  RULES,
  rulesInWords,
  rulesOf,
  votesInWords,
} from "./governance-create.ts";
import { ACTION_CALLS } from "./manager-actions.ts";

interface DaoOptions extends DryRunOptions {
  readonly governor: string;
}

const SHOWN_PROPOSALS = 20;

export function addDaoCommands(governance: Command): void {
  addCreateDaoCommand(governance);
  const withDao = (command: Command): Command =>
    command.addOption(
      new Option("--governor <address>", "the governor's address")
        .env("HOLDFAST_GOVERNOR")
        .makeOptionMandatory(),
    );
  const withProposal = (command: Command): Command =>
    withDao(command).argument("<proposal>", "number of the proposal", proposalNumber);
  withDao(
    dryRunCommand(
      governance,
      "delegate",
      "gives this account's votes to an account; without it, they do not count",
    ),
  )
    .argument("<to>", 'address, or "self"')
    .action(delegateCommand);
  withDao(dryRunCommand(governance, "propose", "proposes actions to the token holders"))
    .addOption(actionOption())
    .addHelpText(
      "after",
      `\nAnd ${WITHDRAW.name} <to> <amount>; the rules of deciding: ${RULES.map(([, flag]) => `rules ${flag}`).join(", ")}.`,
    )
    .action(proposeCommand);
  withProposal(dryRunCommand(governance, "vote", "votes about a proposal, with the votes of its snapshot"))
    .addArgument(choiceArgument(governance))
    .option("--reason <text>", "why, for others to read", "")
    .action(voteCommand);
  withProposal(
    dryRunCommand(governance, "queue", "begins the delay of a proposal that has won; anyone can"),
  ).action(step("queue", "succeeded", queue));
  withProposal(
    dryRunCommand(governance, "execute", "does what a proposal says, after its delay; anyone can"),
  ).action(step("execute", "queued", executeProposal));
  withProposal(
    dryRunCommand(governance, "cancel", "withdraws a proposal of this account, before one can vote about it"),
  ).action(step("cancel", "pending", cancelProposal));
  withDao(
    chainCommand(
      governance,
      "show",
      "shows a proposal, or how token holders decide and the newest proposals",
    ),
  )
    .argument("[proposal]", "number of the proposal", proposalNumber)
    .option("--most <n>", "how many proposals to list", count, SHOWN_PROPOSALS)
    .action(showCommand);
}

// --------------------------------------------------------------------------------------------------------- the holders

function delegateCommand(to: string, options: DaoOptions): Promise<void> {
  return withDaoOf(options, async (chain, dao) => {
    const account = chain.account();
    const other = to === "self" ? account : parseAddress(to);
    const what = `give the votes of ${account} to ${other}`;
    if (options.dryRun) {
      printResult(
        { dryRun: true, account, to: other },
        { ...options, text: `nothing was sent; this would ${what}` },
      );
      return;
    }
    await agree(what, options);
    const { hash } = await delegate(chain, dao, other);
    printResult({ account, to: other, votes: await dao.votesOf(other), transaction: hash }, options);
  });
}

// ------------------------------------------------------------------------------------------------------------ proposals

function proposeCommand(options: DaoOptions & { action: readonly string[] }): Promise<void> {
  return withDaoOf(options, async (chain, dao) => {
    const calls = await callsOf(chain, options.action, [...ACTION_CALLS, WITHDRAW, ...rulesOf(dao)]);
    const decision = await decide(chain, dao, { calls });
    const lines = decisionLines(decision);
    if (options.dryRun) {
      const proposer = options.key === undefined ? dao.timelock : chain.account();
      const place = { registry: chain.addresses.registry, places: dao.places, proposer };
      const value = { dryRun: true, description: proposalText(calls, place), ...decisionJson(decision) };
      printResult(value, {
        ...options,
        text: ["nothing was sent; this would propose:", ...lines].join("\n"),
      });
      return;
    }
    if (!options.json) printNote(lines.join("\n"), false);
    await agree(`propose to the token holders: ${decision.does.join("; ")}`, options);
    const { id, text, sent } = await propose(chain, dao, calls);
    const { snapshot, deadline } = await readProposal(chain, dao, id);
    const value = { proposal: id, description: text, ...decisionJson(decision), snapshot, deadline };
    printResult(
      { ...value, gas: sent.gas, transaction: sent.hash },
      {
        ...options,
        text: [
          `proposal ${id}: one can vote from ${dateOf(snapshot)} until ${dateOf(deadline)}`,
          `transaction ${sent.hash}`,
        ].join("\n"),
      },
    );
  });
}

function voteCommand(id: bigint, choice: Choice, options: DaoOptions & { reason: string }): Promise<void> {
  return withDaoOf(options, async (chain, dao) => {
    const proposal = await readProposal(chain, dao, id);
    const decision = await decide(chain, dao, proposal);
    if (proposal.state !== "active") throw notNow(proposal, "one can vote about it");
    const account = chain.account();
    const weight = await dao.view<bigint>("getVotes", [account, proposal.snapshot]);
    if (weight === 0n) {
      const message = `${account} had no votes at ${dateOf(proposal.snapshot)}, when they were counted: votes must be delegated before, with \`governance delegate\``;
      throw new HoldfastError("funds", message, { account, snapshot: proposal.snapshot });
    }
    const lines = [...proposalLines(proposal), ...decisionLines(decision)];
    const value = { proposal: id, choice, votes: weight };
    if (options.dryRun) {
      const text = [
        `nothing was sent; this would vote ${choice} with ${votesInWords(weight)}`,
        ...lines,
      ].join("\n");
      printResult({ dryRun: true, ...value, ...decisionJson(decision) }, { ...options, text });
      return;
    }
    if (!options.json) printNote(lines.join("\n"), false);
    await agree(`vote ${choice} with ${votesInWords(weight)}: ${decision.does.join("; ")}`, options);
    const sent = await castVote(chain, dao, { id, choice, reason: options.reason });
    const { tally, deadline } = await readProposal(chain, dao, id);
    printResult({ ...value, tally, deadline, gas: sent.gas, transaction: sent.hash }, options);
  });
}

const DONE = { queue: "queued", execute: "executed", cancel: "canceled" } as const;

/** A step that can be taken when the proposal is in this state: by its proposer, to cancel it, otherwise by anyone. */
function step(
  what: keyof typeof DONE,
  state: Proposal["state"],
  take: (chain: Chain, dao: Dao, id: bigint) => Promise<Sent>,
) {
  return (id: bigint, options: DaoOptions): Promise<void> =>
    withDaoOf(options, async (chain, dao) => {
      const proposal = await readProposal(chain, dao, id);
      const decision = await decide(chain, dao, proposal);
      if (proposal.state !== state)
        throw what === "cancel" ? tooLate(proposal) : notNow(proposal, `it can be ${DONE[what]}`);
      if (what === "cancel" && options.key !== undefined && proposal.proposer !== chain.account())
        throw new HoldfastError("unauthorized", `only its proposer ${proposal.proposer} can cancel it`);
      const { timestamp } = await chain.block();
      if (what === "execute" && proposal.eta > BigInt(timestamp))
        throw notNow(proposal, `it can be executed, at ${dateOf(proposal.eta)}`);
      const lines = [...proposalLines(proposal), ...decisionLines(decision)];
      if (options.dryRun) {
        const text = [`nothing was sent; this would ${what} proposal ${id}`, ...lines].join("\n");
        printResult({ dryRun: true, proposal: id, ...decisionJson(decision) }, { ...options, text });
        return;
      }
      if (what === "execute" && "refused" in decision.outcome)
        throw new HoldfastError("chain", decision.outcome.refused);
      if (!options.json) printNote(lines.join("\n"), false);
      await agree(`${what} proposal ${id}: ${decision.does.join("; ")}`, options);
      const sent = await take(chain, dao, id);
      const { eta, state: now } = await readProposal(chain, dao, id);
      const events = sent.events.map(({ name, args }) => ({ name, args }));
      const value = {
        proposal: id,
        state: now,
        ...(what === "queue" ? { eta, date: dateOf(eta) } : { events }),
      };
      printResult({ ...value, gas: sent.gas, transaction: sent.hash }, options);
    });
}

const tooLate = ({ id, state }: Proposal): HoldfastError =>
  new HoldfastError("chain", `proposal ${id} is ${state}: it can be canceled only before one can vote`, {
    proposal: id,
    state,
  });

function notNow({ id, state }: Proposal, when: string): HoldfastError {
  const message = `proposal ${id} is ${state}: wait until ${when}, if it ever can; \`governance show ${id}\` says when`;
  return new HoldfastError("chain", message, { proposal: id, state });
}

function showCommand(id: bigint | undefined, options: DaoOptions & { most: number }): Promise<void> {
  return withDaoOf(options, async (chain, dao) => {
    if (id !== undefined) {
      const proposal = await readProposal(chain, dao, id);
      const decision = await decide(chain, dao, proposal);
      const text = [...proposalLines(proposal), ...decisionLines(decision)].join("\n");
      printResult({ ...proposalJson(proposal), ...decisionJson(decision) }, { ...options, text });
      return;
    }
    const rules = await dao.rules();
    const { governor, votes, timelock } = dao;
    const proposals = await Promise.all(
      (await proposalIds(dao, options.most)).map((each) => readProposal(chain, dao, each)),
    );
    const text = [
      `the governor ${governor} decides by the votes ${votes} for its timelock ${timelock}, the manager:`,
      ...rulesInWords(rules),
      ...proposals.flatMap(proposalLines),
    ].join("\n");
    printResult(
      { governor, votes, timelock, rules, proposals: proposals.map(proposalJson) },
      { ...options, text },
    );
  });
}

async function decide(
  chain: Chain,
  dao: OpenDao,
  proposal: Pick<Proposal, "calls"> | Proposal,
): Promise<Decision> {
  const now = BigInt((await chain.block()).timestamp);
  const time = earliestExecution(await dao.rules(), "id" in proposal ? proposal : undefined, now);
  return decisionOf(chain, { sender: dao.timelock, calls: proposal.calls, places: dao.places, time });
}

const withDaoOf = (options: DaoOptions, use: (chain: Chain, dao: OpenDao) => Promise<void>): Promise<void> =>
  withChain(options, async (chain) => use(chain, await openDao(chain, options.governor)));

// ---------------------------------------------------------------------------------------------------------------- words

function proposalLines({
  id,
  state,
  proposer,
  snapshot,
  deadline,
  eta,
  tally,
  quorum,
  isDescribed,
}: Proposal): string[] {
  return [
    `proposal ${id} of ${proposer}: ${state}`,
    ...(isDescribed
      ? []
      : ["   warning: its text on the chain is not the one that its calldata gives; believe what follows"]),
    `   votes are those of ${dateOf(snapshot)}; one can vote until ${dateOf(deadline)}`,
    `   for ${formatAmount(tally.for, DECIMALS)}, against ${formatAmount(tally.against, DECIMALS)}, abstaining ${formatAmount(tally.abstain, DECIMALS)}${quorum === undefined ? "" : `; it needs ${formatAmount(quorum, DECIMALS)} for it or abstaining`}`,
    ...(eta === 0n ? [] : [`   can be executed from ${dateOf(eta)} on`]),
  ];
}

function proposalJson({ id, calls, quorum, ...rest }: Proposal): object {
  return { proposal: id, ...rest, quorum: quorum ?? null, calls };
}

// ------------------------------------------------------------------------------------------------------------ arguments

function choiceArgument(command: Command) {
  return command.createArgument("<choice>", "for, against or abstain").choices(CHOICES);
}

function proposalNumber(text: string): bigint {
  if (!/^\d{1,78}$/.test(text)) throw new InvalidArgumentError("expected the number that `propose` printed");
  return BigInt(text);
}
