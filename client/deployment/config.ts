/**
 * The configuration of a deployment. Every value is checked before the chain is asked anything.
 */
import { readFileSync } from "node:fs";
import { getAddress, ZeroAddress } from "ethers";
import { z } from "zod";
import { DEFAULT_MAX_FEE, GWEI } from "../../chain/fees.ts";
import { endpointUrls } from "../../chain/urls.ts";
import { decodePublicKey } from "../../drand/rounds.ts";
import { maxMargin, minMargin } from "../../protocol/epochs.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { parseJson } from "../../protocol/json.ts";
import { MAX_PROTOCOL_FEE, MIN_PROTOCOL_FEE, RESPONSE_EPOCHS } from "../../protocol/limits.ts";
import { DEFAULT_CHALLENGE_BOND, DEFAULT_UNBOND_EPOCHS, type BeaconSource } from "./plan.ts";

/** Profiles and beacons that a deployment can begin with. */
const MAX_FIRST = 4;
const MAX_CHALLENGE_BOND = (1n << 80n) - 1n;
/** Seconds: the margin of a short epoch is a quarter of it, and at least one second. */
const MIN_EPOCH = 4;

/** The shortest unbonding delay that Challenges accepts, in seconds: it is longer than any challenge. */
export function minUnbond(epochSeconds: number): number {
  return (RESPONSE_EPOCHS + 1) * epochSeconds + 1;
}

const address = z.string().transform((text, context) => {
  try {
    const parsed = getAddress(text);
    if (parsed !== ZeroAddress) return parsed;
    context.addIssue("expected an address that is not zero");
  } catch {
    context.addIssue(
      "expected an address: 0x and 40 hex digits, with a correct checksum or all in lower case",
    );
  }
  return z.NEVER;
});
const seconds = z.int().min(1).max(0xffff_ffff);

const groupKey = z
  .string()
  .regex(/^[0-9a-f]{256}$/, { error: "expected drand's public_key, 256 hex digits", abort: true })
  .superRefine((hex, context) => {
    try {
      decodePublicKey(Buffer.from(hex, "hex"));
    } catch (error) {
      context.addIssue((error as Error).message);
    }
  });

const drand = z.strictObject({
  kind: z.literal("drand"),
  publicKey: groupKey,
  genesis: seconds.describe("when drand's round 1 was, seconds since 1970"),
  period: seconds.describe("seconds from one round to the next"),
  url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("a relay whose /info must have the same values"),
});

