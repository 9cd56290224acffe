/**
 * Carries out the plan of a put: uploads the segments, and stores them on one vNode after the other.
 */
import type { Readable } from "node:stream";
import { HoldfastError } from "../../protocol/errors.ts";
import type { NodeApi } from "../node-api.ts";
import type { Replica, StoredObject } from "../object.ts";
import { storedOn, type PutPlan } from "./put-plan.ts";
import { draftOf } from "./resume.ts";
import { readPart } from "./segments.ts";
import type { Services } from "./services.ts";
import { storeOn } from "./storing.ts";

export type Save = (object: StoredObject) => Promise<void>;

export async function put(
  { chain, api, progress }: Services,
  plan: PutPlan,
  save: Save,
): Promise<StoredObject> {
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
}

/** Uploads each segment to all nodes that lack it, one after the other. */
async function upload(
  api: NodeApi,
  { path, bucket, file, targets }: PutPlan,
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
  const message = `the account has ${balance} token units, and this costs ${total}: deposit ${missing} more`;
  return new HoldfastError("funds", message, { needed: total, balance, missing });
}
