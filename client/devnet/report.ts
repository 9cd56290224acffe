/**
 * The summary of a local network, as tables for people.
 */
import Table from "cli-table3";
import { formatAmount } from "../output.ts";
import type { Conservation, RoleSummary } from "./accounting.ts";
import type { Check } from "./checks.ts";
import type { EpochRow } from "./epochs.ts";

export interface SystemSummary {
  readonly proofs: number;
  readonly misses: number;
  readonly epochs: number;
  /** Leaves in the contract's directories times 496. */
  readonly bytesHeld: number;
  readonly meanProveMs: number;
  readonly meanProveGas: number;
  readonly tokensConserved: boolean;
  readonly seconds: number;
}

export interface DevnetReport {
  readonly profile: string;
  readonly epochSeconds: number;
  readonly file: { readonly bytes: number; readonly segments: number; readonly sha256: string };
  readonly roles: readonly RoleSummary[];
  readonly system: SystemSummary;
  readonly money: Conservation;
  readonly epochs: readonly EpochRow[];
  readonly checks: readonly Check[];
  readonly passed: boolean;
}

export function renderReport({ roles, system, money, checks }: DevnetReport, decimals: number): string {
  const amount = (units: bigint): string => (units === 0n ? "-" : formatAmount(units, decimals));
  const style = { head: [], border: [] };
  const people = new Table({
    head: ["role", "deposited", "paid", "earned", "slashed", "compensated", "refunded", "gas"],
    colAligns: ["left", "right", "right", "right", "right", "right", "right", "right"],
    style,
  });
  for (const { role, gas, ...money } of roles) {
    const { deposited, paid, earned, slashed, compensated, refunded } = money;
    people.push([
      role,
      ...[deposited, paid, earned, slashed, compensated, refunded].map(amount),
      String(gas),
    ]);
  }
  const whole = new Table({ style, colAligns: ["left", "right"] });
  const { held, ...parts } = money;
  whole.push(
    ["proofs", system.proofs],
    ["misses", system.misses],
    ["epochs", system.epochs],
    ["bytes held", system.bytesHeld],
    ["mean time of a proof", `${system.meanProveMs} ms`],
    ["mean gas of a proof", system.meanProveGas],
    ["tokens in the ledger", formatAmount(held, decimals)],
    ...Object.entries(parts).map(([name, units]) => [`  of which ${name}`, formatAmount(units, decimals)]),
    ["tokens conserved to the unit", system.tokensConserved ? "yes" : "NO"],
    ["duration", `${system.seconds} s`],
  );
  const failed = checks.filter(({ passed }) => !passed);
  const verdict =
    failed.length === 0
      ? `all ${checks.length} expectations held`
      : `${failed.length} of ${checks.length} expectations FAILED:\n${failed.map(({ name, found }) => `  ${name}: ${found}`).join("\n")}`;
  return `${people.toString()}\n${whole.toString()}\n${verdict}`;
}
