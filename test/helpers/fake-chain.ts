/**
 * A fake chain for the tests of a storage node. The test sets time, events, rights and failures, and says when transactions are
 * mined.
 */
import { verifyTypedData, Wallet, type TypedDataDomain } from "ethers";
import { COUNTED, type Counts } from "../../chain/counts.ts";
import type { Nothing } from "../../chain/transactions.ts";
import { present } from "../../evidence/world/present.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Hex } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { domain, REQUEST } from "../../protocol/typed-data.ts";
import type {
  BeaconSource,
  Block,
  Call,
  ChainEvent,
  ChallengeRecord,
  DirectoryRecord,
  Duty,
  NodeChain,
  NodeRecord,
  VNodeState,
} from "../../prover/chain-model.ts";
import { FakeDirectory } from "./fake-directory.ts";
import { createFakeTransactions, type FakeTransactions } from "./fake-transactions.ts";

export const NODE = 3n;
export const PEER = 4n;
export const VNODE = 7n;
export const BUCKET = 5n;
export const CLUSTER = 2n;
export const OWNER = new Wallet(`0x${"11".repeat(32)}`);
export const STRANGER = new Wallet(`0x${"22".repeat(32)}`);
export const OPERATOR = new Wallet(`0x${"33".repeat(32)}`);
export const PEER_OPERATOR = new Wallet(`0x${"66".repeat(32)}`);
export const DOMAIN = domain(31337n, `0x${"44".repeat(20)}`) as TypedDataDomain;
export const EPOCH_SECONDS = 20;
/** Seconds from an epoch's start until its randomness can be known. */
const MARGIN = 4;
export const QUANTUM_BITS = 2;
/** A leaf costs a quantum. */
export const RENT = 4n * 10n ** 18n;

export interface FakeChain extends NodeChain, FakeTransactions {
  /** The chain's time in seconds. A change makes a new block. */
  time: number;
  randomness: bigint | undefined;
  beaconSource: BeaconSource | undefined;
  capacity: bigint;
  bond: bigint;
  account: bigint;
  /** The operator's coins, in wei. */
  wei: bigint;
  /** The node that is responsible for VNODE now. */
  responsible: bigint;
  misses: number;
  /** Changes of the state of VNODE, of its duty, and of the record of every node. */
  stateChange: Partial<VNodeState>;
  dutyChange: Partial<Duty>;
  nodeChange: Partial<NodeRecord>;
  handingOver: boolean;
  /** The node that may take VNODE over in the current epoch, with a proof under the seed 78. */
  successor: bigint | undefined;
  /** Gas of a call that does not fail. */
  gasOf: (call: Call | Nothing) => bigint;
  /** The error that block() rejects with. */
  failure: Error | undefined;
  /** The error with which a call fails, when it is mined and when it is estimated. */
  refuse: (call: Call | Nothing) => Error | undefined;
  readonly provenEpochs: Set<number>;
  readonly mined: (Call | Nothing)[];
  /** The form in which the endpoint returns an event. */
  shown: (event: FakeEvent) => FakeEvent | readonly FakeEvent[];
  history(): FakeEvent[];
  emit(name: string, args: Readonly<Record<string, unknown>>): void;
  /** Emits SegmentStored for VNODE and appends it to the contract's directory. The weight is the number of leaves. */
  store(segment: FakeSegment): number;
  /** Emits SegmentExtended, or SegmentEndedEarly if that is earlier. */
  reschedule(serial: number, end: number): void;
  retireNow(...serials: number[]): void;
  /** Compacts the whole directory of VNODE at once. */
  compactNow(): void;
  readonly vNodeDirectory: FakeDirectory;
  /** Challenges VNODE's directory as it stands, and emits Challenged; drawn and answerable at once unless told otherwise. */
  challengeNow(change?: Partial<ChallengeRecord>): bigint;
  readonly openChallenges: Map<bigint, ChallengeRecord>;
  /** Another history: the last blocks are gone. */
  reorganize(events: readonly FakeEvent[]): void;
}

export interface FakeSegment {
  readonly root: Hex;
  readonly leaves: number;
  readonly weight?: number;
  readonly end?: number;
  readonly bucket?: bigint;
  readonly vNode?: bigint;
}

const withTransaction = (event: FakeEvent): ChainEvent => ({ ...event, transaction: "" });

export type FakeEvent = Omit<ChainEvent, "transaction">;

