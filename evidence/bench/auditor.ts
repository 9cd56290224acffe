/**
 * The transactions that an auditor sends in a day, on a fake chain with a fake clock.
 */
import { runDay } from "../world/auditor-day.ts";

export interface AuditorDay {
  readonly vNodes: number;
  readonly epochs: number;
  readonly transactions: number;
  readonly beaconsInTime: number;
  /** Seconds from the source point until the latest beacon was on record. */
  readonly latestBeacon: number;
  readonly notSettled: number;
  readonly proofsVerified: number;
  readonly seconds: number;
}

/** Seconds: the time of two blocks, and time to send a lost transaction again. */
const IN_TIME = 60;
const EPOCHS = 24;

export async function benchAuditor(sizes: readonly number[]): Promise<AuditorDay[]> {
  const days: AuditorDay[] = [];
  for (const vNodes of sizes) {
    const begun = performance.now();
    const day = await runDay({ vNodes, epochs: EPOCHS, loseEvery: 20 });
    const delays = [...day.recordedAfter.values()];
    days.push({
      vNodes,
      epochs: EPOCHS,
      transactions: day.transactions,
      beaconsInTime: delays.filter((delay) => delay <= IN_TIME).length,
      latestBeacon: Math.max(...delays),
      notSettled: day.behind.paying,
      proofsVerified: day.verified,
      seconds: Math.round((performance.now() - begun) / 100) / 10,
    });
  }
  return days;
}
