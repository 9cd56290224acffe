/**
 * The end of a ceremony: a drand round that nobody could know when the last contribution was made.
 */
import { createDrandClient } from "../../drand/client.ts";
import { roundTime, signatureRandomness, verifyRound, type DrandChain } from "../../drand/rounds.ts";
import { readZkeyFile } from "../../groth16/zkey-reader.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Announcement, Contribution } from "../transcript.ts";
import { currentKey, finalKey, openCeremony, record } from "./folder.ts";
import { makeZkey, type JobOptions } from "./snarkjs.ts";

export interface AnnounceOptions {
  readonly dir: string;
  readonly chain: DrandChain;
  readonly round: number;
  /** The randomness is hashed 2^iterationsExp times. */
  readonly iterationsExp: number;
  /** Milliseconds. */
  readonly now?: () => number;
}

/** Seconds that people who follow the ceremony have to see the announcement. */
const MIN_NOTICE = 60;

/**
 * Announces the beacon and accepts no more contributions. @throws HoldfastError "bad-input" for a round that is due
 * too soon
 */
export async function announceBeacon(options: AnnounceOptions): Promise<Announcement> {
  const { dir, chain, round, iterationsExp, now = Date.now } = options;
  const { draft } = await openCeremony(dir);
  if (draft.announcement) {
    const message = `the beacon has already been announced, as round ${draft.announcement.round} of drand: wait for that round`;
    throw new HoldfastError("busy", message, { announcement: draft.announcement });
  }
  if (draft.contributions.length === 0)
    throw new HoldfastError(
      "key",
      "nobody has contributed yet, and a beacon alone makes no trustworthy key: collect contributions first",
    );
  const announcedAt = Math.floor(now() / 1000);
  const due = roundTime(round, chain);
  if (due < announcedAt + MIN_NOTICE) {
    const message = `round ${round} of drand is due at ${iso(due)}: announce a round at least ${MIN_NOTICE} seconds from now`;
    throw new HoldfastError("bad-input", message, { round, due });
  }
  const { genesis, period } = chain;
  const drand = { publicKey: Buffer.from(chain.publicKey).toString("hex"), genesis, period };
  const announcement: Announcement = { drand, round, iterationsExp, announcedAt };
  await record(dir, { ...draft, announcement });
  return announcement;
}

export interface BeaconOptions extends JobOptions {
  readonly dir: string;
  /** Relays of drand, used if no signature is given. */
  readonly urls: readonly string[];
  /** The signature of the announced round: 128 hex digits. */
  readonly signature?: string | undefined;
}

/** Adds the announced round as the last contribution. @throws HoldfastError "key" if the signature is another one */
export async function applyBeacon(options: BeaconOptions): Promise<Contribution> {
  const { dir, progress, signal } = options;
  const ceremony = await openCeremony(dir);
  const { draft } = ceremony;
  const { announcement } = draft;
  if (!announcement)
    throw new HoldfastError("key", "no beacon has been announced: run `keys ceremony announce` first");
  const { round, iterationsExp } = announcement;
  const signature = options.signature ?? (await fetchSignature(announcement, options));
  const bytes = Buffer.from(signature, "hex");
  if (!verifyRound(Buffer.from(announcement.drand.publicKey, "hex"), round, bytes)) {
    const message = `this is not drand's signature of the announced round ${round}: give the signature of that round`;
    throw new HoldfastError("key", message, { round, signature });
  }
  const randomness = Buffer.from(signatureRandomness(bytes)).toString("hex");
  const name = `drand round ${round}`;
  const out = finalKey(dir);
  await makeZkey(
    { do: "beacon", from: currentKey(ceremony), out, name, randomness, iterationsExp },
    { progress, signal },
  );
  const last = (await readZkeyFile(out)).contributions.at(-1);
  const added = { name, hash: last?.hash ?? "" };
  await record(dir, { ...draft, beacon: { signature, ...added } });
  return added;
}

async function fetchSignature(
  { drand, round }: Announcement,
  { urls, signal }: BeaconOptions,
): Promise<string> {
  const chain = { ...drand, publicKey: Buffer.from(drand.publicKey, "hex") };
  const client = createDrandClient({ urls, publicKey: chain.publicKey });
  try {
    return (await client.round(round, signal)).signature.slice(2);
  } catch (cause) {
    if (!(cause instanceof HoldfastError) || cause.code !== "unreachable") throw cause;
    const message = `${cause.message}; the round is due at ${iso(roundTime(round, chain))}: try again after that`;
    throw new HoldfastError("unreachable", message, cause.details, { cause });
  }
}

const iso = (seconds: number): string => new Date(1000 * seconds).toISOString();
