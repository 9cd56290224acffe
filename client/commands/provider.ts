/**
 * `provider`: registers nodes, puts up their bonds, says whom to trust, and takes out what was earned.
 */
import type { Command } from "commander";
import { parseAddress } from "../chain.ts";
import { agree, formatAmount, parseAmount, printResult } from "../output.ts";
import type { BondRecord, NodeRecord, VNodeState } from "../records.ts";
import { addAccountCommands } from "./accounts.ts";
import {
  chainCommand,
  count,
  group,
  id,
  spendingCommand,
  toggle,
  topUp,
  units,
  withChain,
  type ChainOptions,
} from "./common.ts";

interface NodeOptions extends ChainOptions {
  readonly operator?: string;
  readonly url?: string;
  readonly capacity?: number;
  readonly rent?: bigint;
  readonly metadata?: string;
}

type RegisterOptions = NodeOptions & Required<Pick<NodeOptions, "operator" | "url" | "capacity" | "rent">>;

const OPERATOR = ["--operator <address>", "signs acceptances and sends proofs; may move no money"] as const;
const URL_OPTION = ["--url <url>", "where the node serves applications"] as const;
const CAPACITY = ["--capacity <leaves>", "leaves of 496 bytes that the node offers"] as const;
const RENT = ["--rent <units>", "token units per 1e18 leaves and epoch"] as const;
const METADATA = ["--metadata <text>", "whatever others should know, at most 512 bytes"] as const;

export function addProviderCommands(program: Command): void {
  const provider = group(program, "provider", "who owns nodes: register, bond, trust, earn");
  spendingCommand(provider, "register-node", "registers a node of this account")
    .requiredOption(...OPERATOR)
    .requiredOption(...URL_OPTION)
    .requiredOption(...CAPACITY, count)
    .requiredOption(...RENT, units)
    .option(...METADATA)
    .action(registerNode);
  spendingCommand(provider, "update", "changes a node; what is not given stays as it is")
    .argument("<node>", "id of the node", id)
    .option(...OPERATOR)
    .option(...URL_OPTION)
    .option(...CAPACITY, count)
    .option(...RENT, units)
    .option(...METADATA)
    .action(updateNode);
  spendingCommand(provider, "bond", "puts up collateral for a node, from the account and then the wallet")
    .argument("<node>", "id of the node", id)
    .argument("<amount>", "in tokens")
    .action(bond);
  spendingCommand(provider, "unbond", "asks for collateral back: slashable until the delay is over")
    .argument("<node>", "id of the node", id)
    .argument("<amount>", "in tokens")
    .action(unbond);
  spendingCommand(provider, "release", "moves collateral whose delay is over to the account")
    .argument("<node>", "id of the node", id)
    .action((node: bigint, options: ChainOptions) =>
      withChain(options, async (chain) => {
        await agree(`release the bond of node ${node} to its provider's account`, options);
        const { hash } = await chain.send("ledger", "releaseBond", [node]);
        printResult({ node, transaction: hash }, options);
      }),
    );
  spendingCommand(provider, "trust", "lets a manager assign this account's nodes, or no longer")
    .argument("<manager>", "address of the manager")
    .argument("[state]", "on or off", toggle, true)
    .action(trust);
  spendingCommand(provider, "pause", "declares maintenance of a vNode: nothing is asked and nothing paid")
    .argument("<vnode>", "id of the vNode", id)
    .requiredOption("--epochs <n>", "from the next one on, or longer than declared before", count)
    .action(pause);
  spendingCommand(
    provider,
    "leave",
    "announces that the node leaves a vNode; once more, after the notice: leaves it",
  )
    .argument("<vnode>", "id of the vNode", id)
    .action(leave);
  chainCommand(provider, "node", "shows a node and its bond")
    .argument("<node>", "id of the node", id)
    .action(showNode);
  addAccountCommands(provider);
}

function registerNode(options: RegisterOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const { operator, url, capacity, rent } = options;
    const order = [parseAddress(operator), nodeUrl(url), capacity, rent, options.metadata ?? ""];
    await agree(`register a node at ${url} with ${capacity} leaves for ${chain.account()}`, options);
    const { events, hash } = await chain.send("registry", "registerNode", order);
    const node = events.find(({ name }) => name === "NodeRegistered")?.args["node"];
    printResult({ node, transaction: hash }, options);
  });
}

