// Storage nodes with the real contracts, circuit, beacon and client: from an upload to a proof, a loss and a take-over.
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { toQuantity } from "ethers";
import { systemClock, type Clock } from "../../chain/clock.ts";
import { present } from "../../evidence/world/present.ts";
import { readConfig, type NodeConfig } from "../../prover/config.ts";
import { createNode, type StorageNode } from "../../prover/node.ts";
import { connectAuditChain } from "../../verifier/chain.ts";
import { createCustomer, type Customer } from "../helpers/customer.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";
import { makeFolder } from "../helpers/folder.ts";
import { startLiveChain, type LiveChain } from "../helpers/live-chain.ts";
import { createLogs, type Logs } from "../helpers/logs.ts";
import { startRpcProxy, type RpcProxy } from "../helpers/rpc-proxy.ts";
import { testSegment } from "../helpers/segments.ts";

interface Running extends StorageNode {
  readonly logs: Logs;
  readonly stop: () => Promise<void>;
}

/** The longest wait, in milliseconds. */
const MAX_WAIT = 50;
const impatient: Clock = {
  ...systemClock,
  wait: (ms, signal) => systemClock.wait(Math.min(ms, MAX_WAIT), signal),
};

describe("prover: node", function () {
  this.timeout(60_000);
  let folder: string;
  let live: LiveChain;
  let app: Customer;
  const segment = testSegment(20_000, 7);
  const { root, bytes } = segment;
  const running = new Map<number, Running>();

  before(async () => {
    folder = await makeFolder();
    live = await startLiveChain();
    app = createCustomer(live.app);
  });
  after(async () => {
    await Promise.all([...running.values()].map(({ stop }) => stop()));
    await live.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function configOf(
    index: number,
    changes: Readonly<Record<string, unknown>> = {},
  ): Promise<NodeConfig> {
    const keyFile = join(folder, `key-${index}`);
    await writeFile(keyFile, present(live.nodes[index]).operator.privateKey, { mode: 0o600 });
    const path = join(folder, `config-${index}.json`);
    const values = {
      rpcUrl: live.rpcUrl,
      audits: live.deployment.audits,
      node: index + 1,
      keyFile,
      profile: "tiny",
      dataFolder: join(folder, `node-${index}`),
      port: 0,
      pollMs: 25,
      reserveBytes: 0,
      recordAfter: 0,
      drandUrls: [live.relayUrl],
      allowPrivatePeers: true,
      repairLost: false,
      ...changes,
    };
    await writeFile(path, JSON.stringify(values));
    return readConfig(["--config", path], {});
  }
  async function start(
    index: number,
    changes: Readonly<Record<string, unknown>> = {},
    logs: Logs = createLogs(),
  ): Promise<Running> {
    const ending = new AbortController();
    const modules = { log: logs.log, signal: ending.signal, clock: impatient };
    const node = await createNode(await configOf(index, changes), modules);
    const stop = async (): Promise<void> => {
      ending.abort();
      await node.done;
    };
    const one = { ...node, logs, stop };
    running.set(index, one);
    return one;
  }
  const at = (index: number) => ({ id: BigInt(index + 1), url: present(running.get(index)).url });
  const dataOf = (index: number): string => join(folder, `node-${index}`, "segments");
  const proofsOf = async (vNode: bigint, epoch: number): Promise<number> =>
    (await live.app.events(0)).filter(
      ({ name, args }) => name === "Proven" && args["vNode"] === vNode && args["epoch"] === BigInt(epoch),
    ).length;

  it("serves who wants to store, and two nodes hold what was stored", async () => {
    for (const [index, node] of live.nodes.entries()) await live.setUrl(node, (await start(index)).url);
    for (const index of [0, 1]) {
      await app.store(at(index), { vNode: index + 1, segment, epochs: 40 });
      expect(await readdir(dataOf(index))).to.include(root.slice(2));
    }
  });

  it("proves as soon as an epoch runs, records the beacon, and proves once", async () => {
    const epoch = await live.nextEpoch();
    for (const index of [0, 1]) {
      const line = await present(running.get(index)).logs.until("proven");
      expect(line).to.include({ vNode: index + 1, epoch, samples: 2 });
      expect(line["gasUsed"]).to.be.above(100_000);
      expect(await proofsOf(BigInt(index + 1), epoch)).to.equal(1);
    }
  });

  it("has proven by what the contracts answer the auditor, vNode by vNode", async () => {
    const { audits } = live.deployment;
    const privateKey = live.managerKey;
    const auditor = await connectAuditChain({ rpcUrl: live.rpcUrl, audits, privateKey });
    try {
      const block = await live.provider.getBlockNumber();
      // A challenge that does not exist makes the contract refuse the whole call.
      expect(await auditor.proven([1n, 99n, 2n], 1, block)).to.deep.equal([1n, 2n]);
      const before = await live.app.events(0);
      const first = before.find(({ name }) => name === "Proven");
      expect(await auditor.proven([1n, 2n], 1, present(first).block - 1)).to.deep.equal([]);
    } finally {
      auditor.close();
    }
  });

  it("says on /status what the chain says, and counts on /metrics", async () => {
    const { url, adminUrl, logs } = present(running.get(0));
    await live.nextEpoch();
    await logs.until("proven", ({ epoch }) => epoch === 2);
    const answer = await fetch(`${url}/status`);
    const status = (await answer.json()) as { vNodes: Record<string, unknown>[]; alarm?: unknown };
    expect(answer.status).to.equal(200);
    expect(status.vNodes).to.have.lengthOf(1);
    expect(status.vNodes[0]).to.deep.include({
      vNode: "1",
      misses: 0,
      role: "responsible",
      coverage: 1,
      says: [],
    });
    expect(status.alarm).to.equal(undefined);
    expect(await (await fetch(`${adminUrl}/metrics`)).text()).to.match(/holdfast_proofs_confirmed_total 2\n/);
    expect((await fetch(`${url}/metrics`)).status).to.equal(404);
  });

  it("goes on after a restart, and proves nothing twice", async () => {
    await present(running.get(0)).stop();
    // As a program was given when the node was killed.
    const left = join(folder, "node-0", "proving", "holdfast-proof-x");
    await mkdir(left, { recursive: true });
    await writeFile(join(left, "witness.wtns"), "secret");
    const { url, logs } = await start(0);
    expect(existsSync(left)).to.equal(false);
    await live.setUrl(present(live.nodes[0]), url);
    const epoch = await live.nextEpoch();
    await logs.until("proven");
    expect(await proofsOf(1n, epoch - 1)).to.equal(1);
    expect(await proofsOf(1n, epoch)).to.equal(1);
  });

  describe("waits at its start", () => {
    const WAITS = "the chain cannot be reached: waiting for it before the start";
    let proxy: RpcProxy;
    beforeEach(async () => {
      await present(running.get(0)).stop();
      proxy = await startRpcProxy(live.rpcUrl);
    });
    afterEach(async () => {
      await present(running.get(0)).stop();
      proxy.close();
      const { url } = await start(0);
      await live.setUrl(present(live.nodes[0]), url);
    });

    it("for an endpoint that does not answer", async () => {
      proxy.fails = true;
      const logs = createLogs();
      const starting = start(0, { rpcUrl: proxy.url }, logs);
      expect(JSON.stringify(await logs.until(WAITS))).to.include("no chain answers");
      proxy.fails = false;
      await starting;
    });

    it("for an endpoint that is behind what it has read", async () => {
      const head = await live.provider.getBlockNumber();
      const old: unknown = await live.provider.send("eth_getBlockByNumber", [toQuantity(head - 6), false]);
      proxy.lies.set("eth_getBlockByNumber", ([block]) => (block === "latest" ? old : undefined));
      const logs = createLogs();
      const starting = start(0, { rpcUrl: proxy.url }, logs);
      expect(JSON.stringify(await logs.until(WAITS))).to.match(/is at block \d+, but block/);
      proxy.lies.clear();
      await starting;
    });

    it("for events that an endpoint leaves out", async () => {
      await live.manager.send("registry", "addVNodes", [1, [30]]);
      proxy.lies.set("eth_getLogs", () => []);
      const logs = createLogs();
      const starting = start(0, { rpcUrl: proxy.url }, logs);
      expect(JSON.stringify(await logs.until(WAITS))).to.include("events are incomplete");
      proxy.lies.clear();
      await starting;
    });
  });

  it("alerts and proves nothing when its disk has lost the data, and /status tells of the miss", async () => {
    const { url, logs } = present(running.get(0));
    for (const name of await readdir(dataOf(0))) await rm(join(dataOf(0), name));
    const epoch = await live.nextEpoch();
    expect(await logs.until("missing")).to.include({ vNode: 1, epoch, root });
    await present(running.get(1)).logs.until("proven", (line) => line["epoch"] === epoch);
    await live.nextEpoch();
    await live.app.send("audits", "settle", [1, 10]);
    await logs.until("missing", (line) => line["epoch"] === epoch + 1);
    expect(await proofsOf(1n, epoch)).to.equal(0);
    expect((await fetch(`${url}/status`)).status).to.equal(503);
  });

  it("takes over from a node that lost its data, fetches it from a replica and proves it", async () => {
    await present(running.get(1)).logs.until("proven", (line) => line["epoch"] === 5);
    await live.nextEpoch();
    await live.app.send("audits", "settle", [1, 10]); // the second miss: a fault
    const { logs } = present(running.get(2));
    expect(await logs.until("repaired")).to.include({ vNode: 1, root, bytes, from: 2 });
    const epoch = await live.nextEpoch();
    expect(await logs.until("proven")).to.include({ vNode: 1, epoch });
    expect(await readFile(join(dataOf(2), root.slice(2)))).to.deep.equal(Buffer.from(segment.data));
  });

  it("gives the bytes back", async () => {
    expect(await app.read(at(2), root)).to.deep.equal(Buffer.from(segment.data));
  });

  describe("refuses to start", () => {
    const startError = async (changes: Readonly<Record<string, unknown>>, index = 2) =>
      holdfastErrorOf(start(index, { dataFolder: join(folder, "new"), ...changes }));

    it("on another chain, and where the contract is not", async () => {
      expect(await startError({ chainId: 5 })).to.include({ code: "chain" });
      expect((await startError({ audits: `0x${"1".repeat(40)}` })).message).to.include("no Audits contract");
      expect(await startError({ token: `0x${"1".repeat(40)}` })).to.include({ code: "chain" });
      expect(await startError({ rpcUrl: "http://127.0.0.1:1" })).to.include({ code: "unreachable" });
    });

    it("with the key of another, or one that others can read", async () => {
      const keyFile = join(folder, "key-1");
      expect((await startError({ keyFile })).message).to.include("is operated by");
      const open = join(folder, "open-key");
      await writeFile(open, "11".repeat(32), { mode: 0o644 });
      expect((await startError({ keyFile: open })).message).to.include("chmod 600");
    });

    it("with another profile than its cluster's", async () => {
      expect((await startError({ profile: "demo" })).message).to.include("set the cluster's profile");
    });

    it("on an empty folder while the chain says that it holds data, and leaves it empty", async () => {
      const dataFolder = join(folder, "unmounted");
      const error = await startError({ dataFolder }, 1);
      expect(error).to.include({ code: "not-found" });
      expect(error.message).to.include("check that its disk is mounted");
      expect(await readdir(dataFolder)).to.deep.equal([]);
    });

    it("on a folder that another node uses, or that belongs to another", async () => {
      expect(await startError({ dataFolder: join(folder, "node-1") })).to.include({ code: "locked" });
      await present(running.get(1)).stop();
      expect((await startError({ dataFolder: join(folder, "node-1") })).message).to.include(
        "belongs to node 2",
      );
    });
  });
});
