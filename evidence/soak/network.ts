/**
 * The network of a soak: anvil with the real contracts, a relay, two nodes and an auditor, each daemon with its own endpoint.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { loadVerificationKey } from "../../circuits/artifacts.ts";
import { connect, connectSigner, latestTime, type Chain } from "../../client/chain.ts";
import { deploy, type Deployment } from "../../client/deployment/deploy.ts";
import { select } from "../../client/devnet/history.ts";
import { fund } from "../../client/devnet/network.ts";
import { freePorts, type LogLine } from "../../client/devnet/processes.ts";
import { castRoles, clusterParams, PROTOCOL_FEE, RENT, type Roles } from "../../client/devnet/roles.ts";
import { defaultQuantumBits } from "../../client/quantum.ts";
import { fetchDrandChain } from "../../drand/client.ts";
import { makeKnownAnswer } from "../../keys/known-answer.ts";
import { randomOf } from "../simulation/random.ts";
import { createDaemon, type Daemon } from "./daemons.ts";
import { rpcAt, startMining, type Miner } from "./mining.ts";
import { startProxy, type Proxy } from "./proxy.ts";
import { mountSmall, unmountSmall } from "./small-disks.ts";

export interface Served {
  readonly daemon: Daemon;
  readonly proxy: Proxy;
  readonly dataFolder: string;
  /** Whether its disk can be filled. */
  readonly isSmall: boolean;
}
export interface SoakedNode extends Served {
  readonly id: bigint;
  readonly url: string;
  readonly vNodes: readonly number[];
}

export interface Network {
  /** The chain itself, without a proxy. */
  readonly rpcUrl: string;
  readonly miner: Miner;
  readonly chain: Chain;
  readonly deployment: Deployment;
  readonly roles: Roles;
  readonly nodes: readonly SoakedNode[];
  readonly auditor: Served;
  readonly bucket: bigint;
  readonly cluster: bigint;
  /** @param keep whether to keep the data on the disks */
  stop(keep: boolean): Promise<void>;
}

export interface NetworkOptions {
  readonly seed: number;
  readonly folder: string;
  readonly epochSeconds: number;
  readonly onLine: (daemon: string, line: LogLine) => void;
  readonly onEnd: (why: string) => void;
}

const NODES = 2;
const VNODES_EACH = 2;
/** So short that 64 blocks take less than an epoch. */
export const BLOCK_SECONDS = 0.25;
const POLL_MS = 1000;
const BUMP_MS = 5_000;
const PATIENCE_MS = 15_000;
const SCRUB_SECONDS = 15;
const CAPACITY = 100_000;
const BOND = 10n ** 21n;
const HEAD_START = 60;
/** So that no node is removed because of the soak's faults. */
const LENIENT = { maxMisses: 20, bondEpochs: 120 };
const NODE = "prover/main.ts";
const ROOT = join(import.meta.dirname, "..", "..");

