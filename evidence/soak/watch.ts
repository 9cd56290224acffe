/**
 * Watches during a soak that no segment that must be stored vanishes from a disk, and collects the use of memory and files.
 */
import type { Chain, ChainEvent } from "../../client/chain.ts";
import { select } from "../../client/devnet/history.ts";
import type { Disks } from "./disks.ts";
import { hashOnDisk, segmentsIn, type Owed } from "./holdings.ts";
import type { Network } from "./network.ts";
import { usageOf, type Usage } from "./usage.ts";

export interface Watch {
  readonly usage: ReadonlyMap<string, readonly Usage[]>;
  /** Segments that are paid for according to the chain, now or in the future. */
  readonly owed: readonly Owed[];
  readonly epoch: number;
  /** Paid segments that were missing in two looks although no fault had deleted them. */
  readonly deleted: ReadonlySet<string>;
  /** Proofs that were seen on the chain, even if a reorganization removed them. */
  readonly seen: ReadonlyMap<string, string>;
  /** Proofs that were seen in more than one transaction, because a reorganization had removed the first. */
  readonly again: ReadonlySet<string>;
  look(): Promise<void>;
}

export function createWatch(network: Network, disks: Disks): Watch {
  const { chain, nodes, auditor, deployment } = network;
  const usage = new Map<string, Usage[]>();
  const deleted = new Set<string>();
  const seen = new Map<string, string>();
  const again = new Set<string>();
  let missing = new Set<string>();
  let owed: readonly Owed[] = [];
  let epoch = 0;

  async function measure(): Promise<void> {
    for (const { daemon } of [...nodes, auditor]) {
      const found = daemon.pid === undefined ? undefined : await usageOf(daemon.pid);
      if (found) usage.set(daemon.name, [...(usage.get(daemon.name) ?? []), found]);
    }
  }

  async function compare(events: readonly ChainEvent[]): Promise<void> {
    owed = segmentsIn(events).filter(({ end }) => end > epoch);
    const gone = new Set<string>();
    for (const { vNode, root } of owed) {
      const node = nodes.find(({ vNodes }) => vNodes.includes(vNode));
      if (!node || disks.isOpen(node.daemon.name, root)) continue;
      if ((await hashOnDisk(node, root)) === undefined) gone.add(`${node.daemon.name}: ${root}`);
    }
    for (const each of gone) if (missing.has(each)) deleted.add(each);
    missing = gone;
  }

  return {
    usage,
    deleted,
    seen,
    again,
    get owed() {
      return owed;
    },
    get epoch() {
      return epoch;
    },
    async look() {
      await measure();
      const events = await allEvents(chain, deployment.block);
      epoch = Number(await chain.read<bigint>("audits", "currentEpoch"));
      for (const { args, transaction } of select(events, "Proven")) {
        const proof = proofKey(args);
        if ((seen.get(proof) ?? transaction) !== transaction) again.add(proof);
        seen.set(proof, transaction);
      }
      await compare(events);
      await disks.look();
    },
  };
}

export const proofKey = (args: ChainEvent["args"]): string =>
  `${Number(args["vNode"])}/${Number(args["epoch"])}`;

export async function allEvents(chain: Chain, fromBlock: number): Promise<ChainEvent[]> {
  const head = await chain.provider.getBlockNumber();
  return chain.events(fromBlock, head);
}
