/**
 * Resumes a put: finds out from the manifest and the chain what an earlier put has stored already.
 */
import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Chain } from "../chain.ts";
import { isBegun, type Replica, type StoredObject } from "../object.ts";
import type { Outlook, SegmentRecord } from "../records.ts";
import type { PutPlan, PutOptions } from "./put-plan.ts";
import { withStored } from "./storing.ts";

export type Ordered = Pick<PutPlan, "path" | "bucket" | "epochs" | "vNodes" | "file" | "profile">;

/** The manifest before anything is stored. */
export function draftOf(
  chain: Chain,
  { path, bucket, epochs, vNodes, file, profile }: Ordered,
): StoredObject {
  return {
    version: 1,
    name: basename(path),
    bytes: file.bytes,
    sha256: file.sha256,
    profile: profile.name,
    chainId: String(chain.chainId),
    audits: chain.addresses.audits,
    bucket: Number(bucket),
    segments: file.segments.map(({ root, leaves, bytes, sha256 }) => ({ root, leaves, bytes, sha256 })),
    replicas: vNodes.map((vNode) => ({ vNode: Number(vNode), epochs, serials: [] })),
  };
}

/**
 * The manifest of an earlier put of the same file, brought up to date, with the replicas that are to be stored now.
 *
 * @throws HoldfastError "bad-input" if the record is about another put, "expired" if its segments have ended
 */
export async function continued(chain: Chain, order: Ordered, record: StoredObject): Promise<StoredObject> {
  const draft = draftOf(chain, order);
  if (!record.replicas.some(isBegun)) return draft;
  checkSame(record, draft);
  const known = await Promise.all(
    record.replicas.map(async (replica) => {
      if (replica.pending === undefined) return replica;
      const { pending, ...rest } = replica;
      const sent = await chain.settle([pending].flat());
      return sent ? withStored(rest, sent) : rest;
    }),
  );
  const begun = known.filter(isBegun);
  for (const replica of begun)
    if (order.vNodes.includes(BigInt(replica.vNode))) await checkReplica(chain, replica, order);
  const others = draft.replicas.filter(({ vNode }) => !begun.some((one) => one.vNode === vNode));
  return { ...record, replicas: [...begun, ...others] };
}

function checkSame(record: StoredObject, draft: StoredObject): void {
  const wrong = different(record, draft);
  if (wrong === undefined) return;
  const message = `the manifest that exists already is of ${wrong}: keep it, and give another name with --manifest`;
  throw new HoldfastError("bad-input", message);
}

function different(record: StoredObject, draft: StoredObject): string | undefined {
  if (record.sha256 !== draft.sha256) return "a file with other bytes";
  if (record.chainId !== draft.chainId || record.audits.toLowerCase() !== draft.audits.toLowerCase())
    return "another deployment";
  if (record.bucket !== draft.bucket) return `bucket ${record.bucket}`;
  return isDeepStrictEqual(record.segments, draft.segments)
    ? undefined
    : "a file that was cut in other places";
}

async function checkReplica(
  chain: Chain,
  { vNode, epochs, serials }: Replica,
  order: Pick<PutOptions, "epochs">,
): Promise<void> {
  if (epochs !== order.epochs) {
    const message = `vNode ${vNode} stores the file for ${epochs} epochs, not for ${order.epochs}: give --epochs ${epochs} to complete that put, or another name with --manifest to begin a new one`;
    throw new HoldfastError("bad-input", message, { vNode, epochs });
  }
  const { epoch } = await chain.read<Outlook>("audits", "outlook", [vNode]);
  for (const serial of serials) {
    const { leaves, end } = await chain.read<SegmentRecord>("registry", "segment", [vNode, serial]);
    if (leaves > 0n && end > epoch) continue;
    const message = `the segments of the manifest on vNode ${vNode} have ended: give another name with --manifest to store the file again`;
    throw new HoldfastError("expired", message, { vNode, serial });
  }
}
