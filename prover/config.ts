/**
 * A node's configuration: default < file < environment < flag, each value checked before anything starts.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { HoldfastError } from "../protocol/errors.ts";

const list = z.preprocess(
  (value) => (typeof value === "string" ? value.split(",").filter(Boolean) : value),
  z.array(z.url()),
);
const flag = z.preprocess(
  (value) => (value === "true" ? true : value === "false" ? false : value),
  z.boolean(),
);

const schema = z.strictObject({
  rpcUrl: z.url().describe("JSON-RPC of the chain"),
  audits: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/)
    .describe("address of the Audits contract; the others are read from it"),
  chainId: z.coerce.number().int().positive().optional().describe("refuse to start on any other chain"),
  node: z.coerce.number().int().positive().describe("id of this node in the Registry"),
  keyFile: z
    .string()
    .describe("operator key: a V3 keystore, or a private key in hex for local networks; mode 0600"),
  passwordFile: z.string().optional().describe("password of the keystore; mode 0600"),
  dataFolder: z.string().describe("segments and journal; one node a folder"),
  profile: z.enum(["tiny", "demo", "standard"]).default("demo").describe("the circuit of its clusters"),
  build: z.string().optional().describe("folder of circuits and keys; default build/"),
  host: z.string().default("127.0.0.1").describe("address that the HTTP server listens on"),
  port: z.coerce.number().int().min(0).max(65535).default(7460).describe("0: any free port"),
  adminPort: z.coerce.number().int().min(0).max(65535).default(0).describe("metrics, on 127.0.0.1 only"),
  quotaBytes: z.coerce
    .number()
    .int()
    .positive()
    .default(Number.MAX_SAFE_INTEGER)
    .describe("bytes of segments it stores at most"),
  threads: z.coerce
    .number()
    .int()
    .positive()
    .default(1)
    .describe("proving threads; each holds a circuit's key"),
  drandUrls: list.default([]).describe("drand servers, to record an epoch's randomness if nobody else does"),
  recordAfter: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(0.3)
    .describe("share of the window after which it records it itself"),
  pollMs: z.coerce
    .number()
    .int()
    .positive()
    .default(1000)
    .describe("milliseconds between looks at the chain"),
  confirmations: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .describe("blocks that an event must be old to count"),
  allowPrivatePeers: flag
    .default(false)
    .describe("fetch replicas from private addresses: local networks only"),
  logLevel: z.enum(["debug", "info", "warn", "error"]).default("info"),
});

export type NodeConfig = Readonly<z.infer<typeof schema>>;

const OPTIONS = Object.keys(schema.shape) as (keyof NodeConfig)[];
const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const envName = (name: string): string => `HOLDFAST_NODE_${kebab(name).replaceAll("-", "_").toUpperCase()}`;

/** One line per option, for --help. */
export function describeOptions(): string {
  return OPTIONS.map((name) => `  --${kebab(name).padEnd(20)} ${schema.shape[name].description ?? ""}`).join(
    "\n",
  );
}

/** Throws "bad-input" with every value that is wrong. */
export function readConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): NodeConfig {
  const options = Object.fromEntries(OPTIONS.map((name) => [kebab(name), { type: "string" as const }]));
  let values: Readonly<Record<string, unknown>>;
  try {
    ({ values } = parseArgs({ args: [...argv], options: { config: { type: "string" }, ...options } }));
  } catch (cause) {
    throw new HoldfastError("bad-input", `${(cause as Error).message}; see --help`, {}, { cause });
  }
  const merged: Record<string, unknown> = { ...readFile(values["config"] as string | undefined) };
  for (const name of OPTIONS) {
    const value = values[kebab(name)] ?? env[envName(name)];
    if (value !== undefined) merged[name] = value;
  }
  const parsed = schema.safeParse(merged);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join(".") || "config"}: ${message}`,
  );
  throw new HoldfastError("bad-input", `the configuration is wrong: ${problems.join("; ")}`, { problems });
}

function readFile(path: string | undefined): object {
  if (path === undefined) return {};
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value === "object" && value !== null) return value;
    throw new TypeError("it is not an object");
  } catch (cause) {
    const message = `the configuration file ${path} cannot be used: ${(cause as Error).message}`;
    throw new HoldfastError("bad-input", message, { path }, { cause });
  }
}
