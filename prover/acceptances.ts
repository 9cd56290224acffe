/**
 * A node's consent to hold segments. It is signed only for bytes that are on disk, and only if the chain will accept
 * it.
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

/** The fields that acceptances and extensions share. */
export interface SignedConsent {
  readonly node: bigint;
  readonly revision: bigint;
  readonly vNode: bigint;
  readonly epochs: bigint;
  readonly rent: bigint;
  readonly nonce: bigint;
  readonly deadline: bigint;
  readonly signature: string;
}

export interface SignedOrder extends SignedConsent {
  readonly bucket: bigint;
  /** Hash of the list of segments. */
  readonly segments: string;
}

export interface AcceptanceOptions {
  readonly node: bigint;
  readonly profile: Profile;
  /** Seconds for which an acceptance can be used. */
  readonly acceptSeconds: number;
  /** Token units per 10^18 leaves and epoch. Nothing is signed for less. */
  readonly minRent: bigint;
}

export interface AcceptanceModules {
  readonly chain: NodeChain;
  readonly store: Store;
  readonly holdings: Holdings;
  readonly journal: Journal;
  readonly access: Access;
  /** vNodes whose directories this node is about to compact. */
  readonly compacting: ReadonlySet<bigint>;
}

/** The most unused segments in a payer's acceptances. Each stays in the journal for a while. */
const MAX_UNUSED = 4096;
/**
 * The most that a payer's unused acceptances may cost, as a multiple of the payer's account. A lost answer is asked
 * for again.
 */
const MAX_UNUSED_COST = 16n;

/**
 * @throws HoldfastError "busy" (409) while the vNode is being handed over or its directory compacted
 * @throws HoldfastError "busy" (429) if the payer has asked for much more than the account can pay, and used none of
 *   it
 * @throws HoldfastError "not-found" for a segment that was not uploaded to this bucket, "bad-input" if the number of
 *   leaves differs
 * @throws HoldfastError "disk-full" if the node's capacity or the vNode's directory is too small
 * @throws HoldfastError "funds" if the node's free bond, its lock limit for this epoch, or the payer's account is too
 *   small; each error says how much is missing
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
  await checkOnDisk(order, timestamp, modules);
  const record = await ownRecord(node, minRent, chain);
  const cluster = await clusterOf(vNode, chain);
  const { rent, revision } = record;
  const prices = segments.map(({ leaves }) => priceOf(leaves, rent, cluster.quantumBits));
  const perEpoch = pricesOf(segments, rent, cluster.quantumBits);
  await checkRoom(order, { node, record, profile, weight: perEpoch >> BigInt(cluster.quantumBits), chain });
  await checkBond({ vNode, node, perEpoch, record, cluster, epoch: chain.epochAt(timestamp) }, chain);
  const balance = await checkPayer(payer, perEpoch * epochs, chain);
  const request = { payer, costs: prices.map((price) => price * epochs), balance };
  await learnUses(request, modules);

  const terms = { bucket, vNode, segments, epochs, rent, deadline: BigInt(timestamp + acceptSeconds) };
  const consents = segments.map(({ root, leaves }, i) =>
    storingOf({ vNode, bucket, root, leaves, perEpoch: prices[i] ?? 0n, epochs: Number(epochs) }),
  );
  // A compaction may have begun during the calls above. From here to the journal nothing is awaited.
  if (compacting.has(vNode)) throw compacts(vNode);
  checkUnused(request, journal);
  // Recorded before it is signed: a crash in between costs only a nonce.
  const nonce = journal.recordAcceptance({ ...terms, ...request, consents });
  const { segments: hash, signature } = await chain.signAcceptance({ ...terms, node, revision, nonce });
  return {
    node,
    revision,
    bucket,
    vNode,
    segments: hash,
    epochs,
    rent,
    nonce,
    deadline: terms.deadline,
    signature,
  };
}

/** @throws HoldfastError "busy" if the chain's rent is below the node's own minimum */
export async function ownRecord(node: bigint, minRent: bigint, chain: NodeChain): Promise<NodeRecord> {
  const record = await chain.node(node);
  if (record.rent >= minRent) return record;
  const message = `node ${node} signs for a rent of at least ${minRent} (minRent), but the chain says ${record.rent}: use another node`;
  throw new HoldfastError("busy", message, { rent: String(record.rent), minRent: String(minRent) });
}

