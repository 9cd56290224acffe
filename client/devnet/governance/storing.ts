/**
 * The customers of the governance scenario: they store files, and compare in the end what they agreed on with what is.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { HashEngine } from "../../../protocol/segment.ts";
import { createApp, type App } from "../../app.ts";
import type { Chain } from "../../chain.ts";
import type { StoredObject } from "../../object.ts";
import type { SegmentRecord } from "../../records.ts";
import { select } from "../history.ts";
import { fund } from "../network.ts";

export interface Purchase {
  readonly customer: Chain;
  readonly path: string;
  readonly cluster: bigint;
  readonly vNodes: readonly bigint[];
  /** Epochs that are paid for. Default: longer than the scenario takes. */
  readonly epochs?: number;
}

interface Agreed {
  readonly vNode: bigint;
  readonly serial: bigint;
  readonly end: bigint;
  readonly perEpoch: bigint;
}

export interface Storing {
  put(purchase: Purchase): Promise<StoredObject>;
  /** Reads a file back. @returns its SHA-256 */
  readBack(customer: Chain, object: StoredObject, folder: string): Promise<string>;
  /** How many segments were agreed on, and those whose price or end is another one now. */
  compare(): Promise<{ agreed: number; changed: readonly string[] }>;
}

const LONG = 120;

export function createStoring(engine: HashEngine, signal: AbortSignal): Storing {
  const agreed: { readonly chain: Chain; readonly segment: Agreed }[] = [];
  const appOf = (chain: Chain): App => createApp({ chain, engine, signal, allowPrivateNodes: true });
  const read = (chain: Chain, vNode: bigint, serial: bigint): Promise<SegmentRecord> =>
    chain.read<SegmentRecord>("registry", "segment", [vNode, serial]);

  return {
    async put({ customer, path, cluster, vNodes, epochs = LONG }) {
      const made = await customer.send("registry", "createBucket", [cluster, false]);
      const bucket = select(made.events, "BucketCreated")[0]?.args["bucket"] as bigint;
      const app = appOf(customer);
      const plan = await app.plan({ path, bucket, vNodes, epochs });
      await fund(customer, plan.price.total);
      const object = await app.put(plan);
      for (const { vNode, serials } of object.replicas)
        for (const serial of serials) {
          const { end, perEpoch } = await read(customer, BigInt(vNode), BigInt(serial));
          agreed.push({
            chain: customer,
            segment: { vNode: BigInt(vNode), serial: BigInt(serial), end, perEpoch },
          });
        }
      return object;
    },
    async readBack(customer, object, folder) {
      const out = join(folder, "read-back");
      await appOf(customer).get(object, out);
      const hash = createHash("sha256");
      await pipeline(createReadStream(out), hash);
      await rm(out);
      return hash.digest("hex");
    },
    async compare() {
      const changed: string[] = [];
      for (const { chain, segment } of agreed) {
        const { vNode, serial, end, perEpoch } = segment;
        const now = await read(chain, vNode, serial);
        if (now.end !== end || now.perEpoch !== perEpoch) changed.push(`segment ${serial} of vNode ${vNode}`);
      }
      return { agreed: agreed.length, changed };
    },
  };
}
