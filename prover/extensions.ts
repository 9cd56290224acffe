/**
 * A node's consent to hold a segment for longer, at its present price. It is also given while the vNode is handed
 * over or compacted, unless the segment ends too soon to be in the compacted tree.
 */
import { HoldfastError } from "../protocol/errors.ts";
import {
  ownRecord,
  checkBond,
  checkPayer,
  checkUnused,
  clusterOf,
  learnUses,
  type AcceptanceModules,
  type AcceptanceOptions,
  type SignedConsent,
} from "./acceptances.ts";
import type { SegmentRecord } from "./chain-model.ts";
import { extendingOf, priceOf } from "./consents.ts";

export interface ExtensionOrder {
  readonly vNode: bigint;
  readonly serial: number;
  /** Epochs after the segment's end. */
  readonly epochs: bigint;
}

export interface SignedExtension extends SignedConsent {
  readonly serial: number;
}

export interface ExtensionModules extends AcceptanceModules {
  /** Called once it is certain that the payer may ask. */
  readonly allowed: () => void;
}

/**
 * @throws HoldfastError "not-found" if this vNode or the disk does not have the segment
 * @throws HoldfastError "expired" (409) if it has ended or ends with this epoch
 * @throws HoldfastError "bad-input" (409) if its price differs from the node's present one
 * @throws HoldfastError "unauthorized" (403) unless the payer may write its bucket
 * @throws HoldfastError "funds" as `accept` does
 */
export async function extend(
  order: ExtensionOrder,
  payer: string,
  { node, acceptSeconds, minRent }: AcceptanceOptions,
  modules: ExtensionModules,
): Promise<SignedExtension> {
  const { chain, journal, access } = modules;
  const { vNode, serial, epochs } = order;
  const { timestamp } = await chain.block();
  const epoch = chain.epochAt(timestamp);
  const segment = await chain.segment(vNode, serial);
  if (!segment) throw notHere(order);
  await access.checkWrite(segment.bucket, vNode, payer);
  modules.allowed();
  await checkOnDisk(order, segment, epoch, modules);
  const record = await ownRecord(node, minRent, chain);
  const cluster = await clusterOf(vNode, chain);
  const { rent, revision } = record;
  const price = priceOf(segment.leaves, rent, cluster.quantumBits);
  if (price !== segment.perEpoch) {
    const message = `segment ${serial} costs ${segment.perEpoch} token units per epoch, but node ${node} now asks ${price}: store it again`;
    const values = { status: 409, perEpoch: String(segment.perEpoch), asked: String(price) };
    throw new HoldfastError("bad-input", message, values);
  }
  await checkBond({ vNode, node, perEpoch: 0n, record, cluster, epoch }, chain);
  const cost = segment.perEpoch * epochs;
  const request = { payer, costs: [cost], balance: await checkPayer(payer, cost, chain) };
  await learnUses(request, modules);

  const terms = { vNode, epochs, rent, deadline: BigInt(timestamp + acceptSeconds) };
  const consents = [extendingOf({ vNode, serial, epochs: Number(epochs) })];
  checkUnused(request, journal);
  const accepted = { ...terms, ...request, bucket: segment.bucket, segments: [], consents };
  const nonce = journal.recordAcceptance(accepted);
  const signed = { ...terms, serial, node, revision, nonce };
  return { ...signed, signature: await chain.signExtension(signed) };
}

async function checkOnDisk(
  order: ExtensionOrder,
  { leaves, end }: SegmentRecord,
  epoch: number,
  { holdings, store }: ExtensionModules,
): Promise<void> {
  if (leaves === 0 || end <= epoch + 1) {
    const message = `segment ${order.serial} of vNode ${order.vNode} has ended or is in its last epoch, ${end - 1}: store it again`;
    throw new HoldfastError("expired", message, { status: 409, end });
  }
  await holdings.update();
  const holding = holdings.latest(order.vNode).holdings.find(({ serial }) => serial === order.serial);
  if (!holding || !(await store.find(holding.root))) throw notHere(order);
}

function notHere({ vNode, serial }: ExtensionOrder): HoldfastError {
  const message = `vNode ${vNode} has no segment ${serial} on this node: check the number, or use another replica`;
  return new HoldfastError("not-found", message, { vNode: String(vNode), serial });
}
