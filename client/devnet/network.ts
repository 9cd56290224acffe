/**
 * A local network: the contracts on a chain, with a relay, nodes and an auditor, each in its own process.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { loadVerificationKey } from "../../circuits/artifacts.ts";
import { fetchDrandChain } from "../../drand/client.ts";
import type { DrandChain } from "../../drand/rounds.ts";
import { makeKnownAnswer } from "../../keys/known-answer.ts";
import { MIN_MARGIN } from "../../protocol/epochs.ts";
import { connect, connectSigner, latestTime, type Chain } from "../chain.ts";
import { deploy, type Deployment } from "../deployment/deploy.ts";
import type { DevnetOptions } from "./options.ts";
import { freePorts, saysReady, type LogLine, type Processes } from "./processes.ts";
import { castRoles, PROTOCOL_FEE, RENT, type ProviderRole, type Roles } from "./roles.ts";

export interface RunningNode {
  readonly role: ProviderRole;
  readonly id: bigint;
  readonly url: string;
  readonly dataFolder: string;
}

/** A network whose nodes may still have to start. */
export interface Deployed {
  readonly rpcUrl: string;
  readonly chain: Chain;
  readonly deployment: Deployment;
  readonly roles: Roles;
}

export interface Network extends Deployed {
  /** In the order of the roles. */
  readonly nodes: readonly RunningNode[];
}

export interface NetworkOptions extends Pick<DevnetOptions, "profile" | "epochSeconds" | "log"> {
  readonly folder: string;
  readonly processes: Processes;
  /** Leaves that each node offers. */
  readonly capacity: number;
  readonly bond: bigint;
  /** Number of proofs that are made at the same time. */
  readonly provers: number;
  /** Default: those of the storage scenario. */
  readonly roles?: Roles;
  /** Seconds that a bond takes to leave. Default: that of every deployment. */
  readonly unbondSeconds?: (epochSeconds: number) => number;
  readonly pace?: Pace;
  /** Runs while the nodes start, and must end before the network is ready. */
  readonly meanwhile?: (deployed: Deployed) => Promise<void>;
  readonly onLog: (process: string, line: LogLine) => void;
}

/** How closely nodes and auditor follow the chain. */
export interface Pace {
  /** Milliseconds between two looks at the chain. */
  readonly pollMs: number;
  /** Time to record an epoch's randomness after its source point, and to get a finished proof mined. */
  readonly spareSeconds: number;
}

const CALM: Pace = { pollMs: 1000, spareSeconds: 6 };
const COUNTS = ["no", "one", "two", "three", "four", "five", "six"];
/** Seconds from the relay's first round to now, so that it lies before any epoch. */
const HEAD_START = 60;
const ROOT = join(import.meta.dirname, "..", "..");

export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const { profile, log, processes, unbondSeconds, roles = castRoles(), pace = CALM } = options;
  log("starting a chain and a drand relay");
  const [rpcUrl, relayUrl] = await Promise.all([startChain(processes), startRelay(processes)]);
  const knownAnswer = await makeKnownAnswer(profile);
  const proofSeconds = (knownAnswer.witnessMs + knownAnswer.proveMs) / 1000;
  const epochSeconds = Math.max(options.epochSeconds, comfortableEpoch(proofSeconds, options.provers, pace));

  log(`deploying the contracts; an epoch takes ${epochSeconds} s`);
  const drand = await fetchDrandChain(relayUrl);
  const signer = await connectSigner(rpcUrl, roles.deployer.privateKey);
  const deployment = await deploy({
    signer,
    profile,
    knownAnswer,
    epochSeconds,
    ...(unbondSeconds && { unbondSeconds: unbondSeconds(epochSeconds) }),
    protocolFee: PROTOCOL_FEE,
    verificationKey: await loadVerificationKey(profile),
    drand,
    genesis: await latestTime(signer),
    treasury: roles.treasury.address,
    log: () => undefined,
  });
  signer.provider?.destroy();
  const chain = await connect({ rpcUrl, audits: deployment.audits });

  const count = COUNTS[roles.providers.length] ?? roles.providers.length;
  log(`${count} providers register, bond and start their nodes; an auditor starts`);
  const auditor = startAuditor(options, { rpcUrl, relayUrl, drand, chain, roles });
  auditor.catch(() => undefined); // if the nodes do not start, report that instead
  const deployed = { rpcUrl, chain, deployment, roles };
  const [nodes] = await Promise.all([
    startNodes(options, { rpcUrl, relayUrl, chain, roles }),
    options.meanwhile?.(deployed),
  ]);
  await auditor;
  return { ...deployed, nodes };
}

/** After its margin, an epoch leaves time for all proofs on this machine, and two thirds more. */
function comfortableEpoch(proofSeconds: number, provers: number, { spareSeconds }: Pace): number {
  const turns = provers / Math.min(provers, availableParallelism());
  const seconds = Math.ceil(1.7 * turns * proofSeconds + spareSeconds);
  return Math.min(Math.ceil((4 * seconds) / 3), seconds + MIN_MARGIN);
}

