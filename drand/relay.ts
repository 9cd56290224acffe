/**
 * A drand network with a single key, for local chains. It signs rounds and serves them as drand's relays do. The
 * holder of the key knows all randomness in advance, so the relay listens on the loopback interface only.
 */
import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { HoldfastError } from "../protocol/errors.ts";
import { P } from "../protocol/field.ts";
import {
  DRAND_SCHEME,
  firstRoundAt,
  publicKeyOf,
  roundTime,
  secretFromBytes,
  signatureRandomness,
  signRound,
  type DrandChain,
} from "./rounds.ts";

export interface RelayOptions {
  readonly secret: bigint;
  /** Time of round 1, in seconds. */
  readonly genesis: number;
  /** Seconds from one round to the next. */
  readonly period: number;
}

export interface Relay {
  readonly app: FastifyInstance;
  readonly chain: DrandChain;
  /** @returns the base address; @throws HoldfastError "bad-input" unless the host is a loopback address */
  listen(options: { port: number; host?: string }): Promise<string>;
  close(): Promise<void>;
}

const BEACON_ID = "holdfast-local";
const LOOPBACK = ["127.0.0.1", "::1", "localhost"];
/** Signatures kept in memory; making one takes about 10 ms. */
const KEPT_ROUNDS = 1000;

/** @param clock returns the time in seconds */
export function createRelay(
  { secret, genesis, period }: RelayOptions,
  { clock = () => Date.now() / 1000 }: { clock?: () => number } = {},
): Relay {
  if (!Number.isSafeInteger(period) || period < 1)
    throw new RangeError(`"period" expected a number of seconds above 0, got ${period}`);
  if (!Number.isSafeInteger(genesis) || genesis < 1)
    throw new RangeError(`"genesis" expected a time in seconds, got ${genesis}`);
  const chain: DrandChain = { publicKey: publicKeyOf(secret), genesis, period };
  const info = describeChain(chain);
  const sign = remember((round) => signRound(secret, round));

  const serve = (round: number, reply: FastifyReply): object => {
    if (round < 1 || roundTime(round, chain) > clock())
      return refuse(reply, 404, `round ${round} is in the future`);
    const signature = sign(round);
    return { round, randomness: hex(signatureRandomness(signature)), signature: hex(signature) };
  };
  const routes = (app: FastifyInstance, _options: unknown, done: () => void): void => {
    app.get("/info", () => info);
    app.get("/public/latest", (_request, reply) => serve(latestRound(chain, clock()), reply));
    app.get<{ Params: { round: string } }>("/public/:round", ({ params }, reply) => {
      if (!/^[1-9][0-9]{0,14}$/.test(params.round))
        return refuse(reply, 400, "a round is an integer above 0");
      return serve(Number(params.round), reply);
    });
    done();
  };

  const app = fastify({ logger: false });
  void app.register(routes);
  // Like drand's relays, serve the network under its chain hash too.
  void app.register(routes, { prefix: `/${info.hash}` });
  return {
    app,
    chain,
    async listen({ port, host = "127.0.0.1" }) {
      if (!LOOPBACK.includes(host))
        throw new HoldfastError(
          "bad-input",
          `the relay listens on a loopback address only (${LOOPBACK.join(", ")}), not on ${host}`,
          { host },
        );
      return app.listen({ port, host });
    },
    close: () => app.close(),
  };
}

/**
 * Reads the key from a file: 64 hexadecimal digits, mode 0600. If the file does not exist, draws a key and writes it
 * there.
 *
 * @throws HoldfastError "key" if others can read the file or it does not contain a key
 */
export async function loadRelaySecret(path: string): Promise<bigint> {
  try {
    const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      const secret = drawRelaySecret();
      await file.writeFile(`${secret.toString(16).padStart(64, "0")}\n`);
      await file.sync();
      return secret;
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }

  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0)
    throw new HoldfastError("key", `other users can read the key file ${path}: run chmod 600 on it`, {
      path,
    });
  const text = (await readFile(path, "utf8")).trim();
  const secret = /^[0-9a-f]{64}$/i.test(text) ? BigInt(`0x${text}`) : 0n;
  if (secret < 1n || secret >= P)
    throw new HoldfastError(
      "key",
      `${path} does not contain a key: expected 64 hexadecimal digits, between 1 and the group's order`,
      { path },
    );
  return secret;
}

export function drawRelaySecret(): bigint {
  return secretFromBytes(randomBytes(48));
}

/** 0 before the first round. */
function latestRound(chain: DrandChain, now: number): number {
  if (now < chain.genesis) return 0;
  const next = firstRoundAt(now, chain);
  return roundTime(next, chain) > now ? next - 1 : next;
}

/** The answer of drand's `GET /info`. The hash is computed as in drand's `chain.Info`. */
function describeChain({ publicKey, genesis, period }: DrandChain) {
  const groupHash = createHash("sha256").update(publicKey).digest();
  const times = Buffer.alloc(12);
  times.writeUInt32BE(period, 0);
  times.writeBigInt64BE(BigInt(genesis), 4);
  const hash = createHash("sha256").update(times).update(publicKey).update(groupHash).update(BEACON_ID);
  return {
    public_key: hex(publicKey),
    period,
    genesis_time: genesis,
    hash: hash.digest("hex"),
    groupHash: groupHash.toString("hex"),
    schemeID: DRAND_SCHEME,
    metadata: { beaconID: BEACON_ID },
  };
}

function refuse(reply: FastifyReply, status: number, error: string): object {
  reply.code(status);
  return { error };
}

/** Caches the latest results of a function of a round. */
function remember(compute: (round: number) => Uint8Array): (round: number) => Uint8Array {
  const cache = new Map<number, Uint8Array>();
  return (round) => {
    const value = cache.get(round) ?? compute(round);
    cache.delete(round);
    cache.set(round, value);
    const [oldest] = cache.keys();
    if (cache.size > KEPT_ROUNDS && oldest !== undefined) cache.delete(oldest);
    return value;
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
