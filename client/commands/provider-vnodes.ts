/**
 * `provider`: what a provider does for a vNode of its node: it tops up the bond, pauses, leaves, and unlocks the bond
 * afterwards.
 */
import type { Command } from "commander";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Chain, Sent } from "../chain.ts";
import { agree, formatAmount, printResult } from "../output.ts";
import type { Outlook } from "../records.ts";
import { count, id, spendingCommand, withChain, type ChainOptions } from "./common.ts";

/** A node may pause for 1/45 of any 90 days (Parameters). */
const PAUSE_DIVISOR = 45n;

export function addNodeVNodeCommands(provider: Command): void {
  spendingCommand(
    provider,
    "top-up",
    "locks the part that is missing of a node's bond for a vNode; the node is paid nothing while half is missing",
  )
    .argument("<vnode>", "id of the vNode", id)
    .action(topUp);
  spendingCommand(
    provider,
    "pause",
    "declares maintenance of a vNode: in these epochs nothing is asked or paid",
  )
    .argument("<vnode>", "id of the vNode", id)
    .requiredOption(
      "--epochs <n>",
      "number of epochs, from the next but one on; or a longer pause than declared before",
      count,
    )
    .action(pause);
  spendingCommand(
    provider,
    "leave",
    "announces that the node leaves a vNode: it must prove 4 more epochs, and is then released",
  )
    .argument("<vnode>", "id of the vNode", id)
    .action(leave);
  spendingCommand(
    provider,
    "unlock",
    "unlocks the part of a node's bond that stayed locked after it had left a vNode",
  )
    .argument("<vnode>", "id of the vNode", id)
    .argument("<node>", "id of the node", id)
    .action(unlock);
}

function topUp(vNode: bigint, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const node = await responsibleFor(chain, vNode);
    await agree(
      `lock the missing part of node ${node}'s bond for vNode ${vNode}, from its free bond`,
      options,
    );
    const sent = await chain.send("audits", "topUp", [vNode]);
    const locked = (argument(sent, "ToppedUp", "amount") as bigint | undefined) ?? 0n;
    const text =
      locked === 0n
        ? `nothing is missing of node ${node}'s bond for vNode ${vNode}`
        : `node ${node} has ${amount(chain, locked)} more locked for vNode ${vNode}`;
    printResult({ vNode, node, locked, transaction: sent.hash }, { ...options, text });
  });
}

function pause(vNode: bigint, { epochs, ...options }: ChainOptions & { epochs: number }): Promise<void> {
  return withChain(options, async (chain) => {
    const node = await responsibleFor(chain, vNode);
    await agree(
      `pause vNode ${vNode}, unpaid, for ${epochs} epochs from the epoch after the next one on; the node must prove the epochs before and after as usual`,
      options,
    );
    const sent = await chain.send("audits", "pause", [vNode, epochs]);
    const { from, end, used } = await chain.read<Record<"from" | "end" | "used", bigint>>(
      "audits",
      "pauseOf",
      [vNode, node],
    );
    const left = (await pauseBudget(chain)) - used;
    const text = `vNode ${vNode} is paused from epoch ${from} to epoch ${end - 1n}, and must prove epoch ${end} again; of the pauses allowed in 90 days, ${left} epochs are left`;
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
      `announce that node ${node} leaves vNode ${vNode}, which cannot be taken back: it must prove each of the next 4 epochs`,
      options,
    );
    const sent = await chain.send("audits", "announceLeave", [vNode]);
    const fromEpoch = argument(sent, "LeaveAnnounced", "epoch") as bigint;
    const bondKeptUntil = fromEpoch + (await syncEpochs(chain, vNode));
    const text = [
      `node ${node} is released from epoch ${fromEpoch} on, if it has proven the epoch before; otherwise after the next epoch that it proves`,
      `its bond for vNode ${vNode} stays locked until another node has taken over, and until epoch ${bondKeptUntil} at most: then run \`provider unlock ${vNode} ${node}\``,
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
    await agree(`unlock the bond of node ${node} that is still locked for vNode ${vNode}`, options);
    const sent = await chain.send("audits", "unlockKept", [vNode, node]);
    const unlocked = (argument(sent, "BondUnlocked", "amount") as bigint | undefined) ?? 0n;
    const kept = await chain.read<{ amount: bigint; until: bigint }>("audits", "keptOf", [vNode, node]);
    const challenges = await chain.read<bigint>("challenges", "openAgainst", [vNode, node]);
    const result = { vNode, node, unlocked, kept: kept.amount, keptUntil: kept.until, challenges };
    const text =
      kept.amount === 0n
        ? `${amount(chain, unlocked)} of node ${node}'s bond are unlocked`
        : `${amount(chain, kept.amount)} stay locked: ${reasons(kept.until, challenges)}`;
    printResult({ ...result, transaction: sent.hash }, { ...options, text });
  });
}

function reasons(until: bigint, challenges: bigint): string {
  return [
    ...(challenges > 0n ? [`${challenges} challenges are open`] : []),
    ...(until > 0n ? [`no other node has taken over yet, until epoch ${until} at most`] : []),
  ].join(", and ");
}

async function responsibleFor(chain: Chain, vNode: bigint): Promise<bigint> {
  const { node } = await chain.read<Outlook>("audits", "outlook", [vNode]);
  if (node !== 0n) return node;
  throw new HoldfastError("not-found", `no node is responsible for vNode ${vNode}: check its id`, { vNode });
}

function argument({ events }: Sent, event: string, name: string): unknown {
  return events.find((one) => one.name === event)?.args[name];
}

const amount = ({ decimals, symbol }: Chain, units: bigint): string =>
  `${formatAmount(units, decimals)} ${symbol}`;
