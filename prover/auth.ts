/**
 * Access control: a request's EIP-712 authorization, and the bucket's rights on chain (protocol.md, section 10).
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
  /** As sent, including the query. */
  readonly path: string;
  /** The Authorization header. */
  readonly header: string | undefined;
}

export interface Authorization {
  /** Checksummed address. */
  readonly signer: string;
  /** SHA-256 that the body must have, in hex. */
  readonly bodySha256: string;
  readonly nonce: bigint;
  /** Seconds. */
  readonly expiry: number;
}

export interface Access {
  /** @throws HoldfastError "unauthorized" unless the request is signed exactly as it is, and not expired */
  authorize(request: RequestFacts): Authorization;
  /**
   * Uses up a request's nonce. Call it only once the request is allowed, so that others cannot fill the journal.
   *
   * @throws HoldfastError "unauthorized" if the nonce was used before
   */
  take(authorization: Authorization): void;
  /** @throws HoldfastError "not-found", or "unauthorized" with status 403 in its details */
  checkRead(bucket: bigint, root: Hex, who: string): Promise<void>;
  /** @throws HoldfastError as checkRead, and "bad-input" if bucket and vNode belong to different clusters */
  checkWrite(bucket: bigint, vNode: bigint, who: string): Promise<void>;
  /** Whether the segment was stored or uploaded in this bucket. Other people's buckets may have the same bytes. */
  isInBucket(bucket: bigint, root: Hex): Promise<boolean>;
}

/** SHA-256 of an empty body. */
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
    throw refused("it is malformed: sign the request again", cause);
  }
  throw refused("there is no header `Authorization: Holdfast <base64url of JSON>`: sign the request");
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
  /** Time of the chain's newest block, in seconds; undefined if it is not known. */
  readonly chainTime?: () => number | undefined;
}

/** Seconds by which two clocks may differ without a warning. */
const MAX_CLOCK_SKEW = 30;

export function createAccess(
  node: bigint,
  { chain, holdings, journal, clock, chainTime = () => undefined }: AccessModules,
): Access {
  /** One request does not show whose clock is wrong, so the error says what is known of both. */
  const clocks = (now: number): string => {
    const ours = `this node's clock says ${new Date(1000 * now).toISOString()}`;
    const head = chainTime();
    if (head === undefined) return `${ours}: compare it with your clock`;
    const off = now - head;
    if (Math.abs(off) <= MAX_CLOCK_SKEW)
      return `${ours}, and the chain agrees: set the clock of the signing machine`;
    const words = `${Math.abs(off)} seconds ${off > 0 ? "after" : "before"} the chain's last block`;
    return `${ours}, ${words}: its operator must set it, unless the chain has stopped; use another node`;
  };
  const clusterOf = async (bucket: bigint): Promise<bigint> => {
    const found = await chain.bucket(bucket);
    if (found) return found.cluster;
    throw new HoldfastError("not-found", `there is no bucket ${bucket}: check its number`, {
      bucket: String(bucket),
    });
  };
  /** Whether the account operates a node that answers, or is named, for a vNode of the cluster. */
  const isMember = async (cluster: bigint, who: string): Promise<boolean> => {
    for (const id of holdings.operatedBy(who)) {
      for (const vNode of holdings.namedFor(id)) {
        if (holdings.clusterOf(vNode) !== cluster) continue;
        const state = await chain.state(vNode);
        if (state.responsible === id || state.nextNode === id) return true;
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
      if (message.node !== node)
        throw refused(`it was signed for node ${message.node}, but this is node ${node}`);
      if (message.method !== method || message.path !== path)
        throw refused("it was signed for another method or path");
      const left = message.expiry - BigInt(now);
      if (left < 0n) throw refused(`it expired ${-left} seconds ago; ${clocks(now)}`);
      if (left > BigInt(MAX_REQUEST_SECONDS))
        throw refused(
          `it is valid for another ${left} seconds, but at most ${MAX_REQUEST_SECONDS} are allowed; ${clocks(now)}`,
        );
      const signer = chain.requestSigner(message, signature);
      if (signer === undefined) throw refused("its signature is malformed");
      const { bodyHash, nonce, expiry } = message;
      return { signer, bodySha256: bodyHash.slice(2), nonce, expiry: Number(expiry) };
    },
    take({ signer, nonce, expiry }) {
      const now = Math.floor(clock.now() / 1000);
      if (!journal.useRequest(signer, nonce, expiry, now))
        throw refused("it was used before: sign a new one");
    },
    async checkRead(bucket, root, who) {
      const cluster = await clusterOf(bucket);
      const allowed = (await chain.mayRead(bucket, who)) || (await isMember(cluster, who));
      if (!allowed) throw forbidden(`${who} may not read bucket ${bucket}`);
      if (isInBucket(bucket, root)) return;
      await holdings.update();
      if (isInBucket(bucket, root)) return;
      throw new HoldfastError(
        "not-found",
        `this node has no segment ${root} of bucket ${bucket}: use another replica`,
        { root },
      );
    },
    async checkWrite(bucket, vNode, who) {
      const cluster = await clusterOf(bucket);
      const found = await chain.vNode(vNode);
      if (found?.nextResponsible !== node)
        throw new HoldfastError(
          "not-found",
          `this node is not responsible for vNode ${vNode}: ask the one that is`,
          { vNode: String(vNode) },
        );
      if (found.cluster !== cluster) {
        const message = `bucket ${bucket} is in cluster ${cluster}, but vNode ${vNode} is in ${found.cluster}: use a vNode of the bucket's cluster`;
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
