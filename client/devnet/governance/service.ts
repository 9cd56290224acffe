/**
 * What the nodes did in each epoch, one line for all of them.
 */
import type { ChainEvent } from "../../chain.ts";
import { select, total } from "../history.ts";

export interface EpochService {
  readonly epoch: number;
  /** vNodes that were proven, and that missed. */
  readonly proven: number;
  readonly missed: number;
  /** Token units. */
  readonly paid: bigint;
}

export interface Service {
  readonly rows: readonly EpochService[];
  /** The running epoch, as of the last reading. */
  readonly epoch: number;
  follow(events: readonly ChainEvent[], epoch: number): Promise<void>;
}

/** An epoch's misses are known when it is settled, in the next one. */
const SETTLED_AFTER = 2;

export function createService({ log }: { readonly log: (line: string) => void }): Service {
  const rows: EpochService[] = [];
  let [current, next] = [0, 1];
  return {
    rows,
    get epoch() {
      return current;
    },
    follow(events, epoch) {
      current = epoch;
      for (; next + SETTLED_AFTER <= epoch; next++) {
        const where = { epoch: BigInt(next) };
        const proofs = select(events, "Proven", where);
        const missed = select(events, "Missed", where).length;
        const row = { epoch: next, proven: proofs.length, missed, paid: total(proofs, "amount") };
        rows.push(row);
        if (row.proven + row.missed > 0)
          log(`epoch ${next}`.padEnd(10) + `${row.proven} vNodes proven and paid, ${missed} missed`);
      }
      return Promise.resolve();
    },
  };
}
