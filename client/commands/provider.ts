/**
 * `provider`: registers nodes, puts up their bonds, limits what their operators may do, and names trusted managers. The
 * commands about a node's vNodes are in provider-vnodes.ts.
 */
import type { Command } from "commander";
import { parseAddress } from "../chain.ts";
import { nodeUrl } from "../node-url.ts";
import { agree, formatAmount, parseAmount, printResult } from "../output.ts";
import type { BondRecord, NodeRecord } from "../records.ts";
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
import { addNodeVNodeCommands } from "./provider-vnodes.ts";

interface NodeOptions extends ChainOptions {
  readonly operator?: string;
  readonly url?: string;
  readonly capacity?: number;
  readonly rent?: bigint;
  /** In tokens. */
  readonly lockPerEpoch?: string;
  readonly metadata?: string;
}

type RegisterOptions = NodeOptions &
  Required<Pick<NodeOptions, "operator" | "url" | "capacity" | "rent" | "lockPerEpoch">>;

const OPERATOR = [
  "--operator <address>",
  "account that signs acceptances and sends proofs; it cannot move money",
] as const;
const URL_OPTION = ["--url <url>", "address at which applications reach the node"] as const;
const CAPACITY = ["--capacity <leaves>", "leaves of 496 bytes that the node offers"] as const;
const RENT = [
  "--rent <units>",
  "price that the node asks, in token units per 1e18 leaves and epoch; its operator cannot accept a higher one",
] as const;
const LOCK_PER_EPOCH = [
  "--lock-per-epoch <amount>",
  "the most of the bond that acceptances may lock in one epoch, in tokens: it limits what a thief of the operator's key can do",
] as const;
/** Given to propose-provider instead of an address. */
const NOBODY = "nobody";
const ZERO = `0x${"00".repeat(20)}`;
const METADATA = ["--metadata <text>", "text for others to read, at most 512 bytes"] as const;

export function addProviderCommands(program: Command): void {
  const provider = group(program, "provider", "owns nodes: register them, put up bonds, trust managers");
  spendingCommand(provider, "register-node", "registers a node of this account")
    .requiredOption(...OPERATOR)
    .requiredOption(...URL_OPTION)
    .requiredOption(...CAPACITY, count)
    .requiredOption(...RENT, units)
    .requiredOption(...LOCK_PER_EPOCH)
    .option(...METADATA)
    .action(registerNode);
  spendingCommand(provider, "update", "changes a node; settings that are not given stay")
    .argument("<node>", "id of the node", id)
    .option(...OPERATOR)
    .option(...URL_OPTION)
    .option(...CAPACITY, count)
    .option(...RENT, units)
    .option(...LOCK_PER_EPOCH)
    .option(...METADATA)
    .action(updateNode);
  spendingCommand(provider, "bond", "puts up a bond for a node, from the account and then from the wallet")
    .argument("<node>", "id of the node", id)
    .argument("<amount>", "in tokens")
    .action(bond);
  spendingCommand(
    provider,
    "unbond",
    "asks for a part of the bond back; it can be slashed until the delay is over",
  )
    .argument("<node>", "id of the node", id)
    .argument("<amount>", "in tokens")
    .action(unbond);
  spendingCommand(provider, "release", "moves the part of the bond whose delay is over to the account")
    .argument("<node>", "id of the node", id)
    .action((node: bigint, options: ChainOptions) =>
      withChain(options, async (chain) => {
        await agree(`release the bond of node ${node} to its provider's account`, options);
        const { hash } = await chain.send("ledger", "releaseBond", [node]);
        printResult({ node, transaction: hash }, options);
      }),
    );
  spendingCommand(
    provider,
    "trust",
    "allows a manager to assign this account's nodes, or no longer allows it",
  )
    .argument("<manager>", "address of the manager")
    .argument("[state]", "on or off", toggle, true)
    .action(trust);
  spendingCommand(
    provider,
    "revoke-acceptances",
    "makes all unused acceptances that the operator has signed invalid; stored segments stay",
  )
    .argument("<node>", "id of the node", id)
    .action(revokeAcceptances);
  spendingCommand(
    provider,
    "propose-provider",
    "offers a node, with its bond and future earnings, to another account, which can accept after the unbonding delay",
  )
    .argument("<node>", "id of the node", id)
    .argument("<provider>", `address of the other account, or "${NOBODY}" to take the offer back`)
    .action(proposeProvider);
  spendingCommand(provider, "accept-provider", "accepts a node that was offered to this account")
    .argument("<node>", "id of the node", id)
    .action(acceptProvider);
  addNodeVNodeCommands(provider);
  chainCommand(provider, "node", "shows a node and its bond")
    .argument("<node>", "id of the node", id)
    .action(showNode);
  addAccountCommands(provider);
}

