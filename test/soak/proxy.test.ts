import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { keccak256 } from "ethers";
import { randomOf } from "../../evidence/simulation/random.ts";
import type { Fault, FaultKind } from "../../evidence/soak/faults.ts";
import { startProxy, type Proxy } from "../../evidence/soak/proxy.ts";

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

describe("soak: proxy", () => {
  const HEAD = 100;
  let proxy: Proxy;
  let close: () => void;
  /** The calls that were passed on. */
  let passed: Call[];

  /** A chain that answers with the call itself, except for methods whose answers need a special form. */
  const answer = (call: Call): object => {
    passed.push(call);
    const { id, method, params } = call;
    const known: Record<string, unknown> = {
      eth_blockNumber: `0x${HEAD.toString(16)}`,
      eth_gasPrice: "0x2",
      eth_getTransactionReceipt: { blockNumber: params[0] },
      eth_getBlockByHash: { number: params[0] },
    };
    return { jsonrpc: "2.0", id, result: known[method] ?? { method, params } };
  };

  beforeEach(async () => {
    passed = [];
    const server = createServer((request, response) => {
      void (async () => {
        let text = "";
        for await (const chunk of request) text += String(chunk);
        const body = JSON.parse(text) as Call | Call[];
        response.end(JSON.stringify(Array.isArray(body) ? body.map(answer) : answer(body)));
      })();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    proxy = await startProxy(
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      randomOf(1, "requests"),
    );
    close = () => {
      proxy.close();
      server.close().closeAllConnections();
    };
  });
  afterEach(() => close());

  const fault = (kind: FaultKind, size = 0, share = 1): Fault => ({ kind, size, share, milliseconds: 0 });
  const post = (body: unknown): Promise<Response> =>
    fetch(proxy.url, { method: "POST", body: JSON.stringify(body) });
  const call = (method: string, ...params: unknown[]): Call => ({ id: 7, method, params });
  const ask = async (method: string, ...params: unknown[]): Promise<unknown> => {
    const { result, error } = (await (await post(call(method, ...params))).json()) as Record<string, unknown>;
    return error ?? result;
  };

  it("passes everything on where nothing is wrong, batches too", async () => {
    const batch = [call("a", 1), call("b", 2)];
    expect(await (await post(batch)).json()).to.deep.equal(
      batch.map(({ id, ...rest }) => ({ jsonrpc: "2.0", id, result: rest })),
    );
    expect(proxy.counts).to.deep.equal({ requests: 1, spoiled: 0 });
  });

  it("fails, and asks for patience", async () => {
    proxy.fault = fault("errors");
    expect((await post(call("a"))).status).to.equal(500);
    proxy.fault = fault("limited");
    const { status, headers } = await post(call("a"));
    expect([status, headers.get("retry-after")]).to.deep.equal([429, "1"]);
    expect(passed).to.deep.equal([]);
    expect(proxy.counts).to.deep.equal({ requests: 2, spoiled: 2 });
  });

  it("meets none with a share of none", async () => {
    proxy.fault = fault("errors", 0, 0);
    expect((await post(call("a"))).status).to.equal(200);
  });

  it("knows no logs and no receipts", async () => {
    proxy.fault = fault("empty logs");
    expect(await ask("eth_getLogs", {})).to.deep.equal([]);
    expect(await ask("eth_getTransactionReceipt", "0x1")).to.deep.equal({ blockNumber: "0x1" });
    proxy.fault = fault("null receipts");
    expect(await ask("eth_getTransactionReceipt", "0x1")).to.equal(null);
  });

  it("refuses ranges of more than it takes", async () => {
    proxy.fault = fault("ranges refused", 3);
    expect(await ask("eth_getLogs", { fromBlock: "0x1", toBlock: "0x4" })).to.have.property("code", -32005);
    expect(await ask("eth_getLogs", { fromBlock: "0x1", toBlock: "0x3" })).to.have.property("method");
    expect(await ask("eth_getLogs", { blockHash: "0x1" })).to.have.property("method");
  });

  it("refuses batches of more than it takes", async () => {
    proxy.fault = fault("batches refused", 1);
    expect((await post([call("a"), call("b")])).status).to.equal(400);
    expect((await post([call("a")])).status).to.equal(200);
  });

  it("lies about prices", async () => {
    proxy.fault = fault("gas lies", 1000);
    expect(await ask("eth_gasPrice")).to.equal("0x7d0");
  });

  it("swallows transactions, and says that it has them", async () => {
    proxy.fault = fault("swallowing");
    expect(await ask("eth_sendRawTransaction", "0x1234")).to.equal(keccak256("0x1234"));
    expect(passed).to.deep.equal([]);
  });

  it("is behind in all that it knows", async () => {
    proxy.fault = fault("behind", 10); // block 90 is its newest
    expect(await ask("eth_blockNumber")).to.equal("0x5a");
    expect(await ask("eth_call", {}, "latest")).to.have.deep.property("params", [{}, "0x5a"]);
    expect(await ask("eth_call", {}, "0x5b")).to.have.property("code", -32000);
    expect(await ask("eth_call", {}, { blockHash: "0x1" })).to.have.property("method");
    expect(await ask("eth_getBlockByNumber", "0x5b", false)).to.equal(null);
    expect(await ask("eth_getBlockByNumber", "0x5a", false)).to.have.property("method");
    expect(await ask("eth_getBlockByHash", "0x5b")).to.equal(null);
    expect(await ask("eth_getTransactionReceipt", "0x5b")).to.equal(null);
    expect(await ask("eth_getTransactionReceipt", "0x5a")).to.deep.equal({ blockNumber: "0x5a" });
    const logs = { fromBlock: "0x1", toBlock: "0x64" };
    expect(await ask("eth_getLogs", logs)).to.have.deep.property("params", [{ ...logs, toBlock: "0x5a" }]);
    expect(await ask("eth_getLogs", { blockHash: "0x1" })).to.have.deep.property("params", [
      { blockHash: "0x1" },
    ]);
    expect(await ask("eth_getLogs", { fromBlock: "0x5b", toBlock: "0x64" })).to.deep.equal([]);
  });

  it("lets whoever hangs go when the fault is over", async () => {
    proxy.fault = fault("hanging");
    const waiting = post(call("a")).then(
      () => "answered",
      () => "broken off",
    );
    while (proxy.counts.requests < 1) await new Promise(setImmediate);
    proxy.fault = undefined;
    expect(await waiting).to.equal("broken off");
    expect(passed).to.deep.equal([]);
  });
});
