/**
 * Slots for uploads that run at the same time. An account may have a part of the slots. If all are taken, the upload
 * whose account could pay least per slot is ended for an account that could pay more; among equals, the slowest is
 * ended.
 */
import type { Clock } from "../chain/clock.ts";
import { HoldfastError } from "../protocol/errors.ts";

export interface SlotRequest {
  readonly account: string;
  /** The account's balance, in token units. */
  readonly worth: bigint;
  /** The price of the upload, in token units. */
  readonly price: bigint;
}

export interface UploadSlot {
  /** Aborts when the slot is taken away. */
  readonly signal: AbortSignal;
  readonly came: (bytes: number) => void;
  readonly leave: () => void;
}

export interface UploadSlots {
  /** @throws HoldfastError "busy" */
  take(request: SlotRequest): UploadSlot;
  /** The sum of the prices of an account's running uploads. */
  pledged(account: string): bigint;
}

interface Taken extends SlotRequest {
  readonly ending: AbortController;
  readonly since: number;
  bytes: number;
}

/** The share of the slots that one account may have. */
const SHARE = 1 / 4;
/** Milliseconds before the speed of an upload counts, and the speed that counts as fast. */
const JUDGE_AFTER_MS = 5_000;
const FAST_BYTES_PER_SECOND = 1 << 20;

export function createUploadSlots(most: number, clock: Pick<Clock, "now">): UploadSlots {
  const taken = new Set<Taken>();
  const share = Math.ceil(most * SHARE);
  const of = (account: string): Taken[] => [...taken].filter((each) => each.account === account);

  /** From 0 to 1. An upload that is fast or has just begun gets 1. */
  const speed = ({ since, bytes }: Taken): number => {
    const ms = clock.now() - since;
    return ms < JUDGE_AFTER_MS ? 1 : Math.min(1, (1000 * bytes) / (ms * FAST_BYTES_PER_SECOND));
  };
  /** The upload with the least priority is ended first. */
  const priority = (one: Taken): number => (Number(one.worth) * speed(one)) / of(one.account).length;

  return {
    take({ account, worth, price }) {
      const own = of(account);
      if (own.length >= share) {
        const message = `${own.length} uploads of ${account} are already running: wait until one of them ends`;
        throw new HoldfastError("busy", message, { uploads: own.length });
      }
      if (taken.size >= most) {
        const others = [...taken].filter((each) => each.account !== account);
        const [least] = others.toSorted((a, b) => priority(a) - priority(b));
        if (!least || priority(least) >= Number(worth) / (own.length + 1))
          throw new HoldfastError("busy", `${taken.size} uploads are running: try again later`, {
            uploads: taken.size,
          });
        taken.delete(least);
        const message = "this upload was ended for an account that could pay more: try again later";
        least.ending.abort(new HoldfastError("busy", message));
      }
      const ending = new AbortController();
      const one: Taken = { account, worth, price, ending, since: clock.now(), bytes: 0 };
      taken.add(one);
      return {
        signal: ending.signal,
        came: (bytes) => void (one.bytes += bytes),
        leave: () => void taken.delete(one),
      };
    },
    pledged: (account) => of(account).reduce((sum, { price }) => sum + price, 0n),
  };
}