export async function clusterOf(vNode: bigint, chain: NodeChain): Promise<ClusterRecord> {
  const found = await chain.vNode(vNode);
  return chain.cluster(found?.cluster ?? 0n);
}

async function checkOpen(vNode: bigint, epoch: number, chain: NodeChain): Promise<void> {
  if ((await chain.nextEpoch(vNode)).handingOver) {
    const message = `vNode ${vNode} is being handed over, and stores nothing until the next node has proven its data: use another vNode, or try again in a few epochs`;
    throw new HoldfastError("busy", message, { status: 409, vNode: String(vNode) });
  }
  const { left, epoch: since } = await chain.compaction(vNode);
  if (left > 0 && epoch <= since + 1) throw compacts(vNode);
}

function compacts(vNode: bigint): HoldfastError {
  const message = `the directory of vNode ${vNode} is being compacted, and nothing is stored until that is done: use another vNode, or try again in a few minutes`;
  return new HoldfastError("busy", message, { status: 409, vNode: String(vNode) });
}

async function checkOnDisk(
  { bucket, segments }: Order,
  now: number,
  { store, access, journal, holdings }: AcceptanceModules,
): Promise<void> {
  for (const { root, leaves } of segments) {
    const stored = (await access.isInBucket(bucket, root)) ? await store.find(root) : undefined;
    if (!stored)
      throw new HoldfastError("not-found", `this node does not have segment ${root}: upload it first`, {
        root,
      });
    if (stored.leaves !== leaves) {
      const message = `segment ${root} has ${stored.leaves} leaves, not ${leaves}: ask for the segment that was uploaded`;
      throw new HoldfastError("bad-input", message, { root, leaves: stored.leaves });
    }
    // Asking for acceptances again and again, without using them, must not keep a segment here.
    const isPaid = holdings.holdersOf(bucket, root).length > 0;
    if (isPaid || now - (journal.storedAt(root) ?? now) < 2 * MAX_UNPAID_SECONDS) continue;
    const message = `segment ${root} was uploaded days ago, and nobody has paid for it: wait until it is removed, then upload it again`;
    throw new HoldfastError("expired", message, { status: 409, root });
  }
}

/** What an order needs of the node's capacity and the vNode's directory. */
export interface CapacityNeed {
  readonly node: bigint;
  readonly record: NodeRecord;
  readonly profile: Profile;
  /** Weight of all segments in the directory. */
  readonly weight: bigint;
  readonly chain: NodeChain;
}

/** @throws HoldfastError "disk-full" if capacity or directory do not suffice */
export async function checkRoom(
  { vNode, segments }: { vNode: bigint; segments: readonly { readonly leaves: number }[] },
  { node, record: { capacity, used }, profile, weight, chain }: CapacityNeed,
): Promise<void> {
  const leaves = segments.reduce((sum, segment) => sum + segment.leaves, 0);
  const free = Number(capacity - used);
  if (leaves > free) {
    const message = `node ${node} has ${free} leaves of capacity left, but ${leaves} are needed: ask for ${leaves - free} fewer, or use another node`;
    throw new HoldfastError("disk-full", message, { free, needed: leaves, missing: leaves - free });
  }
  const { total, count } = await chain.directory(vNode);
  if (count + segments.length <= maxSegments(profile) && BigInt(total) + weight < MAX_TOTAL) return;
  const message = `the directory of vNode ${vNode} is full: it has ${count} of ${maxSegments(profile)} segments and a weight of ${total}; use another vNode`;
  throw new HoldfastError("disk-full", message, { count, total });
}

