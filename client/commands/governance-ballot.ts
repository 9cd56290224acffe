/**
 * `governance ballot move | support | enact | accept | show`: what the members of a manager with rules decide themselves.
 */
import { InvalidArgumentError, Option, type Command } from "commander";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Chain, Sent } from "../chain.ts";
import { decodeAction } from "../governance/actions.ts";
import { callOfMotion, motionWith, openBallot, type Ballot, type Motion } from "../governance/ballot.ts";
import { decisionJson, decisionLines, decisionOf, type Decision } from "../governance/decision.ts";
import { handOverOf } from "../governance/hand-over.ts";
import { calendarOf, dateOf, epochAt, startOf, type Calendar } from "../governance/time.ts";
import { agree, printNote, printResult } from "../output.ts";
import { callsOf } from "./action-text.ts";
import { chainCommand, dryRunCommand, group, withChain, type DryRunOptions } from "./common.ts";
import { ACTION_CALLS } from "./manager-actions.ts";

interface BallotOptions extends DryRunOptions {
  readonly manager: string;
}

export function addBallotCommands(governance: Command): void {
  const ballot = group(
    governance,
    "ballot",
    "members of a manager by reputation, nomination or proof of storage decide what no rule decides",
  );
  const withManager = (command: Command): Command =>
    command.addOption(
      new Option("--manager <address>", "the manager's address")
        .env("HOLDFAST_MANAGER")
        .makeOptionMandatory(),
    );
  const ofMotion = (name: string, description: string): Command =>
    withManager(dryRunCommand(ballot, name, description)).argument(
      "<motion>",
      "its id, or how that begins",
      motionStart,
    );
  withManager(dryRunCommand(ballot, "move", "opens a motion, and supports it"))
    .requiredOption(
      "--action <text>",
      'what to do, as "change-cluster 1 --odds 2": change-cluster, describe, hand-over propose or hand-over cancel, with what `manager` takes',
    )
    .action(moveCommand);
  ofMotion("support", "supports a motion with all of this account's weight")
    .option("--withdraw", "take the support back instead", false)
    .action(supportCommand);
  ofMotion("enact", "carries out what more than half of the weight supports; anyone can").action(
    enactCommand,
  );
  withManager(
    dryRunCommand(ballot, "accept", "has the manager take over the cluster that it was offered; anyone can"),
  ).action(acceptCommand);
  withManager(chainCommand(ballot, "show", "shows a motion, or all"))
    .argument("[motion]", "its id, or how that begins", motionStart)
    .action(showCommand);
}

const withBallot = (
  options: BallotOptions,
  use: (chain: Chain, ballot: Ballot) => Promise<void>,
): Promise<void> => withChain(options, async (chain) => use(chain, await openBallot(chain, options.manager)));

// -------------------------------------------------------------------------------------------------------------- motions

function moveCommand({ action, ...options }: BallotOptions & { action: string }): Promise<void> {
  return withBallot(options, async (chain, ballot) => {
    const calls = await callsOf(chain, [action], ACTION_CALLS);
    const [call, ...more] = calls.map(({ data }) => callOfMotion(ballot, decodeAction(data)));
    if (call === undefined || more.length > 0)
      throw new HoldfastError("bad-input", "a motion is about one action: move each of them");
    const moved = (await ballot.motions()).find((motion) => motion.call === call);
    if (moved && isOpen(moved))
      throw new HoldfastError("bad-input", `that is moved already: support the motion ${moved.id}`, {
        motion: moved.id,
      });
    await carryOut({
      ...{ chain, ballot, call, options },
      ...{ motion: moved, says: "open and support the motion", sends: "support" },
    });
  });
}

function supportCommand(
  start: string,
  { withdraw, ...options }: BallotOptions & { withdraw: boolean },
): Promise<void> {
  return withBallot(options, async (chain, ballot) => {
    const motion = motionWith(await ballot.motions(), start);
    const { call, id } = motion;
    const says = withdraw ? `take the support of motion ${id} back` : `support motion ${id}`;
    await carryOut({ chain, ballot, call, motion, options, says, sends: withdraw ? "withdraw" : "support" });
  });
}

function enactCommand(start: string, options: BallotOptions): Promise<void> {
  return withBallot(options, async (chain, ballot) => {
    const motion = motionWith(await ballot.motions(), start);
    if (motion.state === "open" || motion.state === "short")
      throw new HoldfastError("chain", motionLines(motion, await calendarOf(chain)).join("\n"), {
        motion: motion.id,
        state: motion.state,
      });
    const says = `carry out motion ${motion.id}`;
    await carryOut({ chain, ballot, call: motion.call, motion, options, says, sends: "enact" });
  });
}

interface Carrying {
  readonly chain: Chain;
  readonly ballot: Ballot;
  readonly call: string;
  /** What is known of it. undefined: nobody has moved it. */
  readonly motion: Motion | undefined;
  readonly options: BallotOptions;
  readonly says: string;
  readonly sends: "support" | "withdraw" | "enact";
}

