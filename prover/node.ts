/**
 * A storage node: store, journal, chain, proving pool, HTTP and the proving loop, started and stopped together.
 */
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { systemClock, type Clock } from "../chain/clock.ts";
import { keepEvents } from "../chain/event-store.ts";
import { untilAnswered } from "../chain/starting.ts";
import { loadHashEngine, loadProvingArtifacts } from "../circuits/artifacts.ts";
import { readKeyFile } from "../contracts/accounts.ts";
import { createDrandClient } from "../drand/client.ts";
import { loadBackend } from "../groth16/engines.ts";
import { openVerifier } from "../groth16/verify.ts";
import { requireSafeKey } from "../keys/key-gate.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { profileNamed } from "../protocol/profiles.ts";
import { createAdmin } from "./admin.ts";
import { createAccess } from "./auth.ts";
import { connectChain, type ChainOptions, type NodeChain } from "./chain.ts";
import type { NodeConfig } from "./config.ts";
import { createDuties } from "./duties.ts";
import { createHoldings } from "./holdings.ts";
import { openJournal } from "./journal.ts";
import { createMetrics } from "./metrics.ts";
import { createOpenPeer } from "./peer.ts";
import { createProverPool } from "./pool.ts";
import { checkReachable } from "./reachable.ts";
import { createRepair } from "./repair.ts";
import { withRoom } from "./roomy-journal.ts";
import { createScrub } from "./scrub.ts";
import { createSender } from "./sender.ts";
import { createServer } from "./server.ts";
import { affordable } from "./sockets.ts";
import { checkNotEmpty, leaveEmpty, takeStock } from "./stock.ts";
import { createStore } from "./store.ts";
import { createWatch } from "./watch.ts";

export interface StorageNode {
  /** Of the public server. */
  readonly url: string;
  readonly adminUrl: string;
  /** Ends when the signal has aborted and everything is closed. */
  readonly done: Promise<void>;
}

