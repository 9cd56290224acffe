// How often a node asks its endpoint in a day, with the real contracts: what hosted endpoints bill.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { systemClock, type Clock } from "../../chain/clock.ts";
import { present } from "../../evidence/world/present.ts";
import { readConfig } from "../../prover/config.ts";
import { createNode, type StorageNode } from "../../prover/node.ts";
import { createCustomer } from "../helpers/customer.ts";
import { makeFolder } from "../helpers/folder.ts";
import { startLiveChain, type LiveChain } from "../helpers/live-chain.ts";
import { createLogs } from "../helpers/logs.ts";
import { startRpcProxy, type RpcProxy } from "../helpers/rpc-proxy.ts";
import { testSegment } from "../helpers/segments.ts";

const LOOK = "eth_getBlockByNumber";
/** Looks until no work is running any more. */
const QUIET = 4;
/** The test's own time; nothing else uses it. */
const POLL_MS = 97;
/** A day with the default interval of looks, blocks of 12 seconds and epochs of an hour. */
const [LOOKS, BLOCKS, EPOCHS] = [86_400 / 6, 86_400 / 12, 24];
const MAX_DAILY = 50_000;
const MORE = 2;

describe("prover: calls of the chain in a day", function () {
  this.timeout(60_000);
  let folder: string;
  let live: LiveChain;
  let proxy: RpcProxy;
  let node: StorageNode;
  let looks = 0;
  const logs = createLogs();
  const ending = new AbortController();
  const clock: Clock = {
    ...systemClock,
    wait: (ms, signal) => {
      if (ms === POLL_MS) looks++;
      return systemClock.wait(ms, signal);
    },
  };
  before(async () => {
    folder = await makeFolder();
    live = await startLiveChain();
    proxy = await startRpcProxy(live.rpcUrl);
    const keyFile = join(folder, "key");
    await writeFile(keyFile, present(live.nodes[0]).operator.privateKey, { mode: 0o600 });
    const config = join(folder, "config.json");
    const values = {
      rpcUrl: proxy.url,
      audits: live.deployment.audits,
      node: 1,
      keyFile,
      profile: "tiny",
      dataFolder: join(folder, "node"),
      port: 0,
      pollMs: POLL_MS,
      reserveBytes: 0,
      drandUrls: [live.relayUrl],
      recordAfter: 0,
    };
    await writeFile(config, JSON.stringify(values));
    node = await createNode(readConfig(["--config", config], {}), {
      log: logs.log,
      signal: ending.signal,
      clock,
    });
    await store(1);
  });
  after(async () => {
    ending.abort();
    await node.done;
    proxy.close();
    await live.close();
    await rm(folder, { recursive: true, force: true });
  });

  const store = async (vNode: number): Promise<void> => {
    const order = { vNode, segment: testSegment(2_000, vNode), epochs: 40 };
    await createCustomer(live.app).store({ id: 1n, url: node.url }, order);
  };
  /** Calls besides the looks, until no work is running any more. */
  const besides = async (what: () => Promise<unknown>): Promise<number> => {
    await proxy.until(LOOK, QUIET);
    const before = { calls: proxy.asked.length, looks };
    await what();
    await proxy.until(LOOK, QUIET);
    return proxy.asked.length - before.calls - (looks - before.looks);
  };
  const epochOf = (vNodes: readonly number[]): Promise<number> =>
    besides(async () => {
      const epoch = await live.nextEpoch();
      for (const vNode of vNodes)
        await logs.until("proven", (line) => line["vNode"] === vNode && line["epoch"] === epoch);
    });
  let alone: number;

  it("are one at each look, and few at each block and in each epoch", async () => {
    await epochOf([1]);
    alone = await epochOf([1]);
    const block = await besides(() => live.provider.send("evm_mine", []));
    expect(LOOKS + BLOCKS * block + EPOCHS * alone).to.be.below(MAX_DAILY);
  });

  it("are hardly more with a hundred more vNodes", async () => {
    const vNodes = Array.from({ length: MORE }, (_, i) => i + 3);
    await live.manager.send("registry", "addVNodes", [1, vNodes.map((vNode) => 10 * vNode)]);
    for (const vNode of vNodes) await live.manager.send("registry", "assign", [vNode, 1]);
    await epochOf([1]);
    for (const vNode of vNodes) await store(vNode);
    await epochOf([1, ...vNodes]);
    const all = await epochOf([1, ...vNodes]);
    const block = await besides(() => live.provider.send("evm_mine", []));
    const each = (all - alone) / MORE;
    expect(LOOKS + BLOCKS * block + EPOCHS * (alone + 100 * each)).to.be.below(1.5 * MAX_DAILY);
  });
});
