// The node's process is killed at the worst moments: nothing is lost, and nothing is done twice.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import { createCustomer, type Customer } from "../helpers/customer.ts";
import { makeFolder } from "../helpers/folder.ts";
import { startLiveChain, type LiveChain } from "../helpers/live-chain.ts";
import { startNodeProcess, type NodeProcess } from "../helpers/node-process.ts";
import { startRpcProxy, type RpcProxy } from "../helpers/rpc-proxy.ts";
import { testSegment } from "../helpers/segments.ts";

describe("prover: crashes", function () {
  this.timeout(60_000);
  let folder: string;
  let live: LiveChain;
  let proxy: RpcProxy;
  let node: NodeProcess;
  let app: Customer;
  const order = { vNode: 1, segment: testSegment(20_000, 1), epochs: 20 };
  const at = () => ({ id: 1n, url: node.url });

  before(async () => {
    folder = await makeFolder();
    live = await startLiveChain();
    app = createCustomer(live.app);
    proxy = await startRpcProxy(live.rpcUrl);
    const keyFile = join(folder, "key");
    await writeFile(keyFile, present(live.nodes[0]).operator.privateKey, { mode: 0o600 });
    const values = {
      rpcUrl: proxy.url,
      audits: live.deployment.audits,
      node: 1,
      keyFile,
      profile: "tiny",
      port: 0,
      dataFolder: join(folder, "data"),
      pollMs: 25,
      reserveBytes: 0,
      recordAfter: 0,
      drandUrls: [live.relayUrl],
    };
    await writeFile(join(folder, "config.json"), JSON.stringify(values));
    await start();
  });
  after(async () => {
    await node.end("SIGKILL");
    proxy.close();
    await live.close();
    await rm(folder, { recursive: true, force: true });
  });
  async function start(): Promise<void> {
    node = await startNodeProcess(join(folder, "config.json"));
    await live.setUrl(present(live.nodes[0]), node.url);
  }
  const proofs = async (epoch: number): Promise<number> =>
    (await live.app.events(0)).filter(
      ({ name, args }) => name === "Proven" && args["epoch"] === BigInt(epoch),
    ).length;

  it("signs, after a kill between upload and acceptance, for what was uploaded before", async () => {
    await app.upload(at(), order);
    await node.end("SIGKILL");
    await start();
    const { signature, nonce } = await app.accept(at(), order);
    expect(signature).to.match(/^0x[0-9a-f]{130}$/);
    expect((await app.accept(at(), order))["nonce"]).to.not.equal(nonce);
  });

  it("delivers, after a kill between proof and submission, the same bytes, once", async () => {
    await app.store(at(), order);
    const epoch = await live.nextEpoch();
    await node.logs.until("beacon recorded");
    const before = proxy.sent.length;
    proxy.loses = true;
    await proxy.next();
    await node.end("SIGKILL");
    expect(await proofs(epoch)).to.equal(0);

    proxy.loses = false;
    await start();
    await node.logs.until("delivered after a restart");
    expect(new Set(proxy.sent.slice(before)).size).to.equal(1);
    expect(await proofs(epoch)).to.equal(1);
  });

  it("finds, after a kill between submission and receipt, that it is done", async () => {
    await live.provider.send("evm_setAutomine", [false]);
    const before = proxy.sent.length;
    const epoch = await live.nextEpoch();
    await proxy.next(); // the beacon
    await live.provider.send("evm_mine", []);
    await proxy.next(); // the proof
    await node.end("SIGKILL");
    await live.provider.send("evm_mine", []);
    await live.provider.send("evm_setAutomine", [true]);
    await start();
    await node.logs.until("delivered after a restart");
    expect(await proofs(epoch)).to.equal(1);
    const next = await live.nextEpoch();
    await node.logs.until("proven", (line) => line["epoch"] === next);
    expect([await proofs(epoch), await proofs(next)]).to.deep.equal([1, 1]);
    // A beacon and a proof for each of two epochs, none of them signed twice.
    expect(new Set(proxy.sent.slice(before)).size).to.equal(4);
  });

  it("ends cleanly when it is asked to", async () => {
    expect(await node.end("SIGTERM")).to.equal(0);
    expect(node.logs.lines.at(-1)).to.include({ msg: "stopped" });
    await start();
  });
});
