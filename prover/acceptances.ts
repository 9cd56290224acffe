/**
 * A node's consent to hold segments: signed only for bytes that are on disk, and only for what the chain will take.
 */
import { HoldfastError } from "../protocol/errors.ts";
import type { Hex } from "../protocol/field.ts";
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
  readonly rent: bigint;
  readonly nonce: bigint;
  readonly deadline: bigint;
  readonly segments: string;
  readonly signature: string;
}

/** Seconds that an acceptance may be used in. */
const VALID_SECONDS = 3600;
const RENT_UNIT = 10n ** 18n;

/**
 * @throws HoldfastError "not-found" for a segment that was not uploaded, "bad-input" for other leaf counts, "disk-full"
 *   if the capacity on chain does not suffice, "funds" if the bond does not, saying how much is missing
 */
export async function accept(
  { bucket, vNode, segments, epochs }: Order,
  { chain, store, journal }: { chain: NodeChain; store: Store; journal: Journal },
): Promise<SignedOrder> {
  for (const { root, leaves } of segments) {
    const stored = await store.find(root);
    if (!stored) throw new HoldfastError("not-found", `upload ${root} first`, { root });
    if (stored.leaves !== leaves) {
      throw new HoldfastError("bad-input", `${root} has ${stored.leaves} leaves, not ${leaves}`, { root });
    }
  }
  const { rent, capacity, used } = await chain.self();
  const leaves = segments.reduce((sum, segment) => sum + segment.leaves, 0);
  const free = capacity - used;
  if (free < BigInt(leaves)) {
    const message = `the node has ${free} leaves left of its capacity, ${leaves} are needed`;
    throw new HoldfastError("disk-full", message, { free: String(free), needed: leaves });
  }
  const perEpoch = segments.reduce(
    (sum, segment) => sum + ceilDiv(BigInt(segment.leaves) * rent, RENT_UNIT),
    0n,
  );
  const bond = perEpoch * (await chain.bondEpochs(await chain.clusterOf(vNode)));
  const freeBond = await chain.freeBond();
  if (freeBond < bond) {
    const message = `the node's free bond is ${freeBond}, this takes ${bond}: its provider must bond ${bond - freeBond} more`;
    throw new HoldfastError("funds", message, { free: String(freeBond), needed: String(bond) });
  }
  const { timestamp } = await chain.block();
  const terms = { bucket, vNode, segments, epochs, rent, deadline: BigInt(timestamp + VALID_SECONDS) };
  const nonce = journal.recordAcceptance(terms);
  return { rent, nonce, deadline: terms.deadline, ...(await chain.signAcceptance({ ...terms, nonce })) };
}

const ceilDiv = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;
