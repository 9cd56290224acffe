/**
 * The vNodes of a cluster.
 */
import type { Chain } from "../chain.ts";
import type { VNodeRecord } from "../records.ts";

export async function vNodesOf(chain: Chain, cluster: bigint): Promise<(VNodeRecord & { vNode: bigint })[]> {
  const total = await chain.read<bigint>("registry", "vNodeCount");
  const found: (VNodeRecord & { vNode: bigint })[] = [];
  for (let vNode = 1n; vNode <= total; vNode++) {
    const record = await chain.read<VNodeRecord>("registry", "vNode", [vNode]);
    if (record.cluster === cluster) found.push({ ...record, vNode });
  }
  return found;
}
