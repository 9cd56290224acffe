/**
 * What an application looks up on the chain before it stores or reads.
 */
import { HoldfastError } from "../protocol/errors.ts";
import { PROFILES, type Profile } from "../protocol/profiles.ts";
import type { Chain } from "./chain.ts";
import type { NodeAddress } from "./node-api.ts";
import type {
  BucketRecord,
  ClusterRecord,
  CompactionRecord,
  NodeRecord,
  Outlook,
  ProfileRecord,
  VNodeRecord,
  VNodeState,
} from "./records.ts";

export interface Target {
  readonly vNode: bigint;
  readonly node: NodeAddress;
  readonly operator: string;
  readonly rent: bigint;
  /** Times that the node has revoked its acceptances. */
  readonly revision: bigint;
}

/** The profile of this project that a cluster uses. Throws "bad-input" if it is none of them. */
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
    `cluster ${cluster} has a profile that this version does not know: ${parameters}`,
  );
}

/** Throws "not-found". */
export async function existingBucket(chain: Chain, bucket: bigint): Promise<BucketRecord> {
  const record = await chain.read<BucketRecord>("registry", "bucket", [bucket]);
  if (BigInt(record.owner) !== 0n) return record;
  throw new HoldfastError("not-found", `there is no bucket ${bucket}: create one with \`app create-bucket\``);
}

/** Who is to store on a vNode. Throws "busy" while nothing can be stored there, "bad-input" for one of another cluster. */
export async function findTarget(chain: Chain, vNode: bigint, cluster: bigint): Promise<Target> {
  const record = await chain.read<VNodeRecord>("registry", "vNode", [vNode]);
  if (record.cluster !== cluster) {
    const message = `vNode ${vNode} belongs to cluster ${record.cluster}, the bucket to cluster ${cluster}: use vNodes of the bucket's cluster`;
    throw new HoldfastError("bad-input", message);
  }
  const { node: id, handingOver, epoch } = await chain.read<Outlook>("audits", "outlook", [vNode]);
  if (handingOver) {
    const message = `vNode ${vNode} is being handed over, and takes nothing before the next node's first proof: use another vNode, or wait some epochs`;
    throw new HoldfastError("busy", message, { vNode });
  }
  const { left, epoch: since } = await chain.read<CompactionRecord>("registry", "compaction", [vNode]);
  if (left > 0n && epoch <= since + 1n) {
    const message = `the directory of vNode ${vNode} is being written again: use another vNode, or wait until epoch ${since + 2n} at most`;
    throw new HoldfastError("busy", message, { vNode });
  }
  const { address, record: node } = await nodeAt(chain, vNode, id);
  return { vNode, node: address, operator: node.operator, rent: node.rent, revision: node.revision };
}

/**
 * The nodes that may have what a vNode holds: the one that is responsible now, the one that is so in the next epoch, which
 * gets what is stored now, and the one that is to take over. Empty if there are none.
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
