/**
 * A chain for the tests of a storage node: time, duties and rights are set by the test, transactions are kept in a list.
 */
import { Wallet, type TypedDataDomain } from "ethers";
import { verifyTypedData } from "ethers";
import { Directory } from "../../protocol/directory.ts";
import { toHex32, type Hex } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { domain, REQUEST } from "../../protocol/typed-data.ts";
import type { Duty, Holding, NodeChain, SignedTransaction, VNodeContents } from "../../prover/chain.ts";

export const NODE = 3n;
export const VNODE = 7n;
export const BUCKET = 5n;
export const CLUSTER = 2n;
export const OWNER = new Wallet(`0x${"11".repeat(32)}`);
export const STRANGER = new Wallet(`0x${"22".repeat(32)}`);
export const OPERATOR = new Wallet(`0x${"33".repeat(32)}`);
export const DOMAIN = domain(31337n, `0x${"44".repeat(20)}`) as TypedDataDomain;

export interface FakeChain extends NodeChain {
  time: number;
  randomness: bigint | undefined;
  proven: boolean;
  capacity: bigint;
  bond: bigint;
  /** Raw transactions in the order in which they were delivered. */
  readonly delivered: string[];
  readonly recorded: number[];
  readonly retired: number[];
  /** What `deliver` does; default: mines. */
  onDeliver: (transaction: SignedTransaction, signal: AbortSignal) => Promise<void>;
  /** What the next vNodes() rejects with. */
  failure: Error | undefined;
  readonly contentsOf: { directory: Directory; holdings: Holding[] };
  add(segment: { root: Hex; leaves: number; end?: number }): void;
}

export function createFakeChain(): FakeChain {
  const contentsOf = { directory: new Directory(PROFILES.tiny.directoryDepth), holdings: [] as Holding[] };
  const contents = (): Promise<VNodeContents> => Promise.resolve(contentsOf);
  const chain: FakeChain = {
    time: 100,
    randomness: 77n,
    proven: false,
    capacity: 1_000n,
    bond: 10n ** 24n,
    delivered: [],
    recorded: [],
    retired: [],
    failure: undefined,
    onDeliver: () => Promise.resolve(),
    contentsOf,
    add({ root, leaves, end = 1_000 }) {
      contentsOf.directory.append({ root: BigInt(root), leaves });
      contentsOf.holdings.push({
        serial: contentsOf.holdings.length,
        bucket: BUCKET,
        root,
        leaves,
        end,
        retired: false,
      });
    },
    chainId: 31337n,
    registry: String(DOMAIN.verifyingContract),
    audits: `0x${"55".repeat(20)}`,
    operator: OPERATOR.address,
    epochSeconds: 20,
    profile: PROFILES.tiny,
    block: () => Promise.resolve({ number: 1, timestamp: chain.time }),
    epochAt: (timestamp) => Math.floor(timestamp / 20),
    epochStart: (epoch) => epoch * 20,
    self: () =>
      Promise.resolve({
        ...{ provider: STRANGER.address, operator: OPERATOR.address, url: "", capacity: chain.capacity },
        ...{ used: 0n, rent: 10n ** 18n },
      }),
    node: () => chain.self(),
    freeBond: () => Promise.resolve(chain.bond),
    vNodes: () => (chain.failure ? Promise.reject(chain.failure) : Promise.resolve([VNODE])),
    state: () => Promise.resolve({ node: NODE, nextNode: 0n, settled: 4, misses: 0, syncLeft: 0, rate: 1n }),
    clusterOf: () => Promise.resolve(CLUSTER),
    bondEpochs: () => Promise.resolve(10n),
    duty: (_vNode, epoch): Promise<Duty> =>
      Promise.resolve({
        ...{ due: chain.randomness !== undefined && !chain.proven, proven: chain.proven, node: NODE },
        ...{ seed: chain.randomness, root: contentsOf.directory.root, total: contentsOf.directory.total },
        deadline: (epoch + 1) * 20,
      }),
    contents,
    currentContents: contents,
    replicas: () => Promise.resolve([]),
    bucket: (id) => Promise.resolve(id === BUCKET ? { owner: OWNER.address, cluster: CLUSTER } : undefined),
    mayRead: (_bucket, who) => Promise.resolve(who === OWNER.address),
    mayWrite: (_bucket, who) => Promise.resolve(who === OWNER.address),
    isMember: () => Promise.resolve(false),
    signAcceptance: () => Promise.resolve({ segments: toHex32(1n), signature: "0x01" }),
    signRequest: () => Promise.resolve("0x01"),
    requestSigner(request, signature) {
      try {
        return verifyTypedData(DOMAIN, REQUEST, request, signature);
      } catch {
        return undefined;
      }
    },
    recordBeacon(_vNode, epoch) {
      chain.recorded.push(epoch);
      return Promise.resolve();
    },
    roundFor: () => Promise.resolve(9n),
    signProof(_vNode, epoch, _proof, record) {
      const transaction = { raw: `raw-${epoch}`, hash: `hash-${epoch}` };
      record(transaction);
      return Promise.resolve(transaction);
    },
    async deliver(transaction, signal) {
      await chain.onDeliver(transaction, signal);
      chain.delivered.push(transaction.raw);
      chain.proven = true;
      return { gasUsed: 1n, hash: transaction.hash };
    },
    retire(_vNode, serial) {
      chain.retired.push(serial);
      return Promise.resolve();
    },
    tick: () => Promise.resolve(),
    close: () => undefined,
  };
  return chain;
}
