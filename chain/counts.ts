/**
 * What the contracts count, and which node answers for each vNode. Events that were all read must agree with both.
 */
import type { Contract } from "ethers";
import type { Block, EventSource } from "./events.ts";

/** Events that create things which a contract counts. */
export const COUNTED = [
  "ClusterCreated",
  "NodeRegistered",
  "VNodeAdded",
  "BucketCreated",
  "Challenged",
] as const;
export type Counts = Readonly<Record<(typeof COUNTED)[number], number>>;

/** The nodes of a vNode; 0 stands for no node. */
export interface Assignment {
  readonly vNode: bigint;
  readonly node: bigint;
  /** The node that is named as the next one. */
  readonly next: bigint;
}

export interface CountedChain extends EventSource {
  /** The counts as of a block. */
  counts(at: Block): Promise<Counts>;
  /** The nodes of all vNodes, as of a block. */
  assignments(at: Block): Promise<Assignment[]>;
}

/** vNodes asked about in one call. */
const VNODES = 100;

export function createCounts(
  { audits, registry, challenges }: Readonly<Record<"audits" | "registry" | "challenges", Contract>>,
  asked: <T>(what: string, answer: Promise<T>) => Promise<T>,
): Pick<CountedChain, "counts" | "assignments"> {
  const view = <T>(contract: Contract, method: string, { number }: Block, ...args: unknown[]): Promise<T> =>
    asked(method, contract.getFunction(method).staticCall(...args, { blockTag: number }) as Promise<T>);
  const count = async (contract: Contract, method: string, at: Block): Promise<number> =>
    Number(await view<bigint>(contract, method, at));

  return {
    async counts(at) {
      const [clusters, nodes, vNodes, buckets, made] = await Promise.all([
        count(registry, "clusterCount", at),
        count(registry, "nodeCount", at),
        count(registry, "vNodeCount", at),
        count(registry, "bucketCount", at),
        count(challenges, "challengeCount", at),
      ]);
      return {
        ClusterCreated: clusters,
        NodeRegistered: nodes,
        VNodeAdded: vNodes,
        BucketCreated: buckets,
        Challenged: made,
      };
    },
    async assignments(at) {
      const found: Assignment[] = [];
      const last = await count(registry, "vNodeCount", at);
      for (let first = 1; first <= last; first += VNODES) {
        const ids = Array.from({ length: Math.min(VNODES, last - first + 1) }, (_, i) => BigInt(first + i));
        const calls = ids.map((vNode) => audits.interface.encodeFunctionData("state", [vNode]));
        const answers = await view<string[]>(audits, "multicall", at, calls);
        for (const [i, vNode] of ids.entries()) {
          const [state] = audits.interface.decodeFunctionResult("state", answers[i] ?? "0x");
          const { node, nextNode, nextSince } = state as Readonly<Record<string, bigint>>;
          found.push({ vNode, node: node ?? 0n, next: nextSince === 0n ? 0n : (nextNode ?? 0n) });
        }
      }
      return found;
    },
  };
}

const IS_COUNTED: ReadonlySet<string> = new Set(COUNTED);

/** The same counts, from the events that were read. */
export class Tally {
  readonly #counts = new Map<string, number>();

  take(name: string): void {
    if (IS_COUNTED.has(name)) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** The first count that differs from the contracts', in words; undefined if none does. */
  missing(counts: Counts): string | undefined {
    for (const name of COUNTED) {
      const [ours, theirs] = [this.#counts.get(name) ?? 0, counts[name]];
      if (ours !== theirs) return `${ours} of ${theirs} ${name}`;
    }
    return undefined;
  }
}
