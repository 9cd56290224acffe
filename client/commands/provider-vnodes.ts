/**
 * `provider`: what a provider does about a vNode that its node is responsible for: tops up its bond, pauses, leaves, and
 * gets back what was kept.
 */
import type { Command } from "commander";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Chain, Sent } from "../chain.ts";
import { agree, formatAmount, printResult } from "../output.ts";
import type { Outlook } from "../records.ts";
import { count, id, spendingCommand, withChain, type ChainOptions } from "./common.ts";

/** Of 90 days, a node may pause the 45th part (Parameters). */
const PAUSE_DIVISOR = 45n;

export function addNodeVNodeCommands(provider: Command): void {
  spendingCommand(
    provider,
    "top-up",
    "locks what a node lacks of the bond for a vNode: it is paid nothing while half of it is gone",
  )
    .argument("<vnode>", "id of the vNode", id)
    .action(topUp);
  spendingCommand(provider, "pause", "declares maintenance of a vNode: nothing is asked and nothing paid")
    .argument("<vnode>", "id of the vNode", id)
    .requiredOption("--epochs <n>", "from the next but one on, or longer than declared before", count)
    .action(pause);
  spendingCommand(
    provider,
    "leave",
    "announces that the node leaves a vNode: it proves for 4 more epochs, and is gone by itself then",
  )
    .argument("<vnode>", "id of the vNode", id)
    .action(leave);
  spendingCommand(provider, "unlock", "frees what was kept of a node's bond after it had left a vNode")
    .argument("<vnode>", "id of the vNode", id)
    .argument("<node>", "id of the node", id)
    .action(unlock);
}

function topUp(vNode: bigint, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const node = await responsibleFor(chain, vNode);
    await agree(`lock what node ${node} lacks of the bond for vNode ${vNode}, of what it has free`, options);
    const sent = await chain.send("audits", "topUp", [vNode]);
    const locked = (argument(sent, "ToppedUp", "amount") as bigint | undefined) ?? 0n;
    const text =
      locked === 0n
        ? `node ${node} lacks nothing of the bond for vNode ${vNode}`
        : `node ${node} has ${amount(chain, locked)} more locked for vNode ${vNode}`;
    printResult({ vNode, node, locked, transaction: sent.hash }, { ...options, text });
  });
}

function pause(vNode: bigint, { epochs, ...options }: ChainOptions & { epochs: number }): Promise<void> {
  return withChain(options, async (chain) => {
    const node = await responsibleFor(chain, vNode);
    await agree(
      `pause vNode ${vNode} for ${epochs} epochs, unpaid, from the epoch after the next one on; the epochs before and after it are proven as always`,
      options,
    );
    const sent = await chain.send("audits", "pause", [vNode, epochs]);
    const { from, end, used } = await chain.read<Record<"from" | "end" | "used", bigint>>(
      "audits",
      "pauseOf",
      [vNode, node],
    );
    const left = (await pauseBudget(chain)) - used;
    const text = `vNode ${vNode} is paused from epoch ${from} until epoch ${end}, which is proven again; ${left} epochs are left of those that it may pause in the 90 days until then`;
    const result = { vNode, node, fromEpoch: from, endEpoch: end, used, left, transaction: sent.hash };
    printResult(result, { ...options, text });
  });
}

async function pauseBudget(chain: Chain): Promise<bigint> {
  const quarter = await chain.read<bigint>("audits", "quarterEpochs");
  return (quarter + PAUSE_DIVISOR - 1n) / PAUSE_DIVISOR;
}

function leave(vNode: bigint, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const node = await responsibleFor(chain, vNode);
    await agree(
      `announce that node ${node} leaves vNode ${vNode}: it must prove each of the next 4 epochs, and cannot take that back`,
      options,
    );
    const sent = await chain.send("audits", "announceLeave", [vNode]);
    const fromEpoch = argument(sent, "LeaveAnnounced", "epoch") as bigint;
    const bondKeptUntil = fromEpoch + (await syncEpochs(chain, vNode));
    const text = [
      `node ${node} is asked no more from epoch ${fromEpoch} on, if it has proven the last epoch before; otherwise once it has proven one`,
      `its bond for vNode ${vNode} stays locked until another node has taken over, until epoch ${bondKeptUntil} at most: then \`provider unlock ${vNode} ${node}\``,
    ].join("\n");
    printResult({ vNode, node, fromEpoch, bondKeptUntil, transaction: sent.hash }, { ...options, text });
  });
}

async function syncEpochs(chain: Chain, vNode: bigint): Promise<bigint> {
  const { cluster } = await chain.read<{ cluster: bigint }>("registry", "vNode", [vNode]);
  const { params_ } = await chain.read<{ params_: { syncEpochs: bigint } }>("audits", "params", [cluster]);
  return params_.syncEpochs;
}

function unlock(vNode: bigint, node: bigint, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    await agree(`free what is kept of the bond of node ${node} for vNode ${vNode}`, options);
    const sent = await chain.send("audits", "unlockKept", [vNode, node]);
    const unlocked = (argument(sent, "BondUnlocked", "amount") as bigint | undefined) ?? 0n;
    const kept = await chain.read<{ amount: bigint; until: bigint }>("audits", "keptOf", [vNode, node]);
    const challenges = await chain.read<bigint>("challenges", "openAgainst", [vNode, node]);
    const result = { vNode, node, unlocked, kept: kept.amount, keptUntil: kept.until, challenges };
    const text =
      kept.amount === 0n
        ? `${amount(chain, unlocked)} of the bond of node ${node} are free`
        : `${amount(chain, kept.amount)} are kept: ${reasons(kept.until, challenges)}`;
    printResult({ ...result, transaction: sent.hash }, { ...options, text });
  });
}

function reasons(until: bigint, challenges: bigint): string {
  return [
    ...(challenges > 0n ? [`${challenges} challenges are open`] : []),
    ...(until > 0n ? [`nobody has taken over yet, which is waited for until epoch ${until} at most`] : []),
  ].join(", and ");
}

async function responsibleFor(chain: Chain, vNode: bigint): Promise<bigint> {
  const { node } = await chain.read<Outlook>("audits", "outlook", [vNode]);
  if (node !== 0n) return node;
  throw new HoldfastError("not-found", `no node is responsible for vNode ${vNode}`, { vNode });
}

function argument({ events }: Sent, event: string, name: string): unknown {
  return events.find((one) => one.name === event)?.args[name];
}

const amount = ({ decimals, symbol }: Chain, units: bigint): string =>
  `${formatAmount(units, decimals)} ${symbol}`;
