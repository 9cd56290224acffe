/**
 * Whether settling is worth its gas to an auditor: it gets rewards for misses, and audit fees from a cluster's
 * proofs. On a cluster that pays nothing, it spends nothing.
 */
import type { AuditEvent, Preview } from "./chain.ts";

/** Which vNodes to settle: those that are worth it, all, or none. */
export const SETTLE_CHOICES = ["worth", "all", "none"] as const;
export type SettleChoice = (typeof SETTLE_CHOICES)[number];

export interface Price {
  /** Wei for a unit of gas. */
  readonly gasPrice: bigint;
  /** Value of 10^18 wei in token units. 0: unknown. */
  readonly coinValue: bigint;
}

export interface Incomes {
  /** Notes the payment and the fees of a Proven event. Ignores other events. */
  note(event: AuditEvent): void;
  /** Forgets everything, because the events are read again. */
  clear(): void;
  /** The payments for each vNode's proofs since an epoch. Forgets earlier ones. */
  since(epoch: number): ReadonlyMap<bigint, readonly bigint[]>;
}

/** Epochs in which a cluster must earn what is spent on it. */
export const HORIZON = 64;
/**
 * Gas that a proof lets an auditor spend on its cluster if the value of its fee is unknown. It is less than a third
 * of a proof's own gas (README), so nobody can make an auditor spend more than they spend themselves.
 */
export const GAS_PER_PROOF = 25_000n;
const COIN = 10n ** 18n;
const BASIS_POINTS = 10_000n;

export function createIncomes(): Incomes {
  /** Payments by epoch and vNode. */
  const paid = new Map<number, Map<bigint, bigint>>();
  return {
    note({ name, args }) {
      if (name !== "Proven") return;
      const epoch = Number(args["epoch"]);
      const vNodes = paid.get(epoch) ?? new Map<bigint, bigint>();
      paid.set(epoch, vNodes);
      vNodes.set(args["vNode"] as bigint, (args["amount"] as bigint) + (args["fee"] as bigint));
    },
    clear: () => paid.clear(),
    since(first) {
      const found = new Map<bigint, bigint[]>();
      for (const [epoch, vNodes] of paid) {
        if (epoch < first) {
          paid.delete(epoch);
          continue;
        }
        for (const [vNode, amount] of vNodes) {
          const all = found.get(vNode);
          if (all) all.push(amount);
          else found.set(vNode, [amount]);
        }
      }
      return found;
    },
  };
}

/** Whether the reward of settling a vNode pays for its gas. */
export function pays({ gas, reward }: Preview, { gasPrice, coinValue }: Price): boolean {
  return reward > 0n && (coinValue === 0n || (reward * COIN) / coinValue >= gas * gasPrice);
}

/** The gas that each cluster's proofs pay for. */
export function allowances(
  previews: readonly Preview[],
  paid: ReadonlyMap<bigint, readonly bigint[]>,
  { gasPrice, coinValue }: Price,
): Map<bigint, bigint> {
  const allowed = new Map<bigint, bigint>();
  for (const { vNode, cluster, auditFee } of previews) {
    let gas = allowed.get(cluster) ?? 0n;
    for (const amount of paid.get(vNode) ?? []) {
      const fee = (amount * BigInt(auditFee)) / BASIS_POINTS;
      if (fee === 0n) continue;
      gas += coinValue === 0n ? GAS_PER_PROOF : (fee * COIN) / (coinValue * (gasPrice || 1n));
    }
    allowed.set(cluster, gas);
  }
  return allowed;
}

export interface Choice {
  readonly previews: readonly Preview[];
  readonly paid: ReadonlyMap<bigint, readonly bigint[]>;
  /** Gas spent per cluster, since the same epoch. */
  readonly spent: ReadonlyMap<bigint, bigint>;
  readonly price: Price;
}

export interface Chosen extends Preview {
  /** True if the cluster's proofs pay for it, and not its own reward. */
  readonly onCluster: boolean;
}

/**
 * Chooses what to settle now: first what pays for itself, then as much as each cluster has earned, the longest
 * unsettled first.
 */
export function chooseWorth({ previews, paid, spent, price }: Choice): Chosen[] {
  const behind = previews.filter(({ from, through }) => through > from);
  const left = allowances(previews, paid, price);
  for (const [cluster, gas] of spent) left.set(cluster, (left.get(cluster) ?? 0n) - gas);
  const chosen: Chosen[] = [];
  const others: Preview[] = [];
  for (const each of behind)
    if (pays(each, price)) chosen.push({ ...each, onCluster: false });
    else others.push(each);
  for (const each of others.toSorted((a, b) => a.from - b.from)) {
    const allowed = left.get(each.cluster) ?? 0n;
    if (each.gas > allowed) continue;
    left.set(each.cluster, allowed - each.gas);
    chosen.push({ ...each, onCluster: true });
  }
  return chosen;
}

/** Splits the vNodes into batches, one per transaction. */
export function inBatches(chosen: readonly Chosen[], maxGas: bigint, maxCount: number): Chosen[][] {
  const batches: Chosen[][] = [];
  let gas = 0n;
  for (const each of chosen) {
    const last = batches.at(-1);
    gas += each.gas;
    if (last && gas <= maxGas && last.length < maxCount) last.push(each);
    else {
      batches.push([each]);
      gas = each.gas;
    }
  }
  return batches;
}