export interface NodeModules {
  readonly log: Logger;
  /** Ends everything. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  readonly connect?: (options: ChainOptions) => Promise<NodeChain>;
}

/** Proofs that wait; each is a vNode that is due. */
const MAX_QUEUE = 1024;

/** @throws HoldfastError if anything of what it needs is not there, not right, or in use; nothing keeps running then */
export async function createNode(
  config: NodeConfig,
  { log, signal, clock = systemClock, connect = connectChain }: NodeModules,
): Promise<StorageNode> {
  const node = BigInt(config.node);
  const profile = profileNamed(config.profile);
  const closers: (() => unknown)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  const folder = config.dataFolder;
  const isEmpty = (await readdir(folder).catch(() => [])).length === 0;
  try {
    // First of all, because it is what keeps another node off the folder.
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const journal = withRoom(openJournal(folder), log);
    closers.push(() => journal.close());

    const artifacts = await loadProvingArtifacts(profile.name, config.build);
    // What a program was given when the node was killed: pieces of customers' data.
    const scratch = join(folder, "proving");
    await rm(scratch, { recursive: true, force: true });
    const backend = await loadBackend(config.engine, { ...artifacts, scratch });
    const verify = await openVerifier(artifacts.verificationKey);
    const answered = <T>(ask: () => Promise<T>): Promise<T> => untilAnswered(ask, { clock, log, signal });
    const privateKey = await readKeyFile(config.keyFile, config.passwordFile);
    const connecting = (): Promise<NodeChain> =>
      connect({
        ...{ rpcUrl: config.rpcUrl, audits: config.audits, chainId: config.chainId, token: config.token },
        ...{ node, privateKey, maxFeePerGas: config.maxFeePerGas, log, now: () => clock.now() },
      });
    // Who starts for the first time may have mistyped an address.
    const chain = await (journal.isClaimed ? answered(connecting) : connecting());
    closers.push(() => chain.close());
    const { build, minContributions } = config;
    await requireSafeKey(profile.name, { chainId: chain.chainId, build, minContributions, artifacts });
    journal.claim({ chainId: chain.chainId, registry: chain.registry, node });
    const { acceptSeconds, fromBlock } = config;
    const began = journal.beganAt((await answered(() => chain.block())).timestamp);
    const observer = createWatch({ node, acceptSeconds, began }, { journal, log });
    const { directoryDepth } = profile;
    const events = keepEvents(folder, { chainId: chain.chainId, audits: chain.audits, fromBlock }, log);
    closers.push(() => events.close());
    const holdings = createHoldings(
      { node, directoryDepth, fromBlock },
      { chain, store: events, log, observer },
    );
    await answered(() => checkProfile(node, config, chain));
    await answered(() => holdings.update());
    const store = await createStore(
      {
        ...{ folder, profile, signal, diskTimeoutMs: config.diskTimeoutMs },
        quotaBytes: config.quotaBytes,
        reserveBytes: config.reserveBytes,
      },
      { engine: await loadHashEngine(build === undefined ? {} : { build }), log },
    );
    const stock = { chain, holdings, store, journal, clock, log };
    try {
      await answered(() => checkNotEmpty({ node, folder, startEmpty: config.startEmpty }, stock));
    } catch (error) {
      // When all else is closed.
      if (isEmpty) closers.unshift(() => leaveEmpty(folder));
      throw error;
    }
    takeStock(stock);

    const pool = createProverPool(
      {
        ...{ artifacts, backend, threads: config.threads, maxQueue: MAX_QUEUE, signal },
        taskTimeoutMs: config.proofTimeoutMs,
      },
      { warn: (line) => log.warn(line) },
    );
    closers.push(() => pool.close());
    const metrics = createMetrics();
    const compacting = new Set<bigint>();
    const openPeer = createOpenPeer({ allowPrivate: config.allowPrivatePeers });
    const duties = createDuties(
      { ...config, node, profile, signal },
      {
        ...{ chain, holdings, store, journal, pool, compacting, metrics, clock, log },
        sender: createSender({ ...config, signal }, { chain, journal, clock, log }),
        verify: ({ proof, publicSignals }) => verify(proof, publicSignals),
        fetchRound:
          config.drandUrls.length === 0
            ? undefined
            : ({ round, publicKey }, stopping) =>
                createDrandClient({ urls: config.drandUrls, publicKey }).round(round, stopping),
        repair: createRepair({ node, signal }, { chain, holdings, store, journal, openPeer, clock, log }),
      },
    );

    const chainTime = (): number | undefined => (duties.status.ready ? duties.status.time : undefined);
    const access = createAccess(node, { chain, holdings, journal, clock, chainTime });
    const maxConnections = affordable(config.maxConnections);
    if (maxConnections < config.maxConnections)
      log.warn({ maxConnections }, "the process may have few files open: fewer connections are taken");
    const server = await createServer(
      { ...config, node, profile, maxConnections },
      { chain, access, store, holdings, journal, compacting, clock, log, status: () => duties.status },
    );
    closers.push(() => server.close());
    const url = await listen(server, config.host, config.port);
    const scrub = createScrub({ ...config, signal }, { store, clock, metrics, log });
    const admin = createAdmin({ metrics, scrub, duties });
    closers.push(() => admin.close());
    const adminUrl = await listen(admin, "127.0.0.1", config.adminPort);
    signal.throwIfAborted();
    void checkReachable({ node, listensAt: url, signal }, { chain, log });
    return {
      url,
      adminUrl,
      done: Promise.all([duties.run(), scrub.run()])
        .then(() => undefined)
        .finally(closeAll),
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function listen(
  server: { listen: (to: object) => Promise<string> },
  host: string,
  port: number,
): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (cause) {
    const message = `cannot listen on ${host}:${port}: ${(cause as Error).message}; choose another port`;
    throw new HoldfastError("io", message, { host, port }, { cause });
  }
}

/** A node with another circuit than its cluster would miss every epoch: better not to start. */
async function checkProfile(node: bigint, { profile: name }: NodeConfig, chain: NodeChain): Promise<void> {
  const own = profileNamed(name);
  for (const { vNode, node: now, next } of await chain.assignments(await chain.block())) {
    if (now !== node && next !== node) continue;
    const found = await chain.vNode(vNode);
    if (found?.nextResponsible !== node) continue;
    const { samples, dataDepth, directoryDepth } = await chain.cluster(found.cluster);
    if (samples === own.samples && dataDepth === own.dataDepth && directoryDepth === own.directoryDepth)
      continue;
    const message =
      `vNode ${vNode} is of a cluster with ${samples} samples and depths ${dataDepth} and ${directoryDepth}, ` +
      `the profile ${name} has ${own.samples}, ${own.dataDepth} and ${own.directoryDepth}: set the cluster's profile`;
    throw new HoldfastError("bad-input", message, { vNode: String(vNode), cluster: String(found.cluster) });
  }
}
