/**
 * The outcome of each epoch for each vNode, one line each: due or not, time and gas of the proof, pay, deferred or missed.
 */
import { HoldfastError } from "../../protocol/errors.ts";
import type { Chain, ChainEvent } from "../chain.ts";
import { formatAmount } from "../output.ts";
import type { DutyRecord, VNodeState } from "../records.ts";
import { select, total } from "./history.ts";

export interface EpochRow {
  readonly epoch: number;
  readonly vNode: number;
  readonly node: number;
  readonly due: boolean;
  readonly proven: boolean;
  readonly samples: number;
  /** Time for witness and proof, as the node measured it. */
  readonly proveMs: number | undefined;
  readonly gas: bigint | undefined;
  /** Pay for this epoch, and for the deferred ones before it. */
  readonly paid: bigint;
  /** Nothing was asked: the next epoch with a proof decides. */
  readonly deferred: boolean;
  /** Refund of this epoch, and of those that were decided with it. */
  readonly refunded: bigint;
  readonly slashed: bigint;
  readonly misses: number;
}

export interface Epochs {
  readonly rows: readonly EpochRow[];
  /** Looks at the chain during an epoch, and logs the earlier epochs that have been settled. */
  follow(events: readonly ChainEvent[], current: number): Promise<void>;
}

export interface EpochsOptions {
  readonly chain: Chain;
  readonly vNodes: () => readonly number[];
  /** Milliseconds for witness and proof, from the node's log. */
  readonly proveMs: (vNode: number, epoch: number) => number | undefined;
  readonly samples: number;
  readonly log: (line: string) => void;
}

export function createEpochs({ chain, vNodes, proveMs, samples, log }: EpochsOptions): Epochs {
  const rows: EpochRow[] = [];
  const duties = new Map<string, Pick<DutyRecord, "due" | "node">>();
  const key = (vNode: number, epoch: number): string => `${vNode}/${epoch}`;
  let next = 1;
  let settled = 0;

  /** The contract says what is due only during the epoch. */
  async function noteDuties(epoch: number): Promise<void> {
    for (const vNode of vNodes()) {
      const duty = await dutyOf(chain, vNode, epoch);
      if (!duty) return;
      const before = duties.get(key(vNode, epoch));
      duties.set(key(vNode, epoch), { due: duty.due || (before?.due ?? false), node: duty.node });
    }
  }

  async function isSettled(epoch: number): Promise<boolean> {
    const states = await Promise.all(
      vNodes().map((vNode) => chain.read<VNodeState>("audits", "state", [vNode])),
    );
    return states.every(({ settled, committed }) => committed === 0n || settled >= BigInt(epoch));
  }

  async function rowOf(events: readonly ChainEvent[], vNode: number, epoch: number): Promise<EpochRow> {
    const where = { vNode: BigInt(vNode), epoch: BigInt(epoch) };
    const [proof] = select(events, "Proven", where);
    const [miss] = select(events, "Missed", where);
    const duty = duties.get(key(vNode, epoch));
    return {
      epoch,
      vNode,
      samples,
      proven: proof !== undefined,
      node: Number(((proof ?? miss)?.args["node"] as bigint | undefined) ?? duty?.node ?? 0n),
      due: proof !== undefined || miss !== undefined || (duty?.due ?? false),
      proveMs: proveMs(vNode, epoch),
      gas: proof && (await gasPerItem(chain, events, proof.transaction)),
      paid: total(select(events, "Proven", where), "amount"),
      deferred: select(events, "EpochDeferred", where).length > 0,
      refunded:
        total(select(events, "EpochsRefunded", where), "amount") +
        total(select(events, "Proven", where), "refunded"),
      slashed: total(select(events, "Slashed", where), "amount"),
      misses: Number(miss?.args["misses"] ?? 0n),
    };
  }

  return {
    rows,
    async follow(events, current) {
      if (vNodes().length === 0) return;
      await noteDuties(current);
      while (next < current && (next <= settled || next + 1 < current)) {
        for (const vNode of vNodes()) {
          const row = await rowOf(events, vNode, next);
          rows.push(row);
          log(describeRow(row, chain));
        }
        next++;
      }
      // Wait one look more: by then the events that settled an epoch have been read.
      while (settled + 1 < current && (await isSettled(settled + 1))) settled++;
    },
  };
}

/** undefined if the epoch has ended in the meantime. */
async function dutyOf(chain: Chain, vNode: number, epoch: number): Promise<DutyRecord | undefined> {
  try {
    return await chain.read<DutyRecord>("audits", "duty", [vNode, epoch]);
  } catch (error) {
    if (error instanceof HoldfastError && error.details["error"] === "NotCurrentEpoch") return undefined;
    throw error;
  }
}

/** Gas of a proof. For a batch, an equal share of its gas. */
async function gasPerItem(chain: Chain, events: readonly ChainEvent[], transaction: string): Promise<bigint> {
  const items = events.filter((event) => event.name === "Proven" && event.transaction === transaction).length;
  return (await chain.gasOf(transaction)) / BigInt(items);
}

function describeRow(row: EpochRow, { decimals, symbol }: Pick<Chain, "decimals" | "symbol">): string {
  const amount = (value: bigint): string => `${formatAmount(value, decimals)} ${symbol}`;
  const head = `epoch ${String(row.epoch).padStart(2)}  vNode ${row.vNode}  node ${row.node || "-"}`;
  if (row.deferred) return `${head}  nothing asked: the next proof decides`;
  if (!row.due) return `${head}  not due`;
  const outcome = row.proven
    ? `${row.samples} samples  ${row.proveMs === undefined ? "?" : Math.round(row.proveMs)} ms  ${row.gas ?? "?"} gas  paid ${amount(row.paid)}`
    : row.misses > 0
      ? `MISSED (${row.misses} in a row)  unpaid, ${amount(row.refunded)} back to the owners${row.slashed > 0n ? `  slashed ${amount(row.slashed)}` : ""}`
      : "not proven yet (taking over)";
  return `${head}  due  ${outcome}`;
}
