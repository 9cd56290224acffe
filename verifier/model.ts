/**
 * What the chain's events alone say should have been proven: directories, who was responsible, and the randomness. It is
 * the auditor's own reckoning, apart from what the contract's views answer.
 */
import { Directory } from "../protocol/directory.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { fromHex32, type Hex } from "../protocol/field.ts";
import { auditSeed, publicInputs } from "../protocol/statement.ts";
import type { AuditEvent } from "./chain.ts";

export interface ModelOptions {
  readonly chainId: bigint;
  readonly audits: string;
  readonly genesis: number;
  readonly epochSeconds: number;
  /** Of a profile of the deployment. Throws for one that is not known. */
  readonly directoryDepth: (profile: number) => number;
}

export interface Model {
  /** In the order of the chain. Passes over events that change nothing here. */
  apply(event: AuditEvent): void;
  readonly vNodes: readonly bigint[];
  /** Those that are open, and the epoch in which each was made. */
  readonly challenges: ReadonlyMap<bigint, number>;
  /**
   * What a proof of this epoch must show: the circuit's public inputs. After all events before the proof's.
   * Throws "corrupt" if, by the events, nobody was to prove anything.
   */
  expected(vNode: bigint, epoch: number): Expected;
}

export interface Expected {
  readonly node: bigint;
  /** Whose verifier is asked: an index of the deployment. */
  readonly profile: number;
  readonly inputs: readonly bigint[];
}

type Change =
  | { readonly kind: "append"; readonly serial: number; readonly root: bigint; readonly leaves: number }
  | { readonly kind: "retire"; readonly serial: number }
  | { readonly kind: "reset" };

/** What a cluster's proofs depend on, from an epoch on: indices of the deployment's beacons and profiles. */
interface Terms {
  readonly from: number;
  readonly beacon: number;
  readonly profile: number;
}

interface VNode {
  readonly cluster: bigint;
  directory: Directory;
  /** Serial of entry 0. */
  base: number;
  /** Of the epoch that runs: they count from the next one on. */
  pending: { readonly epoch: number; readonly change: Change }[];
  readonly assignments: { readonly node: bigint; readonly from: number }[];
}

