/**
 * The connection to the chain through one endpoint or several. A request goes to the first endpoint, and to the next
 * if that fails. An endpoint that lags, contradicts the others or fails is left aside for a while, longer each time.
 */
import { JsonRpcProvider, type JsonRpcError, type JsonRpcPayload, type JsonRpcResult } from "ethers";
import { HoldfastError } from "../protocol/errors.ts";
import { agree } from "./agreement.ts";
import { noAnswer, type Answer, type Seen } from "./answers.ts";
import { Endpoint, FIXED, hostOf, requestTo, unanswered, type EndpointOptions } from "./endpoint.ts";
import { createLook, type Look, type Undecided } from "./looking.ts";
import { createStanding, type EndpointHealth, type Member, type Standing } from "./standing.ts";
import { splitUrls } from "./urls.ts";

export type { EndpointHealth } from "./standing.ts";

export interface EndpointsOptions extends Omit<EndpointOptions, "tries" | "seen"> {
  readonly log?: { warn(facts: object, message: string): void } | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

/** Milliseconds between two comparisons of all endpoints, made while requests come. */
const LOOK_MS = 60_000;
/** ethers' default. */
const POLLING_MS = 4_000;
/** Attempts at one request if another endpoint can be asked instead. */
const TRIES_OF_SEVERAL = 2;

/**
 * @param given one URL, several separated by commas, or a list
 * @param expected chain id; undefined: any
 * @throws HoldfastError "bad-input" if a URL is malformed, "unreachable" if no endpoint answers, "chain" if one
 *   belongs to another chain than expected or than the others, or if they disagree about a block
 */
export async function openEndpoints(
  given: string | readonly string[],
  expected: bigint | undefined,
  options: EndpointsOptions = {},
): Promise<Endpoints> {
  const urls = splitUrls(given);
  const [wrong] = urls.length === 0 ? [String(given)] : urls.filter((url) => !URL.canParse(url));
  if (wrong !== undefined)
    throw new HoldfastError(
      "bad-input",
      `"${wrong}" is not a URL: give the URL of the chain's JSON-RPC, such as http://127.0.0.1:8545`,
    );
  const found = await Promise.all(urls.map((url) => firstWord(url, urls.length, options)));
  const chainIds = new Map(found.flatMap((each, i) => (typeof each === "bigint" ? [[i, each]] : [])));
  const [[, chainId] = []] = chainIds;
  if (chainId === undefined) {
    const hosts = urls.map(hostOf).join(" and ");
    const message = `no chain answers at ${hosts}: check the URL, and that the chain is running`;
    throw new HoldfastError("unreachable", message, { endpoint: hosts }, { cause: found[0] });
  }
  checkChainIds(new Map([...chainIds].map(([i, id]) => [urls[i] ?? "", id])), expected);
  const endpoints = new Endpoints(urls, expected ?? chainId, options);
  try {
    await endpoints.begin(found.map((each) => (typeof each === "bigint" ? undefined : each.message)));
    return endpoints;
  } catch (error) {
    endpoints.destroy();
    throw error;
  }
}

/** The chain id, asked for first, because ethers would try for ever to find it out. */
async function firstWord(url: string, count: number, options: EndpointsOptions): Promise<bigint | Error> {
  const first = new Endpoint(url, 0n, pacing(options, count));
  try {
    return BigInt((await first.send("eth_chainId", [])) as string);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    first.destroy();
  }
}

function pacing({ timeoutMs, wait }: EndpointsOptions, count: number): EndpointOptions {
  return { timeoutMs, wait, ...(count > 1 && { tries: TRIES_OF_SEVERAL }) };
}

function checkChainIds(ids: ReadonlyMap<string, bigint>, expected: bigint | undefined): void {
  const said = [...ids].map(([url, id]) => ({ host: hostOf(url), id }));
  const other = said.find(({ id }) => expected !== undefined && id !== expected);
  if (other) {
    const message = `the chain at ${other.host} has the id ${other.id}, not ${expected}: give the URL of the right chain`;
    throw new HoldfastError("chain", message, { expected: String(expected), actual: String(other.id) });
  }
  if (said.every(({ id }) => id === said[0]?.id)) return;
  const each = said.map(({ host, id }) => `${host} has the id ${id}`).join(", ");
  throw new HoldfastError(
    "chain",
    `the endpoints belong to different chains (${each}): give endpoints of one chain`,
  );
}

// ------------------------------------------------------------------------------------------------------------ endpoints

export class Endpoints extends JsonRpcProvider {
  readonly #members: readonly Member[];
  readonly #standing: Standing;
  readonly #look: Look;
  readonly #seen: Seen = { block: 0 };
  readonly #now: () => number;
  #lookedAt = 0;
  #looking: Promise<void> | undefined;

  constructor(urls: readonly string[], chainId: bigint, options: EndpointsOptions) {
    const { log, now = () => Date.now(), polling = false, pollingInterval = POLLING_MS } = options;
    super(requestTo(urls[0] ?? ""), chainId, { ...FIXED, polling, pollingInterval });
    const names = urls.map(hostOf);
    this.#members = urls.map((url, i) => {
      const same = names.slice(0, i).filter((name) => name === names[i]).length;
      const endpoint = new Endpoint(url, chainId, { ...pacing(options, urls.length), seen: this.#seen });
      const name = same === 0 ? endpoint.host : `${endpoint.host} (${same + 1})`;
      return { name, endpoint, isOfChain: true, head: undefined };
    });
    this.#standing = createStanding(this.#members, { log, now });
    this.#look = createLook(this.#standing, { chainId, now });
    this.#now = now;
  }

