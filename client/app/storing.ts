/**
 * Stores the segments of a file on one vNode: gets the node's acceptances, checks them, and pays. The manifest is saved
 * before a signed transaction is sent and after it is mined, so that nothing is paid twice.
 */
import { hashSegmentList } from "../../chain/segment-list.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Hex } from "../../protocol/field.ts";
import { ACCEPTANCE, domain } from "../../protocol/typed-data.ts";
import { signerOf, type Chain, type Sent } from "../chain.ts";
import type { NodeAcceptance, NodeApi } from "../node-api.ts";
import type { Replica } from "../object.ts";
import type { Target } from "./lookup.ts";
import type { PutPlan } from "./put-plan.ts";

/** Segments in one transaction. Each takes about 150,000 gas, and a transaction at most 16.7 million. */
const STORE_BATCH = 64;

export interface StoreOptions {
  readonly chain: Chain;
  readonly api: NodeApi;
  readonly plan: PutPlan;
  readonly target: Target;
  /** What is stored of the file already. */
  readonly replica: Replica;
  /** Saves the state of the replica before anything else is done. */
  readonly keep: (replica: Replica) => Promise<void>;
}

/** Stores the segments that the replica does not have yet. */
export async function storeOn(options: StoreOptions): Promise<void> {
  const { chain, api, plan, target, keep } = options;
  let { replica } = options;
  const all = plan.file.segments.map(({ root, leaves }) => ({ root, leaves }));
  while (replica.serials.length < all.length) {
    const first = replica.serials.length;
    const segments = all.slice(first, first + STORE_BATCH);
    const { bucket, epochs } = plan;
    const acceptance = await api.accept(target.node, { bucket, vNode: target.vNode, epochs }, segments);
    const { timestamp } = await chain.block();
    checkAcceptance(chain, acceptance, { plan, target, segments, now: BigInt(timestamp) });
    const { rent, nonce, deadline, signature } = acceptance;
    const maxRent = plan.maxRent ?? target.rent;
    const order = [bucket, target.vNode, segments, epochs, maxRent, { rent, nonce, deadline, signature }];
    const before = replica;
    const onSigned = (attempts: readonly string[]): Promise<void> =>
      keep({ ...before, pending: attempts.length === 1 ? attempts[0] : [...attempts] });
    const sent = await chain.send("registry", "store", order, { onSigned });
    replica = withStored(before, sent);
    await keep(replica);
  }
}

/** The replica after a transaction has stored some of its segments. */
export function withStored({ vNode, epochs, serials }: Replica, { events }: Sent): Replica {
  const stored = events.filter(
    ({ name, args }) => name === "SegmentStored" && args["vNode"] === BigInt(vNode),
  );
  return { vNode, epochs, serials: [...serials, ...stored.map(({ args }) => Number(args["serial"]))] };
}

export interface ExpectedTerms {
  readonly plan: Pick<PutPlan, "bucket" | "epochs" | "maxRent">;
  readonly target: Target;
  readonly segments: readonly { root: Hex; leaves: number }[];
  /** The chain's time, in seconds. */
  readonly now: bigint;
}

/** @throws HoldfastError unless the node's operator signed exactly what was asked for, and the signature is still valid */
export function checkAcceptance(
  chain: Pick<Chain, "chainId" | "addresses">,
  acceptance: NodeAcceptance,
  { plan, target, segments, now }: ExpectedTerms,
): void {
  const { signature, ...message } = acceptance;
  const expected = {
    node: target.node.id,
    revision: target.revision,
    bucket: plan.bucket,
    vNode: target.vNode,
    segments: hashSegmentList(segments),
    epochs: BigInt(plan.epochs),
  };
  const node = String(target.node.id);
  for (const [name, value] of Object.entries(expected)) {
    const actual = message[name as keyof typeof expected];
    if (actual === value) continue;
    const text = `node ${node} accepts other terms (${name} is ${actual}, not ${value}): ask again, or use another node`;
    throw new HoldfastError("bad-input", text, {
      node,
      name,
      expected: String(value),
      actual: String(actual),
    });
  }
  const maxRent = plan.maxRent ?? target.rent;
  if (message.rent > maxRent) {
    const text = `node ${node} asks a rent of ${message.rent}, more than ${maxRent}: agree to more with --max-rent, or use another node`;
    throw new HoldfastError("bad-input", text, {
      node,
      rent: String(message.rent),
      maxRent: String(maxRent),
    });
  }
  if (message.deadline <= now) {
    const text = `the acceptance of node ${node} expired at ${message.deadline}, and it is ${now} now: ask for a new one`;
    throw new HoldfastError("expired", text, { node, deadline: String(message.deadline) });
  }
  const signer = signerOf(domain(chain.chainId, chain.addresses.registry), ACCEPTANCE, message, signature);
  if (signer !== target.operator) {
    const text = `the acceptance is signed by ${signer}, not by ${target.operator}, the operator of node ${node}: use another node`;
    throw new HoldfastError("unauthorized", text, { node, signer, operator: target.operator });
  }
}