export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const { seed, folder, epochSeconds, onEnd } = options;
  const ports = await freePorts(2 + NODES);
  const [chainPort, relayPort, ...nodePorts] = ports as [number, number, ...number[]];
  const logs = join(folder, "logs");
  await mkdir(logs, { recursive: true });
  const anvil = createDaemon({ ...anvilAt(chainPort), onEnd }, logs);
  const relay = createDaemon({ ...relayAt(relayPort), onEnd }, logs);
  const [rpcUrl, relayUrl] = [`http://127.0.0.1:${chainPort}`, `http://127.0.0.1:${relayPort}`];
  const running: Daemon[] = [anvil, relay];
  const proxies: Proxy[] = [];
  const mounted: string[] = [];
  let miner: Miner | undefined;
  const stop = async (keep: boolean): Promise<void> => {
    await Promise.all(running.slice(2).map((daemon) => daemon.end("SIGTERM")));
    await miner?.stop();
    await Promise.all([anvil.end("SIGTERM"), relay.end("SIGTERM")]);
    for (const proxy of proxies) proxy.close();
    for (const each of mounted) await unmountSmall(each, keep);
  };
  try {
    await Promise.all([anvil.start(), relay.start()]);
    miner = startMining(rpcAt(rpcUrl), BLOCK_SECONDS, onEnd);
    const roles = castRoles();
    const drand = await fetchDrandChain(relayUrl);
    const signer = await connectSigner(rpcUrl, roles.deployer.privateKey);
    const deployment = await deploy({
      signer,
      profile: "tiny",
      epochSeconds,
      drand,
      protocolFee: PROTOCOL_FEE,
      knownAnswer: await makeKnownAnswer("tiny"),
      verificationKey: await loadVerificationKey("tiny"),
      genesis: await latestTime(signer),
      treasury: roles.treasury.address,
    });
    signer.provider?.destroy();
    // A reorganization may undo what a transaction depends on. The customer then starts again.
    const chain = await connect({ rpcUrl, audits: deployment.audits, patienceMs: PATIENCE_MS });

    const serve = async (name: string, main: string, key: string, values: object): Promise<Served> => {
      const proxy = await startProxy(rpcUrl, randomOf(seed, "requests", name));
      proxies.push(proxy);
      const [dataFolder, keyFile, config] = ["", ".key", ".json"].map((end) => join(folder, name + end)) as [
        string,
        string,
        string,
      ];
      await mkdir(dataFolder, { mode: 0o700 });
      const isSmall = main === NODE && (await mountSmall(dataFolder));
      if (isSmall) mounted.push(dataFolder);
      await writeFile(keyFile, `${key}\n`, { mode: 0o600 });
      const common = { rpcUrl: proxy.url, audits: deployment.audits, keyFile, dataFolder, profile: "tiny" };
      await writeFile(config, JSON.stringify({ ...common, drandUrls: [relayUrl], ...values }));
      const args = [join(ROOT, main), "--config", config];
      const daemon = createDaemon({ name, args, onEnd, onLine: (line) => options.onLine(name, line) }, logs);
      running.push(daemon);
      return { daemon, proxy, dataFolder, isSmall };
    };

    const providers = roles.providers.slice(0, NODES);
    const ids: bigint[] = [];
    for (const [i, { cold, operator }] of providers.entries()) {
      const owner = chain.as(cold.privateKey);
      const offer = [operator.address, `http://127.0.0.1:${nodePorts[i] ?? 0}`, CAPACITY, RENT, BOND, ""];
      const { events } = await owner.send("registry", "registerNode", offer);
      const id = select(events, "NodeRegistered")[0]?.args["node"] as bigint;
      await fund(owner, BOND);
      await owner.send("ledger", "bond", [id, BOND]);
      await owner.send("registry", "trust", [roles.manager.address, true]);
      ids.push(id);
    }
    const made = await buildCluster(chain, roles, ids, deployment);

    const nodes = await Promise.all(
      providers.map(async ({ operator }, i): Promise<SoakedNode> => {
        const [id, port] = [ids[i] ?? 0n, nodePorts[i] ?? 0];
        const served = await serve(`node-${id}`, NODE, operator.privateKey, {
          node: Number(id),
          host: "127.0.0.1",
          port,
          pollMs: POLL_MS,
          bumpAfterMs: BUMP_MS,
          // Delete everything at once, so that wrong deletions show.
          allowPrivatePeers: true,
          scrubSeconds: SCRUB_SECONDS,
          removeShare: 1,
        });
        return { ...served, id, url: `http://127.0.0.1:${port}`, vNodes: made.vNodes[i] ?? [] };
      }),
    );
    const auditor = await serve("auditor", "verifier/main.ts", roles.auditor.privateKey, {
      drandPublicKey: Buffer.from(drand.publicKey).toString("hex"),
      pollSeconds: POLL_MS / 1000,
      settle: "all",
      host: "127.0.0.1",
      port: 0,
    });
    await Promise.all([...nodes, auditor].map(({ daemon }) => daemon.start()));
    return { rpcUrl, miner, chain, deployment, roles, nodes, auditor, ...made, stop };
  } catch (error) {
    await stop(false);
    throw error;
  }
}

async function buildCluster(
  chain: Chain,
  roles: Roles,
  ids: readonly bigint[],
  deployment: Deployment,
): Promise<{ cluster: bigint; bucket: bigint; vNodes: readonly (readonly number[])[] }> {
  const manager = chain.as(roles.manager.privateKey);
  const params = { ...clusterParams(deployment), ...LENIENT };
  const terms = [0, 0, defaultQuantumBits(chain.decimals), params, ""];
  const created = await manager.send("registry", "createCluster", terms);
  const cluster = select(created.events, "ClusterCreated")[0]?.args["cluster"] as bigint;
  const count = ids.length * VNODES_EACH;
  const tokens = Array.from({ length: count }, (_, i) => (BigInt(i) << 64n) / BigInt(count));
  const added = await manager.send("registry", "addVNodes", [cluster, tokens]);
  const all = select(added.events, "VNodeAdded").map(({ args }) => args["vNode"] as bigint);
  for (const [i, vNode] of all.entries())
    await manager.send("registry", "assign", [vNode, ids[i % ids.length]]);
  const app = chain.as(roles.app.privateKey);
  const made = await app.send("registry", "createBucket", [cluster, false]);
  const bucket = select(made.events, "BucketCreated")[0]?.args["bucket"] as bigint;
  const vNodes = ids.map((_, node) => all.filter((_, i) => i % ids.length === node).map(Number));
  return { cluster, bucket, vNodes };
}

function anvilAt(port: number) {
  const system = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
  return {
    name: "anvil",
    command: createRequire(import.meta.url).resolve(`@foundry-rs/anvil-${system}/bin/anvil`),
    args: [
      "--host",
      "127.0.0.1",
      "--port",
      String(port),
      "--hardfork",
      "osaka",
      "--accounts",
      "20",
      "--no-mining",
      // As endpoints without an archive do. (With states on disk, anvil loses the newest after some reorganizations.)
      "--prune-history",
      "256",
    ],
    isReady: (line: string) => line.startsWith("Listening on"),
  };
}

function relayAt(port: number) {
  const genesis = Math.floor(Date.now() / 1000) - HEAD_START;
  const main = join(ROOT, "drand", "relay-main.ts");
  return {
    name: "relay",
    args: [main, "--port", String(port), "--period", "1", "--genesis", String(genesis)],
  };
}
