// An endpoint that fails, limits and has a key in its address.
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { Endpoint } from "../../chain/endpoint.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";

interface Question {
  readonly id: number;
  readonly method: string;
}
/** What a server says: a status with headers, a body, or nothing at all. */
type Reply =
  | { readonly status: number; readonly headers?: Record<string, string> }
  | { readonly body: unknown }
  | "nothing"
  | "cut off";

describe("chain: an endpoint", () => {
  let replies: ((questions: readonly Question[]) => Reply)[];
  let heard: { questions: readonly Question[]; request: IncomingMessage }[];
  let waits: number[];
  let endpoint: Endpoint;
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const questions = [JSON.parse(Buffer.concat(chunks).toString()) as Question | Question[]].flat();
      heard.push({ questions, request });
      const reply = (replies.shift() ?? right)(questions);
      if (reply === "nothing") return;
      if (reply === "cut off") response.destroy();
      else if ("status" in reply) response.writeHead(reply.status, reply.headers).end("no");
      else response.end(JSON.stringify(reply.body));
    })();
  });
  const answer = ({ id }: Question): object => ({ jsonrpc: "2.0", id, result: `0x${id.toString(16)}` });
  const refusal = ({ id }: Question, code: number, message: string): object => ({
    jsonrpc: "2.0",
    id,
    error: { code, message },
  });
  const right = (questions: readonly Question[]): Reply => ({
    body: questions.length === 1 ? questions.map(answer)[0] : questions.map(answer),
  });
  const address = (path = "", user = ""): string =>
    `http://${user}127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const open = (url = address(), timeoutMs = 5000): void => {
    endpoint = new Endpoint(url, 1n, {
      timeoutMs,
      wait: (ms) => Promise.resolve(waits.push(ms)),
    });
  };
  const ask = (): Promise<unknown> => endpoint.send("eth_blockNumber", []);

  before(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  after(() => server.close().closeAllConnections());
  beforeEach(() => {
    [replies, heard, waits] = [[], [], []];
    open();
  });
  afterEach(() => endpoint.destroy());

  for (const [what, reply] of Object.entries<Reply>({
    "is out of order": { status: 503 },
    "is behind a gateway that gives up": { status: 502 },
    "cuts off": "cut off",
    "answers what is no JSON-RPC": { body: null },
  }))
    it(`is asked again when it ${what}, three times, a little later each time`, async () => {
      replies = [() => reply, () => reply, () => reply];
      expect(await ask()).to.match(/^0x/);
      expect(waits).to.deep.equal([200, 400, 800]);
      replies = [() => reply, () => reply, () => reply, () => reply];
      expect(await holdfastErrorOf(ask())).to.include({ code: "unreachable" });
    });

  it("is not waited for longer than the time for an answer", async () => {
    open(address(), 50);
    replies = [() => "nothing"];
    expect(await ask()).to.match(/^0x/);
  });

  it("is left in peace for as many seconds as it asks, and not for an hour", async () => {
    const often = (after: string): Reply => ({ status: 429, headers: { "retry-after": after } });
    replies = [() => often("1"), () => often("3600")];
    expect(await ask()).to.match(/^0x/);
    expect(waits).to.deep.equal([1000, 10_000]);
  });

  it("is asked again when it says in its answer that one asks too often", async () => {
    replies = [
      ([first]) => ({
        body: first && refusal(first, -32_005, "daily request count exceeded, request rate limited"),
      }),
      ([first]) => ({ body: first && refusal(first, 429, "slow down") }),
    ];
    expect(await ask()).to.match(/^0x/);
    expect(heard).to.have.lengthOf(3);
  });

  it("is asked in parts when it takes only a few questions at once, and not for more again", async () => {
    const few = (questions: readonly Question[]): Reply =>
      questions.length <= 3
        ? right(questions)
        : { body: { jsonrpc: "2.0", id: null, error: { code: -32_600, message: "batch too large" } } };
    replies = Array.from({ length: 40 }, () => few);
    for (let round = 0; round < 2; round++) {
      heard = [];
      const found = await Promise.all(Array.from({ length: 8 }, ask));
      expect(new Set(found)).to.have.lengthOf(8);
      const taken = heard
        .filter(({ questions }) => questions.length <= 3)
        .flatMap(({ questions }) => questions);
      expect(taken, "each is asked once").to.have.lengthOf(8);
    }
    expect(Math.max(...heard.map(({ questions }) => questions.length))).to.be.at.most(3);
  });

  it("is asked one by one when it refuses batches as malformed", async () => {
    replies = Array.from(
      { length: 40 },
      () => (questions) => (questions.length === 1 ? right(questions) : { status: 400 }),
    );
    expect(new Set(await Promise.all([ask(), ask(), ask()]))).to.have.lengthOf(3);
  });

  it("is believed when a contract or the chain refuses: nothing is asked twice", async () => {
    replies = [([first]) => ({ body: first && refusal(first, -32_000, "nonce too low") })];
    const error = await ask().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(String(error)).to.include("nonce too low");
    expect(heard).to.have.lengthOf(1);
  });

  it("is named by its host alone: the rest may be a key", async () => {
    open(address("/v3/secret-1?key=secret-2", "user:secret-3@"));
    replies = Array.from({ length: 4 }, () => () => "cut off");
    const error = await holdfastErrorOf(ask());
    const { port } = server.address() as AddressInfo;
    expect(error.message).to.include(`127.0.0.1:${port}`);
    expect(JSON.stringify([error.message, error.details, error.stack, String(error.cause)])).not.to.include(
      "secret",
    );
  });

  it("is given a user and a password from its address", async () => {
    open(address("", "user:p%40ss@"));
    await ask();
    const given = `Basic ${Buffer.from("user:p@ss").toString("base64")}`;
    expect(heard[0]?.request.headers.authorization).to.equal(given);
  });
});
