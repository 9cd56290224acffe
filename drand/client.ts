/**
 * Fetches rounds of drand over HTTP. All relays are asked at once. They are not trusted: each signature is verified
 * here, so the first valid one is right.
 */
import { HoldfastError } from "../protocol/errors.ts";
import type { Hex } from "../protocol/field.ts";
import {
  DRAND_SCHEME,
  decodePublicKey,
  roundEvidence,
  SIGNATURE_BYTES,
  signatureRandomness,
  verifyRound,
  type DrandChain,
} from "./rounds.ts";

export interface DrandRound {
  readonly round: number;
  /** 64 bytes, as DrandBeacon.record takes them. */
  readonly signature: Hex;
  /** sha256 of the signature: what the beacon returns. */
  readonly randomness: Hex;
}

/** The evidence that proves the round to the contract. */
export const evidenceOf = ({ round, signature }: DrandRound): Uint8Array =>
  roundEvidence(round, Buffer.from(signature.slice(2), "hex"));

export interface DrandOptions {
  /** Base URLs of relays, without `/public/1`. */
  readonly urls: readonly string[];
  /** 128 bytes: the key that signs the rounds. */
  readonly publicKey: Uint8Array;
  /** Milliseconds that a relay may take. */
  readonly timeoutMs?: number;
}

export interface DrandClient {
  /**
   * @throws HoldfastError "unreachable", with each relay's reason, if none has a valid signature of the round yet
   * @throws HoldfastError "aborted" if the signal aborts
   */
  round(round: number, signal?: AbortSignal): Promise<DrandRound>;
}

type Fetch = typeof globalThis.fetch;

const DEFAULT_TIMEOUT_MS = 5000;
/** A real answer has a few hundred bytes. */
const MAX_ANSWER_BYTES = 16_384;

/** @throws RangeError if there is no URL or the key is not a point of G2 */
export function createDrandClient(
  { urls, publicKey, timeoutMs = DEFAULT_TIMEOUT_MS }: DrandOptions,
  { fetch = globalThis.fetch }: { fetch?: Fetch } = {},
): DrandClient {
  if (urls.length === 0) throw new RangeError('"urls" expected at least one URL, got none');
  decodePublicKey(publicKey);

  return {
    async round(round, signal) {
      if (signal?.aborted) throw abortedError(signal);
      const answered = new AbortController();
      try {
        return await Promise.any(
          urls.map(async (url) => {
            const limits = [answered.signal, AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])];
            const answer = await getJson(fetch, `${base(url)}/public/${round}`, AbortSignal.any(limits));
            return checkRound(publicKey, round, answer);
          }),
        );
      } catch (error) {
        if (signal?.aborted) throw abortedError(signal);
        const reasons = (error as AggregateError).errors.map((reason, i) => [urls[i], messageOf(reason)]);
        throw new HoldfastError(
          "unreachable",
          `no drand relay has a valid signature of round ${round}: ` +
            reasons.map(([url, reason]) => `${url ?? ""} (${reason ?? ""})`).join(", "),
          { round, relays: Object.fromEntries(reasons) as Record<string, string> },
          { cause: error },
        );
      } finally {
        answered.abort();
      }
    },
  };
}

/**
 * What a relay says about its network. Only for setting up: rounds must be verified with a key from another source.
 *
 * @throws HoldfastError "unreachable"
 */
export async function fetchDrandChain(
  url: string,
  { fetch = globalThis.fetch, timeoutMs = DEFAULT_TIMEOUT_MS }: { fetch?: Fetch; timeoutMs?: number } = {},
): Promise<DrandChain> {
  try {
    const info = await getJson(fetch, `${base(url)}/info`, AbortSignal.timeout(timeoutMs));
    if (info.schemeID !== DRAND_SCHEME)
      throw new Error(`its scheme is ${JSON.stringify(info.schemeID)}, not ${DRAND_SCHEME}`);
    const publicKey = fromHex(info.public_key);
    decodePublicKey(publicKey);
    const { genesis_time: genesis, period } = info;
    if (!isPositive(genesis) || !isPositive(period)) throw new Error("its times are not positive integers");
    return { publicKey, genesis, period };
  } catch (cause) {
    throw new HoldfastError(
      "unreachable",
      `cannot read drand's parameters from ${url}: ${messageOf(cause)}`,
      { url },
      { cause },
    );
  }
}

function checkRound(publicKey: Uint8Array, round: number, answer: Record<string, unknown>): DrandRound {
  if (answer.round !== round) throw new Error(`it answers for round ${JSON.stringify(answer.round)}`);
  const signature = fromHex(answer.signature);
  if (signature.length !== SIGNATURE_BYTES || !verifyRound(publicKey, round, signature))
    throw new Error("its signature is not valid");
  return { round, signature: toHex(signature), randomness: toHex(signatureRandomness(signature)) };
}

async function getJson(fetch: Fetch, url: string, signal: AbortSignal): Promise<Record<string, unknown>> {
  const response = await fetch(url, { signal, redirect: "error", headers: { accept: "application/json" } });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`it answers with status ${response.status}`);
  }
  const json: unknown = JSON.parse(await boundedText(response));
  if (typeof json !== "object" || json === null) throw new Error("its answer is not a JSON object");
  return json as Record<string, unknown>;
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop early cancels the rest.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`its answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function base(url: string): string {
  return url.replace(/\/+$/, "");
}

function fromHex(text: unknown): Uint8Array {
  if (typeof text !== "string" || !/^([0-9a-f]{2})+$/i.test(text))
    throw new Error("its answer has something other than hexadecimal digits");
  return Uint8Array.from(Buffer.from(text, "hex"));
}

function toHex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes).toString("hex")}`;
}

function isPositive(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function abortedError(signal: AbortSignal): HoldfastError {
  return new HoldfastError("aborted", "fetching a drand round was aborted", {}, { cause: signal.reason });
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // fetch puts the real reason into the cause of "fetch failed".
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
