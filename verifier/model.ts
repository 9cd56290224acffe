/**
 * What should have been proven according to the chain's events alone: directories, responsible nodes, nodes that wait
 * to take over, and randomness. The auditor computes it independently of the contracts' views.
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
  /** Depth of a profile's directory. Throws for an unknown profile. */
  readonly directoryDepth: (profile: number) => number;
}

export interface Model {
  /**
   * Applies events in the order of the chain. Ignores events that change nothing here.
   *
   * @returns how the event contradicts the ones before it, in words
   */
  apply(event: AuditEvent): string | undefined;
  readonly vNodes: readonly bigint[];
  /** Open challenges, with the epoch in which each was made. */
  readonly challenges: ReadonlyMap<bigint, number>;
  /** The directory as it stood when an epoch began. */
  directory(vNode: bigint, epoch: number): DirectoryState;
  /**
   * What a proof of this epoch must show: the circuit's public inputs. Call it after all events before the proof's.
   *
   * @throws HoldfastError "corrupt" if nothing was to be proven according to the events
   */
  expected(vNode: bigint, epoch: number): Expected;
  /** As `expected`, for the node that waits to take over. */
  expectedOfSuccessor(vNode: bigint, epoch: number): Expected;
}

export interface Expected {
  readonly node: bigint;
  /** Index of the deployment's profile whose verifier is asked. */
  readonly profile: number;
  readonly inputs: readonly bigint[];
}

/** The terms of a cluster's proofs from an epoch on: indices of the deployment's beacons and profiles. */
interface ClusterTerms {
  readonly from: number;
  readonly beacon: number;
  readonly profile: number;
}

interface Cluster {
  readonly quantumBits: bigint;
  /** In the order in which they take effect. */
  readonly terms: readonly ClusterTerms[];
}

/** A node that is named to take over, from an epoch on. */
interface Named {
  readonly node: bigint;
  readonly since: number;
  /** Whether it has proven that it has the data. */
  readonly ready: boolean;
}

interface VNode {
  readonly cluster: bigint;
  readonly holdings: Holdings;
  /** The responsible node; 0 stands for no node. */
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
    throw new HoldfastError("corrupt", `the events name vNode ${String(id)}, which was never added`);
  };
  const clusterOf = (id: bigint): Cluster => {
    const found = clusters.get(id);
    if (found) return found;
    throw new HoldfastError("corrupt", `the events name cluster ${id}, which was never created`);
  };
  const termsAt = (cluster: bigint, epoch: number): ClusterTerms => {
    const { terms } = clusterOf(cluster);
    return terms.findLast(({ from }) => from <= epoch) ?? (terms[0] as ClusterTerms);
  };
  const epochOf = ({ timestamp }: AuditEvent): number => Math.floor((timestamp - genesis) / epochSeconds);

  // ---------------------------------------------------------------------------------------------- who is responsible

  function name(args: Args): void {
    const since = Number(args["fromEpoch"]);
    // 0: the naming was revoked.
    find(args["vNode"]).named =
      since === 0 ? undefined : { node: args["node"] as bigint, since, ready: false };
  }

  /** If there are an old and a new node and something to prove, the old one stays until the new one has proven. */
  function switchNode(args: Args): string | undefined {
    const vNode = find(args["vNode"]);
    const [node, from] = [args["node"] as bigint, Number(args["fromEpoch"])];
    const { node: old, named } = vNode;
    [vNode.node, vNode.named] = [node, undefined];
    if (!named || named.node !== node || named.since > from)
      return `node ${node} takes over without having been named`;
    if (old === 0n || named.ready || !vNode.holdings.lasts(from)) return undefined;
    return `node ${node} takes over from node ${old} without a proof`;
  }

  function remove(args: Args): string | undefined {
    const vNode = find(args["vNode"]);
    const node = args["node"] as bigint;
    if (vNode.node === node) vNode.node = 0n;
    else return `node ${node} is removed, but was not responsible`;
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
    // Only the node's first proof, in an epoch that is paid, is a take-over.
    if (!isTakeOver(event, epochOf(event))) return undefined;
    const node = args["node"] as bigint;
    if (vNode.named?.node !== node) return `node ${node} proves a take-over without having been named`;
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
    if (weight << quantumBits !== perEpoch)
      return `the price of segment ${segment.serial} is not a multiple of the quantum`;
    if (start === BigInt(total)) return undefined;
    return `segment ${segment.serial} starts at ${String(start)}, but the entries before it weigh ${total}`;
  }

  function compact(event: AuditEvent): string | undefined {
    const { holdings } = find(event.args["vNode"]);
    holdings.compact(epochOf(event));
    const { root, total } = holdings.now;
    if (root === fromHex32(event.args["root"] as string) && BigInt(total) === event.args["total"])
      return undefined;
    return "the compacted directory does not consist of exactly the segments that continue";
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
      // Changes that have not taken effect yet are replaced.
      const begun = terms.filter(({ from }) => from <= epochOf(event));
      const next = { from: Number(fromEpoch), beacon: Number(beacon), profile: Number(profile) };
      clusters.set(cluster as bigint, { quantumBits, terms: [...begun, next] });
    },
    VNodeAdded({ args }) {
      const cluster = args["cluster"] as bigint;
      // All profiles of a cluster have the same depths.
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
      const message = `according to the events there was nothing to prove for vNode ${id} in epoch ${epoch}`;
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
 * Whether a TakeOverProven event is the take-over of a waiting node. Then its epoch is the one from which the node is
 * responsible, the next one. If the node is responsible already, its epoch is the one that it has proven.
 */
export function isTakeOver({ args }: AuditEvent, epoch: number): boolean {
  return Number(args["epoch"]) === epoch + 1;
}
