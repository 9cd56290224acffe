/**
 * Epochs as dates, and durations in words.
 */
import type { Chain } from "../chain.ts";
import { plural } from "./terms.ts";

export interface Calendar {
  readonly genesis: bigint;
  readonly epochSeconds: bigint;
  /** Epochs until new terms hold, and until a proposed manager can accept. */
  readonly changeDelay: bigint;
}

export async function calendarOf(chain: Chain): Promise<Calendar> {
  const [genesis, epochSeconds, changeDelay] = await Promise.all(
    ["genesis", "epochSeconds", "changeDelay"].map((name) => chain.read<bigint>("audits", name)),
  );
  return { genesis: genesis ?? 0n, epochSeconds: epochSeconds ?? 1n, changeDelay: changeDelay ?? 0n };
}

export function epochAt({ genesis, epochSeconds }: Calendar, time: bigint): bigint {
  return time < genesis ? 0n : (time - genesis) / epochSeconds;
}

export function startOf({ genesis, epochSeconds }: Calendar, epoch: bigint): bigint {
  return genesis + epoch * epochSeconds;
}

/** "2026-11-30 20:00:00 UTC" */
export function dateOf(time: bigint): string {
  return `${new Date(Number(time) * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

const UNITS: readonly (readonly [seconds: bigint, name: string])[] = [
  [86_400n, "day"],
  [3_600n, "hour"],
  [60n, "minute"],
  [1n, "second"],
];

/** The two largest units, as in "1 day 3 hours". */
export function durationOf(seconds: bigint): string {
  const first = UNITS.findIndex(([size]) => seconds >= size);
  if (first === -1) return "0 seconds";
  let rest = seconds;
  const parts = UNITS.slice(first, first + 2).map(([size, name]) => {
    const count = rest / size;
    rest %= size;
    return count === 0n ? "" : plural(count, name);
  });
  return parts.filter((part) => part !== "").join(" ");
}
