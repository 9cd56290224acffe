/**
 * `explore`: lists clusters with their prices and free room, nodes, vNodes, buckets and segments. JSON has token units and
 * epochs; the tables for people have tokens and words.
 */
import Table from "cli-table3";
import { Option, type Command } from "commander";
import { HoldfastError } from "../../protocol/errors.ts";
import { parseAddress, type Chain, type ChainEvent } from "../chain.ts";
import { formatAmount, printResult } from "../output.ts";
import { reachOf } from "../quantum.ts";
import type { BucketRecord, ClusterParams, ClusterRecord, NodeRecord } from "../records.ts";
import { chainCommand, group, id, natural, withChain, type ChainOptions } from "./common.ts";
import { describeVNode, standingOf, vNodeInWords, type VNodeItem } from "./explore-vnodes.ts";

interface ClusterItem {
  readonly id: bigint;
  readonly info: ClusterRecord & { readonly dataDepth: bigint; readonly directoryDepth: bigint };
  readonly profile: { readonly samples: bigint };
  readonly params: Readonly<Record<keyof ClusterParams, bigint>>;
  readonly announcedSince: bigint;
  readonly standby: readonly bigint[];
}

interface NodeItem {
  readonly id: bigint;
  readonly info: NodeRecord;
  readonly bond: bigint;
  readonly locked: bigint;
  readonly unbonding: bigint;
}

interface BucketItem {
  readonly id: bigint;
  readonly info: BucketRecord;
}

interface SegmentItem {
  readonly vNode: bigint;
  readonly serial: bigint;
  readonly info: {
    readonly bucket: bigint;
    readonly leaves: bigint;
    readonly end: bigint;
    readonly perEpoch: bigint;
  };
  readonly settledUntil: bigint;
  readonly claimable: bigint;
}

interface ExploreOptions extends ChainOptions {
  readonly provider?: string;
  readonly owner?: string;
  readonly cluster?: bigint;
  readonly vnode?: bigint;
  readonly bucket?: bigint;
  readonly fromBlock: number;
}

/** How many ids one call looks at. */
const PAGE = 50;
const ANYONE = `0x${"00".repeat(20)}`;

export function addExploreCommands(program: Command): void {
  const explore = group(program, "explore", "lists clusters, nodes, vNodes, buckets, segments");
  const add = (name: string, description: string): Command =>
    chainCommand(explore, name, description).addOption(
      new Option("--lens <address>", "address of the deployment's Lens contract").env("HOLDFAST_LENS"),
    );
  add("clusters", "lists clusters: their terms, prices and free room").action(
    show("clusters", listClusters, clusterInWords),
  );
  add("nodes", "lists nodes: what they offer, and their bonds")
    .option("--provider <address>", "only this account's")
    .option("--cluster <id>", "only nodes that serve this cluster", id)
    .action(show("nodes", listNodes, nodeInWords));
  add("vnodes", "lists vNodes: their nodes, what they store and are paid, and their state")
    .option("--cluster <id>", "only this cluster's", id)
    .action(show("vNodes", listVNodes, vNodeInWords));
  add("buckets", "lists buckets: their owners and clusters")
    .option("--owner <address>", "only this account's")
    .action(show("buckets", listBuckets));
  add(
    "segments",
    "lists the segments of a vNode or a bucket: until when they are paid for, and how often they were proven",
  )
    .option("--vnode <id>", "of this vNode", id)
    .option("--bucket <id>", "of this bucket", id)
    .option("--from-block <n>", "block from which proofs are counted", natural, 0)
    .action(show("segments", listSegments, segmentInWords));
}

type Row = Readonly<Record<string, unknown>>;

function show<T extends Row>(
  name: string,
  list: (chain: Chain, options: ExploreOptions) => Promise<T[]>,
  inWords: (row: T, chain: Chain) => Row = (row) => row,
) {
  return (options: ExploreOptions): Promise<void> =>
    withChain(options, async (chain) => {
      const rows = await list(chain, options);
      const text = tableOf(
        name,
        rows.map((row) => inWords(row, chain)),
      );
      printResult({ [name]: rows }, { json: options.json, text });
    });
}

function tableOf(name: string, rows: readonly Row[]): string {
  const [first] = rows;
  if (!first) return `no ${name}`;
  const table = new Table({ head: Object.keys(first) });
  for (const row of rows) table.push(Object.values(row).map(String));
  return table.toString();
}

