/**
 * A deployment made up on the spot, and the auditor's loop with everything that it asks.
 */
import { Directory } from "../../protocol/directory.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { toHex32, type Hex } from "../../protocol/field.ts";
import { createAuditor, type Auditor, type Log } from "../../verifier/auditor.ts";
import type { AuditChain, AuditEvent, SubmittedProof } from "../../verifier/chain.ts";
import type { DirectoryState } from "../../verifier/holdings.ts";
import { openState, type AuditorState } from "../../verifier/state.ts";
import { present } from "./present.ts";

export const EPOCH = 10;
export const MARGIN = 2;
/** Of the made-up drand network, for epoch 2. */
export const ROUND = 2 * EPOCH + MARGIN;
export const PROOF = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n];
const KEY_HASH = toHex32(1n);
/** A segment's weight, of quanta of 2 units. */
export const WEIGHT = 5;
export const SEGMENT = { leaves: 3n, perEpoch: 2n * BigInt(WEIGHT), end: 99n };
export const DRAND_KEY = "ab".repeat(128);
export const randomness = (round: number): Hex => toHex32(BigInt(round));

export function directoryOf(...roots: bigint[]): DirectoryState {
  const directory = new Directory(2);
  for (const root of roots) directory.append({ root, weight: WEIGHT, leaves: Number(SEGMENT.leaves) });
  return { root: directory.root, total: directory.total };
}

