/**
 * What an application does with files: stores one on several vNodes, reads it back from whichever replica serves it,
 * claims what missed epochs owe.
 */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { basename } from "node:path";
import { HoldfastError } from "../protocol/errors.ts";
import type { Hex } from "../protocol/field.ts";
import { priceOf } from "../protocol/price.ts";
import type { Profile } from "../protocol/profiles.ts";
import type { HashEngine } from "../protocol/segment.ts";
import { ACCEPTANCE, domain } from "../protocol/typed-data.ts";
import { hashSegments, signerOf, type Chain, type Sent } from "./chain.ts";
import { clusterProfile, existingBucket, findTarget, type Target } from "./lookup.ts";
import { createNodeApi, type NodeAcceptance, type NodeApi } from "./node-api.ts";
import type { StoredObject } from "./object.ts";
import type { ClusterRecord, NodeRecord, SegmentRecord, VNodeState } from "./records.ts";
import { fetchSegment, rehash } from "./replicas.ts";
import { commitFile, type CommittedFile } from "./segments.ts";

export interface AppOptions {
  readonly chain: Chain;
  readonly engine: HashEngine;
  readonly signal?: AbortSignal | undefined;
  /** What is being done, and how much of it, 0 to 1. */
  readonly progress?: ((step: string, fraction: number) => void) | undefined;
}

export interface PutOptions {
  readonly path: string;
  readonly bucket: bigint;
  /** Each gets all segments. */
  readonly vNodes: readonly bigint[];
  readonly epochs: number;
  /** Token units per 1e18 leaves and epoch that the owner agrees to; default: whatever the node asks. */
  readonly maxRent?: bigint | undefined;
}

export interface Price {
  readonly total: bigint;
  readonly perEpoch: bigint;
  /** Of perEpoch, what each segment's price is rounded up by to the cluster's quantum. */
  readonly rounding: bigint;
  /** Token units. */
  readonly quantum: bigint;
  /** Of the payer's account, when the plan was made. */
  readonly balance: bigint;
  readonly bytes: number;
}

export interface ReplicaStatus {
  readonly vNode: number;
  readonly node: string;
  readonly url: string;
  readonly misses: number;
  readonly syncing: boolean;
  /** Who waits to take over, if anybody does. */
  readonly successor?: string;
  /** Segments of the object that the contract has on this vNode. */
  readonly segments: number;
  readonly reachable: boolean;
}

export interface App {
  /** Reads the file once, asks the chain for the rents, changes nothing. */
  plan(options: PutOptions): Promise<Plan>;
  /** Uploads, gets the acceptances, checks them and stores. */
  put(plan: Plan): Promise<StoredObject>;
  get(object: StoredObject, out: string): Promise<{ bytes: number; sha256: string }>;
  status(object: StoredObject): Promise<ReplicaStatus[]>;
  /** Pays refunds and compensation of every segment to the bucket's owner; the sum in token units. */
  claim(object: StoredObject): Promise<bigint>;
}

/** A put that is ready to be paid for. */
export interface Plan extends PutOptions {
  readonly profile: Profile;
  readonly file: CommittedFile;
  readonly targets: readonly Target[];
  readonly price: Price;
}

/** Segments in one transaction: some 150,000 gas each, of a block's 16.7 million. */
const STORE_BATCH = 64;

