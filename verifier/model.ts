/**
 * What the chain's events alone say should have been proven: directories, who was responsible and who waited to take over,
 * and the randomness. It is the auditor's own reckoning, apart from what the contract's views answer.
 */
import { HoldfastError } from "../protocol/errors.ts";
import { fromHex32, type Hex } from "../protocol/field.ts";
import { auditSeed, publicInputs } from "../protocol/statement.ts";
import type { AuditEvent } from "./chain.ts";
import { Holdings, type DirectoryState } from "./holdings.ts";

export interface ModelOptions {
  readonly chainId: bigint;
  readonly audits: string;
  readonly genesis: number;
  readonly epochSeconds: number;
  /** Of a profile of the deployment. Throws for one that is not known. */
  readonly directoryDepth: (profile: number) => number;
}

export interface Model {
  /**
   * In the order of the chain. Passes over events that change nothing here.
   *
   * @returns what the event says that those before it do not bear out
   */
  apply(event: AuditEvent): string | undefined;
  readonly vNodes: readonly bigint[];
  /** Those that are open, and the epoch in which each was made. */
  readonly challenges: ReadonlyMap<bigint, number>;
  /** The directory as it stood when an epoch began. */
  directory(vNode: bigint, epoch: number): DirectoryState;
  /**
   * What a proof of this epoch must show: the circuit's public inputs. After all events before the proof's.
   * Throws "corrupt" if, by the events, nobody was to prove anything.
   */
  expected(vNode: bigint, epoch: number): Expected;
  /** As expected, of the node that waits to take over. */
  expectedOfSuccessor(vNode: bigint, epoch: number): Expected;
}

export interface Expected {
  readonly node: bigint;
  /** Whose verifier is asked: an index of the deployment. */
  readonly profile: number;
  readonly inputs: readonly bigint[];
}

/** What a cluster's proofs depend on, from an epoch on: indices of the deployment's beacons and profiles. */
interface Terms {
  readonly from: number;
  readonly beacon: number;
  readonly profile: number;
}

interface Cluster {
  readonly quantumBits: bigint;
  /** In the order in which they hold. */
  readonly terms: readonly Terms[];
}

/** Who is to take over, from an epoch on. */
interface Named {
  readonly node: bigint;
  readonly since: number;
  /** Whether it has proven that it has the data. */
  readonly ready: boolean;
}

interface VNode {
  readonly cluster: bigint;
  readonly holdings: Holdings;
  /** Who is responsible; nobody: 0. */
  node: bigint;
  named: Named | undefined;
}

type Args = AuditEvent["args"];