function registerNode(options: RegisterOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const { operator, url, capacity, rent, lockPerEpoch } = options;
    const lock = parseAmount(lockPerEpoch, chain.decimals);
    const place = nodeUrl(url);
    const order = [parseAddress(operator), place, capacity, rent, lock, options.metadata ?? ""];
    await agree(
      `register a node at ${place} with ${capacity} leaves for ${chain.account()}, whose operator may lock ${lockPerEpoch} ${chain.symbol} of its bond per epoch`,
      options,
    );
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
      options.lockPerEpoch === undefined
        ? now.lockPerEpoch
        : parseAmount(options.lockPerEpoch, chain.decimals),
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
      `${trusted ? "allow" : "no longer allow"} ${address} to assign the nodes of ${chain.account()}`,
      options,
    );
    const { hash } = await chain.send("registry", "trust", [address, trusted]);
    printResult({ manager: address, trusted, transaction: hash }, options);
  });
}

function revokeAcceptances(node: bigint, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    await agree(`make all unused acceptances of node ${node} invalid`, options);
    const { events, hash } = await chain.send("registry", "revokeAcceptances", [node]);
    const revision = events.find(({ name }) => name === "AcceptancesRevoked")?.args["revision"];
    printResult({ node, revision, transaction: hash }, options);
  });
}

function proposeProvider(node: bigint, text: string, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const nobody = text === NOBODY;
    const provider = nobody ? ZERO : parseAddress(text);
    await agree(
      nobody ? `take back the offer of node ${node}` : `offer node ${node} and its bond to ${provider}`,
      options,
    );
    const { events, hash } = await chain.send("registry", "proposeProvider", [node, provider]);
    const at = events.find(({ name }) => name === "ProviderProposed")?.args["acceptableAt"];
    const acceptable = nobody ? {} : { acceptableAt: new Date(Number(at) * 1000) };
    printResult({ node, proposed: nobody ? null : provider, ...acceptable, transaction: hash }, options);
  });
}

function acceptProvider(node: bigint, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    await agree(`accept node ${node}, with its bond and its obligations, for ${chain.account()}`, options);
    const { hash } = await chain.send("registry", "acceptProvider", [node]);
    printResult({ node, provider: chain.account(), transaction: hash }, options);
  });
}

function showNode(node: bigint, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const record = await chain.read<NodeRecord>("registry", "node", [node]);
    const { total, locked, unbonding } = await chain.read<BondRecord>("ledger", "bondOf", [node]);
    const amount = (value: bigint): string => `${formatAmount(value, chain.decimals)} ${chain.symbol}`;
    const shown = { node, ...record, bond: total, locked, unbonding };
    const text = [
      `node ${node} of ${record.provider} at ${record.url}`,
      `leaves ${record.used} of ${record.capacity}`,
      `bond ${amount(total)}, locked ${amount(locked)}, being unbonded ${amount(unbonding)}`,
      `its operator ${record.operator} may lock ${amount(record.lockPerEpoch)} per epoch, and has revoked its acceptances ${record.revision} times`,
    ].join("\n");
    printResult(shown, { ...options, text });
  });
}