export function createApp({ chain, engine, signal, progress }: AppOptions): App {
  const api = createNodeApi(chain, { signal });

  return {
    async plan(options) {
      const { path, bucket, vNodes, epochs } = options;
      const { cluster } = await existingBucket(chain, bucket);
      const profile = await clusterProfile(chain, cluster);
      const targets = await Promise.all(vNodes.map((vNode) => findTarget(chain, vNode, cluster)));
      if (new Set(targets.map(({ node }) => node.id)).size < targets.length) {
        throw new HoldfastError(
          "bad-input",
          "two of the vNodes are on the same node: choose others, or lose both at once",
        );
      }
      const step = (fraction: number): void => progress?.("computing the roots", fraction);
      const file = await commitFile(path, { profile, engine, progress: step, signal });
      const { quantumBits } = await chain.read<ClusterRecord>("registry", "cluster", [cluster]);
      const priceWith = (bits: bigint): bigint =>
        sum(
          targets.flatMap(({ rent }) =>
            file.segments.map(({ leaves }) => priceOf(leaves, rent, Number(bits))),
          ),
        );
      const perEpoch = priceWith(quantumBits);
      const balance = await chain.read<bigint>("ledger", "balanceOf", [chain.account()]);
      const price = {
        ...{ perEpoch, total: perEpoch * BigInt(epochs), balance, bytes: file.bytes },
        ...{ rounding: perEpoch - priceWith(0n), quantum: 1n << quantumBits },
      };
      return { ...options, profile, file, targets, price };
    },

    async put(plan) {
      const { price, path, profile, file, targets, bucket, epochs } = plan;
      const balance = await chain.read<bigint>("ledger", "balanceOf", [chain.account()]);
      if (price.total > balance) throw insufficientDeposit(price.total, balance);
      let done = 0;
      for (const part of file.segments) {
        await Promise.all(
          targets.map(async ({ node, vNode }) => {
            await api.upload(
              node,
              { bucket, vNode },
              {
                ...{ root: part.root, bytes: part.bytes, sha256: part.sha256 },
                open: () => createReadStream(path, { start: part.offset, end: part.offset + part.bytes - 1 }),
              },
            );
            done += part.bytes;
            progress?.("uploading", done / (file.bytes * targets.length));
          }),
        );
      }
      const replicas = [];
      for (const [i, target] of targets.entries()) {
        const serials = await storeOn(chain, api, plan, target);
        replicas.push({ vNode: Number(target.vNode), epochs, serials });
        progress?.("storing on chain", (i + 1) / targets.length);
      }
      return {
        ...{
          version: 1,
          name: basename(path),
          bytes: file.bytes,
          sha256: file.sha256,
          profile: profile.name,
        },
        ...{ chainId: String(chain.chainId), audits: chain.addresses.audits, bucket: Number(bucket) },
        segments: file.segments.map(({ root, leaves, bytes, sha256 }) => ({ root, leaves, bytes, sha256 })),
        replicas,
      };
    },

    async get(object, out) {
      checkDeployment(chain, object);
      const partial = `${out}.${randomUUID()}.partial`;
      const whole = createHash("sha256");
      try {
        const file = await open(partial, "wx+");
        try {
          let offset = 0;
          for (const segment of object.segments) {
            await fetchSegment({ chain, api, engine, object, segment, file, offset, signal });
            await rehash({ file, segment, offset }, whole);
            offset += segment.bytes;
            progress?.("downloading", offset / object.bytes);
          }
          await file.sync();
        } finally {
          await file.close();
        }
        const sha256 = whole.digest("hex");
        if (sha256 !== object.sha256) {
          throw new HoldfastError(
            "corrupt",
            `the SHA-256 of what was read is not the manifest's: is the manifest altered?`,
          );
        }
        await rename(partial, out);
        return { bytes: object.bytes, sha256 };
      } catch (error) {
        await rm(partial, { force: true });
        throw error;
      }
    },

    async status(object) {
      checkDeployment(chain, object);
      return Promise.all(object.replicas.map((replica) => replicaStatus(chain, api, replica)));
    },

    async claim(object) {
      checkDeployment(chain, object);
      let total = 0n;
      for (const { vNode, serials } of object.replicas)
        for (const serial of serials) total += await claimSegment(chain, BigInt(vNode), serial);
      return total;
    },
  };
}

// ------------------------------------------------------------------------------------------------------------- storing

async function storeOn(chain: Chain, api: NodeApi, plan: Plan, target: Target): Promise<number[]> {
  const serials: number[] = [];
  const all = plan.file.segments.map(({ root, leaves }) => ({ root, leaves }));
  for (let first = 0; first < all.length; first += STORE_BATCH) {
    const segments = all.slice(first, first + STORE_BATCH);
    const { bucket, epochs } = plan;
    const acceptance = await api.accept(target.node, { bucket, vNode: target.vNode, epochs }, segments);
    const { timestamp } = await chain.block();
    checkAcceptance(chain, acceptance, { plan, target, segments, now: BigInt(timestamp) });
    const { rent, nonce, deadline, signature } = acceptance;
    const maxRent = plan.maxRent ?? target.rent;
    const order = [bucket, target.vNode, segments, epochs, maxRent, { rent, nonce, deadline, signature }];
    serials.push(...serialsOf(await chain.send("registry", "store", order)));
  }
  return serials;
}

