/**
 * A fake deployment, and the auditor's loop with everything that it needs.
 */
import { openEventStore } from "../../chain/event-store.ts";
import type { Sender } from "../../chain/sender.ts";
import { Directory } from "../../protocol/directory.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { toHex32, type Hex } from "../../protocol/field.ts";
import { createAuditor, type Auditor, type AuditorOptions, type Log } from "../../verifier/auditor.ts";
import type { AuditCall, AuditChain, AuditEvent, SubmittedProof } from "../../verifier/chain.ts";
import type { DirectoryState } from "../../verifier/holdings.ts";
import { openState, type AuditorState } from "../../verifier/state.ts";
import { blockChain, provenIn, vNodesOf } from "./blocks.ts";
import { present } from "./present.ts";

export const EPOCH = 10;
export const MARGIN = 2;
/** The round of the fake drand network for epoch 2. */
export const ROUND = 2 * EPOCH + MARGIN;
export const PROOF = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n];
const KEY_HASH = toHex32(1n);
/** A segment's weight, in quanta of 2 units. */
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

/** A deployment with one vNode of node 7, which stores one segment from epoch 1 on. */
export function world() {
  const blocks: { hash: string; timestamp: number; events: AuditEvent[] }[] = [];
  const proofs = new Map<string, SubmittedProof[] | undefined>();
  const recorded: Omit<Extract<AuditCall, { kind: "recordBeacon" }>, "kind">[] = [];
  const settlements: bigint[] = [];
  const sent: AuditCall[] = [];
  const expired: bigint[] = [];
  const lines: LogLine[] = [];
  const slept: number[] = [];
  const verified: (readonly bigint[])[] = [];
  const fake = {
    down: undefined as string | undefined,
    /** A question that is never answered. */
    hangs: undefined as string | undefined,
    relayDown: false,
    proofHolds: true,
    keyHashes: [KEY_HASH],
    /** One for each beacon of drand. */
    drandKeys: [DRAND_KEY],
    /** If set, the beacon takes its randomness from these block headers. */
    headers: undefined as { value: Awaited<ReturnType<AuditChain["headers"]>> } | undefined,
    states: new Map([[1n, { settled: 0, idle: false }]]),
    /** Reward and gas of settling. */
    reward: 1n,
    settleGas: 50_000n,
    /** What each transaction waits for, when it is sent. */
    held: (() => undefined) as (call: AuditCall) => Promise<unknown> | undefined,
    /** Keys of transactions that have been open for long. */
    late: [] as string[],
    /** Events that the endpoint leaves out. */
    hidden: (() => false) as (event: AuditEvent) => boolean,
    /** The directory of vNode 1 according to the chain. */
    directory: directoryOf(11n),
    /** Epochs that the node pauses while it has challenges to answer. */
    paused: 0,
    /** Milliseconds of the auditor's clock, and how many it advances at each look. */
    clock: 0,
    drift: 0,
    /** Called while a proof is verified. */
    meanwhile: (): void => undefined,
  };
  const mine = (epoch: number, ...events: { name: string; args: object; transaction?: string }[]): void => {
    mineAt(epoch * EPOCH + MARGIN, ...events);
  };
  const mineAt = (timestamp: number, ...events: Parameters<typeof mine>[1][]): void => {
    const block = blocks.length;
    blocks.push({
      hash: `0x${block}`,
      timestamp,
      events: events.map(({ name, args, transaction = "0xaa" }) => ({
        name,
        block,
        transaction,
        timestamp,
        args: { vNode: 1n, ...args },
      })),
    });
  };
  const reach = <T>(what: string, value: T): Promise<T> => {
    if (fake.hangs === what) return new Promise<never>(() => undefined);
    return fake.down === what || fake.down === "all"
      ? Promise.reject(new HoldfastError("unreachable", "the chain is down"))
      : Promise.resolve(value);
  };

  const read = blockChain(blocks, (event) => !fake.hidden(event));
  const chain: AuditChain = {
    chainId: 31337n,
    audits: `0x${"ab".repeat(20)}`,
    genesis: 0,
    epochSeconds: EPOCH,
    margin: MARGIN,
    endpoints: () => [],
    block: () => reach("block", undefined).then(() => read.block()),
    blockHash: (number) => reach("blockHash", undefined).then(() => read.blockHash(number)),
    async *events(from, head) {
      await reach("events", undefined);
      yield* read.events(from, head);
    },
    counts: (at) => reach("counts", undefined).then(() => read.counts(at)),
    proofsIn: (transaction) => reach("proofsIn", proofs.get(transaction)),
    directory: (vNode) => reach("directory", vNode === 1n ? fake.directory : directoryOf()),
    proven(vNodes, epoch, block) {
      const there = vNodesOf(blocks, block, ({ name }) => name === "VNodeAdded");
      if (vNodes.every((vNode) => there.includes(vNode)))
        return reach("proven", provenIn(blocks, epoch, block));
      return Promise.reject(new HoldfastError("chain", "NoSuchVNode"));
    },
    profile: (index) =>
      Promise.resolve({
        samples: 2,
        dataDepth: 2,
        directoryDepth: 2,
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
    account: `0x${"cd".repeat(20)}`,
    async previews(vNodes) {
      await reach("previews", undefined);
      const over = Math.floor(present(blocks.at(-1)).timestamp / EPOCH) - 1;
      return vNodes.map((vNode) => {
        const { settled, idle } = present(fake.states.get(vNode));
        return {
          vNode,
          cluster: 1n,
          from: settled,
          through: idle ? settled : Math.max(settled, over),
          auditFee: 100,
          gas: fake.settleGas,
          reward: fake.reward,
        };
      });
    },
    lastAnswer: () => reach("lastAnswer", 4 + fake.paused),
    transactions: { gasPrice: () => Promise.resolve(10n ** 9n) } as AuditChain["transactions"],
    close: () => undefined,
  };
  const run = (call: AuditCall): void => {
    if (call.kind === "recordBeacon") {
      const { beacon, epoch, evidence } = call;
      recorded.push({ beacon, epoch, evidence });
    }
    if (call.kind === "settle") for (const vNode of call.vNodes) settlements.push(vNode);
    if (call.kind === "expire") expired.push(call.challenge);
  };
  /** Everything is mined at once. */
  const sender: Sender<AuditCall> = {
    async send(_key, call) {
      run(call);
      sent.push(call);
      await fake.held(call);
      await reach(call.kind, undefined);
      return { hash: "0x00", gasUsed: 100_000 };
    },
    finish: () => Promise.resolve(),
    resume: () => Promise.resolve(),
    openFor: () => fake.late,
  };
  const log = Object.fromEntries(
    (["info", "warn", "error"] as const).map((level) => [
      level,
      (fields: object, message: string) => void lines.push({ level, message, ...fields }),
    ]),
  ) as unknown as Log;
  const ending = new AbortController();
  const start = (
    state: AuditorState = openState(":memory:"),
    settle: AuditorOptions["settle"] = "worth",
  ): Auditor =>
    createAuditor(
      {
        chain,
        state,
        keyHash: KEY_HASH,
        fromBlock: 0,
        pollMs: 1000,
        log,
        signal: ending.signal,
        settle,
        coinValue: 0n,
        store: openEventStore(":memory:", ""),
      },
      {
        sender,
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
    sent,
    expired,
    lines,
    slept,
    said,
    verified,
    start,
    log,
    blocks,
    ending,
  };
}

type World = ReturnType<typeof world>;

/** Epoch 2 begins, its beacon is on record, node 7 proves. */
export function prove({ mine, proofs }: World, proof: Partial<SubmittedProof> = {}, node = 7n): void {
  mine(2, { name: "BeaconRecorded", args: { beacon: 0n, epoch: 2n, randomness: randomness(ROUND) } });
  proofs.set("0xbb", [{ vNode: 1n, epoch: 2, takeOver: false, proof: PROOF, ...proof }]);
  mine(2, { name: "Proven", args: { node, epoch: 2n, amount: 9_700n, fee: 300n }, transaction: "0xbb" });
}

/** One look at the chain, and whatever that starts. */
export async function looked(auditor: Auditor): Promise<void> {
  await auditor.tick();
  await auditor.settled();
}
