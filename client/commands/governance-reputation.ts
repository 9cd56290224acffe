/**
 * `governance reputation create | join | leave | sample | crank | show`: a cluster's nodes are chosen by what they have
 * proven and were paid for.
 */
import { Option, type Command } from "commander";
import type { Chain } from "../chain.ts";
import {
  createReputation,
  dueSteps,
  isDue,
  openReputation,
  RULE_NAMES,
  sampleOf,
  STANDINGS,
  type Entry,
  type Reputation,
  type Rules,
} from "../governance/reputation-manager.ts";
import { agree, formatAmount, printNote, printResult } from "../output.ts";
import {
  chainCommand,
  count,
  dryRunCommand,
  group,
  id,
  units,
  withChain,
  type ChainOptions,
} from "./common.ts";

interface ManagerOptions extends ChainOptions {
  readonly manager: string;
  readonly dryRun?: boolean;
}

/** Serials in one call of sample. */
const PAGE = 64;
const MOST_STEPS = 16;

/** What each rule is, and its default; those without one depend on the token. */
const RULES: Readonly<Record<keyof Rules, readonly [description: string, standard?: bigint]>> = {
  period: ["a vNode is sampled in one epoch of so many", 24n],
  memoryEpochs: ["a score loses one part of so many in each epoch", 2160n],
  payerCap: ["the most that a payer counts for in an epoch of a vNode, in token units"],
  admitScore: ["score from which on a candidate becomes a member, in token units"],
  evictScore: ["score below which a member gets notice, in token units"],
  probation: ["epochs that a candidate serves at least", 168n],
  notice: ["epochs of a notice; at least audits.changeDelay", 720n],
  probationLeaves: ["leaves that a candidate's vNode may hold", 1_000_000n],
  bond: ["bond of each node, in token units"],
  members: ["the most members", 32n],
  founders: ["first members, for whom the score of --evict-score is enough", 4n],
  seats: ["the most vNodes of a member", 16n],
  vNodes: ["the most vNodes that are added for candidates", 64n],
  reward: ["token units for a decision that a caller brings about", 0n],
};

export function addReputationCommands(governance: Command): void {
  const reputation = group(
    governance,
    "reputation",
    "lets a cluster's nodes be chosen by what they have proven and were paid for",
  );
  const create = dryRunCommand(
    reputation,
    "create",
    "makes a manager for a cluster, to which it can be handed over",
  ).argument("<cluster>", "id of the cluster", id);
  for (const name of RULE_NAMES) create.addOption(ruleOption(name));
  create.action(createCommand);

  withManager(dryRunCommand(reputation, "join", "makes a node of this account a candidate"))
    .argument("<node>", "id of the node", id)
    .action(simple("join", (node) => `make node ${node} a candidate`));
  withManager(dryRunCommand(reputation, "leave", "takes a node of this account out"))
    .argument("<node>", "id of the node", id)
    .action(
      simple("quit", (node) => `take node ${node} out, which serves until others have taken its vNodes over`),
    );
  withManager(
    dryRunCommand(
      reputation,
      "take-up",
      "lets this account vote for a node that it has got from another one",
    ),
  )
    .argument("<node>", "id of the node", id)
    .action(simple("takeUp", (node) => `vote for node ${node} from the next epoch on`));
  withManager(
    dryRunCommand(
      reputation,
      "sample",
      "counts what a vNode is paid for, in an epoch that is drawn and proven",
    ),
  )
    .argument("<vnode>", "id of the vNode", id)
    .action(sampleCommand);
  withManager(
    dryRunCommand(reputation, "crank", "brings about the decisions that the rules say now; anyone can"),
  )
    .option("--most <n>", "how many decisions at most", count, MOST_STEPS)
    .action(crankCommand);
  withManager(chainCommand(reputation, "show", "shows the members and candidates with their scores")).action(
    showCommand,
  );
}

function withManager(command: Command): Command {
  return command.addOption(
    new Option("--manager <address>", "the manager's address").env("HOLDFAST_MANAGER").makeOptionMandatory(),
  );
}

function ruleOption(name: keyof Rules): Option {
  const [description, standard] = RULES[name];
  const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const option = new Option(`--${flag} <n>`, description).argParser(units);
  return standard === undefined ? option.makeOptionMandatory() : option.default(standard);
}

function withReputation(
  options: ManagerOptions,
  use: (chain: Chain, manager: Reputation) => Promise<void>,
): Promise<void> {
  return withChain(options, async (chain) => use(chain, await openReputation(chain, options.manager)));
}

/** Prints what would be done, or asks. @returns whether it is to be done */
async function wanted(
  what: string,
  value: object,
  options: ChainOptions & { dryRun?: boolean },
): Promise<boolean> {
  if (options.dryRun === true) {
    printResult({ dryRun: true, ...value }, { ...options, text: `nothing was sent; this would ${what}` });
    return false;
  }
  await agree(what, options);
  return true;
}