export function createFakeChain(): FakeChain {
  const profile = PROFILES.tiny;
  let events: FakeEvent[] = [];
  let block: Block = { number: 0, hash: "0", parent: "", timestamp: 0 };
  const hashes = new Map<number, string>();
  let forks = 0;

  const epochAt = (timestamp: number): number => Math.floor(timestamp / EPOCH_SECONDS);
  const current = (): Block => (chain.time === block.timestamp && block.number > 0 ? block : nextBlock());
  const nextBlock = (): Block => {
    const number = block.number + 1;
    block = { number, hash: `${number}/${forks}`, parent: block.hash, timestamp: chain.time };
    hashes.set(block.number, block.hash);
    return block;
  };
  const newDirectory = (): FakeDirectory =>
    new FakeDirectory(profile.directoryDepth, (name, args) => chain.emit(name, { vNode: VNODE, ...args }));
  let directory = newDirectory();
  const readDirectory = (): Promise<DirectoryRecord> => {
    const { root, total, entries } = directory.before(Infinity);
    return Promise.resolve({ root, total, count: entries.length });
  };
  const run = (call: Call | Nothing): boolean => {
    if (chain.refuse(call)) return false;
    if (call.kind === "compact" || call.kind === "retire") {
      try {
        directory.call(call, epochAt(chain.time));
      } catch {
        return false;
      }
    }
    chain.mined.push(call);
    if (call.kind === "prove") chain.provenEpochs.add(call.epoch);
    if (call.kind === "takeOver") {
      chain.successor = undefined;
      chain.stateChange = { ...chain.stateChange, nextSince: call.epoch + 1 };
    }
    if (call.kind === "recordBeacon") chain.randomness = 77n;
    if (call.kind === "answer") {
      chain.openChallenges.delete(call.challenge);
      chain.emit("Answered", { id: call.challenge, vNode: VNODE, node: NODE });
    }
    return true;
  };
  const refused = (what: string, args: Readonly<Record<string, string>>): HoldfastError =>
    new HoldfastError("chain", `the contract refuses: ${what}`, { error: what, ...args });

  const chain: FakeChain = {
    ...createFakeTransactions(() => chain, {
      block: () => current().number,
      run,
      undo: () => chain.provenEpochs.clear(),
    }),
    time: 100,
    randomness: 77n,
    beaconSource: { kind: "drand", round: 9, publicKey: new Uint8Array(128) },
    capacity: 1_000n,
    bond: 10n ** 24n,
    account: 10n ** 24n,
    wei: 10n ** 18n,
    responsible: NODE,
    misses: 0,
    stateChange: {},
    dutyChange: {},
    nodeChange: {},
    handingOver: false,
    successor: undefined,
    gasOf: () => 100_000n,
    failure: undefined,
    refuse: () => undefined,
    provenEpochs: new Set(),
    openChallenges: new Map(),
    mined: [],
    shown: (event) => event,
    history: () => [...events],
    emit(name, args) {
      nextBlock();
      events.push({ name, args, timestamp: chain.time, block: block.number });
    },
    store({ root, leaves, weight = leaves, end = 1_000, bucket = BUCKET, vNode = VNODE }) {
      const epoch = epochAt(chain.time);
      const { serial, start } =
        vNode === VNODE ? directory.store(epoch, { root, leaves, weight, end }) : { serial: 0, start: 0 };
      chain.emit("SegmentStored", {
        vNode,
        bucket,
        serial: BigInt(serial),
        root,
        start: BigInt(start),
        leaves: BigInt(leaves),
        perEpoch: BigInt(weight) << BigInt(QUANTUM_BITS),
        from: BigInt(epoch + 1),
        end: BigInt(end),
      });
      return serial;
    },
    reschedule(serial, end) {
      const before = directory.entries.find((entry) => entry.serial === serial)?.end ?? 0;
      directory.reschedule(serial, end);
      const name = end > before ? "SegmentExtended" : "SegmentEndedEarly";
      chain.emit(name, { vNode: VNODE, bucket: BUCKET, serial: BigInt(serial), end: BigInt(end) });
    },
    retireNow(...serials) {
      directory.retire(epochAt(chain.time), serials);
      for (const serial of serials) chain.emit("SegmentRetired", { vNode: VNODE, serial: BigInt(serial) });
    },
    compactNow() {
      const epoch = epochAt(chain.time);
      const tree = directory.before(Infinity);
      const live = [...directory.entries.entries()].filter(
        ([, { end, retired }]) => !retired && end > epoch + 1,
      );
      const openings = live.map(([index, { serial, root }]) => ({
        serial,
        root,
        start: tree.entries[index]?.start ?? 0,
      }));
      const siblings = live.length === 0 ? [] : tree.multiPath(live.map(([index]) => index));
      directory.call({ kind: "compact", vNode: VNODE, openings, siblings }, epoch);
    },
    get vNodeDirectory() {
      return directory;
    },
    challengeNow(change = {}) {
      const id = BigInt(chain.openChallenges.size + 1);
      const { root, total } = directory.before(Infinity);
      const deadline = (epochAt(chain.time) + 3) * EPOCH_SECONDS;
      const asked = { id, vNode: VNODE, node: NODE, seed: 99n, root, start: 0, length: total, deadline };
      chain.openChallenges.set(id, { ...asked, ...change });
      chain.emit("Challenged", { id, vNode: VNODE, node: NODE });
      return id;
    },
    reorganize(history) {
      forks++;
      hashes.clear();
      events = [...history];
      directory = newDirectory();
      for (const { name, args, timestamp } of history) {
        if (name !== "SegmentStored" || args["vNode"] !== VNODE) continue;
        const { root, leaves, perEpoch, end } = args as Record<string, bigint> & { root: Hex };
        const weight = Number((perEpoch ?? 0n) >> BigInt(QUANTUM_BITS));
        directory.store(epochAt(timestamp), { root, leaves: Number(leaves), weight, end: Number(end) });
      }
      const number = Math.max(0, ...history.map((event) => event.block));
      block = { number, hash: `${forks}`, parent: "", timestamp: 0 };
    },

    chainId: 31337n,
    registry: String(DOMAIN.verifyingContract),
    audits: `0x${"55".repeat(20)}`,
    operator: OPERATOR.address,
    epochSeconds: EPOCH_SECONDS,
    epochAt,
    sourcePoint: (epoch) => epoch * EPOCH_SECONDS + MARGIN,
    endpoints: () => [{ endpoint: "chain", state: "in charge" }],
    block: () => (chain.failure ? Promise.reject(chain.failure) : Promise.resolve(current())),
    blockHash: (number) => Promise.resolve(hashes.get(number)),
    async *events(from, head) {
      await Promise.resolve();
      const found = events.filter(({ block: at }) => at >= from && at <= head.number);
      yield { events: found.flatMap((event) => chain.shown(event)).map(withTransaction), to: head.number };
    },
    counts: () =>
      Promise.resolve(
        Object.fromEntries(
          COUNTED.map((name) => [name, events.filter((event) => event.name === name).length]),
        ) as Counts,
      ),
    assignments: () => Promise.resolve([{ vNode: VNODE, node: chain.responsible, next: 0n }]),
    async survey(vNode, { timestamp }) {
      const [state, duty] = await Promise.all([chain.state(vNode), chain.duty(vNode, epochAt(timestamp))]);
      return { state, duty: present(duty) };
    },
    directoryAt: readDirectory,
    node: (id) =>
      Promise.resolve({
        provider: STRANGER.address,
        operator: id === PEER ? PEER_OPERATOR.address : OPERATOR.address,
        url: `http://node-${id}.example`,
        capacity: chain.capacity,
        used: 0n,
        rent: RENT,
        lockPerEpoch: 10n ** 24n,
        locked: 0n,
        lockedEpoch: 0,
        revision: 0n,
        ...chain.nodeChange,
      }),
    freeBond: () => Promise.resolve(chain.bond),
    balance: () => Promise.resolve(chain.account),
    cluster: () =>
      Promise.resolve({
        beacon: 0,
        bondEpochs: 10n,
        samples: profile.samples,
        dataDepth: profile.dataDepth,
        directoryDepth: profile.directoryDepth,
        quantumBits: QUANTUM_BITS,
      }),
    vNode: (id) =>
      Promise.resolve(id === VNODE ? { cluster: CLUSTER, nextResponsible: chain.responsible } : undefined),
    nextEpoch: () => Promise.resolve({ responsible: chain.responsible, handingOver: chain.handingOver }),
    bucket: (id) => Promise.resolve(id === BUCKET ? { owner: OWNER.address, cluster: CLUSTER } : undefined),
    mayRead: (_bucket, who) => Promise.resolve(who === OWNER.address),
    mayWrite: (_bucket, who) => Promise.resolve(who === OWNER.address),
    directory: readDirectory,
    compaction: () => Promise.resolve(directory.compaction),
    segment(vNode, serial) {
      const found = vNode === VNODE ? directory.entries.find((each) => each.serial === serial) : undefined;
      if (!found) return Promise.resolve(undefined);
      const { leaves, weight, end, retired } = found;
      const perEpoch = BigInt(weight) << BigInt(QUANTUM_BITS);
      return Promise.resolve({ bucket: BUCKET, leaves: retired ? 0 : leaves, end, perEpoch });
    },
    state: (vNode): Promise<VNodeState> =>
      Promise.resolve({
        responsible: vNode === VNODE ? chain.responsible : PEER,
        nextNode: 0n,
        nextSince: 0,
        nextSyncLeft: 0,
        settled: 4,
        misses: chain.misses,
        syncLeft: 0,
        rate: 1n,
        committed: 1n,
        locked: 10n,
        nextLocked: 0n,
        short: false,
        deferredSince: 0,
        deferred: 0n,
        ...(vNode === VNODE && chain.stateChange),
      }),
    duty(_vNode, epoch): Promise<Duty | undefined> {
      if (epoch !== epochAt(chain.time)) return Promise.resolve(undefined);
      const { root, total } = directory.before(epoch);
      const [proven, seed] = [chain.provenEpochs.has(epoch), chain.randomness];
      const takeOver = seed !== undefined && chain.successor !== undefined;
      const asked = BigInt(total) << BigInt(QUANTUM_BITS);
      return Promise.resolve({
        due: seed !== undefined,
        proven,
        node: chain.responsible,
        seed,
        root,
        total,
        deadline: (epoch + 1) * EPOCH_SECONDS,
        rate: asked,
        asked,
        takeOver: takeOver ? { node: chain.successor ?? 0n, seed: 78n } : undefined,
        ...chain.dutyChange,
      });
    },
    challenges: (vNode) => Promise.resolve(vNode === VNODE ? [...chain.openChallenges.values()] : []),
    source: () => Promise.resolve(chain.beaconSource),
    signAcceptance: ({ nonce }) =>
      Promise.resolve({ segments: "0x05", signature: `0x${nonce.toString(16)}` }),
    signExtension: ({ nonce }) => Promise.resolve(`0x${nonce.toString(16)}`),
    signRequest: (message) => OPERATOR.signTypedData(DOMAIN, REQUEST, message),
    requestSigner(message, signature) {
      try {
        return verifyTypedData(DOMAIN, REQUEST, message, signature);
      } catch {
        return undefined;
      }
    },

    estimate(call) {
      const error = chain.refuse(call);
      if (error) return Promise.reject(error);
      if (call.kind === "prove" && chain.provenEpochs.has(call.epoch))
        return Promise.reject(refused("ProofRefused", { reason: "4" }));
      if (call.kind === "answer" && !chain.openChallenges.has(call.challenge))
        return Promise.reject(refused("NotOpen", { status: "2" }));
      if (call.kind === "takeOver" && chain.successor === undefined)
        return Promise.reject(refused("NoSuccessor", {}));
      if (call.kind === "compact" || call.kind === "retire") {
        const epoch = epochAt(chain.time);
        return Promise.resolve().then(() => {
          directory.call(call, epoch, true);
          return chain.gasOf(call);
        });
      }
      return Promise.resolve(chain.gasOf(call));
    },
    gasPrice: () => Promise.resolve(10n ** 9n),
    coins: () => Promise.resolve(chain.wei),
    close: () => undefined,
  };
  chain.emit("ClusterCreated", { cluster: CLUSTER, quantumBits: BigInt(QUANTUM_BITS) });
  chain.emit("VNodeAdded", { vNode: VNODE, cluster: CLUSTER });
  chain.emit("NodeUpdated", { node: NODE, operator: OPERATOR.address });
  chain.emit("NodeUpdated", { node: PEER, operator: PEER_OPERATOR.address });
  chain.emit("NodeAssigned", { vNode: VNODE, node: NODE, fromEpoch: 1n });
  chain.emit("NodeSwitched", { vNode: VNODE, node: NODE, fromEpoch: 1n });
  return chain;
}
