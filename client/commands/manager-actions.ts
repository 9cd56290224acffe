/**
 * `manager change-cluster | describe | add-vnodes | assign | standby | hand-over`: an account's actions as the manager of a
 * cluster. With --dry-run each shows what would change, and from when.
 */
import type { Command } from "commander";
import type { Chain, Sent } from "../chain.ts";
import { argumentsOf, encodeAction, NOBODY, type Action } from "../governance/actions.ts";
import type { Call } from "../governance/calls.ts";
import { handOverOf } from "../governance/hand-over.ts";
import { previewActions, previewJson, previewLines, type Preview } from "../governance/preview.ts";
import { simulate } from "../governance/simulate.ts";
import { calendarOf, dateOf, durationOf, startOf } from "../governance/time.ts";
import { agree, printNote, printResult } from "../output.ts";
import type { Outlook, VNodeRecord, VNodeState } from "../records.ts";
import { ACTION_SPECS, HAND_OVER } from "./action-specs.ts";
import type { CallSpec } from "./action-text.ts";
import {
  chainCommand,
  dryRunCommand,
  group,
  id,
  withChain,
  type ChainOptions,
  type DryRunOptions,
} from "./common.ts";

export function addManagerActions(manager: Command): void {
  const handOver = group(manager, HAND_OVER, "hands a cluster over to another manager, in two steps");
  for (const spec of ACTION_SPECS) {
    const parent = spec.group === HAND_OVER ? handOver : manager;
    const command = spec.define(dryRunCommand(parent, spec.name, spec.description));
    command.action(() => {
      const options = command.opts<DryRunOptions>();
      return withChain(options, async (chain) => {
        const args = command.processedArgs as unknown[];
        await carryOut(chain, await spec.actions(chain, args, options), options);
      });
    });
  }
  chainCommand(handOver, "show", "shows who is to take over a cluster, and from when that is possible")
    .argument("<cluster>", "id of the cluster", id)
    .action(showHandOver);
}

/** The same actions as calls of the Registry. */
export const ACTION_CALLS: readonly CallSpec[] = ACTION_SPECS.map((spec) => ({
  ...spec,
  calls: async (chain, args, options) =>
    (await spec.actions(chain, args, options)).map((action) => callOf(chain, action)),
}));

const callOf = ({ addresses }: Chain, action: Action): Call => ({
  to: addresses.registry,
  data: encodeAction(action),
});

async function carryOut(chain: Chain, actions: readonly Action[], options: DryRunOptions): Promise<void> {
  const { timestamp } = await chain.block();
  const previews = await previewActions(chain, actions, BigInt(timestamp));
  const lines = previewLines(previews);
  if (options.dryRun) {
    const sender = options.key === undefined ? await whoMay(chain, actions) : chain.account();
    await simulate(
      chain,
      sender,
      actions.map((action) => callOf(chain, action)),
    );
    const text = ["nothing was sent; this would:", ...lines].join("\n");
    printResult({ dryRun: true, sender, actions: previewJson(previews) }, { ...options, text });
    return;
  }
  if (!options.json) printNote(lines.join("\n"), false);
  await agree(previews.map(({ does }) => does).join("; "), options);
  const sent: Sent[] = [];
  for (const action of actions) sent.push(await chain.send("registry", action.name, argumentsOf(action)));
  await report(chain, previews, sent, options);
}

/** Who can do this: a dry run needs no key. */
async function whoMay(chain: Chain, [first]: readonly Action[]): Promise<string> {
  if (!first) return NOBODY;
  const { cluster } =
    first.name === "assign" ? await chain.read<VNodeRecord>("registry", "vNode", [first.vNode]) : first;
  const { manager, pendingManager } = await handOverOf(chain, cluster);
  return first.name === "acceptManager" ? pendingManager : manager;
}

// -------------------------------------------------------------------------------------------------------------- results

