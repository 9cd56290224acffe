/**
 * `challenge`: asks a vNode for a proof on demand, shows how it went, and ends what was not answered.
 */
import type { Command } from "commander";
import type { Chain, Sent } from "../chain.ts";
import { agree, formatAmount, parseAmount, printResult } from "../output.ts";
import type { ChallengeRecord } from "../records.ts";
import { chainCommand, group, id, natural, spendingCommand, withChain, type ChainOptions } from "./common.ts";

interface MakeOptions extends ChainOptions {
  readonly segment?: number;
  readonly maxBond: string;
}

/** IChallenges.Status. */
const STATUS = ["none", "open", "answered", "failed", "void"] as const;
/** A challenge of epoch e is answered before epoch e + 3 (IChallenges). */
const RESPONSE_EPOCHS = 3n;

export function addChallengeCommands(program: Command): void {
  const challenge = group(program, "challenge", "who doubts a vNode: ask for a proof on demand, with a bond");
  spendingCommand(challenge, "make", "challenges all that a vNode holds, or one of its segments")
    .argument("<vnode>", "id of the vNode", id)
    .requiredOption("--max-bond <amount>", "the most to put up, in tokens: lost if the node answers")
    .option("--segment <serial>", "only this segment", natural)
    .action(make);
  spendingCommand(challenge, "expire", "ends a challenge that was not answered in time: pays the challenger")
    .argument("<challenge>", "its id", id)
    .action(expire);
  chainCommand(challenge, "show", "shows a challenge and what became of it")
    .argument("<challenge>", "its id", id)
    .action(show);
}

function make(vNode: bigint, { segment, maxBond, ...options }: MakeOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const most = parseAmount(maxBond, chain.decimals);
    const what = segment === undefined ? `vNode ${vNode}` : `segment ${segment} of vNode ${vNode}`;
    await agree(`challenge ${what} with a bond of at most ${maxBond} ${chain.symbol}`, options);
    const sent =
      segment === undefined
        ? await chain.send("challenges", "challenge", [vNode, most])
        : await chain.send("challenges", "challengeSegment", [vNode, segment, most]);
    const made = eventOf(sent, "Challenged");
    const { bond, epoch } = made["challenge"] as unknown as ChallengeRecord;
    const result = {
      challenge: made["id"],
      vNode,
      node: made["node"],
      bond,
      answerBefore: epoch + RESPONSE_EPOCHS,
    };
    printResult({ ...result, transaction: sent.hash }, options);
  });
}

function expire(challenge: bigint, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    await agree(`end challenge ${challenge}, which nobody answered in time`, options);
    const sent = await chain.send("challenges", "expire", [challenge]);
    const isVoid = sent.events.some(({ name }) => name === "Voided");
    const { taken = 0n, reward = 0n } = isVoid ? {} : eventOf(sent, "Failed");
    printResult(
      { challenge, status: isVoid ? "void" : "failed", taken, reward, transaction: sent.hash },
      options,
    );
  });
}

function show(challenge: bigint, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const c = await chain.read<ChallengeRecord>("challenges", "challengeOf", [challenge]);
    const { vNode, node, epoch, challenger, bond, start, leaves } = c;
    const status = STATUS[Number(c.status)];
    const answerBefore = epoch + RESPONSE_EPOCHS;
    const result = { challenge, vNode, node, status, epoch, answerBefore, challenger, bond, start, leaves };
    printResult(result, { ...options, text: inWords(chain, challenge, c) });
  });
}

function inWords({ decimals, symbol }: Chain, challenge: bigint, c: ChallengeRecord): string {
  const range = `leaves ${c.start} to ${c.start + c.leaves - 1n} of vNode ${c.vNode}`;
  const bond = `${formatAmount(c.bond, decimals)} ${symbol}`;
  return `challenge ${challenge} of ${range}, node ${c.node}  bond ${bond}  ${STATUS[Number(c.status)]}, to be answered before epoch ${c.epoch + RESPONSE_EPOCHS}`;
}

function eventOf({ events }: Sent, wanted: string): Sent["events"][number]["args"] {
  return events.find(({ name }) => name === wanted)?.args ?? {};
}