export function createModel(options: ModelOptions): Model {
  const { chainId, audits, genesis, epochSeconds, directoryDepth } = options;
  /** In the order in which they hold. */
  const clusters = new Map<bigint, Terms[]>();
  const vNodes = new Map<bigint, VNode>();
  const randomness = new Map<string, Hex>();
  const challenges = new Map<bigint, number>();

  const find = (id: unknown): VNode => {
    const found = vNodes.get(id as bigint);
    if (found) return found;
    throw new HoldfastError("corrupt", `the events speak of vNode ${String(id)}, which was never added`);
  };
  const termsAt = (cluster: bigint, epoch: number): Terms => {
    const terms = clusters.get(cluster)?.findLast(({ from }) => from <= epoch);
    if (terms) return terms;
    throw new HoldfastError("corrupt", `the events speak of cluster ${cluster}, which was never created`);
  };
  // A cluster's profiles have the same depths.
  const emptyDirectory = (cluster: bigint): Directory =>
    new Directory(directoryDepth(termsAt(cluster, 0).profile));
  const epochOf = ({ timestamp }: AuditEvent): number => Math.floor((timestamp - genesis) / epochSeconds);
  const change = (event: AuditEvent, made: Change): void =>
    void find(event.args["vNode"]).pending.push({ epoch: epochOf(event), change: made });

  const appliers: Readonly<Record<string, (event: AuditEvent) => void>> = {
    ClusterCreated: ({ args }) =>
      void clusters.set(args["cluster"] as bigint, [
        { from: 0, beacon: Number(args["beacon"]), profile: Number(args["profile"]) },
      ]),
    ClusterChanged(event) {
      const { cluster, beacon, profile, fromEpoch } = event.args;
      // Those that do not hold yet are given up.
      const begun = clusters.get(cluster as bigint)?.filter(({ from }) => from <= epochOf(event)) ?? [];
      const next = { from: Number(fromEpoch), beacon: Number(beacon), profile: Number(profile) };
      clusters.set(cluster as bigint, [...begun, next]);
    },
    VNodeAdded({ args }) {
      const [id, cluster] = [args["vNode"] as bigint, args["cluster"] as bigint];
      const directory = emptyDirectory(cluster);
      vNodes.set(id, { cluster, directory, base: 0, pending: [], assignments: [] });
    },
    NodeAssigned: ({ args }) =>
      void find(args["vNode"]).assignments.push({
        node: args["node"] as bigint,
        from: Number(args["fromEpoch"]),
      }),
    TookOver: ({ args }) =>
      void find(args["vNode"]).assignments.push({
        node: args["node"] as bigint,
        from: Number(args["fromEpoch"]),
      }),
    Left: ({ args }) =>
      void find(args["vNode"]).assignments.push({ node: 0n, from: Number(args["fromEpoch"]) }),
    Faulted: ({ args }) =>
      void find(args["vNode"]).assignments.push({ node: 0n, from: Number(args["epoch"]) + 1 }),
    SyncDropped: ({ args }) =>
      void find(args["vNode"]).assignments.push({ node: 0n, from: Number(args["epoch"]) + 1 }),
    SegmentStored: (event) => {
      const { serial, root, leaves } = event.args;
      change(event, {
        ...{ kind: "append", serial: Number(serial), leaves: Number(leaves) },
        root: fromHex32(root as string),
      });
    },
    SegmentRetired: (event) => change(event, { kind: "retire", serial: Number(event.args["serial"]) }),
    DirectoryReset: (event) => change(event, { kind: "reset" }),
    Challenged: (event) => void challenges.set(event.args["id"] as bigint, epochOf(event)),
    Answered: ({ args }) => void challenges.delete(args["id"] as bigint),
    Failed: ({ args }) => void challenges.delete(args["id"] as bigint),
    Voided: ({ args }) => void challenges.delete(args["id"] as bigint),
    BeaconRecorded: ({ args }) =>
      void randomness.set(`${String(args["beacon"])}/${String(args["epoch"])}`, args["randomness"] as Hex),
  };

  function advance(vNode: VNode, epoch: number): void {
    while (vNode.pending[0] && vNode.pending[0].epoch < epoch) {
      const [{ change: next }] = vNode.pending.splice(0, 1) as [VNode["pending"][number]];
      if (next.kind === "reset") vNode.directory = emptyDirectory(vNode.cluster);
      else if (next.kind === "retire") vNode.directory.retire(next.serial - vNode.base);
      else {
        if (vNode.directory.entries.length === 0) vNode.base = next.serial;
        vNode.directory.append(next);
      }
    }
  }

  return {
    apply: (event) => appliers[event.name]?.(event),
    get vNodes() {
      return [...vNodes.keys()];
    },
    challenges,
    expected(id, epoch) {
      const vNode = find(id);
      advance(vNode, epoch);
      const node = responsible(vNode.assignments, epoch);
      const { beacon, profile } = termsAt(vNode.cluster, epoch);
      const value = randomness.get(`${beacon}/${epoch}`);
      const { root, total } = vNode.directory;
      if (node === 0n || value === undefined || total === 0) {
        const message = `by the events there was nothing to prove for vNode ${id} in epoch ${epoch}`;
        throw new HoldfastError("corrupt", message, { node, randomness: value, total });
      }
      const seed = auditSeed({ chainId, audits, vNode: id, node, epoch: BigInt(epoch), randomness: value });
      const inputs = publicInputs({ directoryRoot: root, seed, start: 0, length: total });
      return { node, profile, inputs };
    },
  };
}

/** The latest beginning counts, and of two with the same the one that was said last. */
function responsible(assignments: VNode["assignments"], epoch: number): bigint {
  const begun = assignments.filter(({ from }) => from <= epoch);
  const nothing = { node: 0n, from: 0 };
  return begun.reduce((latest, next) => (next.from >= latest.from ? next : latest), nothing).node;
}
