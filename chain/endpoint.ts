/**
 * JSON-RPC over HTTP as hosted endpoints are: now and then they fail, they limit how often and how much one may ask at once,
 * and their addresses hold keys. What failed is asked again, what was too much in parts, and no error says the address.
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

export interface EndpointOptions extends Pick<JsonRpcApiProviderOptions, "polling" | "pollingInterval"> {
  /** For one attempt. */
  readonly timeoutMs?: number;
  readonly wait?: (ms: number) => Promise<unknown>;
}

type Answer = JsonRpcResult | JsonRpcError;

/**
 * An endpoint of the chain that is meant.
 *
 * @param expected chain id; undefined: any
 * @throws HoldfastError "bad-input" if that is no URL, "unreachable", "chain" if it is another chain
 */
export async function openEndpoint(
  url: string,
  expected: bigint | undefined,
  options: EndpointOptions = {},
): Promise<Endpoint> {
  if (!URL.canParse(url))
    throw new HoldfastError("bad-input", `"${url}" is not a URL: give the chain's, as http://127.0.0.1:8545`);
  // Asked before there is a chain id: ethers would try for ever to find out itself.
  const first = new Endpoint(url, 0n, options);
  let chainId: bigint;
  try {
    chainId = BigInt((await first.send("eth_chainId", [])) as string);
  } catch (cause) {
    const message = `no chain answers at ${nameOf(url)}: check the URL and that the chain is running`;
    throw new HoldfastError("unreachable", message, { endpoint: nameOf(url) }, { cause });
  } finally {
    first.destroy();
  }
  if (expected === undefined || chainId === expected) return new Endpoint(url, chainId, options);
  const message = `the chain at ${nameOf(url)} has the id ${chainId}, not ${expected}: give the URL of the right chain`;
  throw new HoldfastError("chain", message, { expected: String(expected), actual: String(chainId) });
}

const TIMEOUT_MS = 10_000;
/** Of one request: with the waits between them a second and a half, if the endpoint asks for no more. */
const TRIES = 4;
const FIRST_WAIT_MS = 200;
/** Longer than that, nobody waits because an endpoint says so. */
const MAX_WAIT_MS = 10_000;
/** That fail or do not answer: others would not either. */
const BUSY: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
/** That endpoints refuse a batch with; some take it for malformed. */
const TOO_MUCH: ReadonlySet<number> = new Set([400, 413]);
/** How endpoints say that one asks too often; that a range of logs is too large is something else. */
const TOO_OFTEN = /rate.?limit|too many requests|requests? per|compute units|capacity|throttl/i;

export class Endpoint extends JsonRpcProvider {
  readonly #name: string;
  readonly #wait: (ms: number) => Promise<unknown>;
  /** Requests that it takes at once, as far as we have seen. */
  #most = Infinity;

  constructor(url: string, chainId: bigint, { timeoutMs, wait, ...options }: EndpointOptions = {}) {
    super(requestTo(url, timeoutMs), chainId, { ...options, staticNetwork: true, cacheTimeout: -1 });
    this.#name = nameOf(url);
    this.#wait = wait ?? ((ms) => sleep(ms));
  }

  override async _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<JsonRpcResult[]> {
    const asked = [payload].flat();
    if (asked.length > this.#most) return this.#inParts(asked);
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#attempt(asked);
      // ethers takes errors among them too, whatever its types say.
      if (Array.isArray(answer)) return answer as JsonRpcResult[];
      if (answer.tooMuch && asked.length > 1) {
        this.#most = Math.ceil(asked.length / 2);
        return this.#inParts(asked);
      }
      if (attempt === TRIES || !answer.again)
        throw new HoldfastError("unreachable", `${this.#name} ${answer.problem}`, { endpoint: this.#name });
      await this.#wait(Math.min(answer.waitMs ?? FIRST_WAIT_MS * 2 ** (attempt - 1), MAX_WAIT_MS));
    }
  }

  async #inParts(asked: readonly JsonRpcPayload[]): Promise<JsonRpcResult[]> {
    const answers: JsonRpcResult[] = [];
    // A part may turn out to be too much, too.
    const most = this.#most;
    for (let first = 0; first < asked.length; first += most)
      answers.push(...(await this._send(asked.slice(first, first + most))));
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
          problem: `answers ${status} ${response.statusMessage}`,
          ...{ again: BUSY.has(status), tooMuch: TOO_MUCH.has(status) },
          waitMs: waitOf(response.headers["retry-after"]),
        };
      body = response.bodyJson as unknown;
    } catch (error) {
      return { problem: `does not answer: ${reasonOf(error)}`, again: true, tooMuch: false };
    }
    const answers = [body].flat().filter((each): each is Answer => typeof each === "object" && each !== null);
    const refusals = answers.flatMap((each) => ("error" in each ? [each.error] : []));
    const often = refusals.find(({ code, message }) => code === 429 || TOO_OFTEN.test(message ?? ""));
    if (often) return { problem: `refuses: ${often.message}`, again: true, tooMuch: false };
    // A batch that is refused as a whole is answered with one error.
    if (answers.length >= asked.length) return answers;
    const problem = refusals[0] ? `refuses: ${refusals[0].message}` : "answers what was not asked";
    return { problem, again: refusals.length === 0, tooMuch: refusals.length > 0 };
  }
}

interface Failure {
  /** After the endpoint's name. */
  readonly problem: string;
  readonly again: boolean;
  readonly tooMuch: boolean;
  readonly waitMs?: number | undefined;
}

/** Whatever its path, query and user may be: keys are in each of them. */
function nameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "the endpoint";
}

function requestTo(url: string, timeoutMs = TIMEOUT_MS): FetchRequest {
  const { username, password } = new URL(url);
  const bare = new URL(url);
  [bare.username, bare.password] = ["", ""];
  const request = new FetchRequest(bare.href);
  request.timeout = timeoutMs;
  // ethers takes Retry-After for milliseconds.
  request.retryFunc = () => Promise.resolve(false);
  if (username !== "" || password !== "") {
    const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    request.setHeader("authorization", `Basic ${Buffer.from(user).toString("base64")}`);
  }
  return request;
}

/** Milliseconds; from seconds or a date (RFC 9110, section 10.2.3). */
function waitOf(retryAfter: string | undefined): number | undefined {
  if (retryAfter === undefined) return undefined;
  if (/^\d+$/.test(retryAfter)) return 1000 * Number(retryAfter);
  const date = Date.parse(retryAfter);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** Without what ethers says of the request, which has the address in it. */
function reasonOf(error: unknown): string {
  const { code, shortMessage } = error as { code?: string; shortMessage?: string };
  return shortMessage ?? code ?? "no connection";
}
