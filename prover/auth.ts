/**
 * Who asks, and may they: a request's EIP-712 authorization and the bucket's rights on chain (protocol.md, section 10).
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../chain/clock.ts";
import { decodeAuthorization } from "../protocol/authorization.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { Hex } from "../protocol/field.ts";
import { MAX_REQUEST_SECONDS } from "../protocol/typed-data.ts";
import type { NodeChain } from "./chain-model.ts";
import type { Holdings } from "./holdings.ts";
import type { Journal } from "./journal.ts";

export interface RequestFacts {
  readonly method: string;
  /** As it was sent, with the query. */
  readonly path: string;
  /** The Authorization header. */
  readonly header: string | undefined;
}

export interface Authorization {
  /** Checksummed address. */
  readonly signer: string;
  /** Hex SHA-256 that the body must have. */
  readonly bodySha256: string;
  readonly nonce: bigint;
  /** Seconds. */
  readonly expiry: number;
}

export interface Access {
  /** @throws HoldfastError "unauthorized" unless it is signed for exactly this request, in time */
  authorize(request: RequestFacts): Authorization;
  /**
   * Takes a request's nonce, so that it is good once: when it is allowed, so that nobody fills the journal for nothing.
   *
   * @throws HoldfastError "unauthorized" unless this is the first time
   */
  take(authorization: Authorization): void;
  /** @throws HoldfastError "not-found" or "unauthorized", with status 403 in the details */
  checkRead(bucket: bigint, root: Hex, who: string): Promise<void>;
  /** @throws HoldfastError as checkRead, and "bad-input" if bucket and vNode are of different clusters */
  checkWrite(bucket: bigint, vNode: bigint, who: string): Promise<void>;
  /** Whether the segment was stored or uploaded in this bucket: the same bytes may be in others, of other people. */
  isInBucket(bucket: bigint, root: Hex): Promise<boolean>;
}

/** SHA-256 of no bytes. */
export const EMPTY_BODY_HASH = `0x${createHash("sha256").digest("hex")}`;

const integer = z
  .string()
  .regex(/^(0|[1-9]\d{0,77})$/)
  .transform(BigInt)
  .refine((value) => value < 1n << 256n);
const schema = z.object({
  node: integer,
  method: z.string(),
  path: z.string(),
  bodyHash: z.string().regex(/^0x[0-9a-f]{64}$/),
  expiry: integer,
  nonce: integer,
  signature: z.string(),
});

function readAuthorization(header: string | undefined): z.infer<typeof schema> {
  try {
    const found = decodeAuthorization(header ?? "");
    if (found !== undefined) return schema.parse(found);
  } catch (cause) {
    throw refused("it is malformed", cause);
  }
  throw refused("there is no header `Authorization: Holdfast <base64url of JSON>`");
}

function refused(reason: string, cause?: unknown): HoldfastError {
  const message = `the request's authorization is refused: ${reason}`;
  return new HoldfastError("unauthorized", message, { reason }, { cause });
}

export interface AccessModules {
  readonly chain: NodeChain;
  readonly holdings: Holdings;
  readonly journal: Journal;
  readonly clock: Clock;
  /** Of the chain's last block, in seconds; undefined if that is not known. */
  readonly chainTime?: () => number | undefined;
}

/** Seconds that two clocks may differ without anybody being told. */
const MAX_CLOCK_SKEW = 30;

