/**
 * The auditor's settings: default < file < environment < flag.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { endpointUrls } from "../chain/urls.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { parseJson } from "../protocol/json.ts";
import { SETTLE_CHOICES } from "./worth.ts";

const schema = z.strictObject({
  rpcUrl: endpointUrls.describe("the chain's JSON-RPC; several, and the next is asked where one fails"),
  audits: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/)
    .describe("address of the Audits contract"),
  keyFile: z.string().describe("keystore or hex key of the auditor's account, mode 0600"),
  passwordFile: z.string().optional().describe("password of the keystore, mode 0600"),
  dataFolder: z.string().describe("for the auditor's records"),
  profile: z.enum(["tiny", "demo", "standard"]).describe("whose verification key is pinned"),
  artifacts: z.string().optional().describe("folder of the profiles' artifacts; default build/"),
  minContributions: z.int().positive().optional().describe("that a public chain's key needs; default 10"),
  drandUrls: z.array(z.url()).min(1).describe("relays of drand"),
  drandPublicKey: z
    .string()
    .regex(/^[0-9a-f]{256}$/)
    .describe("drand's group key: never taken from a relay"),
  maxFeeGwei: z.int().min(1).default(500).describe("gwei for a unit of gas: nothing is sent for more"),
  settle: z
    .enum(SETTLE_CHOICES)
    .default("worth")
    .describe(
      "what is over: where the reward, or what the cluster's proofs bring, is worth the gas; or all, or none",
    ),
  coinValue: z
    .string()
    .regex(/^\d+$/)
    .default("0")
    .describe(
      "token units that 10^18 wei of gas are worth to you; 0: any reward is, and so much gas for each proof",
    ),
  fromBlock: z.int().nonnegative().default(0).describe("first block of the deployment"),
  maxHeadAgeSeconds: z
    .int()
    .nonnegative()
    .default(300)
    .describe("age of the newest block above which /status is 503; 0: any"),
  pollSeconds: z.number().positive().max(60).default(2).describe("between two looks at the chain"),
  host: z.string().default("127.0.0.1").describe("where /healthz and /status are served"),
  port: z.int().min(0).max(65_535).default(0).describe("0: any free one"),
});

export type AuditorConfig = Readonly<z.infer<typeof schema>>;

const NUMBERS: readonly string[] = [
  ...["port", "fromBlock", "pollSeconds", "minContributions", "maxFeeGwei", "maxHeadAgeSeconds"],
];
const NAMES = Object.keys(schema.shape) as (keyof AuditorConfig)[];

export const HELP = `Usage: holdfast auditor run -- [--config FILE] [--NAME VALUE]...

Records the beacon, verifies every proof a second way, settles, reports misses.
Each setting is a name in the JSON file, HOLDFAST_AUDITOR_NAME, or --NAME (both with the words separated):

${NAMES.map((name) => `  ${kebab(name).padEnd(18)} ${schema.shape[name].description ?? ""}`).join("\n")}`;

/** Throws "bad-input", with every wrong setting, or undefined if only help is asked for. */
export async function readConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<AuditorConfig | undefined> {
  const flags = parseFlags(args);
  if (flags["help"] !== undefined) return undefined;
  const { config: path, ...given } = flags;
  const fromFile = path === undefined ? {} : await readSettings(path);
  const fromEnvironment = Object.fromEntries(
    NAMES.map((name) => [
      name,
      environment[`HOLDFAST_AUDITOR_${kebab(name).replaceAll("-", "_").toUpperCase()}`],
    ])
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, fromText(name as keyof AuditorConfig, value as string)]),
  ) as object;
  const fromFlags = Object.fromEntries(
    NAMES.filter((name) => given[kebab(name)] !== undefined).map((name) => [
      name,
      fromText(name, given[kebab(name)] as string | readonly string[]),
    ]),
  );
  const parsed = schema.safeParse({ ...fromFile, ...fromEnvironment, ...fromFlags });
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(
    ({ path: where, message }) => `${where.join(".") || "settings"}: ${message}`,
  );
  throw new HoldfastError("bad-input", `the auditor's settings are wrong: ${wrong.join("; ")}`, { wrong });
}

function parseFlags(
  args: readonly string[],
): Partial<Record<string, string | string[]>> & { config?: string } {
  const options = Object.fromEntries(
    ["config", ...NAMES].map((name) => [
      kebab(name),
      { type: "string" as const, multiple: name === "rpcUrl" },
    ]),
  );
  try {
    const { values } = parseArgs({ args: [...args], options: { ...options, help: { type: "boolean" } } });
    return { ...values, ...(values.help === true && { help: "" }) } as ReturnType<typeof parseFlags>;
  } catch (cause) {
    throw new HoldfastError(
      "bad-input",
      `${(cause as Error).message}; --help lists the settings`,
      {},
      { cause },
    );
  }
}

async function readSettings(path: string): Promise<object> {
  try {
    return parseJson(await readFile(path, "utf8")) as object;
  } catch (cause) {
    throw new HoldfastError("bad-input", `${path} is not a JSON file that can be read`, { path }, { cause });
  }
}

/** Numbers and lists from a flag or variable. */
function fromText(name: keyof AuditorConfig, text: string | readonly string[]): unknown {
  if (typeof text !== "string") return text;
  if (name === "drandUrls") return text.split(",");
  if (NUMBERS.includes(name)) return Number(text);
  return text;
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
