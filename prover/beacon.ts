/**
 * Fetches the round of drand that an epoch's randomness is made of, for the case that nobody records it.
 */
import { request } from "undici";
import { SIGNATURE_BYTES, verifyRound } from "../protocol/drand.ts";
import { HoldfastError } from "../protocol/errors.ts";

export interface RoundWanted {
  readonly round: number;
  /** 128 bytes: whose signature it must be. */
  readonly publicKey: Uint8Array;
}

export type FetchRound = (wanted: RoundWanted, signal: AbortSignal) => Promise<Uint8Array>;

const TIMEOUT_MS = 5000;
/** An answer has a few hundred bytes. */
const MAX_ANSWER_BYTES = 16_384;

/** Servers are asked one after the other and trusted with nothing. Throws "unreachable" if none has the round. */
export function createFetchRound(urls: readonly string[]): FetchRound {
  return async ({ round, publicKey }, signal) => {
    const reasons: string[] = [];
    for (const url of urls) {
      try {
        const limits = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
        const signature = await askServer(`${url.replace(/\/+$/, "")}/public/${round}`, limits);
        if (signature.length === SIGNATURE_BYTES && verifyRound(publicKey, round, signature))
          return signature;
        reasons.push(`${url}: its signature is not valid`);
      } catch (error) {
        if (signal.aborted) throw new HoldfastError("aborted", "the node stops", {}, { cause: error });
        reasons.push(`${url}: ${(error as Error).message}`);
      }
    }
    const message = `no drand server has round ${round}: ${reasons.join("; ") || "none is configured"}`;
    throw new HoldfastError("unreachable", message, { round });
  };
}

async function askServer(url: string, signal: AbortSignal): Promise<Uint8Array> {
  const { statusCode, body } = await request(url, { signal });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`it answers with more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  if (statusCode !== 200) throw new Error(`it answers with status ${statusCode}`);
  const { signature } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as { signature?: unknown };
  if (typeof signature !== "string") throw new Error("it answers without a signature");
  return Buffer.from(signature, "hex");
}
