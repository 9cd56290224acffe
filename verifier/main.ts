/**
 * The auditor as a process of its own: `node verifier/main.ts --config FILE`.
 */
import { mkdir } from "node:fs/promises";
import { pino } from "pino";
import { GWEI } from "../chain/fees.ts";
import { loadVerificationKey } from "../circuits/artifacts.ts";
import { passKey } from "../circuits/key-gate.ts";
import { readKeyFile } from "../contracts/accounts.ts";
import { createAuditor } from "./auditor.ts";
import { connectAuditChain, keyHashOf } from "./chain.ts";
import { HELP, readConfig, type AuditorConfig } from "./config.ts";
import { createDrandClient } from "./drand.ts";
import { createStatusServer } from "./server.ts";
import { openState } from "./state.ts";
import { verifyOffChain } from "./verify.ts";

const log = pino({ name: "auditor" });
const ending = new AbortController();
const stop = (reason: string): void => {
  log.info({ reason }, "stopping");
  ending.abort();
};
process.once("SIGTERM", stop).once("SIGINT", stop);

try {
  const config = await readConfig(process.argv.slice(2), process.env);
  if (config) await audit(config, ending.signal);
  else process.stdout.write(`${HELP}\n`);
} catch (error) {
  log.fatal({ err: error }, error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function audit(config: AuditorConfig, signal: AbortSignal): Promise<void> {
  const { rpcUrl, audits, keyFile, passwordFile, dataFolder, profile, artifacts, fromBlock } = config;
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const state = openState(dataFolder);
  try {
    const key = await loadVerificationKey(profile, artifacts);
    const privateKey = await readKeyFile(keyFile, passwordFile);
    const maxFeePerGas = BigInt(config.maxFeeGwei) * GWEI;
    const chain = await connectAuditChain({ rpcUrl, audits, privateKey, maxFeePerGas, log });
    try {
      const { minContributions } = config;
      await passKey(profile, { chainId: chain.chainId, build: artifacts, minContributions });
      const publicKey = Uint8Array.from(Buffer.from(config.drandPublicKey, "hex"));
      const auditor = createAuditor(
        {
          ...{ chain, state, fromBlock, log, signal, pollMs: 1000 * config.pollSeconds },
          keyHash: keyHashOf(key),
        },
        {
          drand: (onChain) =>
            onChain.publicKey === config.drandPublicKey
              ? createDrandClient({ urls: config.drandUrls, chain: { ...onChain, publicKey } })
              : undefined,
          verify: (proof, inputs) => verifyOffChain(key, proof, inputs),
        },
      );
      const server = createStatusServer(config, {
        ...{
          auditor,
          counts: () => state.counts(),
          endpoints: () => chain.endpoints(),
          now: () => Date.now(),
        },
      });
      log.info({ url: await server.listen({ host: config.host, port: config.port }) }, "ready");
      await auditor.run();
      await server.close();
    } finally {
      chain.close();
    }
  } finally {
    state.close();
  }
}