export function createAccess(
  node: bigint,
  { chain, holdings, journal, clock, chainTime = () => undefined }: AccessModules,
): Access {
  /** Whose clock is wrong cannot be told from one request, so what is known of both is said. */
  const clocks = (now: number): string => {
    const ours = `this node's clock says ${new Date(1000 * now).toISOString()}`;
    const head = chainTime();
    if (head === undefined) return `${ours}: compare it with yours`;
    const off = now - head;
    if (Math.abs(off) <= MAX_CLOCK_SKEW) return `${ours}, as the chain does: set the clock of who signs`;
    const words = `${Math.abs(off)} seconds ${off > 0 ? "after" : "before"} the chain's last block`;
    return `${ours}, ${words}: its operator must set it, unless the chain stands still; use another node`;
  };
  const clusterOf = async (bucket: bigint): Promise<bigint> => {
    const found = await chain.bucket(bucket);
    if (found) return found.cluster;
    throw new HoldfastError("not-found", `there is no bucket ${bucket}`, { bucket: String(bucket) });
  };
  /** Whether somebody operates a node that answers, or is about to, for a vNode of the cluster. */
  const isMember = async (cluster: bigint, who: string): Promise<boolean> => {
    for (const id of holdings.operatedBy(who)) {
      for (const vNode of holdings.namedFor(id)) {
        if (holdings.clusterOf(vNode) !== cluster) continue;
        const state = await chain.state(vNode);
        if (state.node === id || state.nextNode === id) return true;
      }
    }
    return false;
  };
  const isInBucket = (bucket: bigint, root: Hex): boolean =>
    journal.isUploaded(root, bucket) || holdings.holdersOf(bucket, root).length > 0;

  return {
    authorize({ method, path, header }) {
      const { signature, ...message } = readAuthorization(header);
      const now = Math.floor(clock.now() / 1000);
      if (message.node !== node) throw refused(`it is for node ${message.node}, this is node ${node}`);
      if (message.method !== method || message.path !== path)
        throw refused("it is for another method or path");
      const left = message.expiry - BigInt(now);
      if (left < 0n) throw refused(`it has expired ${-left} seconds ago; ${clocks(now)}`);
      if (left > BigInt(MAX_REQUEST_SECONDS))
        throw refused(`it is valid for ${left} seconds, more than ${MAX_REQUEST_SECONDS}; ${clocks(now)}`);
      const signer = chain.requestSigner(message, signature);
      if (signer === undefined) throw refused("its signature is malformed");
      const { bodyHash, nonce, expiry } = message;
      return { signer, bodySha256: bodyHash.slice(2), nonce, expiry: Number(expiry) };
    },
    take({ signer, nonce, expiry }) {
      const now = Math.floor(clock.now() / 1000);
      if (!journal.useRequest(signer, nonce, expiry, now)) throw refused("it was used before");
    },
    async checkRead(bucket, root, who) {
      const cluster = await clusterOf(bucket);
      const allowed = (await chain.mayRead(bucket, who)) || (await isMember(cluster, who));
      if (!allowed) throw forbidden(`${who} may not read bucket ${bucket}`);
      if (isInBucket(bucket, root)) return;
      await holdings.update();
      if (isInBucket(bucket, root)) return;
      throw new HoldfastError("not-found", `bucket ${bucket} has no segment ${root} here`, { root });
    },
    async checkWrite(bucket, vNode, who) {
      const cluster = await clusterOf(bucket);
      const found = await chain.vNode(vNode);
      if (found?.responsible !== node)
        throw new HoldfastError("not-found", `vNode ${vNode} is not this node's`, { vNode: String(vNode) });
      if (found.cluster !== cluster) {
        const message = `bucket ${bucket} lives in cluster ${cluster}, vNode ${vNode} in ${found.cluster}: use a vNode of the bucket's cluster`;
        throw new HoldfastError("bad-input", message, { bucket: String(bucket), vNode: String(vNode) });
      }
      if (!(await chain.mayWrite(bucket, who))) throw forbidden(`${who} may not write bucket ${bucket}`);
    },
    async isInBucket(bucket, root) {
      if (isInBucket(bucket, root)) return true;
      await holdings.update();
      return isInBucket(bucket, root);
    },
  };
}

function forbidden(message: string): HoldfastError {
  return new HoldfastError("unauthorized", `${message}: its owner can allow it`, { status: 403 });
}
