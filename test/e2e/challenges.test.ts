// A challenge on demand with the real contracts, circuit and beacon: a node that has the data, and one that has lost it.
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { loadHashEngine } from "../../circuits/artifacts.ts";
import { createApp } from "../../client/app.ts";
import { segmentRange, wholeRange } from "../../client/ranges.ts";
import { sum } from "../../client/sum.ts";
import { present } from "../../evidence/world/present.ts";
import { readConfig } from "../../prover/config.ts";
import { createNode } from "../../prover/node.ts";
import { patternBytes } from "../helpers/bytes.ts";
import { makeFolder } from "../helpers/folder.ts";
import { startLiveChain, type LiveChain } from "../helpers/live-chain.ts";
import { createLogs, type Logs } from "../helpers/logs.ts";

const FUNDS = 10n ** 17n;
/** IChallenges.Status. */
const STATUS = { answered: 2n, failed: 3n };

describe("a challenge on demand", function () {
  this.timeout(60_000);
  let folder: string;
  let live: LiveChain;
  let logs: Logs;
  let stop = (): Promise<void> => Promise.resolve();

  before(async () => {
    folder = await makeFolder();
    live = await startLiveChain();
    const { app } = live; // challenges: it earns nothing by the way, as the cluster's manager would
    await app.send("token", "mint", [app.account(), FUNDS]);
    await app.send("token", "approve", [app.addresses.ledger, FUNDS]);
    await app.send("ledger", "deposit", [app.account(), FUNDS]);
    await writeFile(join(folder, "file"), patternBytes(20_000, 7));
    await start();
    const files = createApp({ chain: live.app, engine: await loadHashEngine(), allowPrivateNodes: true });
    await files.put(await files.plan({ path: join(folder, "file"), bucket: 1n, vNodes: [1n], epochs: 20 }));
    await live.nextEpoch();
    await logs.until("proven");
  });
  after(async () => {
    await stop();
    await live.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(): Promise<void> {
    const node = present(live.nodes[0]);
    const [keyFile, config] = [join(folder, "key"), join(folder, "config.json")];
    await writeFile(keyFile, node.operator.privateKey, { mode: 0o600 });
    const values = {
      rpcUrl: live.rpcUrl,
      audits: live.deployment.audits,
      node: 1,
      keyFile,
      profile: "tiny",
      dataFolder: join(folder, "node"),
      port: 0,
      pollMs: 25,
      reserveBytes: 0,
      recordAfter: 0,
      drandUrls: [live.relayUrl],
      allowPrivatePeers: true,
      repairLost: false,
    };
    await writeFile(config, JSON.stringify(values));
    const ending = new AbortController();
    logs = createLogs();
    const running = await createNode(readConfig(["--config", config], {}), {
      log: logs.log,
      signal: ending.signal,
    });
    await live.setUrl(node, running.url);
    stop = async () => {
      ending.abort();
      await running.done;
    };
  }
  const balance = (): Promise<bigint> => live.app.read("ledger", "balanceOf", [live.app.account()]);
  const challengeOf = (id: number): Promise<{ status: bigint; bond: bigint }> =>
    live.app.read("challenges", "challengeOf", [id]);

  it("is answered, by a node that was down when it was made, and costs the challenger the bond", async () => {
    await stop();
    const before = await balance();
    const asked = await segmentRange(live.app, 1n, 0, 0);
    await live.app.send("challenges", "challenge", [1, asked.start, asked.length, FUNDS]);
    await live.nextEpoch();
    await start();
    expect(await logs.until("answered")).to.include({ vNode: 1, challenge: 1 });
    const { status, bond } = await challengeOf(1);
    expect(status).to.equal(STATUS.answered);
    expect(bond > 0n).to.equal(true);
    expect(await balance()).to.equal(before - bond);
    const [answered] = (await live.app.events(0)).filter(({ name }) => name === "Answered");
    expect(answered?.args["toProvider"]).to.equal(bond / 2n);
  });

  it("is not answered by a node without the data, and its expiry pays the challenger", async () => {
    const before = await balance();
    const asked = await wholeRange(live.app, 1n);
    await live.app.send("challenges", "challenge", [1, asked.start, asked.length, FUNDS]);
    // The proof of the current epoch. Without it two epochs would be missed, and the challenge dismissed.
    await logs.until("proven");
    const data = join(folder, "node", "segments");
    for (const name of await readdir(data)) await rm(join(data, name));
    await live.nextEpoch();
    // For the epoch or for the challenge.
    await logs.until("missing");
    await live.nextEpoch();
    await live.nextEpoch();
    const { events } = await live.manager.send("challenges", "expire", [2]);
    expect((await challengeOf(2)).status).to.equal(STATUS.failed);
    expect(events.map(({ name }) => name)).to.include("Failed");
    // For the challenge, and for epochs that were missed in the meantime.
    const rewards = events
      .filter(({ name }) => name === "Slashed")
      .map(({ args }) => args["reward"] as bigint);
    expect(rewards.every((reward) => reward > 0n)).to.equal(true);
    expect(await balance()).to.equal(before + sum(rewards));
    expect(logs.lines.filter(({ msg }) => msg === "answered")).to.have.lengthOf(1);
  });
});