export function createModel(options: ModelOptions): Model {
  const { chainId, audits, genesis, epochSeconds, directoryDepth } = options;
  const clusters = new Map<bigint, Cluster>();
  const vNodes = new Map<bigint, VNode>();
  const randomness = new Map<string, Hex>();
  const challenges = new Map<bigint, number>();

  const find = (id: unknown): VNode => {
    const found = vNodes.get(id as bigint);
    if (found) return found;
    throw new HoldfastError("corrupt", `the events speak of vNode ${String(id)}, which was never added`);
  };
  const clusterOf = (id: bigint): Cluster => {
    const found = clusters.get(id);
    if (found) return found;
    throw new HoldfastError("corrupt", `the events speak of cluster ${id}, which was never created`);
  };
  const termsAt = (cluster: bigint, epoch: number): Terms => {
    const { terms } = clusterOf(cluster);
    return terms.findLast(({ from }) => from <= epoch) ?? (terms[0] as Terms);
  };
  const epochOf = ({ timestamp }: AuditEvent): number => Math.floor((timestamp - genesis) / epochSeconds);

  // ---------------------------------------------------------------------------------------------- who is responsible

  function name(args: Args): void {
    const since = Number(args["fromEpoch"]);
    // 0: who was named is no more.
    find(args["vNode"]).named =
      since === 0 ? undefined : { node: args["node"] as bigint, since, ready: false };
  }

  /** The old node stays until the new one has proven, if there are both and anything to prove. */
  function switchNode(args: Args): string | undefined {
    const vNode = find(args["vNode"]);
    const [node, from] = [args["node"] as bigint, Number(args["fromEpoch"])];
    const { node: old, named } = vNode;
    [vNode.node, vNode.named] = [node, undefined];
    if (!named || named.node !== node || named.since > from) return `node ${node} takes over unnamed`;
    if (old === 0n || named.ready || !vNode.holdings.lasts(from)) return undefined;
    return `node ${node} takes over from node ${old} without a proof`;
  }

  function remove(args: Args): string | undefined {
    const vNode = find(args["vNode"]);
    const node = args["node"] as bigint;
    if (vNode.node === node) vNode.node = 0n;
    else return `node ${node} goes, which is not there`;
    return undefined;
  }

  function drop(args: Args): string | undefined {
    const vNode = find(args["vNode"]);
    if (vNode.named?.node !== args["node"]) return remove(args);
    vNode.named = undefined;
    return undefined;
  }

  function prepare(event: AuditEvent): string | undefined {
    const { args } = event;
    const vNode = find(args["vNode"]);
    // Its first proof, of an epoch that is paid.
    if (!isTakeOver(event, epochOf(event))) return undefined;
    const node = args["node"] as bigint;
    if (vNode.named?.node !== node) return `node ${node} proves unnamed`;
    vNode.named = { node, since: Number(args["epoch"]), ready: true };
    return undefined;
  }

  // ----------------------------------------------------------------------------------------------------- directories

  function store(event: AuditEvent): string | undefined {
    const { vNode: id, serial, root, start, leaves, perEpoch, end } = event.args;
    const { cluster, holdings } = find(id);
    const { quantumBits } = clusterOf(cluster);
    const weight = (perEpoch as bigint) >> quantumBits;
    const segment = { serial: Number(serial), root: fromHex32(root as string), leaves: Number(leaves) };
    const { total } = holdings.now;
    holdings.store(epochOf(event), { ...segment, weight: Number(weight), end: Number(end) });
    if (weight << quantumBits !== perEpoch) return `segment ${segment.serial} costs no whole quanta`;
    if (start === BigInt(total)) return undefined;
    return `segment ${segment.serial} starts at ${String(start)}, the entries before it weigh ${total}`;
  }

  function compact(event: AuditEvent): string | undefined {
    const { holdings } = find(event.args["vNode"]);
    holdings.compact(epochOf(event));
    const { root, total } = holdings.now;
    if (root === fromHex32(event.args["root"] as string) && BigInt(total) === event.args["total"])
      return undefined;
    return "the compacted directory does not have just what goes on";
  }

  const appliers: Readonly<Record<string, (event: AuditEvent) => unknown>> = {
    ClusterCreated: ({ args }) =>
      void clusters.set(args["cluster"] as bigint, {
        quantumBits: args["quantumBits"] as bigint,
        terms: [{ from: 0, beacon: Number(args["beacon"]), profile: Number(args["profile"]) }],
      }),
    ClusterChanged(event) {
      const { cluster, beacon, profile, fromEpoch } = event.args;
      const { quantumBits, terms } = clusterOf(cluster as bigint);
      // Those that do not hold yet are given up.
      const begun = terms.filter(({ from }) => from <= epochOf(event));
      const next = { from: Number(fromEpoch), beacon: Number(beacon), profile: Number(profile) };
      clusters.set(cluster as bigint, { quantumBits, terms: [...begun, next] });
    },
    VNodeAdded({ args }) {
      const cluster = args["cluster"] as bigint;
      // A cluster's profiles have the same depths.
      const holdings = new Holdings(directoryDepth(termsAt(cluster, 0).profile));
      vNodes.set(args["vNode"] as bigint, { cluster, holdings, node: 0n, named: undefined });
    },
    NodeAssigned: ({ args }) => name(args),
    TookOver: ({ args }) => name(args),
    TakeOverProven: prepare,
    NodeSwitched: ({ args }) => switchNode(args),
    Left: ({ args }) => remove(args),
    Faulted: ({ args }) => remove(args),
    SyncDropped: ({ args }) => drop(args),
    SegmentStored: store,
    SegmentExtended: ({ args }) =>
      find(args["vNode"]).holdings.setEnd(Number(args["serial"]), Number(args["end"])),
    SegmentEndedEarly: ({ args }) =>
      find(args["vNode"]).holdings.setEnd(Number(args["serial"]), Number(args["end"])),
    SegmentRetired: (event) =>
      find(event.args["vNode"]).holdings.retire(epochOf(event), Number(event.args["serial"])),
    DirectoryReset: (event) => find(event.args["vNode"]).holdings.reset(epochOf(event)),
    CompactionStarted: ({ args }) => find(args["vNode"]).holdings.beginCompaction(Number(args["lastEnd"])),
    Compacted: compact,
    Challenged: (event) => void challenges.set(event.args["id"] as bigint, epochOf(event)),
    Answered: ({ args }) => void challenges.delete(args["id"] as bigint),
    Failed: ({ args }) => void challenges.delete(args["id"] as bigint),
    Voided: ({ args }) => void challenges.delete(args["id"] as bigint),
    Dismissed: ({ args }) => void challenges.delete(args["id"] as bigint),
    BeaconRecorded: ({ args }) =>
      void randomness.set(`${String(args["beacon"])}/${String(args["epoch"])}`, args["randomness"] as Hex),
  };

  // --------------------------------------------------------------------------------------------- what is to be proven

  function expectedOf(id: bigint, epoch: number, node: bigint): Expected {
    const { cluster, holdings } = find(id);
    const { beacon, profile } = termsAt(cluster, epoch);
    const value = randomness.get(`${beacon}/${epoch}`);
    const { root, total } = holdings.at(epoch);
    if (node === 0n || value === undefined || total === 0) {
      const message = `by the events there was nothing to prove for vNode ${id} in epoch ${epoch}`;
      throw new HoldfastError("corrupt", message, { node, randomness: value, total });
    }
    const seed = auditSeed({ chainId, audits, vNode: id, node, epoch: BigInt(epoch), randomness: value });
    return { node, profile, inputs: publicInputs({ directoryRoot: root, seed, start: 0, length: total }) };
  }

  return {
    apply(event) {
      const said = appliers[event.name]?.(event);
      return typeof said === "string" ? said : undefined;
    },
    get vNodes() {
      return [...vNodes.keys()];
    },
    challenges,
    directory: (id, epoch) => find(id).holdings.at(epoch),
    expected: (id, epoch) => expectedOf(id, epoch, find(id).node),
    expectedOfSuccessor(id, epoch) {
      const { node, named } = find(id);
      const waits = node !== 0n && named && named.since <= epoch && !named.ready;
      return expectedOf(id, epoch, waits ? named.node : 0n);
    },
  };
}

/**
 * Whether a TakeOverProven in an epoch is of a node that waits: it says from when on that is responsible. That of a node
 * which is responsible already says which epoch it has proven.
 */
export function isTakeOver({ args }: AuditEvent, epoch: number): boolean {
  return Number(args["epoch"]) === epoch + 1;
}
