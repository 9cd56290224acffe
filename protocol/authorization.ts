/**
 * The encoding of a request's signature in its Authorization header (protocol.md, section 10).
 */
import { toJson } from "./json.ts";

/** The fields of a request that are signed (EIP-712, typed-data.ts). */
export interface SignedRequest {
  readonly node: bigint;
  readonly method: string;
  readonly path: string;
  /** 0x and the SHA-256 of the body. */
  readonly bodyHash: string;
  /** Seconds. */
  readonly expiry: bigint;
  readonly nonce: bigint;
}

const SCHEME = /^Holdfast ([A-Za-z0-9_-]{1,4096})$/;

export function encodeAuthorization(message: SignedRequest, signature: string): string {
  return `Holdfast ${Buffer.from(toJson({ ...message, signature })).toString("base64url")}`;
}

/** The decoded header, unchecked; undefined if the header has another scheme. @throws SyntaxError if it is not JSON */
export function decodeAuthorization(header: string): unknown {
  const encoded = SCHEME.exec(header)?.[1];
  return encoded === undefined ? undefined : JSON.parse(Buffer.from(encoded, "base64url").toString("utf8"));
}
