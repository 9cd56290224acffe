/**
 * `explore`: what there is to be found: clusters with what they cost and offer, nodes, vNodes, buckets, segments.
 */
import Table from "cli-table3";
import { Option, type Command } from "commander";
import { HoldfastError } from "../../protocol/errors.ts";
import { parseAddress, type Chain, type ChainEvent } from "../chain.ts";
import { printResult } from "../output.ts";
import type {
  BucketRecord,
  ClusterParams,
  ClusterRecord,
  NodeRecord,
  VNodeRecord,
  VNodeState,
} from "../records.ts";
import { chainCommand, group, id, natural, withChain, type ChainOptions } from "./common.ts";

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

interface VNodeItem {
  readonly id: bigint;
  readonly info: VNodeRecord;
  readonly state: VNodeState;
  readonly directory: { readonly total: bigint; readonly live: bigint };
  readonly duty: { readonly due: boolean; readonly proven: boolean };
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

/** Ids that one call looks at. */
const PAGE = 50;
const ANYONE = `0x${"00".repeat(20)}`;

export function addExploreCommands(program: Command): void {
  const explore = group(program, "explore", "what there is: clusters, nodes, vNodes, buckets, segments");
  const add = (name: string, description: string): Command =>
    chainCommand(explore, name, description).addOption(
      new Option("--lens <address>", "the deployment's Lens contract").env("HOLDFAST_LENS"),
    );
  add("clusters", "clusters: their rules, prices and free room").action(
    show("clusters", async (chain) => listClusters(chain)),
  );
  add("nodes", "nodes: what they offer and their bonds")
    .option("--provider <address>", "only this account's")
    .option("--cluster <id>", "only those that serve this cluster", id)
    .action(show("nodes", listNodes));
  add("vnodes", "vNodes: who is responsible, what they hold, how they do")
    .option("--cluster <id>", "only this cluster's", id)
    .action(show("vNodes", listVNodes));
  add("buckets", "buckets: their owners and clusters")
    .option("--owner <address>", "only this account's")
    .action(show("buckets", listBuckets));
  add("segments", "a vNode's or a bucket's segments: until when they are paid for, and how often proven")
    .option("--vnode <id>", "of this vNode", id)
    .option("--bucket <id>", "of this bucket", id)
    .option("--from-block <n>", "look for proofs from here on", natural, 0)
    .action(show("segments", listSegments));
}

type Row = Readonly<Record<string, unknown>>;

function show(name: string, list: (chain: Chain, options: ExploreOptions) => Promise<Row[]>) {
  return (options: ExploreOptions): Promise<void> =>
    withChain(options, async (chain) => {
      const rows = await list(chain, options);
      printResult({ [name]: rows }, { json: options.json, text: tableOf(name, rows) });
    });
}

function tableOf(name: string, rows: readonly Row[]): string {
  const [first] = rows;
  if (!first) return `no ${name}`;
  const table = new Table({ head: Object.keys(first) });
  for (const row of rows) table.push(Object.values(row).map(String));
  return table.toString();
}

/** All items of a view in pages. */
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

async function listClusters(chain: Chain): Promise<Row[]> {
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
      ...{ cluster, manager: info.manager, metadata: info.metadata },
      ...{ profile: info.profile, samples: profile.samples, beacon: info.beacon },
      ...params,
      ...(announcedSince > epoch && { termsChangeAt: announcedSince }),
      ...{ vNodes: own.length, vacant: own.filter((vNode) => vNode.info.node === 0n).length },
      ...{ missing: own.filter((vNode) => vNode.state.misses > 0n).length },
      ...{ nodes: serving.length, standby: standby.length },
      ...{ minRent: rents[0] ?? 0n, maxRent: rents.at(-1) ?? 0n },
      capacity: sum(serving.map((node) => node.info.capacity)),
      free: sum(serving.map((node) => node.info.capacity - node.info.used)),
      held: sum(own.map((vNode) => vNode.info.held)),
      paidPerEpoch: sum(own.map((vNode) => vNode.state.rate)),
    };
  });
}

async function listNodes(chain: Chain, { provider, cluster }: ExploreOptions): Promise<Row[]> {
  const found = await allNodes(chain, provider === undefined ? ANYONE : parseAddress(provider));
  const serving =
    cluster === undefined
      ? undefined
      : new Set((await allVNodes(chain, cluster)).map((vNode) => vNode.info.node));
  return found
    .filter((node) => serving?.has(node.id) ?? true)
    .map(({ id: node, info, bond, locked, unbonding }) => ({
      ...{ node, provider: info.provider, operator: info.operator, url: info.url, rent: info.rent },
      ...{ capacity: info.capacity, free: info.capacity - info.used },
      ...{ bond, locked, unbonding, metadata: info.metadata },
    }));
}

async function listVNodes(chain: Chain, { cluster }: ExploreOptions): Promise<Row[]> {
  const found = await allVNodes(chain, cluster ?? 0n);
  return found.map(({ id: vNode, info, state, directory, duty }) => ({
    ...{ vNode, cluster: info.cluster, token: info.token, node: state.node, nextNode: info.node },
    ...{ held: info.held, segments: directory.live, rate: state.rate },
    ...{ settled: state.settled, misses: state.misses, syncLeft: state.syncLeft },
    ...{ due: duty.due, proven: duty.proven },
  }));
}

async function listBuckets(chain: Chain, { owner }: ExploreOptions): Promise<Row[]> {
  const whose = owner === undefined ? ANYONE : parseAddress(owner);
  const found = await all<BucketItem>(chain, "buckets", [whose], 1n);
  return found.map(({ id: bucket, info }) => ({ bucket, ...info }));
}

async function listSegments(chain: Chain, options: ExploreOptions): Promise<Row[]> {
  const { vnode, bucket, fromBlock } = options;
  if ((vnode === undefined) === (bucket === undefined))
    throw new HoldfastError("bad-input", "whose segments? Give either --vnode ID or --bucket ID");
  const [view, whose] = vnode === undefined ? ["segmentsOf", bucket] : ["segments", vnode];
  const found = await all<SegmentItem>(chain, view, [whose], 0n);
  const events = await chain.events(fromBlock);
  return found.map((item) => {
    const { vNode, serial, info, settledUntil, claimable } = item;
    const epochs = provenEpochs(events, item);
    return {
      ...{ vNode, serial, bucket: info.bucket, leaves: info.leaves, perEpoch: info.perEpoch },
      ...{ paidUntil: info.end, settledUntil, claimable },
      ...{ proofs: epochs.length, lastProven: epochs.at(-1) ?? null },
    };
  });
}

/** In ascending order: proofs of the vNode while it was paid for the segment. */
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
