/**
 * The beacons of a deployment: what each must say for an epoch, and how to record it.
 */
import type { Sender } from "../chain/sender.ts";
import { evidenceOf, type DrandClient } from "../drand/client.ts";
import { roundFor } from "../drand/rounds.ts";
import type { AuditCall, AuditChain, DrandOnChain } from "./chain.ts";

/** Finds the drand client of a beacon; undefined if this auditor does not know the beacon's key. */
export type FindDrand = (chain: DrandOnChain) => DrandClient | undefined;

interface Draw {
  readonly evidence: Uint8Array;
  readonly randomness: string;
}

export interface Beacon {
  readonly index: number;
  /** For logs: the drand round, if the beacon uses drand. */
  readonly facts: (epoch: number) => { readonly round?: number };
  /**
   * What the beacon must say for an epoch; undefined if it cannot be known yet. Missing if this auditor cannot know
   * it.
   */
  readonly draw?: (epoch: number) => Promise<Draw | undefined>;
}

export async function openBeacon(
  index: number,
  chain: AuditChain,
  { drand, signal }: { readonly drand: FindDrand; readonly signal: AbortSignal },
): Promise<Beacon> {
  const source = await chain.beacon(index);
  if (!source) return { index, facts: () => ({}), draw: (epoch) => chain.headers(epoch) };
  const roundOf = (epoch: number): number => roundFor(epoch, chain, source);
  const facts = (epoch: number) => ({ round: roundOf(epoch) });
  const client = drand(source);
  if (!client) return { index, facts };
  return {
    index,
    facts,
    async draw(epoch) {
      const round = await client.round(roundOf(epoch), signal);
      return { evidence: evidenceOf(round), randomness: round.randomness };
    },
  };
}

/** Start of the keys of transactions that record. */
export const BEACON_PREFIX = "beacon/";

/** Records an epoch's randomness, unless it is recorded already or cannot be known yet. */
export async function recordBeacon(
  { index, draw }: Beacon,
  epoch: number,
  { chain, sender }: { readonly chain: AuditChain; readonly sender: Sender<AuditCall> },
): Promise<void> {
  if (!draw || (await chain.randomness(index, epoch)) !== 0n) return;
  const drawn = await draw(epoch);
  if (!drawn) return;
  const { evidence } = drawn;
  await sender.send(`${BEACON_PREFIX}${index}/${epoch}`, {
    kind: "recordBeacon",
    beacon: index,
    epoch,
    evidence,
  });
}
