/**
 * A node's consent to hold segments: signed only for bytes that are on disk, and only where the chain will take it.
 */
import { MAX_TOTAL } from "../protocol/directory.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { Hex } from "../protocol/field.ts";
import { maxSegments, type Profile } from "../protocol/profiles.ts";
import type { Access } from "./auth.ts";
import type { ClusterRecord, NodeChain, NodeRecord } from "./chain-model.ts";
import { priceOf, pricesOf, storingOf } from "./consents.ts";
import type { Holdings } from "./holdings.ts";
import { MAX_UNPAID_SECONDS, type Journal } from "./journal.ts";
import type { Store } from "./store.ts";

export interface Order {
  readonly bucket: bigint;
  readonly vNode: bigint;
  readonly segments: readonly { readonly root: Hex; readonly leaves: number }[];
  readonly epochs: bigint;
}

/** What both kinds of consent say. */
export interface SignedTerms {
  readonly node: bigint;
  readonly revision: bigint;
  readonly vNode: bigint;
  readonly epochs: bigint;
  readonly rent: bigint;
  readonly nonce: bigint;
  readonly deadline: bigint;
  readonly signature: string;
}

export interface SignedOrder extends SignedTerms {
  readonly bucket: bigint;
  /** Hash of the segments. */
  readonly segments: string;
}

export interface AcceptanceOptions {
  readonly node: bigint;
  readonly profile: Profile;
  /** How long an acceptance can be used. */
  readonly acceptSeconds: number;
  /** Token units for 10^18 leaves and an epoch: nothing is signed for less. */
  readonly minRent: bigint;
}

export interface AcceptanceModules {
  readonly chain: NodeChain;
  readonly store: Store;
  readonly holdings: Holdings;
  readonly journal: Journal;
  readonly access: Access;
  /** vNodes whose directories this node is about to write again. */
  readonly compacting: ReadonlySet<bigint>;
}

/** Segments, in what a payer was given and has not used: each stays in the journal for a while. */
const MAX_UNUSED = 4096;
/** What those cost, in the payer's whole accounts: who loses an answer asks again. */
const MAX_UNUSED_COST = 16n;

/**
 * @throws HoldfastError "busy" (409) while the vNode is handed over or its directory is compacted, and (429) for who has
 *   asked for much more than they could pay and used none of it, "not-found" for a segment
 *   that was not uploaded to this bucket, "bad-input" for another number of leaves, "disk-full" if the node's capacity or
 *   the vNode's directory does not suffice, "funds" if the node's bond, what may be locked of it in this epoch, or the
 *   payer's account does not: each says how much is missing
 */
export async function accept(
  order: Order,
  payer: string,
  { node, profile, acceptSeconds, minRent }: AcceptanceOptions,
  modules: AcceptanceModules,
): Promise<SignedOrder> {
  const { chain, journal, compacting } = modules;
  const { bucket, vNode, segments, epochs } = order;
  const { timestamp } = await chain.block();
  await checkOpen(vNode, chain.epochAt(timestamp), chain);
  await checkHeld(order, timestamp, modules);
  const record = await ownRecord(node, minRent, chain);
  const cluster = await clusterOf(vNode, chain);
  const { rent, revision } = record;
  const prices = segments.map(({ leaves }) => priceOf(leaves, rent, cluster.quantumBits));
  const perEpoch = pricesOf(segments, rent, cluster.quantumBits);
  await checkRoom(order, { node, record, profile, weight: perEpoch >> BigInt(cluster.quantumBits), chain });
  await checkBond({ vNode, node, perEpoch, record, cluster, epoch: chain.epochAt(timestamp) }, chain);
  const balance = await checkPayer(payer, perEpoch * epochs, chain);
  const debt = { payer, costs: prices.map((price) => price * epochs), balance };
  await learnUses(debt, modules);

  const terms = { bucket, vNode, segments, epochs, rent, deadline: BigInt(timestamp + acceptSeconds) };
  const consents = segments.map(({ root, leaves }, i) =>
    storingOf({ vNode, bucket, root, leaves, perEpoch: prices[i] ?? 0n, epochs: Number(epochs) }),
  );
  // It may have begun while we asked; from here to the journal nothing comes between.
  if (compacting.has(vNode)) throw compacts(vNode);
  checkUnused(debt, journal);
  // On disk before it is signed: a crash in between costs a nonce and nothing else.
  const nonce = journal.recordAcceptance({ ...terms, ...debt, consents });
  const { segments: hash, signature } = await chain.signAcceptance({ ...terms, node, revision, nonce });
  return {
    ...{ node, revision, bucket, vNode, segments: hash, epochs, rent, nonce },
    ...{ deadline: terms.deadline, signature },
  };
}