/** What an order needs of the node's bond. */
export interface BondNeed {
  readonly vNode: bigint;
  readonly node: bigint;
  /** Token units per epoch that the order adds to what the vNode is paid. */
  readonly perEpoch: bigint;
  readonly record: NodeRecord;
  readonly cluster: ClusterRecord;
  readonly epoch: number;
}

/** Computes the lock as the contract will: for all segments of the vNode, minus what is already locked. */
export async function checkBond(
  { vNode, node, perEpoch, record, cluster, epoch }: BondNeed,
  chain: NodeChain,
): Promise<void> {
  const { committed, locked, nextLocked, nextNode } = await chain.state(vNode);
  const needed = (committed + perEpoch) * cluster.bondEpochs - (nextNode === node ? nextLocked : locked);
  if (needed <= 0n) return;
  const free = await chain.freeBond(node);
  if (free < needed) {
    const missing = needed - free;
    const message = `node ${node} has ${free} token units of free bond, but ${needed} are needed: its provider must bond ${missing} more`;
    throw new HoldfastError("funds", message, amounts({ free, needed, missing }));
  }
  const limit = record.lockPerEpoch;
  const left = limit - (record.lockedEpoch === epoch ? record.locked : 0n);
  if (left >= needed) return;
  const advice =
    limit < needed ? "ask for less, or let its provider raise lockPerEpoch" : "try again in the next epoch";
  const message = `node ${node} may lock ${limit} token units of its bond per epoch and has ${left} left, but ${needed} are needed: ${advice}`;
  throw new HoldfastError("funds", message, amounts({ limit, left, needed, missing: needed - left }));
}

/** Fails early where the contract would refuse later. @returns the payer's balance */
export async function checkPayer(payer: string, needed: bigint, chain: NodeChain): Promise<bigint> {
  const balance = await chain.balance(payer);
  if (balance >= needed) return balance;
  throw lacks(payer, balance, needed);
}

export function lacks(payer: string, balance: bigint, needed: bigint): HoldfastError {
  const missing = needed - balance;
  const message = `the account of ${payer} has ${balance} token units, but ${needed} are needed: deposit ${missing} more`;
  return new HoldfastError("funds", message, amounts({ balance, needed, missing }));
}

/** A payer's order, to be judged together with the payer's unused consents. */
export interface PayerRequest {
  readonly payer: string;
  /** The cost of each segment. */
  readonly costs: readonly bigint[];
  /** The balance of the payer's account. */
  readonly balance: bigint;
}

function isTooMuch({ payer, costs, balance }: PayerRequest, journal: Journal): boolean {
  const { count, cost } = journal.unused(payer);
  const total = costs.reduce((sum, each) => sum + each, cost);
  return count + costs.length > MAX_UNUSED || total > MAX_UNUSED_COST * balance;
}

/**
 * Updates the journal if the limit seems exceeded: some consents may have been used since the last look at the chain.
 */
export async function learnUses(
  request: PayerRequest,
  { journal, holdings }: Pick<AcceptanceModules, "journal" | "holdings">,
): Promise<void> {
  if (isTooMuch(request, journal)) await holdings.update();
}

/** Keeps payers from filling the journal with consents that they do not use. @throws HoldfastError "busy" (429) */
export function checkUnused(request: PayerRequest, journal: Journal): void {
  if (!isTooMuch(request, journal)) return;
  const { count } = journal.unused(request.payer);
  const message = `${request.payer} has unused acceptances for ${count} segments; the limits are ${MAX_UNUSED} segments and a cost of ${MAX_UNUSED_COST} times the account's balance: use them, deposit more, or try again tomorrow`;
  throw new HoldfastError("busy", message, { status: 429, unused: count });
}

const amounts = (values: Readonly<Record<string, bigint>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