interface LogLine {
  readonly level: keyof Log;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** A deployment with one vNode of node 7, which holds one segment from epoch 1 on. */
export function world() {
  const blocks: { hash: string; timestamp: number; events: AuditEvent[] }[] = [];
  const proofs = new Map<string, SubmittedProof[] | undefined>();
  const recorded: { beacon: number; epoch: number; evidence: Uint8Array }[] = [];
  const settlements: bigint[] = [];
  const expired: bigint[] = [];
  const lines: LogLine[] = [];
  const slept: number[] = [];
  const verified: (readonly bigint[])[] = [];
  const fake = {
    down: undefined as string | undefined,
    relayDown: false,
    proofHolds: true,
    keyHashes: [KEY_HASH],
    /** One for each beacon of drand. */
    drandKeys: [DRAND_KEY],
    /** The beacon is of block headers, which say this. */
    headers: undefined as { value: Awaited<ReturnType<AuditChain["headers"]>> } | undefined,
    states: new Map([[1n, { settled: 0, idle: false }]]),
    /** What the chain says its directory was. */
    directory: directoryOf(11n),
    /** Epochs that the node pauses while it has challenges to answer. */
    paused: 0,
    /** Milliseconds by our own clock, and how many it goes on whenever it is looked at. */
    clock: 0,
    drift: 0,
    /** While a proof is verified. */
    meanwhile: (): void => undefined,
  };
  const mine = (epoch: number, ...events: { name: string; args: object; transaction?: string }[]): void => {
    mineAt(epoch * EPOCH + MARGIN, ...events);
  };
  const mineAt = (timestamp: number, ...events: Parameters<typeof mine>[1][]): void => {
    const block = blocks.length;
    blocks.push({
      ...{ hash: `0x${block}`, timestamp },
      events: events.map(({ name, args, transaction = "0xaa" }) => ({
        ...{ name, block, transaction, timestamp },
        args: { vNode: 1n, ...args },
      })),
    });
  };
  const reach = <T>(what: string, value: T): Promise<T> =>
    fake.down === what || fake.down === "all"
      ? Promise.reject(new HoldfastError("unreachable", "the chain is down"))
      : Promise.resolve(value);

  const chain: AuditChain = {
    ...{ chainId: 31337n, audits: `0x${"ab".repeat(20)}`, genesis: 0, epochSeconds: EPOCH, margin: MARGIN },
    endpoints: () => [],
    head: () => {
      const { hash, timestamp } = present(blocks.at(-1));
      return reach("head", { number: blocks.length - 1, hash, timestamp });
    },
    hashOf: (block) => reach("hashOf", blocks[block]?.hash),
    events: (from, to) =>
      reach(
        "events",
        blocks.slice(from, to + 1).flatMap(({ events }) => events),
      ),
    proofsIn: (transaction) => reach("proofsIn", proofs.get(transaction)),
    directory: () => reach("directory", fake.directory),
    profile: (index) =>
      Promise.resolve({
        ...{ samples: 2, dataDepth: 2, directoryDepth: 2 },
        keyHash: present(fake.keyHashes[index]),
      }),
    profileCount: () => reach("profileCount", fake.keyHashes.length),
    beacon: (index) =>
      Promise.resolve(
        fake.headers ? undefined : { genesis: 1, period: 1, publicKey: present(fake.drandKeys[index]) },
      ),
    headers: () => Promise.resolve(fake.headers?.value),
    beaconCount: () => Promise.resolve(fake.drandKeys.length),
    randomness: (beacon, epoch) =>
      reach("randomness", recorded.some((r) => r.beacon === beacon && r.epoch === epoch) ? 1n : 0n),
    recordBeacon: (beacon, epoch, evidence) => {
      recorded.push({ beacon, epoch, evidence });
      return Promise.resolve();
    },
    state: (vNode) => reach("state", present(fake.states.get(vNode))),
    settle: (vNode) => {
      settlements.push(vNode);
      return reach("settle", undefined);
    },
    lastAnswer: () => reach("lastAnswer", 4 + fake.paused),
    expire: (challenge) => {
      expired.push(challenge);
      return reach("expire", undefined);
    },
    close: () => undefined,
  };
  const log = Object.fromEntries(
    (["info", "warn", "error"] as const).map((level) => [
      level,
      (fields: object, message: string) => void lines.push({ level, message, ...fields }),
    ]),
  ) as unknown as Log;
  const ending = new AbortController();
  const start = (state: AuditorState = openState(":memory:")): Auditor =>
    createAuditor(
      { chain, state, keyHash: KEY_HASH, fromBlock: 0, pollMs: 1000, log, signal: ending.signal },
      {
        drand: ({ publicKey }) =>
          publicKey === DRAND_KEY
            ? {
                round: (round) =>
                  fake.relayDown
                    ? Promise.reject(new HoldfastError("unreachable", "no relay answers"))
                    : Promise.resolve({ round, signature: toHex32(7n), randomness: randomness(round) }),
              }
            : undefined,
        verify: (proof, inputs) => {
          verified.push([...proof, ...inputs]);
          fake.meanwhile();
          return Promise.resolve(fake.proofHolds);
        },
        sleep: (ms) => {
          slept.push(ms);
          ending.abort();
          return Promise.resolve();
        },
        clock: () => (fake.clock += fake.drift),
      },
    );
  mine(
    0,
    { name: "ClusterCreated", args: { cluster: 1n, beacon: 0n, profile: 0n, quantumBits: 1n } },
    { name: "VNodeAdded", args: { cluster: 1n } },
    { name: "NodeAssigned", args: { node: 7n, fromEpoch: 1n } },
    { name: "NodeSwitched", args: { node: 7n, fromEpoch: 1n } },
    { name: "SegmentStored", args: { serial: 0n, root: toHex32(11n), start: 0n, ...SEGMENT } },
  );
  const said = (message: string): LogLine[] => lines.filter((line) => line.message === message);
  return {
    fake,
    mine,
    mineAt,
    proofs,
    recorded,
    settlements,
    expired,
    lines,
    slept,
    said,
    verified,
    start,
    blocks,
    ending,
  };
}

type World = ReturnType<typeof world>;

/** Epoch 2 begins, its beacon is on record, node 7 proves. */
export function prove({ mine, proofs }: World, proof: Partial<SubmittedProof> = {}, node = 7n): void {
  mine(2, { name: "BeaconRecorded", args: { beacon: 0n, epoch: 2n, randomness: randomness(ROUND) } });
  proofs.set("0xbb", [{ vNode: 1n, epoch: 2, takeOver: false, proof: PROOF, ...proof }]);
  mine(2, { name: "Proven", args: { node, epoch: 2n }, transaction: "0xbb" });
}
