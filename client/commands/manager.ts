/**
 * `manager`: creates clusters, adds vNodes to them, and assigns nodes to vNodes.
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

/** Number of places on a cluster's ring. */
const RING = 1n << 64n;
/** The parameters in the contract's order, each with its description and default. */
const PARAMS: readonly [name: keyof ClusterParams, description: string, standard: number | undefined][] = [
  ["odds", "a vNode is due in an epoch with probability 1 / odds", 1],
  [
    "window",
    "seconds for a proof, from when the epoch's randomness is known; default: until the epoch ends",
    undefined,
  ],
  ["grace", "misses in a row that cost no more than the epoch's pay", 1],
  ["maxMisses", "misses in a row that end the assignment", 3],
  [
    "slashMultiple",
    "penalty of a miss beyond the grace, as a number of epochs' pay; default: 5 times the odds, at most 100",
    undefined,
  ],
  [
    "faultMultiple",
    "further penalty of the last miss, as a number of epochs' pay; default: 10 times the odds, at most 1000",
    undefined,
  ],
  ["syncEpochs", "audits that a node which takes over data has for its first proof", 3],
  [
    "bondEpochs",
    "bond that a vNode locks, as a number of epochs' pay; default: 30, or all that penalties can take, if that is more",
    undefined,
  ],
  ["managerFee", "the manager's share of each payment, in 1/10,000", 200],
  ["auditFee", "the auditors' share of each payment, in 1/10,000", 100],
  ["reporterShare", "the reporter's share of each slash, in 1/10,000", 1000],
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
  const manager = group(program, "manager", "runs a cluster: create it, add vNodes, assign nodes");
  const create = spendingCommand(
    manager,
    "create-cluster",
    "creates a cluster with this account as its manager",
  )
    .option("--profile-index <n>", "number of the deployment's profile to use", natural, 0)
    .option("--beacon-index <n>", "number of the deployment's beacon to use", natural, 0)
    .option(
      "--quantum <units>",
      "unit of prices per epoch, in token units, rounded down to a power of two; cannot be changed later; default: the finest with which a vNode can be paid 1,000 tokens per epoch",
      units,
    )
    .option("--metadata <text>", "text for others to read, at most 512 bytes");
  for (const [name, description, standard] of PARAMS) {
    const option = paramOption(name, description);
    create.addOption(standard === undefined ? option : option.default(standard));
  }
  create.action(createCluster);
  const change = spendingCommand(
    manager,
    "change-cluster",
    "announces new terms of a cluster; they begin only after nodes have had time to leave; terms that are not given stay",
  )
    .argument("<cluster>", "id of the cluster", id)
    .option("--profile-index <n>", "number of the deployment's profile to use", natural)
    .option("--beacon-index <n>", "number of the deployment's beacon to use", natural);
  for (const [name, description] of PARAMS) change.addOption(paramOption(name, description));
  change.action(changeCluster);

  spendingCommand(manager, "add-vnodes", "adds vNodes at places of the cluster's ring")
    .argument("<cluster>", "id of the cluster", id)
    .option("--tokens <list>", "places, as numbers below 2^64, separated by commas", parseRingPlaces)
    .option("--count <n>", "number of vNodes to add at random places", count)
    .action(addVNodes);
  spendingCommand(
    manager,
    "assign",
    "assigns a node to a vNode: at once if the vNode stores nothing, otherwise with the node's first proof; the old node stays until then",
  )
    .argument("<vnode>", "id of the vNode", id)
    .argument("<node>", "id of the node; 0 takes the last assignment back", idOrNone)
    .action(assign);
  spendingCommand(manager, "standby", "adds nodes to the cluster's standby queue, or removes them")
    .argument("<cluster>", "id of the cluster", id)
    .argument("<nodes>", "ids of nodes, separated by commas", ids)
    .option("--remove", "remove the nodes instead", false)
    .action(changeStandby);
  spendingCommand(manager, "collect-fees", "pays out the fees that a cluster has collected")
    .argument("<cluster>", "id of the cluster", id)
    .action((cluster: bigint, options: ChainOptions) =>
      withChain(options, async (chain) => {
        await agree(`pay out the fees of cluster ${cluster}`, options);
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
      `create a cluster managed by ${chain.account()}, whose prices will always be multiples of 2^${bits} token units, so that a vNode can be paid up to ${reach} per epoch`,
      options,
    );
    const order = [profileIndex, beaconIndex, bits, params, options.metadata ?? ""];
    const { events, hash } = await chain.send("registry", "createCluster", order);
    const cluster = events.find(({ name }) => name === "ClusterCreated")?.args["cluster"];
    printResult({ cluster, quantumBits: bits, quantum: 1n << BigInt(bits), transaction: hash }, options);
  });
}

/** Rarer audits need higher penalties: each audit decides about the pay of more epochs. */
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
      ? `from epoch ${fromEpoch} until epoch ${nextUntil - 1n}, node ${node} may prove that it has the data of vNode ${vNode}; it is responsible from the epoch after that proof; until then node ${now.node} stays responsible, and nothing can be stored`
      : `${now.node === 0n ? "no node" : `node ${now.node}`} is responsible for vNode ${vNode} in the next epoch${now.handingOver ? ", and is paid from its first proof on" : ""}`;
    const result = { vNode, node, fromEpoch, responsible: now.node, successor: now.successor };
    printResult({ ...result, ...(waits && { until: nextUntil }), transaction: hash }, { ...options, text });
  });
}

async function whatAssigningDoes(chain: Chain, vNode: bigint, node: bigint): Promise<string> {
  const { node: old, successor } = await chain.read<Outlook>("audits", "outlook", [vNode]);
  const { held } = await chain.read<VNodeRecord>("registry", "vNode", [vNode]);
  if (node === 0n) return `leave vNode ${vNode} to ${successor === 0n ? "no node" : `node ${old}`}`;
  if (old === 0n || held === 0n) return `assign vNode ${vNode} to node ${node}`;
  return `name node ${node} as the successor on vNode ${vNode}: node ${old} stays responsible until node ${node} has proven that it has the data, and nothing can be stored until then`;
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
    const places =
      options.tokens ?? Array.from({ length: options.count ?? 0 }, () => randomBytes(8).readBigUInt64BE());
    await agree(`add ${places.length} vNodes to cluster ${cluster}`, options);
    const { events, hash } = await chain.send("registry", "addVNodes", [cluster, places]);
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
    const [what, queue] = options.remove ? ["remove", "from"] : ["add", "to"];
    await agree(
      `${what} nodes ${nodes.join(", ")} ${queue} the standby queue of cluster ${cluster}`,
      options,
    );
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
  /** The node that waits to take over, or 0. */
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

function parseRingPlaces(text: string): bigint[] {
  return text.split(",").map((place) => {
    if (/^\d{1,20}$/.test(place) && BigInt(place) < RING) return BigInt(place);
    throw new InvalidArgumentError("expected numbers below 2^64, separated by commas");
  });
}
