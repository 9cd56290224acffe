/**
 * JSON-RPC over HTTP to one endpoint. Hosted endpoints fail now and then, limit how often and how much is asked at
 * once, and have keys in their URLs. So failed requests are repeated, large batches are split, and no error shows the
 * URL.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  FetchRequest,
  JsonRpcProvider,
  type JsonRpcApiProviderOptions,
  type JsonRpcError,
  type JsonRpcPayload,
  type JsonRpcResult,
} from "ethers";
import { HoldfastError } from "../protocol/errors.ts";
import { failureOf, noAnswer, see, type Answer, type Seen } from "./answers.ts";

export interface EndpointOptions extends Pick<JsonRpcApiProviderOptions, "polling" | "pollingInterval"> {
  /** Milliseconds for one attempt. */
  readonly timeoutMs?: number | undefined;
  /** Attempts at one request. */
  readonly tries?: number;
  readonly wait?: ((ms: number) => Promise<unknown>) | undefined;
  /** Shared by all endpoints of one chain. */
  readonly seen?: Seen;
}

/**
 * Options for ethers: no detection of the network, no cache of answers, and requests of one moment leave in one
 * batch.
 */
export const FIXED = { staticNetwork: true, cacheTimeout: -1, batchStallTime: 0 } as const;

const TIMEOUT_MS = 10_000;
/** Attempts at one request: with the waits in between they take 1.5 s, unless the endpoint asks for longer waits. */
const TRIES = 4;
const FIRST_WAIT_MS = 200;
/**
 * Waits before repeating a request that got no real answer: another server behind the URL may have it, or this one
 * soon.
 */
const NO_ANSWER_WAITS_MS = [250, 500, 1000, 2000];
/** The longest wait, even if the endpoint asks for more. */
const MAX_WAIT_MS = 10_000;
/** HTTP status codes that mean "try again". */
const BUSY: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
/** HTTP status codes with which endpoints refuse a batch as too large; some call it malformed. */
const TOO_MUCH: ReadonlySet<number> = new Set([400, 413]);
/** Parts of a URL with at least so many characters may be keys. */
const MIN_SECRET = 8;
/** How endpoints say that they are asked too often. A range of logs that is too large is something else. */
const TOO_OFTEN = /rate.?limit|too many requests|requests? per|compute units|capacity|throttl/i;

export class Endpoint extends JsonRpcProvider {
  /** Host and port: the only part of the URL that may be shown. */
  readonly host: string;
  readonly #wait: (ms: number) => Promise<unknown>;
  readonly #tries: number;
  readonly #seen: Seen;
  readonly #hide: (words: string) => string;
  /** The most requests in one batch, as learnt so far. */
  #most = Infinity;

  constructor(url: string, chainId: bigint, options: EndpointOptions = {}) {
    const { timeoutMs, wait, tries, seen, ...others } = options;
    super(requestTo(url, timeoutMs), chainId, { ...others, ...FIXED });
    this.host = hostOf(url);
    this.#wait = wait ?? ((ms) => sleep(ms));
    this.#tries = tries ?? TRIES;
    this.#seen = seen ?? { block: 0 };
    this.#hide = hiding(url);
  }

