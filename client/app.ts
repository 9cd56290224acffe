/**
 * What an application does with files: stores one on several vNodes, reads it back from whichever replica serves it,
 * claims what missed epochs owe.
 */
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { Pace } from "../net/pace.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { priceOf } from "../protocol/price.ts";
import type { HashEngine } from "../protocol/segment.ts";
import type { Chain } from "./chain.ts";
import { continued, draftOf } from "./continuing.ts";
import { destinationOf } from "./destination.ts";
import { clusterProfile, existingBucket, findTarget, nodesOf, type Target } from "./lookup.ts";
import { createNodeApi, type NodeAddress, type NodeApi } from "./node-api.ts";
import type { Replica, StoredObject } from "./object.ts";
import type { Plan, PutOptions } from "./put-plan.ts";
import type { ClusterRecord, SegmentRecord, VNodeState } from "./records.ts";
import { fetchSegment, PACES, rehash } from "./replicas.ts";
import { commitFile, readPart } from "./segments.ts";
import { storeOn } from "./storing.ts";

export interface AppOptions {
  readonly chain: Chain;
  readonly engine: HashEngine;
  readonly signal?: AbortSignal | undefined;
  /** Calls nodes at addresses that are not of the public internet, too: for local networks. */
  readonly allowPrivateNodes?: boolean | undefined;
  /** Milliseconds until a node's answer begins, and what is asked of nodes that are read from. */
  readonly answerMs?: number | undefined;
  readonly paces?: readonly Pace[] | undefined;
  /** What is being done, and how much of it, 0 to 1. */
  readonly progress?: ((step: string, fraction: number) => void) | undefined;
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
  /** Why it is not. */
  readonly problem?: string;
}

export interface App {
  /** Reads the file once, asks the chain for the rents and for what a record leaves open; pays nothing. */
  plan(options: PutOptions): Promise<Plan>;
  /**
   * Uploads, gets the acceptances, checks them and stores. `save` is given the object before anything is uploaded or
   * paid, and whenever more is known of it.
   */
  put(plan: Plan, save?: Save): Promise<StoredObject>;
  /** To a file, or to the standard output as "-": nothing is written there before all of it is right. */
  get(object: StoredObject, out: string): Promise<{ bytes: number; sha256: string }>;
  status(object: StoredObject): Promise<ReplicaStatus[]>;
  /** Pays refunds and compensation of every segment to the bucket's owner; the sum in token units. */
  claim(object: StoredObject): Promise<bigint>;
}

export type Save = (object: StoredObject) => Promise<void>;