function createCommand(cluster: bigint, options: ManagerOptions & Rules): Promise<void> {
  return withChain(options, async (chain) => {
    const rules = Object.fromEntries(RULE_NAMES.map((name) => [name, options[name]])) as unknown as Rules;
    const what = `make a manager by reputation for cluster ${cluster}`;
    if (!(await wanted(what, { cluster, rules }, options))) return;
    const manager = await createReputation(chain, { cluster, rules }, (made, gas) =>
      printNote(`${made}: ${gas} gas`, options.json),
    );
    printResult({ manager, cluster, rules }, options);
  });
}

function simple(method: string, describe: (node: bigint) => string) {
  return (node: bigint, options: ManagerOptions): Promise<void> =>
    withReputation(options, async (_chain, manager) => {
      await manager.check(method, [node]);
      if (!(await wanted(describe(node), { node }, options))) return;
      const { hash, gas } = await manager.send(method, [node]);
      const { standing } = await manager.view<Entry>("entryOf", [node]);
      printResult({ node, standing: STANDINGS[Number(standing)], gas, transaction: hash }, options);
    });
}

function sampleCommand(vNode: bigint, options: ManagerOptions): Promise<void> {
  return withReputation(options, async (chain, manager) => {
    const { epoch, drawn, proven, serials } = await sampleOf(chain, manager, vNode);
    const facts = { vNode, epoch, drawn, proven, segments: serials.length };
    if (!drawn || !proven) {
      const why = drawn ? "is drawn, and not proven yet" : "is not drawn, and needs no sample";
      printResult({ ...facts, sampled: false }, { ...options, text: `epoch ${epoch} ${why}` });
      return;
    }
    await manager.check("sample", [vNode, serials.slice(0, PAGE)]);
    if (!(await wanted(`count ${serials.length} segments of vNode ${vNode}`, facts, options))) return;
    const { node } = await chain.read<{ node: bigint }>("audits", "state", [vNode]);
    const transactions: string[] = [];
    for (let at = 0; at < serials.length; at += PAGE)
      transactions.push((await manager.send("sample", [vNode, serials.slice(at, at + PAGE)])).hash);
    const score = await manager.view<bigint>("scoreOf", [node]);
    printResult({ ...facts, sampled: true, node, score, transactions }, options);
  });
}

function crankCommand(options: ManagerOptions & { most: number }): Promise<void> {
  return withReputation(options, async (chain, manager) => {
    const steps = (await dueSteps(chain, manager)).slice(0, options.most);
    const does = steps.map((step) => step.does);
    if (steps.length === 0) {
      printResult({ done: [] }, { ...options, text: "there is nothing to decide" });
      return;
    }
    if (!(await wanted(does.join("; "), { steps: does }, options))) return;
    const done: object[] = [];
    for (const step of steps) {
      // An earlier step may have decided this one, too.
      if (!(await isDue(manager, step))) continue;
      const { hash, gas } = await manager.send(step.method, step.args);
      done.push({ does: step.does, gas, transaction: hash });
    }
    printResult({ done }, options);
  });
}

function showCommand(options: ManagerOptions): Promise<void> {
  return withReputation(options, async (chain, manager) => {
    const total = await chain.read<bigint>("registry", "nodeCount");
    const nodes: { node: bigint; standing: string; score: bigint; noticeUntil: bigint; seats: bigint }[] = [];
    for (let node = 1n; node <= total; node++) {
      const { standing, noticeUntil, seats } = await manager.view<Entry>("entryOf", [node]);
      const score = await manager.view<bigint>("scoreOf", [node]);
      if (standing === 0n && score === 0n) continue;
      nodes.push({ node, standing: STANDINGS[Number(standing)] ?? "none", score, noticeUntil, seats });
    }
    const [neededScore, manages] = [
      await manager.view<bigint>("neededScore"),
      await manager.view<boolean>("manages"),
    ];
    const amount = (score: bigint): string => `${formatAmount(score, chain.decimals)} ${chain.symbol}`;
    const text = [
      `cluster ${manager.cluster}${manages ? "" : ", which another manager has"}; the next member needs a score of ${amount(neededScore)}`,
      ...nodes.map(
        ({ node, standing, score, noticeUntil, seats }) =>
          `node ${node}  ${standing}  score ${amount(score)}  vNodes ${seats}${noticeUntil === 0n ? "" : `  notice until epoch ${noticeUntil}`}`,
      ),
    ].join("\n");
    printResult({ cluster: manager.cluster, manages, neededScore, nodes }, { ...options, text });
  });
}