/** @throws HoldfastError "busy" if what the chain says would have the node sign for less than it was set to */
export async function ownRecord(node: bigint, minRent: bigint, chain: NodeChain): Promise<NodeRecord> {
  const record = await chain.node(node);
  if (record.rent >= minRent) return record;
  const message = `node ${node} signs for no rent below its own minRent of ${minRent}, and the chain says ${record.rent}: use another node`;
  throw new HoldfastError("busy", message, { rent: String(record.rent), minRent: String(minRent) });
}

export async function clusterOf(vNode: bigint, chain: NodeChain): Promise<ClusterRecord> {
  const found = await chain.vNode(vNode);
  return chain.cluster(found?.cluster ?? 0n);
}

async function checkOpen(vNode: bigint, epoch: number, chain: NodeChain): Promise<void> {
  if ((await chain.outlook(vNode)).handingOver) {
    const message = `vNode ${vNode} is being handed over, and stores nothing until the next node has proven its data: use another vNode, or try in some epochs`;
    throw new HoldfastError("busy", message, { status: 409, vNode: String(vNode) });
  }
  const { left, epoch: since } = await chain.compaction(vNode);
  if (left > 0 && epoch <= since + 1) throw compacts(vNode);
}

function compacts(vNode: bigint): HoldfastError {
  const message = `the directory of vNode ${vNode} is being compacted, and stores nothing until that is done: use another vNode, or try again in some minutes`;
  return new HoldfastError("busy", message, { status: 409, vNode: String(vNode) });
}

async function checkHeld(
  { bucket, segments }: Order,
  now: number,
  { store, access, journal, holdings }: AcceptanceModules,
): Promise<void> {
  for (const { root, leaves } of segments) {
    const stored = (await access.isInBucket(bucket, root)) ? await store.find(root) : undefined;
    if (!stored)
      throw new HoldfastError("not-found", `segment ${root} is not here: upload it first`, { root });
    if (stored.leaves !== leaves) {
      const message = `segment ${root} has ${stored.leaves} leaves, not ${leaves}: ask for what was uploaded`;
      throw new HoldfastError("bad-input", message, { root, leaves: stored.leaves });
    }
    // Nobody keeps it here by asking again and again for what they do not use.
    const isPaid = holdings.holdersOf(bucket, root).length > 0;
    if (isPaid || now - (journal.storedAt(root) ?? now) < 2 * MAX_UNPAID_SECONDS) continue;
    const message = `segment ${root} was uploaded days ago, and nobody has paid for it: upload it again when it is gone`;
    throw new HoldfastError("expired", message, { status: 409, root });
  }
}

export interface Room {
  readonly node: bigint;
  readonly record: NodeRecord;
  readonly profile: Profile;
  /** Of all segments, in the directory. */
  readonly weight: bigint;
  readonly chain: NodeChain;
}