  get isOne(): boolean {
    return this.#members.length === 1;
  }

  /** @param problems by endpoint, why it did not answer; undefined if it did */
  async begin(problems: readonly (string | undefined)[]): Promise<void> {
    if (this.isOne) return;
    for (const [i, member] of this.#members.entries()) {
      const problem = problems[i];
      if (problem === undefined) continue;
      member.isOfChain = false;
      this.#standing.leaveAside(member, "fails", problem);
    }
    await this.look(({ message, hosts }) => {
      throw new HoldfastError("chain", `${message}: remove the wrong one from the settings`, { hosts });
    });
  }

  /** Compares all endpoints. Requests trigger this once a minute. */
  look(onUndecided?: (found: Undecided) => void): Promise<void> {
    this.#lookedAt = this.#now();
    this.#looking ??= this.#look(onUndecided).finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  health(): EndpointHealth[] {
    return this.#standing.health();
  }

  /** The newest block that the two endpoints asked by `agreed` both have, or `atLeast` if that is later. */
  async sharedBlock(atLeast = 0): Promise<number> {
    if (this.isOne) return Math.max(atLeast, await this.getBlockNumber());
    const asked = this.#askable().slice(0, 2);
    const heads = await Promise.allSettled(asked.map(({ endpoint }) => endpoint.getBlockNumber()));
    const numbers = heads.flatMap((head) => (head.status === "fulfilled" ? [head.value] : []));
    return Math.max(atLeast, numbers.length > 0 ? Math.min(...numbers) : 0);
  }

  /**
   * Reads something on which two endpoints agree; with one endpoint, its answer. The caller must pin the block.
   *
   * @param what for the error, such as "the rent of node 3"
   * @throws HoldfastError "unreachable" unless two agree
   * @throws the refusal, if two refuse in the same way
   */
  agreed<T>(read: (endpoint: JsonRpcProvider) => Promise<T>, what = "the chain's state"): Promise<T> {
    if (this.isOne) return read(this);
    const sources = this.#askable().map(({ name, endpoint }) => ({ name, read: () => read(endpoint) }));
    return agree(sources, what);
  }

  override async _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<JsonRpcResult[]> {
    this.#lookIfDue();
    const answers = new Map<number, Answer>();
    const failures: HoldfastError[] = [];
    const suspects: { member: Member; why: string; ids: readonly number[] }[] = [];
    let left = [payload].flat();
    for (const member of this.#askable()) {
      const isLastResort = !this.#standing.isUsable(member);
      if (left.length === 0 || (isLastResort && answers.size > 0)) break;
      try {
        for (const answer of await member.endpoint._send(left)) answers.set(answer.id, answer);
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
        failures.push(error);
        this.#standing.leaveAside(member, "fails", error.message);
        continue;
      }
      if (isLastResort) this.#standing.takeBack(member);
      const open = left.flatMap((each) => {
        const answer = answers.get(each.id);
        const failure = answer && noAnswer(each, answer, this.#seen);
        return answer && !failure ? [] : [{ each, failure }];
      });
      left = open.map(({ each }) => each);
      const failed = open.filter(({ failure }) => failure?.kind === "failed");
      const why = failed[0]?.failure?.words;
      if (why !== undefined) suspects.push({ member, why, ids: failed.map(({ each }) => each.id) });
    }
    // A request that no endpoint answers is not held against one of them.
    const open = new Set(left.map(({ id }) => id));
    for (const { member, why, ids } of suspects)
      if (ids.some((id) => !open.has(id)))
        this.#standing.leaveAside(member, "fails", `${member.name} fails: ${why}`);
    // ethers also handles errors among the results, although its types do not say so.
    if (answers.size > 0) return [...answers.values()] as JsonRpcResult[];
    throw this.#nobody(failures);
  }

  #nobody(failures: readonly HoldfastError[]): HoldfastError {
    const [only] = failures;
    if (only && failures.length === 1) return only;
    const reasons =
      failures.length > 0
        ? failures.map(({ message }) => message)
        : this.health().map(({ why }) => why ?? "");
    const message = `no endpoint of the chain can be used (${reasons.join("; ")}): check them, or add another to rpcUrl`;
    return new HoldfastError("unreachable", message, { endpoints: this.health() });
  }

  override getRpcError(payload: JsonRpcPayload, answer: JsonRpcError): Error {
    const hosts = this.#askable().map(({ name }) => name);
    return unanswered(hosts.join(" and "), payload, answer) ?? super.getRpcError(payload, answer);
  }

  override destroy(): void {
    for (const { endpoint } of this.#members) endpoint.destroy();
    super.destroy();
  }

  /** The endpoint in charge, those that stand by, and last those that have failed, in case no other answers. */
  #askable(): Member[] {
    return [...this.#standing.usable(), ...this.#standing.failing()];
  }

  #lookIfDue(): void {
    if (this.isOne || this.#looking || this.#now() < this.#lookedAt + LOOK_MS) return;
    void this.look();
  }
}