/** All items of a view that answers in pages. */
async function all<T>(chain: Chain, view: string, args: readonly unknown[], first: bigint): Promise<T[]> {
  const found: T[] = [];
  let from = first;
  do {
    const page = await chain.look<{ items: T[]; next: bigint }>(view, [...args, from, PAGE]);
    found.push(...page.items);
    from = page.next;
  } while (from !== 0n);
  return found;
}

const allVNodes = (chain: Chain, cluster: bigint): Promise<VNodeItem[]> =>
  all<VNodeItem>(chain, "vNodes", [cluster], 1n);
const allNodes = (chain: Chain, provider: string): Promise<NodeItem[]> =>
  all<NodeItem>(chain, "nodes", [provider], 1n);

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);

// ------------------------------------------------------------------------------------------------------------- lists

async function listClusters(chain: Chain) {
  const vNodes = await allVNodes(chain, 0n);
  const nodes = new Map((await allNodes(chain, ANYONE)).map((node) => [node.id, node]));
  const epoch = await chain.read<bigint>("audits", "currentEpoch");
  const clusters = await all<ClusterItem>(chain, "clusters", [], 1n);
  return clusters.map(({ id: cluster, info, profile, params, announcedSince, standby }) => {
    const own = vNodes.filter((vNode) => vNode.info.cluster === cluster);
    const serving = [...new Set(own.map((vNode) => vNode.info.node))].flatMap(
      (node) => nodes.get(node) ?? [],
    );
    const rents = serving.map((node) => node.info.rent).sort((a, b) => (a < b ? -1 : 1));
    return {
      cluster,
      manager: info.manager,
      metadata: info.metadata,
      profile: info.profile,
      samples: profile.samples,
      beacon: info.beacon,
      quantumBits: info.quantumBits,
      quantum: 1n << info.quantumBits,
      ...params,
      ...(announcedSince > epoch && { termsChangeAt: announcedSince }),
      vNodes: own.length,
      vacant: own.filter((vNode) => vNode.info.node === 0n).length,
      missing: own.filter((vNode) => vNode.state.misses > 0n).length,
      nodes: serving.length,
      standby: standby.length,
      minRent: rents[0] ?? 0n,
      maxRent: rents.at(-1) ?? 0n,
      capacity: sum(serving.map((node) => node.info.capacity)),
      free: sum(serving.map((node) => node.info.capacity - node.info.used)),
      held: sum(own.map((vNode) => vNode.info.held)),
      paidPerEpoch: sum(own.map((vNode) => vNode.state.rate)),
    };
  });
}

type ClusterRow = Awaited<ReturnType<typeof listClusters>>[number];

function clusterInWords(row: ClusterRow, { decimals, symbol }: Chain): Row {
  const { cluster, manager, metadata, samples, odds, vNodes, vacant, missing, nodes, standby } = row;
  const amount = (units: bigint): string => `${formatAmount(units, decimals)} ${symbol}`;
  return {
    cluster,
    manager,
    metadata,
    audited: `${odds === 1n ? "in every epoch" : `in one of ${odds} epochs`}, ${samples} samples`,
    vNodes: `${vNodes}, ${vacant} without a node, ${missing} missing proofs`,
    nodes: `${nodes}, ${standby} standby`,
    room: `${row.free} of ${row.capacity} leaves are free, ${row.held} are held`,
    "rent per 1e18 leaves and epoch": `${amount(row.minRent)} to ${amount(row.maxRent)}`,
    quantum: `2^${row.quantumBits} token units, up to ${amount(reachOf(Number(row.quantumBits)))} a vNode and epoch`,
    "paid per epoch": amount(row.paidPerEpoch),
    ...(row.termsChangeAt !== undefined && { terms: `change with epoch ${row.termsChangeAt}` }),
  };
}

async function listNodes(chain: Chain, { provider, cluster }: ExploreOptions) {
  const found = await allNodes(chain, provider === undefined ? ANYONE : parseAddress(provider));
  const serving =
    cluster === undefined
      ? undefined
      : new Set((await allVNodes(chain, cluster)).map((vNode) => vNode.info.node));
  return found
    .filter((node) => serving?.has(node.id) ?? true)
    .map(({ id: node, info, bond, locked, unbonding }) => ({
      node,
      provider: info.provider,
      operator: info.operator,
      url: info.url,
      rent: info.rent,
      capacity: info.capacity,
      free: info.capacity - info.used,
      lockPerEpoch: info.lockPerEpoch,
      bond,
      locked,
      unbonding,
      metadata: info.metadata,
    }));
}

