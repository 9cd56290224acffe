/**
 * Where the replicas of an object are, and whether their nodes answer.
 */
import { HoldfastError } from "../../protocol/errors.ts";
import type { Chain } from "../chain.ts";
import type { NodeAddress, NodeApi } from "../node-api.ts";
import type { StoredObject } from "../object.ts";
import type { SegmentRecord, VNodeState } from "../records.ts";
import { checkDeployment } from "./deployment.ts";
import { nodesOf } from "./lookup.ts";
import type { Services } from "./services.ts";

export interface ReplicaStatus {
  readonly vNode: number;
  readonly node: string;
  readonly url: string;
  readonly misses: number;
  readonly syncing: boolean;
  /** The node that waits to take over, if there is one. */
  readonly successor?: string;
  /** Number of the object's segments that the contract lists for this vNode. */
  readonly segments: number;
  readonly reachable: boolean;
  /** Why the node cannot be reached. */
  readonly problem?: string;
}

export function status({ chain, api }: Services, object: StoredObject): Promise<ReplicaStatus[]> {
  checkDeployment(chain, object);
  return Promise.all(object.replicas.map((replica) => replicaStatus(chain, api, replica)));
}

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

/** undefined if the node answers at all: one that answers 503 (it missed a proof) can still serve. */
async function problemOf(api: NodeApi, address: NodeAddress): Promise<string | undefined> {
  try {
    await api.status(address);
    return undefined;
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return "status" in error.details ? undefined : error.message;
  }
}
