// A storage node under the rules of the real contracts: it compacts, extends, hands over, and notices a stolen key.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Wallet, type TypedDataDomain } from "ethers";
import { present } from "../../evidence/world/present.ts";
import { domain, EXTENSION } from "../../protocol/typed-data.ts";
import { readConfig } from "../../prover/config.ts";
import { createNode } from "../../prover/node.ts";
import { createCustomer, type Customer, type NodeAt } from "../helpers/customer.ts";
import { errorOf } from "../helpers/errors.ts";
import { makeFolder } from "../helpers/folder.ts";
import { RENT, startLiveChain, type LiveChain } from "../helpers/live-chain.ts";
import { createLogs, type Logs } from "../helpers/logs.ts";
import { testSegment } from "../helpers/segments.ts";

interface Running extends NodeAt {
  readonly logs: Logs;
  stop(): Promise<void>;
}

interface Status {
  readonly healthy: boolean;
  readonly vNodes: readonly Readonly<Record<string, unknown>>[];
  readonly alarm?: { readonly foreign: readonly { serial: number }[] };
}

describe("prover: rules", function () {
  this.timeout(60_000);
  let folder: string;
  let live: LiveChain;
  let app: Customer;
  const running: Running[] = [];

  before(async () => {
    folder = await makeFolder();
    live = await startLiveChain();
    app = createCustomer(live.app);
  });
  after(async () => {
    await Promise.all(running.map((node) => node.stop()));
    await live.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(index: number): Promise<Running> {
    const owned = present(live.nodes[index]);
    const keyFile = join(folder, `key-${index}`);
    await writeFile(keyFile, owned.operator.privateKey, { mode: 0o600 });
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
      compactGas: 1_000_000,
    };
    await writeFile(path, JSON.stringify(values));
    const logs = createLogs();
    const ending = new AbortController();
    const made = await createNode(readConfig(["--config", path], {}), {
      log: logs.log,
      signal: ending.signal,
    });
    await live.setUrl(owned, made.url);
    const stop = async (): Promise<void> => {
      ending.abort();
      await made.done;
    };
    const node = { id: owned.id, url: made.url, logs, stop };
    running[index] = node;
    return node;
  }
  const statusOf = async ({ url }: NodeAt): Promise<Status> =>
    (await (await fetch(`${url}/status`)).json()) as Status;
  /** The node has seen the head of the chain. */
  const seen = async (node: Running, epoch: number): Promise<void> => {
    await node.logs.until("proven", (line) => line["epoch"] === epoch);
  };
  /** Two of ten leaves, and fourteen of one. */
  const segments = Array.from({ length: 16 }, (_, i) => testSegment(i < 2 ? 4_900 : 400, i + 1));
  let first: Running;
  const runs: Running[] = [];

  it("compacts in the last epoch before less would be paid, in two transactions, through a restart between them", async () => {
    const early = await start(0);
    runs.push(early);
    for (const [i, segment] of segments.entries())
      await app.store(early, { vNode: 1, segment, epochs: i < 2 ? 2 : 40 });
    await seen(early, await live.nextEpoch());
    expect(early.logs.lines.filter(({ msg }) => msg === "compaction begins")).to.deep.equal([]);
    await live.nextEpoch();
    const begins = { vNode: 1, reason: "coverage", entries: 16, live: 14, coverage: 0.412 };
    expect(await early.logs.until("compaction begins")).to.include(begins);
    await early.logs.until("compaction goes on");
    await early.stop();
    first = await start(0);
    runs.push(first);
    await Promise.race([
      ...[early, first].map(({ logs }) => logs.until("compacted", ({ entries }) => entries === 14)),
      first.logs.until("delivered after a restart", ({ key }) => /^compact.*\d$/.test(String(key))),
    ]);
    const { count, total } = await live.app.read<{ count: bigint; total: bigint }>(
      "registry",
      "directory",
      [1],
    );
    expect([count, total]).to.deep.equal([14n, (14n * 1000n) >> 3n]);
    const done = (await live.app.events(0)).filter(({ name }) => name === "Compacted");
    expect(done).to.have.lengthOf(1);
  });

  it("is paid in full ever after", async () => {
    await Promise.race([
      ...runs.map(({ logs }) => logs.until("proven", ({ epoch }) => epoch === 2)),
      first.logs.until("delivered after a restart", ({ key }) => key === "prove/1/2"),
    ]);
    await seen(first, await live.nextEpoch());
    const { vNodes, healthy } = await statusOf(first);
    expect(healthy).to.equal(true);
    expect(vNodes[0]).to.include({ coverage: 1, misses: 0 });
    const proven = (await live.app.events(0)).filter(({ name }) => name === "Proven");
    expect(proven.map(({ args }) => [Number(args["epoch"]), args["refunded"]])).to.deep.equal([
      [1, 0n],
      [2, 0n],
      [3, 0n],
    ]);
  });

  it("stores into the fresh tree, and goes on holding what it is asked to", async () => {
    const serial = await app.store(first, { vNode: 1, segment: testSegment(900, 50), epochs: 5 });
    expect(serial).to.equal(16);
    await app.extend(first, { vNode: 1, serial, epochs: 7 });
    await seen(first, await live.nextEpoch());
    const { vNodes, alarm } = await statusOf(first);
    expect([vNodes[0]?.["misses"], alarm]).to.deep.equal([0, undefined]);
  });

  it("hands over to a node that fetches the data and proves it, and accepts nothing meanwhile", async () => {
    const second = await start(1);
    await live.manager.send("registry", "assign", [1, 2]);
    const refusal = await errorOf(app.accept(first, { vNode: 1, segment: present(segments[5]), epochs: 5 }));
    expect(refusal.message).to.match(/409: .*handed over/);
    await second.logs.until("repaired", (line) => line["root"] === present(segments[15]).root);
    const epoch = await live.nextEpoch();
    await second.logs.until("take-over proven", (line) => line["epoch"] === epoch);
    await seen(first, epoch);
    const next = await live.nextEpoch();
    await second.logs.until("proven", (line) => line["epoch"] === next);
    const switched = (await live.app.events(0)).findLast(({ name }) => name === "NodeSwitched");
    expect(switched?.args).to.include({ vNode: 1n, node: 2n, fromEpoch: BigInt(next) });
    expect((await statusOf(second)).vNodes.map(({ vNode, role }) => [vNode, role])).to.deep.include([
      "1",
      "responsible",
    ]);
    expect((await statusOf(second)).alarm, "what another node accepted").to.equal(undefined);
  });

  it("raises an alarm at an acceptance that it did not sign, and not at its own", async () => {
    const second = present(running[1]);
    const serial = await app.store(second, { vNode: 1, segment: testSegment(450, 60), epochs: 20 });
    await seen(second, await live.nextEpoch());
    expect((await statusOf(second)).alarm).to.equal(undefined);

    const thief = new Wallet(present(live.nodes[1]).operator.privateKey);
    const signedDomain = domain(live.app.chainId, live.app.addresses.registry) as TypedDataDomain;
    const terms = { rent: RENT, nonce: 5n, deadline: 2n ** 64n };
    const message = { node: 2, revision: 0, vNode: 1, serial, epochs: 9, ...terms };
    const signature = await thief.signTypedData(signedDomain, EXTENSION, message);
    await live.app.send("registry", "extend", [1, serial, 9, RENT, { ...terms, signature }]);
    const line = await second.logs.until("foreign acceptance");
    expect(line).to.include({ vNode: 1, serial, event: "SegmentExtended", operator: thief.address });
    await second.logs.until("the operator's key may be stolen");
    const answer = await fetch(`${second.url}/status`);
    expect(answer.status).to.equal(503);
    const { alarm } = (await answer.json()) as Status;
    expect(alarm?.foreign.map((use) => use.serial)).to.deep.equal([serial]);
  });
});
