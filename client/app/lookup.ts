/**
 * Looks up on the chain what an application needs before it stores or reads.
 */
import { HoldfastError } from "../../protocol/errors.ts";
import { PROFILES, type Profile } from "../../protocol/profiles.ts";
import type { Chain } from "../chain.ts";
import type { NodeAddress } from "../node-api.ts";
import type {
  BucketRecord,
  ClusterRecord,
  CompactionRecord,
  NodeRecord,
  Outlook,
  ProfileRecord,
  VNodeRecord,
  VNodeState,
} from "../records.ts";

export interface Target {
  readonly vNode: bigint;
  readonly node: NodeAddress;
  readonly operator: string;
  readonly rent: bigint;
  /** How many times the node has revoked its acceptances. */
  readonly revision: bigint;
}

/** The profile that a cluster uses. @throws HoldfastError "bad-input" if this version does not know it */
export async function clusterProfile(chain: Chain, cluster: bigint): Promise<Profile> {
  const { profile } = await chain.read<ClusterRecord>("registry", "cluster", [cluster]);
  const { samples, dataDepth, directoryDepth } = await chain.read<ProfileRecord>("audits", "profiles", [
    profile,
  ]);
  const found = Object.values(PROFILES).find(
    (one) =>
      BigInt(one.samples) === samples &&
      BigInt(one.dataDepth) === dataDepth &&
      BigInt(one.directoryDepth) === directoryDepth,
  );
  if (found) return found;
  const parameters = `${samples} samples, depths ${dataDepth} and ${directoryDepth}`;
  throw new HoldfastError(
    "bad-input",
    `cluster ${cluster} has a profile that this version does not know (${parameters}): use a newer version`,
  );
}

/** @throws HoldfastError "not-found" */
export async function existingBucket(chain: Chain, bucket: bigint): Promise<BucketRecord> {
  const record = await chain.read<BucketRecord>("registry", "bucket", [bucket]);
  if (BigInt(record.owner) !== 0n) return record;
  throw new HoldfastError("not-found", `there is no bucket ${bucket}: create one with \`app create-bucket\``);
}

/**
 * The node that must store what is stored on a vNode now.
 *
 * @throws HoldfastError "busy" while nothing can be stored there, "bad-input" for a vNode of another cluster
 */
export async function findTarget(chain: Chain, vNode: bigint, cluster: bigint): Promise<Target> {
  const record = await chain.read<VNodeRecord>("registry", "vNode", [vNode]);
  if (record.cluster !== cluster) {
    const message = `vNode ${vNode} belongs to cluster ${record.cluster}, and the bucket to cluster ${cluster}: use vNodes of the bucket's cluster`;
    throw new HoldfastError("bad-input", message);
  }
  const { node: id, handingOver, epoch } = await chain.read<Outlook>("audits", "outlook", [vNode]);
  if (handingOver) {
    const message = `vNode ${vNode} is being handed over, and nothing can be stored before the next node's first proof: use another vNode, or wait a few epochs`;
    throw new HoldfastError("busy", message, { vNode });
  }
  const { left, epoch: since } = await chain.read<CompactionRecord>("registry", "compaction", [vNode]);
  if (left > 0n && epoch <= since + 1n) {
    const message = `the directory of vNode ${vNode} is being compacted: use another vNode, or wait until epoch ${since + 2n} at most`;
    throw new HoldfastError("busy", message, { vNode });
  }
  const { address, record: node } = await nodeAt(chain, vNode, id);
  return { vNode, node: address, operator: node.operator, rent: node.rent, revision: node.revision };
}

/**
 * The nodes that may have the data of a vNode: the node that is responsible now, the one that is responsible in the next
 * epoch (it gets what is stored now), and the successor. Empty if there are none.
 */
export async function nodesOf(chain: Chain, vNode: bigint): Promise<NodeAddress[]> {
  const { node } = await chain.read<Pick<VNodeState, "node">>("audits", "state", [vNode]);
  const { node: next, successor } = await chain.read<Partial<Outlook>>("audits", "outlook", [vNode]);
  const ids = [...new Set([node, next, successor])].filter(
    (id): id is bigint => id !== undefined && id !== 0n,
  );
  return Promise.all(ids.map(async (id) => (await nodeAt(chain, vNode, id)).address));
}

async function nodeAt(
  chain: Chain,
  vNode: bigint,
  id: bigint,
): Promise<{ address: NodeAddress; record: NodeRecord }> {
  if (id === 0n) {
    throw new HoldfastError(
      "not-found",
      `vNode ${vNode} has no node: the manager must assign one (\`manager assign\`)`,
    );
  }
  const record = await chain.read<NodeRecord>("registry", "node", [id]);
  return { address: { id, url: record.url }, record };
}
