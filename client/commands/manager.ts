/**
 * `manager`: creates clusters, adds their vNodes, decides which node serves which.
 */
import { randomBytes } from "node:crypto";
import { InvalidArgumentError, Option, type Command } from "commander";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Chain } from "../chain.ts";
import { agree, formatAmount, printResult } from "../output.ts";
import { defaultQuantumBits, quantumBitsOf, reachOf } from "../quantum.ts";
import type { ClusterParams, ClusterRecord, Outlook, VNodeRecord, VNodeState } from "../records.ts";
import {
  chainCommand,
  count,
  group,
  id,
  idOrNone,
  ids,
  natural,
  spendingCommand,
  units,
  withChain,
  type ChainOptions,
} from "./common.ts";

/** Places that there are for vNodes. */
const RING = 1n << 64n;
/** In the contract's order, with what each means and what it is by default. */
const PARAMS: readonly [name: keyof ClusterParams, description: string, standard: number | undefined][] = [
  ["odds", "a vNode is due in an epoch with probability 1 / odds", 1],
  [
    "window",
    "seconds from when its randomness is known in which a proof counts; default: all of them",
    undefined,
  ],
  ["grace", "misses in a row that cost only the epoch's pay", 1],
  ["maxMisses", "misses in a row that end the assignment", 3],
  [
    "slashMultiple",
    "epochs' rate that a miss beyond the grace costs; default: 5 times the odds, at most 100",
    undefined,
  ],
  [
    "faultMultiple",
    "epochs' rate that the last one costs on top; default: 10 times the odds, at most 1000",
    undefined,
  ],
  ["syncEpochs", "epochs that a node which takes over data has for its first proof", 3],
  [
    "bondEpochs",
    "epochs' rate that a node's bond covers; default: 30, or all that it can lose, if that is more",
    undefined,
  ],
  ["managerFee", "of what is paid, in 1/10,000", 200],
  ["auditFee", "of what is paid, in 1/10,000", 100],
  ["reporterShare", "of a slash, in 1/10,000", 1000],
];

type CreateOptions = ChainOptions &
  Partial<ClusterParams> & {
    readonly profileIndex: number;
    readonly beaconIndex: number;
    readonly quantum?: bigint;
    readonly metadata?: string;
  };

/** A cluster's newest terms. */
interface Announced {
  readonly params_: Readonly<Record<keyof ClusterParams, bigint>>;
  readonly profile: bigint;
  readonly beacon: bigint;
}

export function addManagerCommands(program: Command): void {
  const manager = group(program, "manager", "who runs a cluster: create it, add vNodes, assign nodes");
  const create = spendingCommand(
    manager,
    "create-cluster",
    "creates a cluster with this account as its manager",
  )
    .option("--profile-index <n>", "of the deployment's profiles", natural, 0)
    .option("--beacon-index <n>", "of the deployment's beacons", natural, 0)
    .option(
      "--quantum <units>",
      "prices per epoch are multiples of this, in token units, rounded down to a power of two, for good; default: as fine as lets a vNode be paid 1,000 tokens per epoch",
      units,
    )
    .option("--metadata <text>", "whatever others should know, at most 512 bytes");
  for (const [name, description, standard] of PARAMS) {
    const option = paramOption(name, description);
    create.addOption(standard === undefined ? option : option.default(standard));
  }
  create.action(createCluster);
  const change = spendingCommand(
    manager,
    "change-cluster",
    "announces new terms of a cluster, which hold after longer than it takes to leave; what is not given stays",
  )
    .argument("<cluster>", "id of the cluster", id)
    .option("--profile-index <n>", "of the deployment's profiles", natural)
    .option("--beacon-index <n>", "of the deployment's beacons", natural);
  for (const [name, description] of PARAMS) change.addOption(paramOption(name, description));
  change.action(changeCluster);

  spendingCommand(manager, "add-vnodes", "adds vNodes at places of the ring")
    .argument("<cluster>", "id of the cluster", id)
    .option("--tokens <list>", "64-bit places, separated by commas", parseTokens)
    .option("--count <n>", "so many, at random places", count)
    .action(addVNodes);
  spendingCommand(
    manager,
    "assign",
    "names the node that takes a vNode over: at once if it holds nothing, otherwise with its first proof, and until then the old one stays",
  )
    .argument("<vnode>", "id of the vNode", id)
    .argument("<node>", "id of the node; 0: nobody, which takes back who was named", idOrNone)
    .action(assign);
  spendingCommand(manager, "standby", "puts nodes in line to take over, or out of it")
    .argument("<cluster>", "id of the cluster", id)
    .argument("<nodes>", "ids of nodes, separated by commas", ids)
    .option("--remove", "out of the line", false)
    .action(changeStandby);
  spendingCommand(manager, "collect-fees", "shares out what a cluster's fees have brought")
    .argument("<cluster>", "id of the cluster", id)
    .action((cluster: bigint, options: ChainOptions) =>
      withChain(options, async (chain) => {
        await agree(`share out the fees of cluster ${cluster}`, options);
        const { events, hash } = await chain.send("ledger", "collectFees", [cluster]);
        const shares = events.find(({ name }) => name === "FeesCollected")?.args ?? {};
        printResult({ ...shares, cluster, transaction: hash }, options);
      }),
    );
  chainCommand(manager, "show", "shows a cluster, its vNodes and who serves them")
    .argument("<cluster>", "id of the cluster", id)
    .action(showCluster);
}

