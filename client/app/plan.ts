/**
 * Plans a put: finds the nodes and the segments that are not stored yet, and computes the price. Pays nothing.
 */
import { HoldfastError } from "../../protocol/errors.ts";
import { priceOf } from "../../protocol/price.ts";
import type { Chain } from "../chain.ts";
import type { ClusterRecord } from "../records.ts";
import { sum } from "../sum.ts";
import { clusterProfile, existingBucket, findTarget, type Target } from "./lookup.ts";
import { storedOn, type PutOptions, type PutPlan } from "./put-plan.ts";
import { continued } from "./resume.ts";
import { commitFile } from "./segments.ts";
import type { Services } from "./services.ts";

export async function planPut(
  { chain, engine, signal, progress }: Services,
  options: PutOptions,
): Promise<PutPlan> {
  const { path, bucket, vNodes, epochs } = options;
  const { cluster } = await existingBucket(chain, bucket);
  const profile = await clusterProfile(chain, cluster);
  const step = (fraction: number): void => progress?.("computing the roots", fraction);
  // Look the nodes up before reading a large file. With a record, the file must be read first to know which are needed.
  const fresh = options.record ? undefined : await findTargets(chain, vNodes, cluster);
  const file = await commitFile(path, { profile, engine, progress: step, signal });
  const record = options.record && (await continued(chain, { ...options, file, profile }, options.record));
  const left = vNodes.filter((vNode) => storedOn(record, vNode) < file.segments.length);
  const targets = fresh ?? (await findTargets(chain, left, cluster));
  const { quantumBits } = await chain.read<ClusterRecord>("registry", "cluster", [cluster]);
  const priceWith = (bits: bigint): bigint =>
    sum(
      targets.flatMap(({ rent, vNode }) =>
        file.segments.slice(storedOn(record, vNode)).map(({ leaves }) => priceOf(leaves, rent, Number(bits))),
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
}

async function findTargets(chain: Chain, vNodes: readonly bigint[], cluster: bigint): Promise<Target[]> {
  const targets = await Promise.all(vNodes.map((vNode) => findTarget(chain, vNode, cluster)));
  if (new Set(targets.map(({ node }) => node.id)).size === targets.length) return targets;
  throw new HoldfastError(
    "bad-input",
    "two of the vNodes are on the same node, and would be lost together: choose vNodes of different nodes",
  );
}
