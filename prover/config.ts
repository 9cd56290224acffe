/**
 * A node's configuration: default < file < environment < flag, every value checked before anything starts.
 */
import { z } from "zod";
import { DEFAULT_MAX_FEE } from "../chain/fees.ts";
import { endpointUrls } from "../chain/urls.ts";
import { address, createSettings, integer, list, number, toggle, whole } from "../system/settings.ts";
import { CONNECTIONS_PER_ADDRESS, LOOPBACK, MAX_CONNECTIONS, UPLOAD_BYTES_PER_SECOND } from "./limits.ts";

const urls = list(z.url({ protocol: /^https?$/ }));
const networks = list(
  z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], "expected ADDRESS or ADDRESS/BITS"),
);

const schema = z.strictObject({
  rpcUrl: endpointUrls.describe("JSON-RPC of the chain; several, and the next is asked where one fails"),
  audits: address.describe("address of the Audits contract: everything else is read from it"),
  chainId: whole(1).optional().describe("refuse any other chain"),
  token: address.optional().describe("refuse a deployment that pays in any other token"),
  fromBlock: whole(0).default(0).describe("block of the deployment: events are read from there"),
  node: whole(1, 2 ** 32 - 1).describe("id of this node in the Registry"),
  keyFile: z.string().min(1).describe("operator key: V3 keystore, or hex on local networks; mode 0600"),
  passwordFile: z.string().min(1).optional().describe("password of the keystore; mode 0600"),
  dataFolder: z.string().min(1).describe("segments and journal; one node a folder"),
  profile: z.enum(["tiny", "demo", "standard"]).default("demo").describe("circuit of the clusters it serves"),
  build: z.string().min(1).optional().describe("folder of compiled circuits and keys; default build/"),
  minContributions: whole(1).optional().describe("that a public chain's key needs; default 10"),
  host: z.string().min(1).default("127.0.0.1").describe("address that the public server listens on"),
  port: whole(0, 65_535).default(7460).describe("its port; 0: any that is free"),
  adminPort: whole(0, 65_535).default(0).describe("port for /metrics, on 127.0.0.1; 0: any that is free"),
  quotaBytes: whole(1)
    .default(2 ** 40)
    .describe("bytes of segments to store at most"),
  reserveBytes: whole(0)
    .default(2 ** 26)
    .describe("bytes of the disk to leave free"),
  maxUploads: whole(1).default(16).describe("uploads at the same time, a quarter of them of one account"),
  uploadBytesPerSecond: whole(1)
    .default(UPLOAD_BYTES_PER_SECOND)
    .describe("an upload that is slower in the long run is refused"),
  requestsPerMinute: whole(1).default(6000).describe("requests from one address, or 64 bits of IPv6"),
  maxConnections: whole(1)
    .default(MAX_CONNECTIONS)
    .describe("to the public server; fewer if the process may have fewer files open"),
  connectionsPerAddress: whole(1).default(CONNECTIONS_PER_ADDRESS).describe("of those, from one address"),
  trustedProxies: networks.default([]).describe("addresses or networks whose X-Forwarded-For is believed"),
  operatorAddresses: networks
    .default(LOOPBACK)
    .describe("where your probes come from, which no limit keeps out"),
  engine: z
    .string()
    .min(1)
    .default("wasm")
    .describe("what makes proofs: wasm, snarkjs, or a program's path with rapidsnark's command line"),
  threads: whole(1, 256).default(1).describe("proving threads, which share the key"),
  proofTimeoutMs: whole(1).default(600_000).describe("a proof that takes longer is started again, once"),
  drandUrls: urls.default([]).describe("drand servers, to record an epoch's randomness if nobody else does"),
  recordAfter: number(z.number().min(0).max(1))
    .default(0.25)
    .describe("share of the time for an answer after which it does"),
  maxHeadAgeSeconds: whole(0)
    .default(300)
    .describe("age of the newest block above which the node is not ready; 0: any"),
  pollMs: whole(10).default(6000).describe("milliseconds between looks at the chain"),
  confirmations: whole(0).default(0).describe("blocks on top of a transaction before it counts as mined"),
  bumpAfterMs: whole(1).default(30_000).describe("milliseconds until a waiting transaction's fee is raised"),
  maxFeePerGas: integer.default(DEFAULT_MAX_FEE).describe("wei: a fee is never raised above it"),
  minRent: integer
    .default(0n)
    .describe(
      "token units for 10^18 leaves and an epoch: nothing is signed for less, whatever the chain says",
    ),
  acceptSeconds: whole(1).default(600).describe("how long an acceptance can be used"),
  keepUnpaidSeconds: whole(60).default(3600).describe("how long an upload is kept that nobody pays for"),
  removeShare: number(z.number().min(0).max(1))
    .default(0.1)
    .describe("share of the bytes on disk that is removed at once without a word of yours"),
  startEmpty: toggle
    .default(false)
    .describe("start although nothing of what the chain says is held is on disk: fetch it from replicas"),
  scrubSeconds: whole(0)
    .default(7 * 24 * 3600)
    .describe("how often everything on disk is read and compared with its root; 0: only when asked"),
  scrubBytesPerSecond: whole(1)
    .default(2 ** 23)
    .describe("how fast"),
  diskTimeoutMs: whole(1000, 20_000)
    .default(15_000)
    .describe("an operation of the disk that takes longer fails, and the node is not ready meanwhile"),
  retire: toggle.default(true).describe("retire segments that have ended, when the node's room is scarce"),
  compactBelow: number(z.number().min(0).max(1))
    .default(0.78)
    .describe(
      "share of a directory that is paid for, below which it is compacted if that saves more than its gas; 0: never",
    ),
  compactHorizon: whole(1, 100_000)
    .default(168)
    .describe("epochs in which a compaction has to save what it costs"),
  compactGas: whole(1_000_000, 12_900_000)
    .default(12_000_000)
    .describe("gas of one transaction that compacts or retires, at most"),
  coinValue: integer
    .default(0n)
    .describe("token units that 10^18 wei of gas are worth to you; 0: gas is not weighed"),
  repairLost: toggle.default(true).describe("fetch a segment again that the disk has lost"),
  allowPrivatePeers: toggle.default(false).describe("fetch from private addresses too: local networks only"),
  logLevel: z
    .enum(["debug", "info", "warn", "error", "silent"])
    .default("info")
    .describe("of the log on stdout"),
});

export type NodeConfig = Readonly<z.infer<typeof schema>>;

export const { read: readConfig, describe: describeSettings } = createSettings(schema, "HOLDFAST_NODE");