async function carryOut({
  chain,
  ballot,
  call,
  motion: known,
  options,
  says,
  sends,
}: Carrying): Promise<void> {
  const decision = await decide(chain, ballot, call, known);
  const args = sends === "enact" ? [call] : [call, sends === "support"];
  const from = options.dryRun && options.key === undefined ? undefined : chain.account();
  if (sends === "enact" || from !== undefined)
    await ballot.check(sends === "enact" ? "enact" : "support", args, from ?? ballot.manager);
  const lines = decisionLines(decision);
  if (options.dryRun) {
    const text = [`nothing was sent; this would ${says}:`, ...lines].join("\n");
    printResult({ dryRun: true, would: says, ...decisionJson(decision) }, { ...options, text });
    return;
  }
  if (!options.json) printNote(lines.join("\n"), false);
  await agree(`${says}: ${decision.does.join("; ")}`, options);
  const sent = await (sends === "enact" ? ballot.enact(call) : ballot.support(call, sends === "support"));
  const motion = (await ballot.motions()).find((each) => each.call === call);
  const lasting = motion ? motionLines(motion, await calendarOf(chain)) : [];
  printResult(
    { ...(motion && motionJson(motion)), ...sentJson(sent) },
    { ...options, text: [...lasting, `transaction ${sent.hash}`].join("\n") },
  );
}

async function decide(
  chain: Chain,
  ballot: Ballot,
  call: string,
  motion: Motion | undefined,
): Promise<Decision> {
  const calendar = await calendarOf(chain);
  const now = BigInt((await chain.block()).timestamp);
  const opens = epochAt(calendar, now) + ballot.openEpochs;
  const from = startOf(calendar, motion && isOpen(motion) ? motion.from : opens);
  return decisionOf(chain, {
    sender: ballot.manager,
    calls: [{ to: chain.addresses.registry, data: call }],
    places: [],
    time: from > now ? from : now,
  });
}

function showCommand(start: string | undefined, options: BallotOptions): Promise<void> {
  return withBallot(options, async (chain, ballot) => {
    const { manager, cluster, manages } = ballot;
    const calendar = await calendarOf(chain);
    const motions = await ballot.motions();
    const shown = start === undefined ? motions : [motionWith(motions, start)];
    const all = await Promise.all(
      shown.map(async (motion) => ({ motion, decision: await decide(chain, ballot, motion.call, motion) })),
    );
    const text = [
      `the manager ${manager} ${manages ? "has" : "does not have"} cluster ${cluster}; ${motions.length} motions`,
      ...all.flatMap(({ motion, decision }) => [
        ...motionLines(motion, calendar),
        ...(start === undefined ? decision.does.map((does) => `   ${does}`) : decisionLines(decision)),
      ]),
    ].join("\n");
    const value = all.map(({ motion, decision }) => ({ ...motionJson(motion), ...decisionJson(decision) }));
    printResult({ manager, cluster, manages, motions: value }, { ...options, text });
  });
}

// ------------------------------------------------------------------------------------------------------- taking it over

function acceptCommand(options: BallotOptions): Promise<void> {
  return withBallot(options, async (chain, ballot) => {
    const { cluster, manager } = ballot;
    const { pendingManager, acceptableFrom, time, seconds } = await handOverOf(chain, cluster);
    if (pendingManager !== manager)
      throw new HoldfastError("chain", `cluster ${cluster} is not offered to the manager ${manager}`);
    if (seconds > 0n)
      throw new HoldfastError(
        "chain",
        `cluster ${cluster} can be accepted from epoch ${acceptableFrom} on, at ${dateOf(time)}`,
        { cluster, acceptableFrom },
      );
    const says = `have the manager ${manager} take over cluster ${cluster}`;
    if (options.dryRun) {
      await ballot.check("accept", [], manager);
      printResult(
        { dryRun: true, would: says },
        { ...options, text: `nothing was sent; this would ${says}` },
      );
      return;
    }
    await agree(says, options);
    printResult({ cluster, manager, ...sentJson(await ballot.accept()) }, options);
  });
}

// ---------------------------------------------------------------------------------------------------------------- words

const isOpen = ({ since }: Motion): boolean => since !== 0n;

function motionLines(
  { id, state, since, from, lapses, inFavour, all }: Motion,
  calendar: Calendar,
): string[] {
  if (since === 0n) return [`motion ${id} ${state === "enacted" ? "was carried out" : "has lapsed"}`];
  const date = (epoch: bigint): string => `epoch ${epoch}, ${dateOf(startOf(calendar, epoch))}`;
  const percent = all === 0n ? 0 : Number((1000n * inFavour) / all) / 10;
  const words = {
    open: `it can be carried out from ${date(from)}, if more than half is in favour then`,
    carried: "it can be carried out now",
    short: "more than half must be in favour before it can be carried out",
  };
  return [
    `motion ${id}: ${percent} % of the weight in favour, ${inFavour} of ${all}`,
    `   ${words[state as keyof typeof words]}; it lapses in ${date(lapses)}`,
  ];
}

const motionJson = ({ id, ...motion }: Motion): object => ({ motion: id, ...motion });

const sentJson = ({ gas, hash, events }: Sent): object => ({
  events: events.map(({ name, args }) => ({ name, args })),
  gas,
  transaction: hash,
});

function motionStart(text: string): string {
  if (!/^0x[0-9a-f]{4,64}$/i.test(text))
    throw new InvalidArgumentError("expected what `governance ballot show` prints: 0x and at least 4 digits");
  return text;
}