function serialsOf({ events }: Sent): number[] {
  return events.filter(({ name }) => name === "SegmentStored").map(({ args }) => Number(args["serial"]));
}

export interface ExpectedTerms {
  readonly plan: Pick<Plan, "bucket" | "epochs" | "maxRent">;
  readonly target: Target;
  readonly segments: readonly { root: Hex; leaves: number }[];
  /** The chain's time, in seconds. */
  readonly now: bigint;
}

/** Throws unless the node's operator signed exactly what was asked for and the signature can still be used. */
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
    segments: hashSegments(segments),
    epochs: BigInt(plan.epochs),
  };
  const node = String(target.node.id);
  for (const [name, value] of Object.entries(expected)) {
    const actual = message[name as keyof typeof expected];
    if (actual === value) continue;
    const text = `node ${node} accepts other terms: ${name} is ${actual}, not ${value}; ask again or use another node`;
    throw new HoldfastError("bad-input", text, {
      node,
      name,
      expected: String(value),
      actual: String(actual),
    });
  }
  const maxRent = plan.maxRent ?? target.rent;
  if (message.rent > maxRent) {
    const text = `node ${node} asks a rent of ${message.rent}, above ${maxRent}: agree to more or use another node`;
    throw new HoldfastError("bad-input", text, {
      node,
      rent: String(message.rent),
      maxRent: String(maxRent),
    });
  }
  if (message.deadline <= now) {
    const text = `the acceptance of node ${node} expired at ${message.deadline}, it is ${now}: ask for another`;
    throw new HoldfastError("expired", text, { node, deadline: String(message.deadline) });
  }
  const signer = signerOf(domain(chain.chainId, chain.addresses.registry), ACCEPTANCE, message, signature);
  if (signer !== target.operator) {
    const text = `the acceptance is signed by ${signer}, not by ${target.operator}, the operator of node ${node}`;
    throw new HoldfastError("unauthorized", text, { node, signer, operator: target.operator });
  }
}

function insufficientDeposit(total: bigint, balance: bigint): HoldfastError {
  const missing = total - balance;
  const message = `the account has ${balance} of the ${total} token units that this costs: deposit ${missing} more`;
  return new HoldfastError("funds", message, { needed: total, balance, missing });
}

// ------------------------------------------------------------------------------------------------------------ the chain

async function replicaStatus(
  chain: Chain,
  api: NodeApi,
  { vNode, serials }: StoredObject["replicas"][number],
): Promise<ReplicaStatus> {
  const state = await chain.read<VNodeState>("audits", "state", [vNode]);
  const url = state.node === 0n ? "" : (await chain.read<NodeRecord>("registry", "node", [state.node])).url;
  const stored = await Promise.all(
    serials.map((serial) => chain.read<SegmentRecord>("registry", "segment", [vNode, serial])),
  );
  const reachable = url !== "" && (await api.status({ id: state.node, url }).then(answers, wasRefused));
  return {
    ...{ vNode, node: String(state.node), url, reachable },
    ...{ misses: Number(state.misses), syncing: state.syncLeft > 0n },
    ...(state.nextSince > 0n && { successor: String(state.nextNode) }),
    segments: stored.filter(({ leaves }) => leaves > 0n).length,
  };
}

const answers = (): boolean => true;
/** A node that says "503, I missed a proof" is there. */
const wasRefused = (error: unknown): boolean => error instanceof HoldfastError && "status" in error.details;

async function claimSegment(chain: Chain, vNode: bigint, serial: number): Promise<bigint> {
  const { events } = await chain.send("registry", "claim", [vNode, serial]);
  return sum(events.filter(({ name }) => name === "Claimed").map(({ args }) => args["amount"] as bigint));
}

function checkDeployment(chain: Chain, { chainId, audits }: StoredObject): void {
  if (String(chain.chainId) === chainId && chain.addresses.audits === audits) return;
  const message = `the object is stored with ${audits} on chain ${chainId}, not with ${chain.addresses.audits} on chain ${chain.chainId}: give that --rpc and --audits`;
  throw new HoldfastError("bad-input", message);
}

export const sum = (amounts: readonly bigint[]): bigint =>
  amounts.reduce((total, amount) => total + amount, 0n);