function createCluster(options: CreateOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const seconds = async (name: string): Promise<number> => Number(await chain.read<bigint>("audits", name));
    const longest = (await seconds("epochSeconds")) - (await seconds("margin"));
    const params = termsOf(options, longest);
    const { profileIndex, beaconIndex, quantum } = options;
    const bits = quantum === undefined ? defaultQuantumBits(chain.decimals) : quantumBitsOf(quantum);
    const reach = `${formatAmount(reachOf(bits), chain.decimals)} ${chain.symbol}`;
    await agree(
      `create a cluster managed by ${chain.account()}, whose prices are multiples of 2^${bits} token units for good: a vNode can be paid up to ${reach} per epoch`,
      options,
    );
    const order = [profileIndex, beaconIndex, bits, params, options.metadata ?? ""];
    const { events, hash } = await chain.send("registry", "createCluster", order);
    const cluster = events.find(({ name }) => name === "ClusterCreated")?.args["cluster"];
    printResult({ cluster, quantumBits: bits, quantum: 1n << BigInt(bits), transaction: hash }, options);
  });
}

/** Rarer audits cost more: each decides about more epochs' pay. */
function termsOf(options: CreateOptions, longest: number): ClusterParams {
  const { odds = 1, grace = 0, maxMisses = 1 } = options;
  const slashMultiple = options.slashMultiple ?? Math.min(100, 5 * odds);
  const faultMultiple = options.faultMultiple ?? Math.min(1000, 10 * odds);
  const most = (maxMisses - grace) * slashMultiple + faultMultiple;
  const derived = { slashMultiple, faultMultiple, window: longest, bondEpochs: Math.max(30, most) };
  return Object.fromEntries(
    PARAMS.map(([name, , standard]) => [
      name,
      options[name] ?? standard ?? derived[name as keyof typeof derived],
    ]),
  ) as unknown as ClusterParams;
}

function assign(vNode: bigint, node: bigint, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    await agree(await whatAssigningDoes(chain, vNode, node), options);
    const { events, hash } = await chain.send("registry", "assign", [vNode, node]);
    const fromEpoch = events.find(({ name }) => name === "NodeAssigned")?.args["fromEpoch"] as bigint;
    const now = await chain.read<Outlook>("audits", "outlook", [vNode]);
    const { nextUntil } = await chain.read<VNodeState>("audits", "state", [vNode]);
    const waits = now.successor !== 0n;
    const text = waits
      ? `node ${node} may prove from epoch ${fromEpoch} until epoch ${nextUntil - 1n} that it has what vNode ${vNode} holds, and is responsible from the epoch after that; until then node ${now.node} stays, and nothing is stored`
      : `node ${now.node === 0n ? "nobody" : now.node} is responsible for vNode ${vNode} in the next epoch${now.handingOver ? ", and is paid from its first proof on" : ""}`;
    const result = { vNode, node, fromEpoch, responsible: now.node, successor: now.successor };
    printResult({ ...result, ...(waits && { until: nextUntil }), transaction: hash }, { ...options, text });
  });
}

async function whatAssigningDoes(chain: Chain, vNode: bigint, node: bigint): Promise<string> {
  const { node: old, successor } = await chain.read<Outlook>("audits", "outlook", [vNode]);
  const { held } = await chain.read<VNodeRecord>("registry", "vNode", [vNode]);
  if (node === 0n) return `leave vNode ${vNode} to ${successor === 0n ? "nobody" : `node ${old}`}`;
  if (old === 0n || held === 0n) return `assign vNode ${vNode} to node ${node}`;
  return `name node ${node} for vNode ${vNode}: node ${old} stays until node ${node} has proven that it has the data, and nothing is stored until then`;
}

