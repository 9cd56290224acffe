/**
 * An auditor's day on a fake chain. One cluster pays and has many vNodes, of which some miss and some have no node. A stranger's
 * cluster is never proven. Blocks come every 15 seconds of a fake clock and have limited gas. Some transactions are lost.
 */
import { openEventStore } from "../../chain/event-store.ts";
import { createSender } from "../../chain/sender.ts";
import type { Nothing, Receipt, SignedTransaction, TransactionChain } from "../../chain/transactions.ts";
import { sourcePoint } from "../../protocol/epochs.ts";
import { toHex32 } from "../../protocol/field.ts";
import { createAuditor, type Auditor, type AuditorOptions } from "../../verifier/auditor.ts";
import type { AuditCall, AuditChain, AuditEvent, Preview } from "../../verifier/chain.ts";
import { openState, type AuditorState } from "../../verifier/state.ts";
import { directoryOf, PROOF, SEGMENT } from "./audited.ts";
import { blockChain, provenIn } from "./blocks.ts";
import { present } from "./present.ts";
import { createVirtualClock, type VirtualClock } from "./virtual-clock.ts";

export interface DayOptions {
  /** Number of vNodes of the cluster that pays. */
  readonly vNodes: number;
  readonly epochs: number;
  /** Every n-th transaction never reaches the network. */
  readonly loseEvery?: number;
  readonly settle?: AuditorOptions["settle"];
  /** Seconds at which the auditor is killed, and starts again on its records. */
  readonly kills?: readonly number[];
}

export interface Day {
  readonly transactions: number;
  /** Number of mined transactions of each kind. */
  readonly mined: Readonly<Record<string, number>>;
  /** Seconds from the source point until each beacon was on record, by epoch. */
  readonly recordedAfter: ReadonlyMap<number, number>;
  /** vNodes of each cluster that are not settled as far as epochs are over. */
  readonly behind: { readonly paying: number; readonly stranger: number };
  readonly strangerGas: number;
  readonly rewards: number;
  readonly verified: number;
  /** Number of settlements in transactions that found nothing to settle any more. */
  readonly needless: number;
}

export const EPOCH_SECONDS = 3600;
export const MARGIN = 60;
const BLOCK_SECONDS = 15;
const BLOCK_GAS = 30_000_000;
export const STRANGERS = 20;
/** Gas per vNode for the first epoch of a call, and for each further epoch. */
const [SETTLE_GAS, EPOCH_GAS] = [60_000, 25_000];
const BASE_GAS = 30_000;
const BEACON_GAS = 220_000;
const KEY_HASH = toHex32(1n);
const POLL_MS = 5_000;

type AnyCall = AuditCall | Nothing;

interface VNode {
  readonly id: bigint;
  readonly cluster: bigint;
  /** Whether the vNode has a node. */
  readonly served: boolean;
  settled: number;
  misses: number;
}

/** A pseudo-random fraction, the same in every run. */
const chance = (a: number, b: number): number => {
  const x = Math.sin(a * 12.9898 + b * 78.233) * 43_758.5453;
  return x - Math.floor(x);
};

export async function runDay(options: DayOptions): Promise<Day> {
  const clock = createVirtualClock(0);
  const world = createDayWorld(options, clock);
  const end = 1000 * ((options.epochs + 1) * EPOCH_SECONDS - 2 * MARGIN);
  const state = openState(":memory:");
  let running = world.start(state);
  for (const seconds of options.kills ?? []) {
    await clock.runUntil(1000 * seconds);
    // Nothing is closed properly, as after a crash.
    running.kill();
    running = world.start(state);
  }
  await clock.runUntil(end);
  running.kill();
  await running.done;
  return world.report();
}

interface Running {
  readonly auditor: Auditor;
  readonly done: Promise<void>;
  kill(): void;
}