function nodeInWords(row: Awaited<ReturnType<typeof listNodes>>[number], { decimals, symbol }: Chain): Row {
  const amount = (units: bigint): string => `${formatAmount(units, decimals)} ${symbol}`;
  return {
    node: row.node,
    provider: row.provider,
    url: row.url,
    "rent per 1e18 leaves and epoch": amount(row.rent),
    room: `${row.free} of ${row.capacity} leaves are free`,
    bond: `${amount(row.bond)}, ${amount(row.locked)} locked, ${amount(row.unbonding)} being unbonded`,
    "accepts per epoch": `what locks at most ${amount(row.lockPerEpoch)}`,
    metadata: row.metadata,
  };
}

async function listVNodes(chain: Chain, { cluster }: ExploreOptions) {
  const found = await allVNodes(chain, cluster ?? 0n);
  return Promise.all(found.map(async (item) => describeVNode(item, await standingOf(chain, item))));
}

async function listBuckets(chain: Chain, { owner }: ExploreOptions) {
  const whose = owner === undefined ? ANYONE : parseAddress(owner);
  const found = await all<BucketItem>(chain, "buckets", [whose], 1n);
  return found.map(({ id: bucket, info }) => ({ bucket, ...info }));
}

async function listSegments(chain: Chain, options: ExploreOptions) {
  const { vnode, bucket, fromBlock } = options;
  if ((vnode === undefined) === (bucket === undefined))
    throw new HoldfastError("bad-input", "whose segments? Give either --vnode ID or --bucket ID");
  const [view, whose] = vnode === undefined ? ["segmentsOf", bucket] : ["segments", vnode];
  const found = await all<SegmentItem>(chain, view, [whose], 0n);
  const events = await chain.events(fromBlock);
  const quantumBits = await quantaOf(chain, new Set(found.map(({ vNode }) => vNode)));
  return found.map((item) => {
    const { vNode, serial, info, settledUntil, claimable } = item;
    const epochs = provenEpochs(events, item);
    return {
      vNode,
      serial,
      bucket: info.bucket,
      leaves: info.leaves,
      perEpoch: info.perEpoch,
      weight: info.perEpoch >> (quantumBits.get(vNode) ?? 0n),
      paidUntil: info.end,
      settledUntil,
      claimable,
      proofs: epochs.length,
      lastProven: epochs.at(-1) ?? null,
    };
  });
}

async function quantaOf(chain: Chain, vNodes: ReadonlySet<bigint>): Promise<Map<bigint, bigint>> {
  const found = await Promise.all(
    [...vNodes].map(async (vNode) => {
      const { cluster } = await chain.read<{ cluster: bigint }>("registry", "vNode", [vNode]);
      const { quantumBits } = await chain.read<ClusterRecord>("registry", "cluster", [cluster]);
      return [vNode, quantumBits] as const;
    }),
  );
  return new Map(found);
}

function segmentInWords(
  row: Awaited<ReturnType<typeof listSegments>>[number],
  { decimals, symbol }: Chain,
): Row {
  const amount = (units: bigint): string => `${formatAmount(units, decimals)} ${symbol}`;
  return {
    vNode: row.vNode,
    serial: row.serial,
    bucket: row.bucket,
    leaves: row.leaves === 0n ? "retired" : row.leaves,
    "per epoch": `${amount(row.perEpoch)}, a weight of ${row.weight}`,
    "paid until": `epoch ${row.paidUntil}`,
    "decided until": `epoch ${row.settledUntil}`,
    "to be claimed": amount(row.claimable),
    proofs: row.lastProven === null ? "none" : `${row.proofs}, the last of epoch ${row.lastProven}`,
  };
}

/** The epochs, in ascending order, in which the vNode was proven while the segment was paid for. */
function provenEpochs(events: readonly ChainEvent[], { vNode, serial, info }: SegmentItem): bigint[] {
  const stored = events.find(
    ({ name, args }) => name === "SegmentStored" && args["vNode"] === vNode && args["serial"] === serial,
  );
  if (!stored) return [];
  const from = stored.args["from"] as bigint;
  return events
    .filter(({ name, args }) => name === "Proven" && args["vNode"] === vNode)
    .map(({ args }) => args["epoch"] as bigint)
    .filter((epoch) => from <= epoch && epoch < info.end);
}