const schema = z
  .strictObject({
    rpcUrl: endpointUrls.describe("JSON-RPC of the chain, or several in a list"),
    chainId: z.int().min(1).describe("any other chain is refused"),
    keyFile: z
      .string()
      .min(1)
      .describe("file with the V3 keystore or hex key of the account that pays; mode 0600"),
    passwordFile: z.string().min(1).optional().describe("file with the password of the keystore; mode 0600"),
    token: address.optional().describe("ERC-20 to pay with; only local chains get one for tests"),
    treasury: address.describe("address that receives the protocol's fee and may add profiles and beacons"),
    protocolFee: z
      .int()
      .min(MIN_PROTOCOL_FEE)
      .max(MAX_PROTOCOL_FEE)
      .describe("protocol's fee, in basis points of every payment"),
    epochSeconds: seconds.min(MIN_EPOCH).describe("length of an epoch"),
    margin: seconds
      .optional()
      .describe(
        "seconds from an epoch's start to the source point of its randomness; default 30, at most a quarter of an epoch",
      ),
    genesis: z
      .union([z.literal("now"), seconds])
      .default("now")
      .describe("start of epoch 0, seconds since 1970, not in the future"),
    unbondSeconds: seconds
      .optional()
      .describe("seconds until a bond is released; more than 3 epochs; default 168 epochs"),
    minChallengeBond: z
      .string()
      .regex(/^[1-9]\d{0,30}$/, { error: "expected token units as a string of digits", abort: true })
      .refine((units) => BigInt(units) <= MAX_CHALLENGE_BOND, "expected less than 2^80 token units")
      .default(String(DEFAULT_CHALLENGE_BOND))
      .describe("least bond of a challenge, in token units"),
    profiles: z
      .array(z.enum(["tiny", "demo", "standard"]))
      .min(1)
      .max(MAX_FIRST)
      .refine((names) => new Set(names).size === names.length, "expected each profile once"),
    beacons: z
      .array(z.discriminatedUnion("kind", [drand, z.strictObject({ kind: z.literal("prevrandao") })]))
      .min(1)
      .max(MAX_FIRST)
      .refine(
        (all) => all.filter(({ kind }) => kind === "prevrandao").length <= 1,
        'expected "prevrandao" at most once',
      ),
    minContributions: z
      .int()
      .positive()
      .optional()
      .describe("least number of contributions to a key on a public chain; default 10"),
    maxFeeGwei: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .default(Number(DEFAULT_MAX_FEE / GWEI))
      .describe("the most to pay for a unit of gas"),
    confirmations: z.int().min(1).max(1000).default(5).describe("blocks until a contract counts as deployed"),
  })
  .superRefine((config, context) => {
    const { epochSeconds, unbondSeconds, genesis, beacons } = config;
    const [least, most] = [minMargin(epochSeconds), maxMargin(epochSeconds)];
    const { margin = least } = config;
    const issue = (path: PropertyKey[], message: string): void =>
      context.addIssue({ code: "custom", path, message });
    if (unbondSeconds !== undefined && unbondSeconds < minUnbond(epochSeconds))
      issue(["unbondSeconds"], `expected more than three epochs, ${minUnbond(epochSeconds)} or more`);
    if (margin < least || margin > most)
      issue(["margin"], `expected 30 seconds to a quarter of an epoch, ${least} to ${most}`);
    for (const [i, beacon] of beacons.entries()) {
      if (beacon.kind !== "drand") continue;
      if (beacon.period > epochSeconds - margin)
        issue(
          ["beacons", i, "period"],
          `expected at most an epoch without the margin, ${epochSeconds - margin}`,
        );
      if (genesis !== "now" && beacon.genesis > genesis)
        issue(["beacons", i, "genesis"], `expected no later than the deployment's genesis, ${genesis}`);
    }
  })
  .transform(({ unbondSeconds, margin, maxFeeGwei, ...rest }) => ({
    ...rest,
    maxFee: BigInt(maxFeeGwei) * GWEI,
    margin: margin ?? minMargin(rest.epochSeconds),
    unbondSeconds: unbondSeconds ?? DEFAULT_UNBOND_EPOCHS * rest.epochSeconds,
  }));

export type DeploymentConfig = Readonly<z.infer<typeof schema>>;

/** @throws HoldfastError "bad-input", naming every value that is wrong */
export function readDeploymentConfig(path: string): DeploymentConfig {
  let value: unknown;
  try {
    value = parseJson(readFileSync(path, "utf8"));
  } catch (cause) {
    const message = `the configuration ${path} cannot be read: ${(cause as Error).message}`;
    throw new HoldfastError("bad-input", message, { path }, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "file"}: ${issue.message}`);
  const message = `the configuration ${path} is wrong: ${problems.join("; ")}. docs/deployment.md has an example`;
  throw new HoldfastError("bad-input", message, { path, problems });
}

export function sourcesOf({ beacons }: Pick<DeploymentConfig, "beacons">): BeaconSource[] {
  return beacons.map((beacon) => {
    if (beacon.kind === "prevrandao") return { kind: "prevrandao" };
    const { publicKey, genesis, period } = beacon;
    return {
      kind: "drand",
      chain: { publicKey: Uint8Array.from(Buffer.from(publicKey, "hex")), genesis, period },
    };
  });
}