async function report(
  chain: Chain,
  previews: readonly Preview[],
  sent: readonly Sent[],
  options: ChainOptions,
): Promise<void> {
  const [preview] = previews;
  const events = sent.flatMap((one) => one.events);
  const valueOf = (event: string, argument: string): unknown =>
    events.find(({ name }) => name === event)?.args[argument];
  const transaction = sent.at(-1)?.hash;
  if (!preview) return;
  const { action } = preview;
  switch (action.name) {
    case "changeCluster": {
      const { cluster } = action;
      const fromEpoch = valueOf("ClusterChanged", "fromEpoch") as bigint;
      const begins = startOf(await calendarOf(chain), fromEpoch);
      printResult({ cluster, fromEpoch, fromDate: dateOf(begins), transaction }, options);
      return;
    }
    case "describeCluster":
      printResult({ cluster: action.cluster, metadata: action.metadata, transaction }, options);
      return;
    case "proposeManager": {
      const { text, ...state } = await handOverInWords(chain, action.cluster);
      printResult({ ...state, transaction }, { ...options, text: `${text}\ntransaction ${transaction}` });
      return;
    }
    case "acceptManager":
      printResult({ cluster: action.cluster, manager: chain.account(), transaction }, options);
      return;
    case "addVNodes": {
      const vNodes = events.filter(({ name }) => name === "VNodeAdded").map(({ args }) => args["vNode"]);
      printResult({ cluster: action.cluster, vNodes, transaction }, options);
      return;
    }
    case "assign": {
      const fromEpoch = valueOf("NodeAssigned", "fromEpoch") as bigint;
      await reportAssignment(chain, { ...action, fromEpoch, transaction }, options);
      return;
    }
    case "addStandby":
    case "removeStandby": {
      const { cluster } = action;
      printResult(
        { cluster, standby: await chain.read<bigint[]>("registry", "standby", [cluster]) },
        options,
      );
    }
  }
}

interface Assigned {
  readonly vNode: bigint;
  readonly node: bigint;
  readonly fromEpoch: bigint;
  readonly transaction: string | undefined;
}

async function reportAssignment(
  chain: Chain,
  { vNode, node, fromEpoch, transaction }: Assigned,
  options: ChainOptions,
): Promise<void> {
  const now = await chain.read<Outlook>("audits", "outlook", [vNode]);
  const { nextUntil } = await chain.read<VNodeState>("audits", "state", [vNode]);
  const waits = now.successor !== 0n;
  const text = waits
    ? `from epoch ${fromEpoch} until epoch ${nextUntil - 1n}, node ${node} may prove that it has the data of vNode ${vNode}; it is responsible from the epoch after that proof; until then node ${now.node} stays responsible, and nothing can be stored`
    : `${now.node === 0n ? "no node" : `node ${now.node}`} is responsible for vNode ${vNode} in the next epoch${now.handingOver ? ", and is paid from its first proof on" : ""}`;
  const result = { vNode, node, fromEpoch, responsible: now.node, successor: now.successor };
  printResult({ ...result, ...(waits && { until: nextUntil }), transaction }, { ...options, text });
}

// ------------------------------------------------------------------------------------------------------------ hand-over

function showHandOver(cluster: bigint, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const { text, ...state } = await handOverInWords(chain, cluster);
    printResult(state, { ...options, text });
  });
}

async function handOverInWords(chain: Chain, cluster: bigint) {
  const state = await handOverOf(chain, cluster);
  const { manager, pendingManager, acceptableFrom, time, seconds } = state;
  if (pendingManager === NOBODY)
    return {
      cluster,
      manager,
      pendingManager: null,
      text: `cluster ${cluster} is managed by ${manager}, and offered to nobody`,
    };
  const since =
    seconds === 0n
      ? "which it can accept now"
      : `which it can accept from epoch ${acceptableFrom} on, at ${dateOf(time)}, in ${durationOf(seconds)}`;
  const text = `cluster ${cluster} is managed by ${manager}, and offered to ${pendingManager}, ${since}`;
  return { cluster, manager, pendingManager, acceptableFrom, date: dateOf(time), secondsLeft: seconds, text };
}
