/**
 * The customers of a vNode, who do not know how it is served. They fill it at the market's prices. A segment that ends is
 * extended, or followed by one of the same size and price.
 */
import type { Ground, Segment } from "./ground.ts";
import { CUSTOMER_LEAVES, LEAF_PRICE, LEAVES_PER_SEGMENT } from "./model.ts";
import type { Play } from "./play.ts";
import type { Random } from "./random.ts";

interface Slot {
  readonly leaves: number;
  readonly price: number;
  /** Segments of a group end together. */
  readonly group: number;
  segment: Segment | undefined;
  waiting: boolean;
}

export interface Customers {
  /** Token units per epoch when all slots are taken. */
  readonly rate: number;
  /** Stores what will be missing in the next epoch, and extends segments. */
  visit(): void;
}

export function createCustomers(play: Play, ground: Ground): Customers {
  const { random, market } = play;
  const { segments, spread, life, extended } = market;
  const slots: Slot[] = sizes(random, segments).map((leaves, i) => ({
    leaves,
    group: i % Math.max(1, market.tides),
    price: Math.round(LEAF_PRICE * (1 + ((spread - 1) * i) / (segments - 1))),
    segment: undefined,
    waiting: false,
  }));
  return {
    rate: slots.reduce((sum, { leaves, price }) => sum + leaves * price, 0),
    visit() {
      for (const slot of slots) {
        const { segment } = slot;
        if (segment?.end === play.epoch + 2 && random.next() < extended)
          play.extend(segment, random.between(...life), ground);
        if (slot.waiting || (segment && segment.end > play.epoch + 1)) continue;
        slot.waiting = true;
        const part = slot.segment === undefined && market.tides !== 0 ? (slot.group + 1) / market.tides : 1;
        play.store({
          vNode: ground,
          leaves: slot.leaves,
          price: slot.price,
          epochs: Math.round(part * random.between(...life)),
          then(stored) {
            slot.waiting = false;
            if (stored) slot.segment = stored;
          },
        });
      }
    },
  };
}

/** Sizes that add up to CUSTOMER_LEAVES. The smallest is at least a third of the largest. */
function sizes(random: Random, count: number): number[] {
  const least = Math.floor(LEAVES_PER_SEGMENT / 3);
  const list = Array.from({ length: count }, () => random.between(least, LEAVES_PER_SEGMENT));
  for (let sum = list.reduce((a, b) => a + b); sum !== CUSTOMER_LEAVES;) {
    const i = random.between(0, count - 1);
    const size = (list[i] as number) + (sum < CUSTOMER_LEAVES ? 1 : -1);
    if (size < least || size > LEAVES_PER_SEGMENT) continue;
    sum += size - (list[i] as number);
    list[i] = size;
  }
  return list;
}