async function startChain(processes: Processes): Promise<string> {
  const [port] = (await freePorts(1)) as [number];
  const cli = join(ROOT, "node_modules", "hardhat", "dist", "src", "cli.js");
  await processes.start({
    name: "chain",
    args: [cli, "node", "--network", "devnet", "--hostname", "127.0.0.1", "--port", String(port)],
    isReady: (line) => line.includes("JSON-RPC server at"),
  });
  return `http://127.0.0.1:${port}`;
}

async function startRelay(processes: Processes): Promise<string> {
  const [port] = (await freePorts(1)) as [number];
  await processes.start({
    name: "relay",
    args: [
      join(ROOT, "drand", "relay-main.ts"),
      "--port",
      String(port),
      "--period",
      "1",
      "--genesis",
      String(Math.floor(Date.now() / 1000) - HEAD_START),
    ],
    isReady: saysReady,
  });
  return `http://127.0.0.1:${port}`;
}

interface ChainAccess {
  readonly rpcUrl: string;
  readonly relayUrl: string;
  readonly chain: Chain;
  readonly roles: Roles;
}

async function startNodes(
  options: NetworkOptions,
  { rpcUrl, relayUrl, chain, roles }: ChainAccess,
): Promise<RunningNode[]> {
  const ports = await freePorts(roles.providers.length);
  // One after the other, so that ids have the order of the roles.
  const ids: bigint[] = [];
  for (const [i, role] of roles.providers.entries())
    ids.push(await register(chain, role, `http://127.0.0.1:${ports[i] ?? 0}`, options));
  const { processes, profile, folder, bond, onLog, pace = CALM } = options;
  return Promise.all(
    roles.providers.map(async (role, i) => {
      const [id, port] = [ids[i] ?? 0n, ports[i] ?? 0];
      await putUpBond(chain.as(role.cold.privateKey), id, bond, roles.manager.address);
      const name = `node-${id}`;
      const dataFolder = join(folder, name);
      await mkdir(dataFolder, { mode: 0o700 });
      const keyFile = await writeKey(folder, name, role.operator.privateKey);
      const config = {
        rpcUrl,
        audits: chain.addresses.audits,
        node: Number(id),
        keyFile,
        dataFolder,
        profile,
        host: "127.0.0.1",
        port,
        pollMs: pace.pollMs,
        drandUrls: [relayUrl],
        allowPrivatePeers: true,
      };
      await processes.start({
        name,
        isReady: saysReady,
        onLog: (line: LogLine) => onLog(name, line),
        args: [join(ROOT, "prover", "main.ts"), "--config", await writeConfig(folder, name, config)],
      });
      return { role, id, url: `http://127.0.0.1:${port}`, dataFolder };
    }),
  );
}

/** Registers a node whose acceptances may lock all of its bond at once. */
async function register(
  chain: Chain,
  role: ProviderRole,
  url: string,
  { capacity, bond }: Pick<NetworkOptions, "capacity" | "bond">,
): Promise<bigint> {
  const order = [role.operator.address, url, capacity, RENT, bond, ""];
  const { events } = await chain.as(role.cold.privateKey).send("registry", "registerNode", order);
  return events.find(({ name }) => name === "NodeRegistered")?.args["node"] as bigint;
}

async function putUpBond(chain: Chain, node: bigint, amount: bigint, manager: string): Promise<void> {
  await fund(chain, amount);
  await chain.send("ledger", "bond", [node, amount]);
  await chain.send("registry", "trust", [manager, true]);
}

/** Mints test tokens for the account and deposits them. */
export async function fund(chain: Chain, amount: bigint): Promise<void> {
  const account = chain.account();
  await chain.send("token", "mint", [account, amount]);
  await chain.send("token", "approve", [chain.addresses.ledger, amount]);
  await chain.send("ledger", "deposit", [account, amount]);
}

async function startAuditor(
  { processes, folder, profile, onLog, pace = CALM }: NetworkOptions,
  { rpcUrl, relayUrl, drand, chain, roles }: ChainAccess & { drand: DrandChain },
): Promise<void> {
  const name = "auditor";
  const dataFolder = join(folder, name);
  await mkdir(dataFolder, { mode: 0o700 });
  const keyFile = await writeKey(folder, name, roles.auditor.privateKey);
  const config = {
    rpcUrl,
    audits: chain.addresses.audits,
    keyFile,
    dataFolder,
    profile,
    drandUrls: [relayUrl],
    drandPublicKey: Buffer.from(drand.publicKey).toString("hex"),
    pollSeconds: pace.pollMs / 1000,
    // So that the outcome of every epoch can be shown.
    settle: "all",
    host: "127.0.0.1",
    port: 0,
  };
  await processes.start({
    name,
    isReady: saysReady,
    onLog: (line: LogLine) => onLog(name, line),
    args: [join(ROOT, "verifier", "main.ts"), "--config", await writeConfig(folder, name, config)],
  });
}

async function writeKey(folder: string, name: string, privateKey: string): Promise<string> {
  const path = join(folder, `${name}.key`);
  await writeFile(path, `${privateKey}\n`, { mode: 0o600 });
  return path;
}

async function writeConfig(folder: string, name: string, config: object): Promise<string> {
  const path = join(folder, `${name}.json`);
  await writeFile(path, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  return path;
}