function createDayWorld(options: DayOptions, clock: VirtualClock) {
  const { loseEvery = Infinity, settle = "worth" } = options;
  const audit = { genesis: 0, epochSeconds: EPOCH_SECONDS, margin: MARGIN };
  const vNodes: VNode[] = Array.from({ length: options.vNodes + STRANGERS }, (_, i) => ({
    id: BigInt(i + 1),
    settled: 0,
    misses: 0,
    cluster: i < options.vNodes ? 1n : 2n,
    served: i < options.vNodes && i % 50 !== 0,
  }));
  const byId = new Map(vNodes.map((vNode) => [vNode.id, vNode]));
  const blocks: { readonly timestamp: number; readonly events: AuditEvent[] }[] = [];
  const recordedAfter = new Map<number, number>();
  const pool = new Map<number, { call: AnyCall; transaction: SignedTransaction }>();
  const signed = new Map<string, { call: AnyCall; nonce: number; gas: bigint }>();
  const receipts = new Map<string, Receipt>();
  const mined: Record<string, number> = {};
  const verified = new Set<string>();
  let [nonce, sent, strangerGas, rewards, needless] = [0, 0, 0, 0, 0];
  const time = (): number => clock.now() / 1000;
  const epochNow = (): number => Math.floor(present(blocks.at(-1)).timestamp / EPOCH_SECONDS);
  const emit = (name: string, args: object, transaction = "0xaa"): void => {
    const block = blocks.length - 1;
    const { timestamp, events } = present(blocks.at(-1));
    events.push({ name, args: { ...args }, block, transaction, timestamp });
  };

  // ------------------------------------------------------------------------------------------------- the contracts

  /** What settling would do: epochs without a proof are missed; those beyond the first in a row bring something. */
  const previewOf = ({ id, cluster, served, settled, misses }: VNode): Preview => {
    const through = Math.max(settled, epochNow() - 1);
    const epochs = through - settled;
    const reward = served ? Math.max(0, epochs + misses - 1) - Math.max(0, misses - 1) : 0;
    const gas = epochs === 0 ? 9_000 : SETTLE_GAS + EPOCH_GAS * (epochs - 1);
    return {
      vNode: id,
      cluster,
      from: settled,
      through,
      auditFee: 100,
      gas: BigInt(gas),
      reward: BigInt(reward),
    };
  };
  const settleNow = (vNode: VNode): void => {
    const { from, through, gas, reward } = previewOf(vNode);
    if (through === from) needless++;
    if (vNode.served) vNode.misses += through - from;
    vNode.settled = through;
    rewards += Number(reward);
    if (vNode.cluster === 2n) strangerGas += Number(gas);
  };
  const run = (call: AnyCall): boolean => {
    mined[call.kind] = (mined[call.kind] ?? 0) + 1;
    if (call.kind === "settle") for (const id of call.vNodes) settleNow(present(byId.get(id)));
    if (call.kind === "recordBeacon") {
      if (call.epoch !== epochNow()) return false;
      if (recordedAfter.has(call.epoch)) return true;
      const { timestamp } = present(blocks.at(-1));
      recordedAfter.set(call.epoch, timestamp - sourcePoint(call.epoch, audit));
      emit("BeaconRecorded", {
        beacon: 0n,
        epoch: BigInt(call.epoch),
        randomness: toHex32(BigInt(call.epoch)),
      });
    }
    return true;
  };
  const estimateOf = (call: AnyCall): number => {
    if (call.kind === "recordBeacon") return BEACON_GAS;
    if (call.kind !== "settle") return BASE_GAS;
    return call.vNodes.reduce((sum, id) => sum + Number(previewOf(present(byId.get(id))).gas), BASE_GAS);
  };

  // ---------------------------------------------------------------------------------------------------- the chain

  /** Half of the nodes prove 5 minutes after the beacon, half of them after 10; a few do not. */
  const prove = (timestamp: number): void => {
    const epoch = Math.floor(timestamp / EPOCH_SECONDS);
    const since = timestamp - sourcePoint(epoch, audit);
    const half =
      since >= 300 && since < 300 + BLOCK_SECONDS ? 0 : since >= 600 && since < 600 + BLOCK_SECONDS ? 1 : 2;
    if (epoch === 0 || half === 2 || !recordedAfter.has(epoch)) return;
    for (const vNode of vNodes) {
      const index = Number(vNode.id);
      if (!vNode.served || index % 2 !== half || chance(index, epoch) < 0.05) continue;
      [vNode.settled, vNode.misses] = [epoch, 0];
      const args = { vNode: vNode.id, node: vNode.id, epoch: BigInt(epoch), amount: 97_000n, fee: 3_000n };
      emit("Proven", args, `0x${epoch}/${index}`);
    }
  };
  const mine = (): void => {
    const timestamp = time();
    blocks.push({ timestamp, events: [] });
    let room = BLOCK_GAS;
    for (let next = pool.get(nonce); next; next = pool.get(nonce)) {
      const gas = Number(present(signed.get(next.transaction.hash)).gas);
      if (gas > room) break;
      room -= gas;
      pool.delete(nonce++);
      const { hash } = next.transaction;
      receipts.set(hash, { hash, block: blocks.length - 1, succeeded: run(next.call), gasUsed: gas });
    }
    prove(timestamp);
    clock.at(clock.now() + 1000 * BLOCK_SECONDS, mine);
  };
  blocks.push({ timestamp: 0, events: [] });
  for (const cluster of [1n, 2n])
    emit("ClusterCreated", { cluster, beacon: 0n, profile: 0n, quantumBits: 1n });
  for (const { id: vNode, cluster, served } of vNodes) {
    emit("VNodeAdded", { vNode, cluster });
    if (served) emit("NodeAssigned", { vNode, node: vNode, fromEpoch: 1n });
    if (served) emit("NodeSwitched", { vNode, node: vNode, fromEpoch: 1n });
    emit("SegmentStored", { vNode, serial: 0n, root: toHex32(11n), start: 0n, ...SEGMENT });
  }
  clock.at(1000 * BLOCK_SECONDS, mine);

  const transactions: TransactionChain<AuditCall> = {
    block: () => Promise.resolve({ number: blocks.length - 1 }),
    estimate: (call) => Promise.resolve(BigInt(estimateOf(call))),
    gasPrice: () => Promise.resolve(10n ** 9n),
    minedCount: () => Promise.resolve(nonce),
    nonces() {
      let pending = nonce;
      while (pool.has(pending)) pending++;
      return Promise.resolve({ mined: nonce, pending });
    },
    sign(call, { nonce: own, gas }) {
      const hash = `0x${signed.size}`;
      signed.set(hash, { call, nonce: own, gas });
      return Promise.resolve({ raw: hash, hash });
    },
    raiseFees({ hash }) {
      const raised = `${hash}+`;
      signed.set(raised, present(signed.get(hash)));
      return Promise.resolve({ raw: raised, hash: raised });
    },
    isShort: () => Promise.resolve(false),
    broadcast(transaction) {
      const { call, nonce: own } = present(signed.get(transaction.hash));
      if (++sent % loseEvery !== 0 && own >= nonce) pool.set(own, { call, transaction });
      return Promise.resolve();
    },
    receipt: (hash) => Promise.resolve(receipts.get(hash)),
  };
  const root = directoryOf(11n);
  const chain: AuditChain = {
    ...audit,
    chainId: 31337n,
    audits: `0x${"ab".repeat(20)}`,
    account: `0x${"cd".repeat(20)}`,
    ...blockChain(blocks),
    endpoints: () => [],
    proofsIn(transaction) {
      const [epoch, vNode] = transaction.slice(2).split("/").map(Number);
      return Promise.resolve([
        { vNode: BigInt(vNode ?? 0), epoch: epoch ?? 0, takeOver: false, proof: PROOF },
      ]);
    },
    directory: () => Promise.resolve(root),
    proven: (_, epoch, block) => Promise.resolve(provenIn(blocks, epoch, block)),
    profile: () => Promise.resolve({ samples: 2, dataDepth: 2, directoryDepth: 2, keyHash: KEY_HASH }),
    beacon: () => Promise.resolve({ genesis: 1, period: 1, publicKey: "" }),
    headers: () => Promise.resolve(undefined),
    profileCount: () => Promise.resolve(1),
    beaconCount: () => Promise.resolve(1),
    randomness: (_, epoch) => Promise.resolve(recordedAfter.has(epoch) ? 1n : 0n),
    previews: (ids) => Promise.resolve(ids.map((id) => previewOf(present(byId.get(id))))),
    transactions,
    lastAnswer: () => Promise.resolve(0),
    close: () => undefined,
  };

  // -------------------------------------------------------------------------------------------------- the auditor

  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

  function start(state: AuditorState): Running {
    const ending = new AbortController();
    const { signal } = ending;
    const sender = createSender<AuditCall>(
      { confirmations: 0, bumpAfterMs: 30_000, pollMs: POLL_MS, signal, isOnce: () => false },
      { chain: transactions, journal: state.transactions, clock, log: silent },
    );
    const auditor = createAuditor(
      {
        chain,
        state,
        keyHash: KEY_HASH,
        fromBlock: 0,
        pollMs: POLL_MS,
        settle,
        coinValue: 0n,
        log: silent,
        signal,
        store: openEventStore(":memory:", ""),
      },
      {
        sender,
        drand: () => ({
          // Rounds are of seconds.
          round: (round) => {
            const randomness = toHex32(BigInt(Math.floor(round / EPOCH_SECONDS)));
            return Promise.resolve({ round, signature: toHex32(7n), randomness });
          },
        }),
        verify: (_proof, inputs) => {
          verified.add(String(inputs[1]));
          return Promise.resolve(true);
        },
        sleep: (ms) => clock.wait(ms, signal),
        clock: () => clock.now(),
      },
    );
    return { auditor, done: auditor.run(), kill: () => ending.abort() };
  }

  const behindOf = (id: bigint): number =>
    vNodes.filter(({ cluster, settled }) => cluster === id && settled < epochNow() - 1).length;
  const report = (): Day => {
    return {
      transactions: nonce,
      mined,
      recordedAfter,
      strangerGas,
      rewards,
      behind: { paying: behindOf(1n), stranger: behindOf(2n) },
      verified: verified.size,
      needless,
    };
  };
  return { start, report };
}
