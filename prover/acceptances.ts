/**
 * A node's consent to hold segments: signed only for bytes that are on disk, and only where the chain will take it.
 */
import { HoldfastError } from "../protocol/errors.ts";
import type { Hex } from "../protocol/field.ts";
import { maxSegments, type Profile } from "../protocol/profiles.ts";
import { MAX_TOTAL } from "../protocol/directory.ts";
import type { Access } from "./auth.ts";
import type { NodeChain } from "./chain.ts";
import type { Journal } from "./journal.ts";
import type { Store } from "./store.ts";

export interface Order {
  readonly bucket: bigint;
  readonly vNode: bigint;
  readonly segments: readonly { readonly root: Hex; readonly leaves: number }[];
  readonly epochs: bigint;
}

export interface SignedOrder {
  readonly bucket: bigint;
  readonly vNode: bigint;
  /** Hash of the segments. */
  readonly segments: string;
  readonly epochs: bigint;
  readonly rent: bigint;
  readonly nonce: bigint;
  readonly deadline: bigint;
  readonly signature: string;
}

export interface AcceptanceOptions {
  readonly node: bigint;
  readonly profile: Profile;
  /** How long an acceptance can be used. */
  readonly acceptSeconds: number;
}

export interface AcceptanceModules {
  readonly chain: NodeChain;
  readonly store: Store;
  readonly journal: Journal;
  readonly access: Access;
}

const RENT_UNIT = 10n ** 18n;

/** Token units per epoch that the contract asks for segments. */
export function rentOf(segments: readonly { readonly leaves: number }[], rent: bigint): bigint {
  return segments.reduce((sum, { leaves }) => sum + (BigInt(leaves) * rent + RENT_UNIT - 1n) / RENT_UNIT, 0n);
}

/**
 * @throws HoldfastError "not-found" for a segment that was not uploaded to this bucket, "bad-input" for another number of
 *   leaves, "disk-full" if the node's capacity or the vNode's directory does not suffice, "funds" if the node's bond or
 *   the payer's account does not: each says how much is missing
 */
export async function accept(
  order: Order,
  payer: string,
  { node, profile, acceptSeconds }: AcceptanceOptions,
  modules: AcceptanceModules,
): Promise<SignedOrder> {
  const { chain, journal } = modules;
  const { bucket, vNode, segments, epochs } = order;
  await checkHeld(order, modules);
  await checkRoom(order, node, profile, chain);
  const { rent } = await chain.node(node);
  const perEpoch = rentOf(segments, rent);
  await checkBond(order, node, perEpoch, chain);
  await checkPayer(payer, perEpoch * epochs, chain);

  const { timestamp } = await chain.block();
  const terms = { bucket, vNode, segments, epochs, rent, deadline: BigInt(timestamp + acceptSeconds) };
  // On disk before it is signed: a crash in between costs a nonce and nothing else.
  const nonce = journal.recordAcceptance(terms);
  const { segments: hash, signature } = await chain.signAcceptance({ ...terms, nonce });
  return { bucket, vNode, segments: hash, epochs, rent, nonce, deadline: terms.deadline, signature };
}

async function checkHeld({ bucket, segments }: Order, { store, access }: AcceptanceModules): Promise<void> {
  for (const { root, leaves } of segments) {
    const stored = (await access.isInBucket(bucket, root)) ? await store.find(root) : undefined;
    if (!stored)
      throw new HoldfastError("not-found", `segment ${root} is not here: upload it first`, { root });
    if (stored.leaves === leaves) continue;
    const message = `segment ${root} has ${stored.leaves} leaves, not ${leaves}: ask for what was uploaded`;
    throw new HoldfastError("bad-input", message, { root, leaves: stored.leaves });
  }
}

async function checkRoom(
  { vNode, segments }: Order,
  node: bigint,
  profile: Profile,
  chain: NodeChain,
): Promise<void> {
  const leaves = segments.reduce((sum, segment) => sum + segment.leaves, 0);
  const { capacity, used } = await chain.node(node);
  const free = Number(capacity - used);
  if (leaves > free) {
    const message = `node ${node} has ${free} leaves left of its capacity, ${leaves} are needed: ${leaves - free} are missing`;
    throw new HoldfastError("disk-full", message, { free, needed: leaves, missing: leaves - free });
  }
  const { total, count } = await chain.directory(vNode);
  if (count + segments.length <= maxSegments(profile) && total + leaves < MAX_TOTAL) return;
  const message = `vNode ${vNode} has ${count} segments and takes ${maxSegments(profile)}: use another vNode`;
  throw new HoldfastError("disk-full", message, { count, total });
}

/** As the contract will lock it: for all that the vNode then holds, less what is locked already. */
async function checkBond({ vNode }: Order, node: bigint, perEpoch: bigint, chain: NodeChain): Promise<void> {
  const found = await chain.vNode(vNode);
  const { bondEpochs } = await chain.cluster(found?.cluster ?? 0n);
  const { committed, locked, nextLocked, nextNode } = await chain.state(vNode);
  const needed = (committed + perEpoch) * bondEpochs - (nextNode === node ? nextLocked : locked);
  const free = await chain.freeBond(node);
  if (free >= needed) return;
  const missing = needed - free;
  const message = `node ${node} has ${free} token units of free bond, ${needed} are needed: its provider must bond ${missing} more`;
  throw new HoldfastError("funds", message, {
    free: String(free),
    needed: String(needed),
    missing: String(missing),
  });
}

/** Fails early what the contract would refuse later. */
export async function checkPayer(payer: string, needed: bigint, chain: NodeChain): Promise<void> {
  const balance = await chain.balance(payer);
  if (balance >= needed) return;
  const missing = needed - balance;
  const message = `the account of ${payer} holds ${balance} token units, ${needed} are needed: deposit ${missing} more`;
  throw new HoldfastError("funds", message, {
    ...{ balance: String(balance), needed: String(needed), missing: String(missing) },
  });
}
