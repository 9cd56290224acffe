/**
 * `manager`: creates clusters, shows them and collects their fees. What a manager does with a cluster is in
 * manager-actions.ts.
 */
import type { Command } from "commander";
import { Interface } from "ethers";
import { contractArtifact } from "../../contracts/artifacts.ts";
import type { Chain } from "../chain.ts";
import { simulate } from "../governance/simulate.ts";
import { TERMS } from "../governance/terms.ts";
import { vNodesOf } from "../governance/vnodes.ts";
import { agree, formatAmount, printResult } from "../output.ts";
import { defaultQuantumBits, quantumBitsOf, reachOf } from "../quantum.ts";
import type { ClusterParams, ClusterRecord, VNodeState } from "../records.ts";
import { termOption } from "./action-specs.ts";
import {
  chainCommand,
  group,
  id,
  natural,
  units,
  withChain,
  type ChainOptions,
  dryRunCommand,
  type DryRunOptions,
} from "./common.ts";
import { addManagerActions } from "./manager-actions.ts";

type CreateOptions = DryRunOptions &
  Partial<ClusterParams> & {
    readonly profileIndex: number;
    readonly beaconIndex: number;
    readonly quantum?: bigint;
    readonly metadata?: string;
  };

export function addManagerCommands(program: Command): void {
  const manager = group(program, "manager", "runs a cluster: create it, add vNodes, assign nodes");
  const create = dryRunCommand(
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
  for (const { name, description, standard } of TERMS) {
    const option = termOption(name, description);
    create.addOption(standard === undefined ? option : option.default(standard));
  }
  create.action(createCluster);
  addManagerActions(manager);
  dryRunCommand(manager, "collect-fees", "pays out the fees that a cluster has collected")
    .argument("<cluster>", "id of the cluster", id)
    .action(collectFees);
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
    const what = `create a cluster managed by ${chain.account()}, whose prices will always be multiples of 2^${bits} token units, so that a vNode can be paid up to ${reach} per epoch`;
    const order = [profileIndex, beaconIndex, bits, params, options.metadata ?? ""];
    if (options.dryRun) {
      const data = new Interface(contractArtifact("Registry").abi).encodeFunctionData("createCluster", order);
      await simulate(chain, chain.account(), [{ to: chain.addresses.registry, data }]);
      const terms = TERMS.map((term) => `   ${term.label}: ${term.inWords(BigInt(params[term.name]))}`);
      const text = [`nothing was sent; this would ${what}`, ...terms].join("\n");
      printResult({ dryRun: true, quantumBits: bits, params }, { ...options, text });
      return;
    }
    await agree(what, options);
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
    TERMS.map(({ name, standard }) => [
      name,
      options[name] ?? standard ?? derived[name as keyof typeof derived],
    ]),
  ) as unknown as ClusterParams;
}

function collectFees(cluster: bigint, options: DryRunOptions): Promise<void> {
  return withChain(options, async (chain) => {
    const what = `pay out the fees of cluster ${cluster}`;
    if (options.dryRun) {
      const { fees, protocol } = await chain.read<Record<"fees" | "protocol", bigint>>("ledger", "feesOf", [
        cluster,
      ]);
      const amount = (units: bigint): string => `${formatAmount(units, chain.decimals)} ${chain.symbol}`;
      const text = `nothing was sent; this would ${what}: ${amount(fees)}, of which ${amount(protocol)} are the treasury's`;
      printResult({ dryRun: true, cluster, fees, protocol }, { ...options, text });
      return;
    }
    await agree(what, options);
    const { events, hash } = await chain.send("ledger", "collectFees", [cluster]);
    const shares = events.find(({ name }) => name === "FeesCollected")?.args ?? {};
    printResult({ ...shares, cluster, transaction: hash }, options);
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
  const found: ShownVNode[] = [];
  for (const { vNode, held, successor } of await vNodesOf(chain, cluster)) {
    const { node, misses, rate } = await chain.read<VNodeState>("audits", "state", [vNode]);
    found.push({ vNode: Number(vNode), node, misses, rate, leaves: held, successor });
  }
  return found;
}