function updateNode(node: bigint, options: NodeOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const now = await chain.read<NodeRecord>("registry", "node", [node]);
    const order = [
      node,
      options.operator === undefined ? now.operator : parseAddress(options.operator),
      options.url === undefined ? now.url : nodeUrl(options.url),
      options.capacity ?? now.capacity,
      options.rent ?? now.rent,
      options.metadata ?? now.metadata,
    ];
    await agree(`change node ${node}`, options);
    const { hash } = await chain.send("registry", "updateNode", order);
    printResult({ node, transaction: hash }, options);
  });
}

function bond(node: bigint, text: string, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const amount = parseAmount(text, chain.decimals);
    await topUp(chain, amount, `bond ${text} ${chain.symbol} for node ${node}`, options);
    const { hash } = await chain.send("ledger", "bond", [node, amount]);
    printResult({ node, bonded: amount, transaction: hash }, options);
  });
}

function unbond(node: bigint, text: string, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const amount = parseAmount(text, chain.decimals);
    await agree(`ask for ${text} ${chain.symbol} of the bond of node ${node} back`, options);
    const { hash } = await chain.send("ledger", "requestUnbond", [node, amount]);
    const { releaseAt } = await chain.read<BondRecord>("ledger", "bondOf", [node]);
    printResult(
      { node, unbonding: amount, releaseAt: new Date(Number(releaseAt) * 1000), transaction: hash },
      options,
    );
  });
}

function trust(manager: string, trusted: boolean, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const address = parseAddress(manager);
    await agree(
      `${trusted ? "let" : "no longer let"} ${address} assign the nodes of ${chain.account()}`,
      options,
    );
    const { hash } = await chain.send("registry", "trust", [address, trusted]);
    printResult({ manager: address, trusted, transaction: hash }, options);
  });
}

function pause(vNode: bigint, { epochs, ...options }: ChainOptions & { epochs: number }): Promise<void> {
  return withChain(options, async (chain) => {
    await agree(`pause vNode ${vNode} for ${epochs} epochs, unpaid`, options);
    const { events, hash } = await chain.send("audits", "pause", [vNode, epochs]);
    const { from, end } = events.find(({ name }) => name === "Paused")?.args ?? {};
    printResult({ vNode, fromEpoch: from, endEpoch: end, transaction: hash }, options);
  });
}

function leave(vNode: bigint, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const { node } = await chain.read<VNodeState>("audits", "state", [vNode]);
    const announced = await chain.read<{ node: bigint; epoch: bigint }>("audits", "leaveOf", [vNode]);
    if (node !== 0n && announced.node === node) {
      await agree(`let node ${node} leave vNode ${vNode}`, options);
      const { events, hash } = await chain.send("audits", "leave", [vNode]);
      const fromEpoch = events.find(({ name }) => name === "Left")?.args["fromEpoch"];
      printResult({ vNode, node, left: true, fromEpoch, transaction: hash }, options);
      return;
    }
    await agree(`announce that node ${node} will leave vNode ${vNode}`, options);
    const { events, hash } = await chain.send("audits", "announceLeave", [vNode]);
    const fromEpoch = events.find(({ name }) => name === "LeaveAnnounced")?.args["epoch"];
    printResult({ vNode, node, left: false, fromEpoch, transaction: hash }, options);
  });
}

function showNode(node: bigint, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const record = await chain.read<NodeRecord>("registry", "node", [node]);
    const { total, locked, unbonding } = await chain.read<BondRecord>("ledger", "bondOf", [node]);
    const amount = (value: bigint): string => `${formatAmount(value, chain.decimals)} ${chain.symbol}`;
    const shown = { node, ...record, bond: total, locked, unbonding };
    const text = `node ${node} of ${record.provider} at ${record.url}\nleaves ${record.used} of ${record.capacity}\nbond ${amount(total)}, locked ${amount(locked)}, asked back ${amount(unbonding)}`;
    printResult(shown, { ...options, text });
  });
}

/** The node checks who asks for what, not over which protocol: http and https both do. */
function nodeUrl(text: string): string {
  const url = URL.parse(text);
  if (url && (url.protocol === "http:" || url.protocol === "https:")) return text;
  throw new RangeError(`"${text}" is not an address: give http://HOST:PORT or https://HOST`);
}