  override async _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<JsonRpcResult[]> {
    const asked = [payload].flat();
    const answers = new Map<number, Answer>();
    const take = async (some: readonly JsonRpcPayload[]): Promise<JsonRpcPayload[]> => {
      for (const answer of await this.#ask(some)) answers.set(answer.id, answer);
      for (const each of some) see(this.#seen, each, answers.get(each.id) ?? NOTHING);
      return some.filter((each) => noAnswer(each, answers.get(each.id) ?? NOTHING, this.#seen) !== undefined);
    };
    let left = await take(asked);
    for (const pause of NO_ANSWER_WAITS_MS) {
      if (left.length === 0) break;
      await this.#wait(pause);
      // If the repetition fails, the answers of before stay.
      left = await take(left).catch(() => left);
    }
    // ethers also handles errors among the results, although its types do not say so.
    return [...answers.values()] as JsonRpcResult[];
  }

  override getRpcError(payload: JsonRpcPayload, answer: JsonRpcError): Error {
    return unanswered(this.host, payload, answer) ?? super.getRpcError(payload, answer);
  }

  async #ask(asked: readonly JsonRpcPayload[]): Promise<Answer[]> {
    if (asked.length > this.#most) return this.#inParts(asked);
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#attempt(asked);
      if (Array.isArray(answer)) return answer;
      if (answer.tooMuch && asked.length > 1) {
        this.#most = Math.ceil(asked.length / 2);
        return this.#inParts(asked);
      }
      if (attempt >= this.#tries || !answer.again)
        throw new HoldfastError("unreachable", `${this.host} ${answer.problem}`, { endpoint: this.host });
      await this.#wait(Math.min(answer.waitMs ?? FIRST_WAIT_MS * 2 ** (attempt - 1), MAX_WAIT_MS));
    }
  }

  async #inParts(asked: readonly JsonRpcPayload[]): Promise<Answer[]> {
    const answers: Answer[] = [];
    // A part may turn out to be too large, too.
    const most = this.#most;
    for (let first = 0; first < asked.length; first += most)
      answers.push(...(await this.#ask(asked.slice(first, first + most))));
    return answers;
  }

  async #attempt(asked: readonly JsonRpcPayload[]): Promise<Answer[] | Failure> {
    const request = this._getConnection();
    request.body = JSON.stringify(asked.length === 1 ? asked[0] : asked);
    request.setHeader("content-type", "application/json");
    let status: number;
    let body: unknown;
    try {
      const response = await request.send();
      status = response.statusCode;
      if (status !== 200)
        return {
          problem: `answers ${status} ${this.#hide(response.statusMessage)}`,
          again: BUSY.has(status),
          tooMuch: TOO_MUCH.has(status),
          waitMs: waitOf(response.headers["retry-after"]),
        };
      // ethers decodes UTF-8 ten times more slowly than Node.
      body = JSON.parse(Buffer.from(response.body ?? []).toString()) as unknown;
    } catch (error) {
      return { problem: `does not answer: ${reasonOf(error)}`, again: true, tooMuch: false };
    }
    const answers = [body].flat().filter((each): each is Answer => typeof each === "object" && each !== null);
    const refusals = answers.flatMap((each) => ("error" in each ? [each.error] : []));
    for (const refusal of refusals)
      if (typeof refusal.message === "string") refusal.message = this.#hide(refusal.message);
    const often = refusals.find(({ code, message }) => code === 429 || TOO_OFTEN.test(message ?? ""));
    if (often) return { problem: `refuses: ${often.message}`, again: true, tooMuch: false };
    // A batch that is refused as a whole gets a single error.
    if (answers.length >= asked.length) return answers;
    const problem = refusals[0] ? `refuses: ${refusals[0].message}` : "answers something that was not asked";
    return { problem, again: refusals.length === 0, tooMuch: refusals.length > 0 };
  }
}

/** Stands for the answer to a request that the endpoint has left out. */
const NOTHING: JsonRpcResult = { id: 0, result: undefined };

interface Failure {
  /** Follows the endpoint's name in a sentence. */
  readonly problem: string;
  readonly again: boolean;
  readonly tooMuch: boolean;
  readonly waitMs?: number | undefined;
}

/** An error for answers that ethers would report as a refusal, or in words that do not help. */
export function unanswered(
  hosts: string,
  payload: JsonRpcPayload,
  answer: JsonRpcError,
): HoldfastError | undefined {
  const failure = failureOf(payload, answer);
  if (!failure) return undefined;
  const problem = failure.kind === "failed" ? "failed at" : "lacks the block of";
  const message = `${hosts} ${problem} ${payload.method}: ${failure.words}`;
  return new HoldfastError("unreachable", message, { endpoint: hosts, failure: failure.kind });
}

/** Host and port only: user, path and query may contain keys. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "the endpoint";
}

/** Removes from an endpoint's messages whatever they repeat of its URL. */
function hiding(url: string): (words: string) => string {
  const { pathname, searchParams, username, password } = new URL(url);
  const parts = [...pathname.split("/"), ...searchParams.values(), username, password];
  const secrets = parts.filter((part) => part.length >= MIN_SECRET);
  return (words) => secrets.reduce((text, secret) => text.replaceAll(secret, "..."), words);
}

export function requestTo(url: string, timeoutMs = TIMEOUT_MS): FetchRequest {
  const { username, password } = new URL(url);
  const bare = new URL(url);
  [bare.username, bare.password] = ["", ""];
  const request = new FetchRequest(bare.href);
  request.timeout = timeoutMs;
  // ethers would read Retry-After as milliseconds.
  request.retryFunc = () => Promise.resolve(false);
  if (username !== "" || password !== "") {
    const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    request.setHeader("authorization", `Basic ${Buffer.from(user).toString("base64")}`);
  }
  return request;
}

/** Milliseconds, from a number of seconds or a date (RFC 9110, section 10.2.3). */
function waitOf(retryAfter: string | undefined): number | undefined {
  if (retryAfter === undefined) return undefined;
  if (/^\d+$/.test(retryAfter)) return 1000 * Number(retryAfter);
  const date = Date.parse(retryAfter);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** Leaves out ethers' description of the request, which contains the URL. */
function reasonOf(error: unknown): string {
  const { code, shortMessage } = error as { code?: string; shortMessage?: string };
  return shortMessage ?? code ?? "no connection";
}
