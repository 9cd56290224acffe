/**
 * Runs the auditor as its own process: `node verifier/main.ts --config FILE`.
 */
import { mkdir } from "node:fs/promises";
import { pino } from "pino";
import { systemClock } from "../chain/clock.ts";
import { untilAborted } from "../chain/delivery.ts";
import { keepEvents, type EventStore } from "../chain/event-store.ts";
import { GWEI } from "../chain/fees.ts";
import { createSender } from "../chain/sender.ts";
import { untilAnswered } from "../chain/starting.ts";
import { loadVerificationKey } from "../circuits/artifacts.ts";
import { readKeyFile } from "../contracts/accounts.ts";
import { createDrandClient } from "../drand/client.ts";
import { verifyWords } from "../groth16/verify.ts";
import { requireSafeKey } from "../keys/key-gate.ts";
import { createAuditor } from "./auditor.ts";
import { connectAuditChain, keyHashOf, type AuditCall, type AuditChain } from "./chain.ts";
import { describeSettings, readConfig, type AuditorConfig } from "./config.ts";
import { createStatusServer } from "./server.ts";
import { openState } from "./state.ts";

/** The longest time from a signal to the end of the process, even if something hangs. */
const MAX_STOPPING_MS = 8_000;
/** How long a transaction waits before its fees are raised. */
const RAISE_MS = 30_000;

const HELP = [
  "Usage: holdfast auditor run -- [--config FILE] [--NAME VALUE]...",
  "",
  "Runs an auditor: records randomness, verifies every proof independently, settles epochs, reports misses.",
  "Settings: default < file < environment < flag.",
  "",
  "--config FILE  JSON with the settings",
];

const log = pino({ name: "auditor" });
const ending = new AbortController();
const stop = (reason: string): void => {
  log.info({ reason }, "stopping");
  ending.abort();
  setTimeout(() => {
    log.fatal("something hangs: ending the process by force");
    process.exit(1);
  }, MAX_STOPPING_MS).unref();
};
process.once("SIGTERM", stop).once("SIGINT", stop);

try {
  const args = process.argv.slice(2);
  if (args.includes("--help")) process.stdout.write(`${[...HELP, ...describeSettings()].join("\n")}\n`);
  else await audit(readConfig(args, process.env), ending.signal);
} catch (error) {
  if (!ending.signal.aborted) {
    log.fatal({ err: error }, error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
// Do not wait for endpoints that have not answered yet.
if (ending.signal.aborted) process.exit();

async function audit(config: AuditorConfig, signal: AbortSignal): Promise<void> {
  const { rpcUrl, audits, keyFile, passwordFile, dataFolder, profile, build, fromBlock } = config;
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const state = openState(dataFolder);
  let store: EventStore | undefined;
  try {
    const key = await loadVerificationKey(profile, build);
    const privateKey = await readKeyFile(keyFile, passwordFile);
    const maxFeePerGas = BigInt(config.maxFeeGwei) * GWEI;
    const connect = (): Promise<AuditChain> =>
      untilAborted(connectAuditChain({ rpcUrl, audits, privateKey, maxFeePerGas, log }), signal);
    // At the first start the address may be mistyped, so a failure ends the process.
    const chain = await (state.isClaimed
      ? untilAnswered(connect, { clock: systemClock, log, signal })
      : connect());
    try {
      state.claim(chain);
      store = keepEvents(dataFolder, { chainId: chain.chainId, audits: chain.audits, fromBlock }, log);
      const { minContributions } = config;
      await requireSafeKey(profile, { chainId: chain.chainId, build, minContributions });
      const pollMs = 1000 * config.pollSeconds;
      const sender = createSender<AuditCall>(
        {
          confirmations: 0,
          bumpAfterMs: RAISE_MS,
          pollMs,
          signal,
          isOnce: ({ kind }) => kind === "expire",
        },
        { chain: chain.transactions, journal: state.transactions, clock: systemClock, log },
      );
      const publicKey = Uint8Array.from(Buffer.from(config.drandPublicKey, "hex"));
      const auditor = createAuditor(
        {
          chain,
          state,
          store,
          fromBlock,
          log,
          signal,
          pollMs,
          settle: config.settle,
          coinValue: config.coinValue,
          keyHash: keyHashOf(key),
        },
        {
          sender,
          drand: (onChain) =>
            onChain.publicKey === config.drandPublicKey
              ? createDrandClient({ urls: config.drandUrls, publicKey })
              : undefined,
          verify: (proof, inputs) => verifyWords(key, proof, inputs),
        },
      );
      const server = createStatusServer(config, {
        auditor,
        counts: () => state.counts(),
        endpoints: () => chain.endpoints(),
        now: () => Date.now(),
      });
      log.info({ url: await server.listen({ host: config.host, port: config.port }) }, "ready");
      await auditor.run();
      await server.close();
    } finally {
      store?.close();
      chain.close();
    }
  } finally {
    state.close();
  }
}