function paramOption(name: string, description: string): Option {
  const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return new Option(`--${flag} <n>`, description).argParser(natural);
}

function changeCluster(cluster: bigint, options: Partial<CreateOptions> & ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const newest = await chain.read<Announced>("audits", "announced", [cluster]);
    const params = Object.fromEntries(PARAMS.map(([name]) => [name, options[name] ?? newest.params_[name]]));
    const { profileIndex = newest.profile, beaconIndex = newest.beacon } = options;
    await agree(`announce new terms of cluster ${cluster}`, options);
    const order = [cluster, profileIndex, beaconIndex, params];
    const { events, hash } = await chain.send("registry", "changeCluster", order);
    const fromEpoch = events.find(({ name }) => name === "ClusterChanged")?.args["fromEpoch"];
    printResult({ cluster, fromEpoch, transaction: hash }, options);
  });
}

function addVNodes(
  cluster: bigint,
  options: ChainOptions & { tokens?: bigint[]; count?: number },
): Promise<void> {
  return withChain(options, async (chain) => {
    if ((options.tokens === undefined) === (options.count === undefined))
      throw new HoldfastError(
        "bad-input",
        "how many vNodes, or where? Give --count N or --tokens LIST, one of them",
      );
    const tokens =
      options.tokens ?? Array.from({ length: options.count ?? 0 }, () => randomBytes(8).readBigUInt64BE());
    await agree(`add ${tokens.length} vNodes to cluster ${cluster}`, options);
    const { events, hash } = await chain.send("registry", "addVNodes", [cluster, tokens]);
    const vNodes = events.filter(({ name }) => name === "VNodeAdded").map(({ args }) => args["vNode"]);
    printResult({ cluster, vNodes, transaction: hash }, options);
  });
}

function changeStandby(
  cluster: bigint,
  nodes: bigint[],
  options: ChainOptions & { remove: boolean },
): Promise<void> {
  return withChain(options, async (chain) => {
    const what = options.remove ? "take out of the line" : "put in line to take over";
    await agree(`${what} nodes ${nodes.join(", ")} in cluster ${cluster}`, options);
    for (const node of nodes)
      await chain.send("registry", options.remove ? "removeStandby" : "addStandby", [cluster, node]);
    printResult({ cluster, standby: await chain.read<bigint[]>("registry", "standby", [cluster]) }, options);
  });
}

function showCluster(cluster: bigint, options: ChainOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const { manager, profile, quantumBits } = await chain.read<ClusterRecord>("registry", "cluster", [
      cluster,
    ]);
    const { params_: params } = await chain.read<{ params_: object }>("audits", "params", [cluster]);
    const standby = await chain.read<bigint[]>("registry", "standby", [cluster]);
    const vNodes = await clusterVNodes(chain, cluster);
    const lines = vNodes.map(
      ({ vNode, node, successor, misses, rate, leaves }) =>
        `vNode ${vNode}  node ${node === 0n ? "-" : node}${successor === 0n ? "" : `, then node ${successor}`}  leaves ${leaves}  misses ${misses}  ${formatAmount(rate, chain.decimals)} ${chain.symbol} an epoch`,
    );
    const text = [
      `cluster ${cluster} of ${manager}, quantum 2^${quantumBits} token units, standby: ${standby.join(", ") || "none"}`,
      ...lines,
    ].join("\n");
    printResult({ cluster, manager, profile, quantumBits, params, standby, vNodes }, { ...options, text });
  });
}

interface ShownVNode extends Pick<VNodeState, "node" | "misses" | "rate"> {
  readonly vNode: number;
  readonly leaves: bigint;
  /** Who waits to take over; nobody: 0. */
  readonly successor: bigint;
}

async function clusterVNodes(chain: Chain, cluster: bigint): Promise<ShownVNode[]> {
  const total = Number(await chain.read<bigint>("registry", "vNodeCount"));
  const found: ShownVNode[] = [];
  for (let vNode = 1; vNode <= total; vNode++) {
    const record = await chain.read<VNodeRecord>("registry", "vNode", [vNode]);
    if (record.cluster !== cluster) continue;
    const { node, misses, rate } = await chain.read<VNodeState>("audits", "state", [vNode]);
    found.push({ vNode, node, misses, rate, leaves: record.held, successor: record.successor });
  }
  return found;
}

function parseTokens(text: string): bigint[] {
  return text.split(",").map((token) => {
    if (/^\d{1,20}$/.test(token) && BigInt(token) < RING) return BigInt(token);
    throw new InvalidArgumentError("expected numbers below 2^64, separated by commas");
  });
}
