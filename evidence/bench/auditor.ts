/**
 * What an auditor sends in a day, by a clock of its own, on a chain that is made up.
 */
import { runDay } from "../../test/helpers/auditor-day.ts";

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

/** A block's time, twice over, and what it takes to send again what was lost. */
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
