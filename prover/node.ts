/**
 * A storage node: store, journal, chain, proving pool, HTTP and the proving loop, started and stopped together.
 */
import { mkdir } from "node:fs/promises";
import Fastify from "fastify";
import type { Logger } from "pino";
import { request } from "undici";
import { loadHashEngine, loadProvingArtifacts } from "../circuits/artifacts.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { PROFILES } from "../protocol/profiles.ts";
import { createAccess } from "./auth.ts";
import { connectChain, readOperatorKey, type NodeChain } from "./chain.ts";
import type { NodeConfig } from "./config.ts";
import { createDuties } from "./duties.ts";
import { verifyProof } from "./engine.ts";
import { openJournal } from "./journal.ts";
import { createMetrics } from "./metrics.ts";
import { createProverPool } from "./pool.ts";
import { fetchReplica } from "./repair.ts";
import { createServer } from "./server.ts";
import { createStore } from "./store.ts";

export interface RunningNode {
  readonly url: string;
  readonly adminUrl: string;
  /** Ends once the signal has aborted and everything is closed. */
  readonly done: Promise<void>;
}

/** A proof that takes longer hangs. */
const PROOF_TIMEOUT_MS = 10 * 60_000;
const MAX_QUEUE = 1_000;
const ROUND_TIMEOUT_MS = 5_000;

export async function startNode(
  config: NodeConfig,
  { log, signal }: { log: Logger; signal: AbortSignal },
): Promise<RunningNode> {
  const node = BigInt(config.node);
  const profile = PROFILES[config.profile];
  await mkdir(config.dataFolder, { recursive: true, mode: 0o700 });
  const journal = openJournal(config.dataFolder);
  const closers: (() => unknown)[] = [() => journal.close()];
  const close = async (): Promise<void> => {
    for (const each of closers.reverse()) await each();
  };
  try {
    const artifacts = await loadProvingArtifacts(config.profile, config.build);
    const chain = await connectChain({
      ...{ rpcUrl: config.rpcUrl, audits: config.audits, chainId: config.chainId, node },
      privateKey: await readOperatorKey(config.keyFile, config.passwordFile),
      ...{ pollMs: config.pollMs, confirmations: config.confirmations },
    });
    closers.push(() => chain.close());
    checkProfile(chain, config);
    const store = await createStore(
      { folder: config.dataFolder, profile, quotaBytes: config.quotaBytes },
      { engine: await loadHashEngine() },
    );
    const pool = createProverPool({
      ...{ artifacts, threads: config.threads, maxQueue: MAX_QUEUE, taskTimeoutMs: PROOF_TIMEOUT_MS, signal },
    });
    closers.push(() => pool.close());

    const now = (): number => Math.floor(Date.now() / 1000);
    const metrics = createMetrics();
    const { allowPrivatePeers, recordAfter } = config;
    const duties = createDuties(
      { node, profile, recordAfter, signal },
      {
        ...{ chain, store, journal, pool, metrics, log },
        verify: ({ proof, publicSignals }) => verifyProof(artifacts.verificationKey, proof, publicSignals),
        fetchRound: (round) => fetchRound(config.drandUrls, round),
        fetchReplica: (holding) =>
          fetchReplica(holding, { node, allowPrivatePeers, signal }, { chain, store, journal, log, now }),
      },
    );
    const access = createAccess({ node, chain, journal, now });
    const server = await createServer(
      { node, profile: config.profile },
      { chain, access, store, journal, now, status: () => duties.status },
    );
    closers.push(() => server.close());
    const url = await server.listen({ host: config.host, port: config.port });
    const admin = Fastify();
    admin.get("/metrics", async (_request, reply) =>
      reply.type("text/plain; version=0.0.4").send(await metrics.text()),
    );
    closers.push(() => admin.close());
    const adminUrl = await admin.listen({ host: "127.0.0.1", port: config.adminPort });
    return { url, adminUrl, done: duties.run().finally(close) };
  } catch (error) {
    await close();
    throw error;
  }
}

function checkProfile({ profile: deployed }: NodeChain, { profile }: NodeConfig): void {
  const own = PROFILES[profile];
  if (
    deployed.samples === own.samples &&
    deployed.dataDepth === own.dataDepth &&
    deployed.directoryDepth === own.directoryDepth
  ) {
    return;
  }
  const { samples, dataDepth, directoryDepth } = deployed;
  const message = `this node proves the profile ${profile}, the deployment's has ${samples} samples and depths ${dataDepth} and ${directoryDepth}: set another profile`;
  throw new HoldfastError("bad-input", message, { profile, deployed });
}

async function fetchRound(urls: readonly string[], round: bigint): Promise<Uint8Array | undefined> {
  for (const url of urls) {
    try {
      const target = new URL(`public/${round}`, url.endsWith("/") ? url : `${url}/`);
      const { statusCode, body } = await request(target, { signal: AbortSignal.timeout(ROUND_TIMEOUT_MS) });
      const text = await body.text();
      if (statusCode !== 200) continue;
      const { signature } = JSON.parse(text) as { signature?: unknown };
      // Whether it is the round's is the contract's to check.
      if (typeof signature === "string" && /^[0-9a-f]{128}$/.test(signature))
        return Buffer.from(signature, "hex");
    } catch {
      // The next one may answer; without any, the next look asks again.
    }
  }
  return undefined;
}