/** Throws "disk-full" if capacity or directory do not suffice. */
export async function checkRoom(
  { vNode, segments }: { vNode: bigint; segments: readonly { readonly leaves: number }[] },
  { node, record: { capacity, used }, profile, weight, chain }: Room,
): Promise<void> {
  const leaves = segments.reduce((sum, segment) => sum + segment.leaves, 0);
  const free = Number(capacity - used);
  if (leaves > free) {
    const message = `node ${node} has ${free} leaves left of its capacity, ${leaves} are needed: ${leaves - free} are missing`;
    throw new HoldfastError("disk-full", message, { free, needed: leaves, missing: leaves - free });
  }
  const { total, count } = await chain.directory(vNode);
  if (count + segments.length <= maxSegments(profile) && BigInt(total) + weight < MAX_TOTAL) return;
  const message = `vNode ${vNode} has ${count} segments and takes ${maxSegments(profile)}: use another vNode`;
  throw new HoldfastError("disk-full", message, { count, total });
}

export interface Backing {
  readonly vNode: bigint;
  readonly node: bigint;
  /** Token units that would be paid for more than now. */
  readonly perEpoch: bigint;
  readonly record: NodeRecord;
  readonly cluster: ClusterRecord;
  readonly epoch: number;
}

/** As the contract will lock it: for all that the vNode then holds, less what is locked already. */
export async function checkBond(
  { vNode, node, perEpoch, record, cluster, epoch }: Backing,
  chain: NodeChain,
): Promise<void> {
  const { committed, locked, nextLocked, nextNode } = await chain.state(vNode);
  const needed = (committed + perEpoch) * cluster.bondEpochs - (nextNode === node ? nextLocked : locked);
  if (needed <= 0n) return;
  const free = await chain.freeBond(node);
  if (free < needed) {
    const missing = needed - free;
    const message = `node ${node} has ${free} token units of free bond, ${needed} are needed: its provider must bond ${missing} more`;
    throw new HoldfastError("funds", message, amounts({ free, needed, missing }));
  }
  const limit = record.lockPerEpoch;
  const left = limit - (record.lockedEpoch === epoch ? record.locked : 0n);
  if (left >= needed) return;
  const advice =
    limit < needed ? "ask for less, or its provider raises lockPerEpoch" : "try again in the next epoch";
  const message = `node ${node} may lock ${limit} token units of its bond in an epoch, of which ${left} are left, ${needed} are needed: ${advice}`;
  throw new HoldfastError("funds", message, amounts({ limit, left, needed, missing: needed - left }));
}

/** Fails early what the contract would refuse later. What the payer has. */
export async function checkPayer(payer: string, needed: bigint, chain: NodeChain): Promise<bigint> {
  const balance = await chain.balance(payer);
  if (balance >= needed) return balance;
  throw lacks(payer, balance, needed);
}

export function lacks(payer: string, balance: bigint, needed: bigint): HoldfastError {
  const missing = needed - balance;
  const message = `the account of ${payer} holds ${balance} token units, ${needed} are needed: deposit ${missing} more`;
  return new HoldfastError("funds", message, amounts({ balance, needed, missing }));
}

/** What somebody asks for besides what they have not used. */
export interface Debt {
  readonly payer: string;
  /** Of each segment. */
  readonly costs: readonly bigint[];
  /** Of the payer's account. */
  readonly balance: bigint;
}

function isTooMuch({ payer, costs, balance }: Debt, journal: Journal): boolean {
  const { count, cost } = journal.unused(payer);
  const total = costs.reduce((sum, each) => sum + each, cost);
  return count + costs.length > MAX_UNUSED || total > MAX_UNUSED_COST * balance;
}

/** Some may have been used since the last look at the chain. */
export async function learnUses(
  debt: Debt,
  { journal, holdings }: Pick<AcceptanceModules, "journal" | "holdings">,
): Promise<void> {
  if (isTooMuch(debt, journal)) await holdings.update();
}

/** Throws "busy" (429): nobody fills the journal with what they do not use. */
export function checkUnused(debt: Debt, journal: Journal): void {
  if (!isTooMuch(debt, journal)) return;
  const { count } = journal.unused(debt.payer);
  const message = `${debt.payer} has not used what it was given for ${count} segments, which would cost ${MAX_UNUSED_COST} times what its account holds, or more: use that, deposit more, or try again tomorrow`;
  throw new HoldfastError("busy", message, { status: 429, unused: count });
}

const amounts = (values: Readonly<Record<string, bigint>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
