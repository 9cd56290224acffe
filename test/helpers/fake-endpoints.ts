/**
 * Fake endpoints of one chain, on loopback ports, that lag, lie and fail when told to, and a clock for the checks of them.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { openEndpoints, type EndpointHealth, type Endpoints } from "../../chain/endpoints.ts";
import { present } from "../../evidence/world/present.ts";

export interface Question {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}
type Refusal = {
  readonly error: { readonly code: number; readonly message: string; readonly data?: unknown };
};
export type Reply = { readonly result: unknown } | Refusal;

export interface FakeEndpoint {
  readonly host: string;
  url: string;
  /** The methods that were called, in order. */
  heard: string[];
  chainId: number;
  head: number;
  /** From this block on, the blocks differ from those of the other endpoints. */
  fork: number;
  /** Answers nothing but 503. */
  isDown: boolean;
  /** Its answer instead of the usual one, if any. */
  says: (question: Question) => Reply | undefined;
  close(): void;
}

/** Time of block 0, in seconds. */
const BEGINNING = 1_000_000;
export const BLOCK_SECONDS = 12;
export const FIRST_HEAD = 1_000;
export const NOW = 1000 * (BEGINNING + BLOCK_SECONDS * FIRST_HEAD + 5);

export const refusal = (message: string, code = -32_000, data?: unknown): Refusal => ({
  error: { code, message, ...(data !== undefined && { data }) },
});
const hex = (value: number): string => `0x${value.toString(16)}`;

export async function startFakeEndpoint(): Promise<FakeEndpoint> {
  const blockAt = (number: number): object | null => {
    if (number > fake.head) return null;
    const hash = `0x${(number >= fake.fork ? "f" : "a").repeat(8)}${number.toString(16).padStart(56, "0")}`;
    return { number: hex(number), hash, timestamp: hex(BEGINNING + BLOCK_SECONDS * number) };
  };
  const answer = ({ method, params }: Question): Reply => {
    if (method === "eth_chainId") return { result: hex(fake.chainId) };
    if (method === "eth_blockNumber") return { result: hex(fake.head) };
    if (method === "eth_getBlockByNumber") {
      const [tag] = params as [string];
      return { result: blockAt(tag === "latest" ? fake.head : Number(tag)) };
    }
    if (method === "eth_getBalance") {
      const [, tag] = params as [string, string];
      return tag !== "latest" && Number(tag) > fake.head ? refusal("header not found") : { result: hex(7) };
    }
    return refusal(`the method ${method} does not exist`, -32_601);
  };
  const server = createServer((request, response) => {
    void (async () => {
      const asked = (await json(request)) as Question | Question[];
      const questions = [asked].flat();
      fake.heard.push(...questions.map(({ method }) => method));
      if (fake.isDown) return void response.writeHead(503).end();
      const replies = questions.map((question) => ({
        jsonrpc: "2.0",
        id: question.id,
        ...(fake.says(question) ?? answer(question)),
      }));
      response.end(JSON.stringify(Array.isArray(asked) ? replies : replies[0]));
    })();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const fake: FakeEndpoint = {
    host,
    url: `http://${host}`,
    heard: [],
    chainId: 1,
    head: FIRST_HEAD,
    fork: Infinity,
    isDown: false,
    says: () => undefined,
    close: () => server.close().closeAllConnections(),
  };
  return fake;
}

export interface Line {
  readonly endpoint: string;
  readonly why?: string;
  readonly message: string;
}

export interface EndpointsBench {
  readonly lines: Line[];
  readonly waits: number[];
  /** Milliseconds since 1970. */
  time: number;
  open(fakes: readonly FakeEndpoint[], expected?: bigint): Promise<Endpoints>;
  /** Checks the endpoints after this many minutes. */
  look(minutes?: number): Promise<void>;
  end(): void;
}

export function createEndpointsBench(): EndpointsBench {
  const opened: Endpoints[] = [];
  const bench: EndpointsBench = {
    lines: [],
    waits: [],
    time: NOW,
    async open(fakes, expected) {
      const endpoints = await openEndpoints(
        fakes.map(({ url }) => url),
        expected,
        {
          now: () => bench.time,
          wait: (ms) => Promise.resolve(bench.waits.push(ms)),
          log: { warn: (facts, message) => bench.lines.push({ ...(facts as Line), message }) },
        },
      );
      opened.push(endpoints);
      return endpoints;
    },
    async look(minutes = 1) {
      bench.time += 60_000 * minutes;
      await opened.at(-1)?.look();
    },
    end() {
      for (const endpoints of opened) endpoints.destroy();
    },
  };
  return bench;
}

type Three = [FakeEndpoint, FakeEndpoint, FakeEndpoint];

export interface UsedEndpoints {
  readonly bench: () => EndpointsBench;
  readonly all: () => Three;
  readonly stateOf: (endpoints: Endpoints) => EndpointHealth["state"][];
  /** How often each endpoint was asked. */
  readonly asked: (method: string) => number[];
  readonly pass: (blocks: number) => void;
  readonly forget: () => void;
}

/** Three endpoints of one chain for each test of a `describe`. */
export function useEndpoints(): UsedEndpoints {
  let fakes: Three | undefined;
  let bench: EndpointsBench | undefined;
  const all = (): Three => present(fakes);

  beforeEach(async () => {
    fakes = await Promise.all([startFakeEndpoint(), startFakeEndpoint(), startFakeEndpoint()]);
    bench = createEndpointsBench();
  });
  afterEach(() => {
    bench?.end();
    for (const fake of all()) fake.close();
  });
  return {
    bench: () => present(bench),
    all,
    stateOf: (endpoints) => endpoints.health().map(({ state }) => state),
    asked: (method) => all().map(({ heard }) => heard.filter((each) => each === method).length),
    pass: (blocks) => all().forEach((fake) => (fake.head += blocks)),
    forget: () => all().forEach((fake) => (fake.heard = [])),
  };
}