export function createApp(options: AppOptions): App {
  const {
    chain,
    engine,
    signal,
    progress,
    allowPrivateNodes: allowPrivate,
    answerMs,
    paces = PACES,
  } = options;
  const api = createNodeApi(chain, { signal, allowPrivate, answerMs });

  return {
    async plan(options) {
      const { path, bucket, vNodes, epochs } = options;
      const { cluster } = await existingBucket(chain, bucket);
      const profile = await clusterProfile(chain, cluster);
      const step = (fraction: number): void => progress?.("computing the roots", fraction);
      // Who is to store is looked up before a large file is read, unless that is what the file tells.
      const fresh = options.record ? undefined : await findTargets(chain, vNodes, cluster);
      const file = await commitFile(path, { profile, engine, progress: step, signal });
      const record =
        options.record && (await continued(chain, { ...options, file, profile }, options.record));
      const left = vNodes.filter((vNode) => storedOn(record, vNode) < file.segments.length);
      const targets = fresh ?? (await findTargets(chain, left, cluster));
      const { quantumBits } = await chain.read<ClusterRecord>("registry", "cluster", [cluster]);
      const priceWith = (bits: bigint): bigint =>
        sum(
          targets.flatMap(({ rent, vNode }) =>
            file.segments
              .slice(storedOn(record, vNode))
              .map(({ leaves }) => priceOf(leaves, rent, Number(bits))),
          ),
        );
      const perEpoch = priceWith(quantumBits);
      const balance = await chain.read<bigint>("ledger", "balanceOf", [chain.account()]);
      const price = {
        perEpoch,
        total: perEpoch * BigInt(epochs),
        balance,
        bytes: file.bytes,
        rounding: perEpoch - priceWith(0n),
        quantum: 1n << quantumBits,
      };
      return { ...options, record, profile, file, targets, price };
    },

    async put(plan, save = () => Promise.resolve()) {
      const { price, targets } = plan;
      const balance = await chain.read<bigint>("ledger", "balanceOf", [chain.account()]);
      if (price.total > balance) throw insufficientDeposit(price.total, balance);
      let object = plan.record ?? draftOf(chain, plan);
      await save(object);
      const uploading = (fraction: number): void => progress?.("uploading", fraction);
      await upload(api, plan, { object, progress: uploading });
      for (const [i, target] of targets.entries()) {
        const isIt = ({ vNode }: Replica): boolean => BigInt(vNode) === target.vNode;
        const replica = object.replicas.find(isIt);
        if (!replica) continue;
        const keep = async (now: Replica): Promise<void> => {
          object = { ...object, replicas: object.replicas.map((one) => (isIt(one) ? now : one)) };
          await save(object);
        };
        await storeOn({ chain, api, plan, target, replica, keep });
        progress?.("storing on chain", (i + 1) / targets.length);
      }
      return object;
    },

    async get(object, out) {
      checkDeployment(chain, object);
      const destination = await destinationOf(out);
      return destination.write(async (file) => {
        const whole = createHash("sha256");
        const failures = new Map<number, number>();
        let offset = 0;
        for (const segment of object.segments) {
          const target = { object, segment, file, offset };
          await fetchSegment({ chain, api, engine, signal, paces, failures, ...target });
          await rehash({ file, segment, offset }, whole);
          offset += segment.bytes;
          progress?.("downloading", offset / object.bytes);
        }
        const sha256 = whole.digest("hex");
        if (sha256 === object.sha256) return { bytes: object.bytes, sha256 };
        throw new HoldfastError(
          "corrupt",
          `the SHA-256 of what was read is not the manifest's: is the manifest altered?`,
        );
      });
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

async function findTargets(chain: Chain, vNodes: readonly bigint[], cluster: bigint): Promise<Target[]> {
  const targets = await Promise.all(vNodes.map((vNode) => findTarget(chain, vNode, cluster)));
  if (new Set(targets.map(({ node }) => node.id)).size === targets.length) return targets;
  throw new HoldfastError(
    "bad-input",
    "two of the vNodes are on the same node: choose others, or lose both at once",
  );
}

/** How many of the first segments a vNode has already. */
function storedOn(object: StoredObject | undefined, vNode: bigint): number {
  return object?.replicas.find((one) => BigInt(one.vNode) === vNode)?.serials.length ?? 0;
}

/** Each segment to all that lack it, one after the other. */
async function upload(
  api: NodeApi,
  { path, bucket, file, targets }: Plan,
  { object, progress }: { object: StoredObject; progress: (fraction: number) => void },
): Promise<void> {
  const orders = file.segments.map((part, i) => ({
    part,
    lacking: targets.filter(({ vNode }) => i >= storedOn(object, vNode)),
  }));
  const total = orders.reduce((bytes, { part, lacking }) => bytes + part.bytes * lacking.length, 0);
  let done = 0;
  for (const { part, lacking } of orders) {
    const { root, bytes, sha256 } = part;
    const open = (): Readable => readPart(path, part);
    await Promise.all(
      lacking.map(async ({ node, vNode }) => {
        await api.upload(node, { bucket, vNode }, { root, bytes, sha256, open });
        done += bytes;
        progress(done / total);
      }),
    );
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
  const [address] = await nodesOf(chain, BigInt(vNode));
  const url = address?.url ?? "";
  const stored = await Promise.all(
    serials.map((serial) => chain.read<SegmentRecord>("registry", "segment", [vNode, serial])),
  );
  const problem = address ? await problemOf(api, address) : "the vNode has no node";
  return {
    vNode,
    node: String(address?.id ?? 0n),
    url,
    reachable: problem === undefined,
    ...(problem !== undefined && { problem }),
    misses: Number(state.misses),
    syncing: state.syncLeft > 0n,
    ...(state.nextSince > 0n && { successor: String(state.nextNode) }),
    segments: stored.filter(({ leaves }) => leaves > 0n).length,
  };
}

/** undefined if it is there, as a node is that says "503, I missed a proof". */
async function problemOf(api: NodeApi, address: NodeAddress): Promise<string | undefined> {
  try {
    await api.status(address);
    return undefined;
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return "status" in error.details ? undefined : error.message;
  }
}

async function claimSegment(chain: Chain, vNode: bigint, serial: number): Promise<bigint> {
  const { events } = await chain.send("registry", "claim", [vNode, serial]);
  return sum(events.filter(({ name }) => name === "Claimed").map(({ args }) => args["amount"] as bigint));
}

function checkDeployment(chain: Chain, { chainId, audits }: StoredObject): void {
  if (String(chain.chainId) === chainId && chain.addresses.audits.toLowerCase() === audits.toLowerCase())
    return;
  const message = `the object is stored with ${audits} on chain ${chainId}, not with ${chain.addresses.audits} on chain ${chain.chainId}: give that --rpc and --audits`;
  throw new HoldfastError("bad-input", message);
}

export const sum = (amounts: readonly bigint[]): bigint =>
  amounts.reduce((total, amount) => total + amount, 0n);
