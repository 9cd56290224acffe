/**
 * `challenge`: asks a vNode for a proof on demand, shows the outcome, and ends challenges that were not answered.
 */
import type { Command } from "commander";
import { RESPONSE_EPOCHS } from "../../protocol/limits.ts";
import type { Chain, Sent } from "../chain.ts";
import { agree, formatAmount, parseAmount, printResult } from "../output.ts";
import { challengeBond, segmentRange, wholeRange } from "../ranges.ts";
import type { ChallengeRecord } from "../records.ts";
import { chainCommand, group, id, natural, spendingCommand, withChain, type ChainOptions } from "./common.ts";

interface MakeOptions extends ChainOptions {
  readonly segment?: number;
  readonly maxBond: string;
  readonly fromBlock: number;
}

/** IChallenges.Status. */
const STATUS = ["none", "open", "answered", "failed", "void", "dismissed"] as const;
const OPEN = 1;

export function addChallengeCommands(program: Command): void {
  const challenge = group(
    program,
    "challenge",
    "asks a vNode that you doubt for a proof on demand, with a bond",
  );
  spendingCommand(
    challenge,
    "make",
    "challenges all that a vNode stores, or one of its segments; an account can have one open challenge per vNode",
  )
    .argument("<vnode>", "id of the vNode", id)
    .requiredOption("--max-bond <amount>", "the most to put up, in tokens; lost if the node answers")
    .option("--segment <serial>", "number of the only segment to challenge", natural)
    .option(
      "--from-block <n>",
      "the deployment's first block, from which events tell where the segment is",
      natural,
      0,
    )
    .action(make);
  spendingCommand(
    challenge,
    "expire",
    "ends a challenge that was not answered in time, and pays the challenger",
  )
    .argument("<challenge>", "its id", id)
    .action(expire);
  chainCommand(challenge, "show", "shows a challenge and its outcome")
    .argument("<challenge>", "its id", id)
    .action(show);
}

function make(vNode: bigint, options: MakeOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const { segment, maxBond, fromBlock } = options;
    const most = parseAmount(maxBond, chain.decimals);
    const what = segment === undefined ? `vNode ${vNode}` : `segment ${segment} of vNode ${vNode}`;
    const { start, length } =
      segment === undefined
        ? await wholeRange(chain, vNode)
        : await segmentRange(chain, vNode, segment, fromBlock);
    const bond = `${formatAmount(await challengeBond(chain, vNode), chain.decimals)} ${chain.symbol}`;
    await agree(
      `challenge ${what}, ${length} quanta from ${start} on, with a bond of ${bond} now and at most ${maxBond} ${chain.symbol}, which is lost if the node answers`,
      options,
    );
    const sent = await chain.send("challenges", "challenge", [vNode, start, length, most]);
    const made = eventOf(sent, "Challenged");
    const record = made["challenge"] as unknown as ChallengeRecord;
    const challenge = made["id"] as bigint;
    const result = {
      challenge,
      vNode,
      node: made["node"],
      bond: record.bond,
      start,
      length,
      answerBefore: await answerBefore(chain, challenge, record),
    };
    printResult({ ...result, transaction: sent.hash }, options);
  });
}

/** The first epoch that is too late for an answer, by the pauses that are declared now. */
async function answerBefore(
  chain: Chain,
  challenge: bigint,
  { epoch, status }: ChallengeRecord,
): Promise<bigint> {
  if (Number(status) !== OPEN) return epoch + BigInt(RESPONSE_EPOCHS + 1);
  return (await chain.read<bigint>("challenges", "lastAnswer", [challenge])) + 1n;
}

function expire(challenge: bigint, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    await agree(`end challenge ${challenge}, which was not answered in time`, options);
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
    const { vNode, node, epoch, challenger, bond, start, length } = c;
    const status = STATUS[Number(c.status)];
    const before = await answerBefore(chain, challenge, c);
    const result = { challenge, vNode, node, status, epoch, answerBefore: before };
    const text = inWords(chain, challenge, { ...c, before });
    printResult({ ...result, challenger, bond, start, length }, { ...options, text });
  });
}

function inWords(
  { decimals, symbol }: Chain,
  challenge: bigint,
  c: ChallengeRecord & { before: bigint },
): string {
  const range = `quanta ${c.start} to ${c.start + c.length - 1n} of vNode ${c.vNode}`;
  const bond = `${formatAmount(c.bond, decimals)} ${symbol}`;
  return `challenge ${challenge} of ${range}, node ${c.node}  bond ${bond}  ${STATUS[Number(c.status)]}, to be answered before epoch ${c.before}`;
}

function eventOf({ events }: Sent, wanted: string): Sent["events"][number]["args"] {
  return events.find(({ name }) => name === wanted)?.args ?? {};
}
