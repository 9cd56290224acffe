/**
 * Who asks, and may they: a request's EIP-712 authorization (protocol.md, section 10) and the bucket's rights on chain.
 */
import { z } from "zod";
import { HoldfastError } from "../protocol/errors.ts";
import { MAX_REQUEST_SECONDS } from "../protocol/typed-data.ts";
import type { NodeChain } from "./chain.ts";
import type { Journal } from "./journal.ts";

export interface RequestFacts {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** The Authorization header. */
  readonly header: string | undefined;
}

export interface Authorization {
  /** Checksummed address. */
  readonly signer: string;
  /** Hex SHA-256 that the body must have. */
  readonly bodySha256: string;
}

export interface Access {
  /** @throws HoldfastError "unauthorized" unless the request is signed for exactly this, in time, for the first time */
  authorize(request: RequestFacts): Promise<Authorization>;
  /** @throws HoldfastError "not-found" or "unauthorized" */
  checkRead(bucket: bigint, who: string): Promise<void>;
  checkWrite(bucket: bigint, vNode: bigint, who: string): Promise<void>;
}

const integer = z
  .string()
  .regex(/^\d{1,78}$/)
  .transform(BigInt);
const schema = z.object({
  node: integer,
  method: z.string(),
  path: z.string(),
  bodyHash: z.string().regex(/^0x[0-9a-f]{64}$/),
  expiry: integer,
  nonce: integer,
  signature: z.string(),
});

export interface AccessOptions {
  readonly node: bigint;
  readonly chain: NodeChain;
  readonly journal: Journal;
  /** Seconds. */
  readonly now: () => number;
}

export function createAccess({ node, chain, journal, now }: AccessOptions): Access {
  return {
    authorize({ method, path, header }) {
      const { signature, ...signed } = parse(header);
      const time = now();
      if (signed.node !== node) throw refused(`it is signed for node ${signed.node}, this is node ${node}`);
      if (signed.method !== method || signed.path !== path)
        throw refused("it is signed for another method or path");
      if (signed.expiry < BigInt(time)) throw refused("it has expired");
      if (signed.expiry > BigInt(time + MAX_REQUEST_SECONDS)) {
        throw refused(`it is valid for more than ${MAX_REQUEST_SECONDS} seconds`);
      }
      const signer = chain.requestSigner(signed, signature);
      if (signer === undefined) throw refused("its signature is malformed");
      if (!journal.useRequest(signer, signed.nonce, Number(signed.expiry), time))
        throw refused("it was used before");
      return Promise.resolve({ signer, bodySha256: signed.bodyHash.slice(2) });
    },
    async checkRead(id, who) {
      const { cluster } = await existing(chain, id);
      // A node of the cluster may read what it has to hold: it may be taking over from another.
      if ((await chain.mayRead(id, who)) || (await chain.isMember(cluster, who))) return;
      throw new HoldfastError("unauthorized", `${who} may not read bucket ${id}`, {
        bucket: String(id),
        account: who,
      });
    },
    async checkWrite(id, vNode, who) {
      const { cluster } = await existing(chain, id);
      if (!(await chain.vNodes()).includes(vNode)) {
        throw new HoldfastError("not-found", `vNode ${vNode} is not this node's`, { vNode: String(vNode) });
      }
      if ((await chain.clusterOf(vNode)) !== cluster) {
        throw new HoldfastError(
          "bad-input",
          `bucket ${id} lives in cluster ${cluster}, vNode ${vNode} does not`,
        );
      }
      if (await chain.mayWrite(id, who)) return;
      throw new HoldfastError("unauthorized", `${who} may not write bucket ${id}`, {
        bucket: String(id),
        account: who,
      });
    },
  };
}

async function existing(chain: NodeChain, id: bigint): Promise<{ cluster: bigint }> {
  const bucket = await chain.bucket(id);
  if (!bucket) throw new HoldfastError("not-found", `there is no bucket ${id}`, { bucket: String(id) });
  return bucket;
}

function parse(header: string | undefined): z.infer<typeof schema> {
  const encoded = /^Holdfast ([A-Za-z0-9_-]{1,4096})$/.exec(header ?? "")?.[1];
  if (encoded === undefined) throw refused("there is none of the form `Holdfast <base64url>`");
  try {
    return schema.parse(JSON.parse(Buffer.from(encoded, "base64url").toString("utf8")));
  } catch {
    throw refused("it is malformed");
  }
}

function refused(reason: string): HoldfastError {
  return new HoldfastError("unauthorized", `the authorization is refused: ${reason}`, { reason });
}
