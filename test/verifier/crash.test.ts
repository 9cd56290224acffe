// The auditor's process, killed without warning and told to stop while nothing answers.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { developmentAccounts } from "../../contracts/accounts.ts";
import { present } from "../../evidence/world/present.ts";
import { makeFolder } from "../helpers/folder.ts";
import { startLiveChain, type LiveChain } from "../helpers/live-chain.ts";
import { startNodeProcess, type NodeProcess } from "../helpers/node-process.ts";
import { startRpcProxy, type RpcProxy } from "../helpers/rpc-proxy.ts";

describe("verifier: crashes", function () {
  this.timeout(60_000);
  /** The longest time from a signal to the end. */
  const MOST_MS = 10_000;
  let folder: string;
  let live: LiveChain;
  let proxy: RpcProxy;
  let auditor: NodeProcess;

  before(async () => {
    folder = await makeFolder();
    live = await startLiveChain();
    proxy = await startRpcProxy(live.rpcUrl);
    const keyFile = join(folder, "key");
    await writeFile(keyFile, present(developmentAccounts(12)[11]).privateKey, { mode: 0o600 });
    const relay = (await (await fetch(`${live.relayUrl}/info`)).json()) as { public_key: string };
    const values = {
      rpcUrl: proxy.url,
      audits: live.deployment.audits,
      keyFile,
      profile: "tiny",
      pollSeconds: 0.05,
      dataFolder: join(folder, "data"),
      drandUrls: [live.relayUrl],
      drandPublicKey: relay.public_key,
    };
    await writeFile(join(folder, "config.json"), JSON.stringify(values));
    await start();
  });
  after(async () => {
    await auditor.end("SIGKILL");
    proxy.close();
    await live.close();
    await rm(folder, { recursive: true, force: true });
  });
  const start = async (): Promise<void> => {
    auditor = await startNodeProcess(join(folder, "config.json"), "verifier/main.ts");
  };
  const status = async () =>
    (await (await fetch(`${auditor.url}/status`)).json()) as {
      block: number;
      epoch: number;
      troubles: string[];
    };
  const recorded = async (epoch: number): Promise<number> =>
    (await live.app.events(0)).filter(
      ({ name, args }) => name === "BeaconRecorded" && args["epoch"] === BigInt(epoch),
    ).length;

  it("delivers, after a kill before what it signed had left, the same bytes, once", async () => {
    const before = proxy.sent.length;
    proxy.loses = true;
    const lost = proxy.next();
    const epoch = await live.nextEpoch();
    await lost;
    await auditor.end("SIGKILL");
    expect(await recorded(epoch)).to.equal(0);
    proxy.loses = false;
    await start();
    await auditor.logs.until("delivered after a restart");
    expect(new Set(proxy.sent.slice(before)).size).to.equal(1);
    expect(await recorded(epoch)).to.equal(1);
    await auditor.logs.until("beacon", (line) => line["epoch"] === epoch);
    const { epoch: seen, troubles } = await status();
    expect([seen, troubles]).to.deep.equal([epoch, []]);
  });

  it("looks on while a transaction is swallowed, ends when it is told to, and delivers it afterwards", async () => {
    proxy.swallows = true;
    const swallowed = proxy.next();
    const epoch = await live.nextEpoch();
    await swallowed;
    await live.app.send("registry", "createBucket", [1, false]);
    const { number } = await live.app.block();
    while ((await status()).block < number) await new Promise(setImmediate);
    const told = performance.now();
    expect(await auditor.end("SIGTERM")).to.equal(0);
    expect(performance.now() - told).to.be.below(MOST_MS);
    proxy.swallows = false;
    await start();
    await auditor.logs.until("delivered after a restart");
    expect(await recorded(epoch)).to.equal(1);
  });

  it("ends when it is told to while its endpoint hangs", async () => {
    proxy.hangs = true;
    const told = performance.now();
    expect(await auditor.end("SIGTERM")).to.equal(0);
    expect(performance.now() - told).to.be.below(MOST_MS);
    proxy.hangs = false;
    await start();
  });
});
