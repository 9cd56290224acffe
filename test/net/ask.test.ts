// Requests to nodes that are not trusted, at any address.
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { expect } from "chai";
import { createAgent } from "../../net/addresses.ts";
import { ask, readText, type Question } from "../../net/ask.ts";
import { errorOf, holdfastErrorOf } from "../helpers/errors.ts";

describe("net: ask", () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });
  async function serve(listener: RequestListener): Promise<number> {
    const server = createServer(listener).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }
  const question = (more: Partial<Question> = {}, allowPrivate = true): Question => ({
    agent: createAgent({ allowPrivate, advice: "say so", idleMs: 60_000 }),
    method: "GET",
    headers: {},
    answerMs: 60_000,
    ...more,
  });

  it("gets an answer, by a name, too", async () => {
    const port = await serve((_request, response) => response.end("here"));
    for (const host of ["127.0.0.1", "localhost"]) {
      const { status, body } = await ask(new URL(`http://${host}:${port}`), question());
      expect([status, await readText(body, { maxBytes: 4, ms: 60_000 })]).to.deep.equal([200, "here"]);
    }
  });

  it("makes no connection to a private address, by a name or a number", async () => {
    let calls = 0;
    const port = await serve(() => calls++);
    for (const host of [
      "127.0.0.1",
      "localhost",
      "[::1]",
      "0x7f000001",
      "2130706433",
      "127.1",
      "[::ffff:7f00:1]",
    ]) {
      const error = await holdfastErrorOf(ask(new URL(`http://${host}:${port}`), question({}, false)));
      expect(error, host).to.include({ code: "unreachable" });
      expect(error.message, host).to.match(/a private address: say so$/);
    }
    expect(calls).to.equal(0);
  });

  it("gives up an answer that does not begin", async () => {
    const port = await serve(() => undefined);
    const target = new URL(`http://127.0.0.1:${port}`);
    const error = await holdfastErrorOf(ask(target, question({ answerMs: 20 })));
    expect(error.message).to.match(/does not answer within 0.02 s/);
  });

  it("gives up who does not accept the data that is sent", async () => {
    const port = await serve((request) => request.pause());
    const endless = Readable.from(
      (function* () {
        for (;;) yield new Uint8Array(1 << 20);
      })(),
      { objectMode: false },
    );
    const target = new URL(`http://127.0.0.1:${port}`);
    const error = await holdfastErrorOf(ask(target, question({ method: "PUT", body: endless, takeMs: 20 })));
    expect(error.message).to.match(/does not accept the data that is sent/);
  });

  it("reads no more of an answer than there may be, and no longer", async () => {
    const port = await serve((_request, response) => {
      const timer = setInterval(() => response.write("xx"), 1);
      response.on("close", () => clearInterval(timer));
    });
    const target = new URL(`http://127.0.0.1:${port}`);
    const long = await ask(target, question());
    expect((await errorOf(readText(long.body, { maxBytes: 5, ms: 60_000 }))).message).to.match(
      /more than 5 b/,
    );
    const slow = await ask(target, question());
    const error = await errorOf(readText(slow.body, { maxBytes: 1e9, ms: 20 }));
    expect(error.message).to.match(/does not end within/);
  });

  it("follows no redirect", async () => {
    const port = await serve((_request, response) => response.writeHead(302, { location: "/x" }).end());
    expect((await ask(new URL(`http://127.0.0.1:${port}`), question())).status).to.equal(302);
  });

  it("ends when told to", async () => {
    const asked = Promise.withResolvers<undefined>();
    const port = await serve(() => asked.resolve(undefined));
    const ending = new AbortController();
    const target = new URL(`http://127.0.0.1:${port}`);
    const asking = errorOf(ask(target, question({ signal: ending.signal })));
    await asked.promise;
    ending.abort(new Error("stop"));
    expect((await asking).message).to.equal("stop");
  });
});
