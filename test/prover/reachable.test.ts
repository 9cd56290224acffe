// Whether the registered URL leads to the node.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { checkReachable } from "../../prover/reachable.ts";
import { createFakeChain, NODE } from "../helpers/fake-chain.ts";
import { createLogs } from "../helpers/logs.ts";

describe("prover: the registered address", () => {
  let server: Server;
  let answer: { status: number; body: string };
  beforeEach(async () => {
    answer = { status: 200, body: JSON.stringify({ node: String(NODE) }) };
    server = createServer((request, response) => {
      response.writeHead(request.url === "/v1/node" ? answer.status : 404).end(answer.body);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterEach(() => void server.close());

  const warningFor = async (
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  ): Promise<unknown> => {
    const chain = createFakeChain();
    chain.nodeChange = { url };
    const logs = createLogs();
    const { signal } = new AbortController();
    await checkReachable({ node: NODE, listensAt: "http://127.0.0.1:1", signal }, { chain, log: logs.log });
    expect(logs.lines.length).to.be.at.most(1);
    return logs.lines[0]?.["reason"];
  };

  it("is where the node answers", async () => {
    expect(await warningFor()).to.equal(undefined);
  });

  it("is another node's, which it says", async () => {
    answer.body = JSON.stringify({ node: "4" });
    expect(await warningFor()).to.equal("it is node 4");
  });

  it("answers something else", async () => {
    answer.status = 502;
    expect(await warningFor()).to.equal("it answers 502");
    answer = { status: 200, body: "hello" };
    expect(await warningFor()).to.include("JSON");
  });

  it("does not answer, or is not a URL", async () => {
    expect(await warningFor("http://127.0.0.1:1")).to.include("ECONNREFUSED");
    expect(await warningFor("")).to.include("URL");
  });
});
