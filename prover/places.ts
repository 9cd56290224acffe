/**
 * Who may upload at the same time. An account has a part of the places; and where none is left, an upload of whoever could
 * pay least for each place that they have makes room for one who could pay more, and the slow before the fast.
 */
import type { Clock } from "../chain/clock.ts";
import { HoldfastError } from "../protocol/errors.ts";

export interface Claim {
  readonly account: string;
  /** Token units that it could pay. */
  readonly worth: bigint;
  /** Token units that it must be able to pay for what it uploads. */
  readonly price: bigint;
}

export interface Place {
  /** Aborts when the place is taken away. */
  readonly signal: AbortSignal;
  readonly came: (bytes: number) => void;
  readonly leave: () => void;
}

export interface Places {
  /** @throws HoldfastError "busy" */
  take(claim: Claim): Place;
  /** Prices of what an account is uploading. */
  pledged(account: string): bigint;
}

interface Taken extends Claim {
  readonly ending: AbortController;
  readonly since: number;
  bytes: number;
}

/** Of the places, that one account may have. */
const SHARE = 1 / 4;
/** Until it is judged how fast an upload is, in milliseconds, and what is fast. */
const JUDGE_AFTER_MS = 5_000;
const FAST_BYTES_PER_SECOND = 1 << 20;

export function createPlaces(most: number, clock: Pick<Clock, "now">): Places {
  const taken = new Set<Taken>();
  const share = Math.ceil(most * SHARE);
  const of = (account: string): Taken[] => [...taken].filter((each) => each.account === account);

  /** 1 for what is fast, or has just begun. */
  const speed = ({ since, bytes }: Taken): number => {
    const ms = clock.now() - since;
    return ms < JUDGE_AFTER_MS ? 1 : Math.min(1, (1000 * bytes) / (ms * FAST_BYTES_PER_SECOND));
  };
  const standing = (one: Taken): number => (Number(one.worth) * speed(one)) / of(one.account).length;

  return {
    take({ account, worth, price }) {
      const own = of(account);
      if (own.length >= share) {
        const message = `${own.length} uploads of ${account} are running: wait for one of them`;
        throw new HoldfastError("busy", message, { uploads: own.length });
      }
      if (taken.size >= most) {
        const others = [...taken].filter((each) => each.account !== account);
        const [least] = others.toSorted((a, b) => standing(a) - standing(b));
        if (!least || standing(least) >= Number(worth) / (own.length + 1))
          throw new HoldfastError("busy", `${taken.size} uploads are running: try again later`, {
            uploads: taken.size,
          });
        taken.delete(least);
        const message = "this upload made room for that of somebody who could pay more: try again later";
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
