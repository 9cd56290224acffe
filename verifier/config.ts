/**
 * The auditor's settings: default < file < environment < flag.
 */
import { z } from "zod";
import { endpointUrls } from "../chain/urls.ts";
import { address, createSettings, integer, list, number, whole } from "../system/settings.ts";
import { SETTLE_CHOICES } from "./worth.ts";

const schema = z.strictObject({
  rpcUrl: endpointUrls.describe(
    "URL of the chain's JSON-RPC; with several, the next one is asked if one fails",
  ),
  audits: address.describe("address of the Audits contract; the other contracts are found from it"),
  keyFile: z.string().describe("keystore or hex key of the auditor's account, mode 0600"),
  passwordFile: z.string().optional().describe("password of the keystore, mode 0600"),
  dataFolder: z.string().describe("folder for the auditor's records"),
  profile: z.enum(["tiny", "demo", "standard"]).describe("profile whose verification key is used"),
  build: z.string().min(1).optional().describe("folder of compiled circuits and keys; default build/"),
  minContributions: whole(1)
    .optional()
    .describe("contributions that the key must have on a public chain; default 10"),
  drandUrls: list(z.url({ protocol: /^https?$/ }), 1).describe("URLs of drand relays"),
  drandPublicKey: z
    .string()
    .regex(/^[0-9a-f]{256}$/)
    .describe("public key of the drand network; never taken from a relay"),
  maxFeeGwei: whole(1).default(500).describe("highest fee in gwei per unit of gas"),
  settle: z
    .enum(SETTLE_CHOICES)
    .default("worth")
    .describe(
      "what to settle: worth (only if the reward, or the audit fees of the cluster's proofs, pay for the gas), all or none",
    ),
  coinValue: integer
    .default(0n)
    .describe(
      "value of 10^18 wei in token units; 0: unknown, so any reward is worth its gas, and each proof pays for a fixed amount",
    ),
  fromBlock: whole(0).default(0).describe("block of the deployment; events are read from there"),
  maxHeadAgeSeconds: whole(0)
    .default(300)
    .describe("seconds; /status answers 503 if the newest block is older; 0: any age"),
  pollSeconds: number(z.number().positive().max(60))
    .default(2)
    .describe("seconds between two looks at the chain"),
  host: z.string().default("127.0.0.1").describe("address for /healthz and /status"),
  port: whole(0, 65_535).default(0).describe("port for /healthz and /status; 0: any free one"),
});

export type AuditorConfig = Readonly<z.infer<typeof schema>>;

export const { read: readConfig, describe: describeSettings } = createSettings(schema, "HOLDFAST_AUDITOR");
