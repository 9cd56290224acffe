/**
 * The auditor's settings: default < file < environment < flag.
 */
import { z } from "zod";
import { endpointUrls } from "../chain/urls.ts";
import { address, createSettings, integer, list, number, whole } from "../system/settings.ts";
import { SETTLE_CHOICES } from "./worth.ts";

const schema = z.strictObject({
  rpcUrl: endpointUrls.describe("the chain's JSON-RPC; several, and the next is asked where one fails"),
  audits: address.describe("address of the Audits contract: everything else is read from it"),
  keyFile: z.string().describe("keystore or hex key of the auditor's account, mode 0600"),
  passwordFile: z.string().optional().describe("password of the keystore, mode 0600"),
  dataFolder: z.string().describe("for the auditor's records"),
  profile: z.enum(["tiny", "demo", "standard"]).describe("whose verification key is pinned"),
  build: z.string().min(1).optional().describe("folder of compiled circuits and keys; default build/"),
  minContributions: whole(1).optional().describe("that a public chain's key needs; default 10"),
  drandUrls: list(z.url({ protocol: /^https?$/ }), 1).describe("relays of drand"),
  drandPublicKey: z
    .string()
    .regex(/^[0-9a-f]{256}$/)
    .describe("drand's group key: never taken from a relay"),
  maxFeeGwei: whole(1).default(500).describe("gwei for a unit of gas: nothing is sent for more"),
  settle: z
    .enum(SETTLE_CHOICES)
    .default("worth")
    .describe(
      "what is over: where the reward, or what the cluster's proofs bring, is worth the gas; or all, or none",
    ),
  coinValue: integer
    .default(0n)
    .describe(
      "token units that 10^18 wei of gas are worth to you; 0: any reward is, and so much gas for each proof",
    ),
  fromBlock: whole(0).default(0).describe("block of the deployment: events are read from there"),
  maxHeadAgeSeconds: whole(0)
    .default(300)
    .describe("age of the newest block above which /status is 503; 0: any"),
  pollSeconds: number(z.number().positive().max(60)).default(2).describe("between two looks at the chain"),
  host: z.string().default("127.0.0.1").describe("where /healthz and /status are served"),
  port: whole(0, 65_535).default(0).describe("0: any free one"),
});

export type AuditorConfig = Readonly<z.infer<typeof schema>>;

export const { read: readConfig, describe: describeSettings } = createSettings(schema, "HOLDFAST_AUDITOR");
