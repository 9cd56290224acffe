/**
 * Runs the local drand relay as its own process: `node drand/relay-main.ts [--port N] [--period S] [--genesis S]
 * [--key-file FILE]`.
 */
import { parseArgs } from "node:util";
import { pino } from "pino";
import { HoldfastError } from "../protocol/errors.ts";
import { createRelay, drawRelaySecret, loadRelaySecret } from "./relay.ts";

const log = pino({ name: "relay" });

try {
  await main();
} catch (error) {
  log.fatal({ err: error }, error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      host: { type: "string", default: "127.0.0.1" },
      port: { type: "string", default: "0" },
      period: { type: "string", default: "3" },
      genesis: { type: "string", default: String(Math.floor(Date.now() / 1000)) },
      "key-file": { type: "string" },
    },
  });
  const keyFile = values["key-file"];
  const relay = createRelay({
    secret: keyFile === undefined ? drawRelaySecret() : await loadRelaySecret(keyFile),
    period: integer("period", values.period),
    genesis: integer("genesis", values.genesis),
  });

  const stop = (reason: string): void => {
    log.info({ reason }, "stopping");
    void relay.close();
    if (process.connected) process.disconnect();
  };
  process.once("SIGTERM", stop).once("SIGINT", stop);
  // The relay must end when its parent process dies.
  process.once("disconnect", () => stop("disconnect"));

  const url = await relay.listen({ host: values.host, port: integer("port", values.port) });
  const { publicKey, genesis, period } = relay.chain;
  log.info({ url, publicKey: Buffer.from(publicKey).toString("hex"), genesis, period }, "ready");
}

function integer(option: string, text: string): number {
  if (!/^[0-9]{1,15}$/.test(text))
    throw new HoldfastError("bad-input", `--${option} expected an integer, got ${text}`, { option });
  return Number(text);
}
