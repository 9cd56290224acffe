/**
 * How each epoch of each vNode was decided. Only proofs lead to payments; everything else is paid back.
 */
import type { ChainEvent } from "../chain.ts";
import { covering, select, type Span } from "./history.ts";

/** How many epochs were decided by a proof or a refund, how many of them were deferred first, and what is wrong. */
export interface Decisions {
  readonly proven: number;
  readonly refunded: number;
  readonly deferred: number;
  readonly wrong: readonly string[];
}

/** @param spans the settled epochs of each vNode with data */
export function decisionsOf(events: readonly ChainEvent[], spans: readonly Span[]): Decisions {
  let [proven, refunded, deferred] = [0, 0, 0];
  const wrong: string[] = [];
  for (const { vNode, since, epoch: last } of spans) {
    for (let epoch = since; epoch <= last; epoch++) {
      const where = { vNode, epoch };
      const proofs = covering(events, "Proven", where).length;
      const refunds = covering(events, "EpochsRefunded", where).length;
      proven += proofs;
      refunded += refunds;
      deferred += select(events, "EpochDeferred", where).length;
      if (proofs + refunds !== 1)
        wrong.push(`epoch ${epoch} of vNode ${vNode}: ${proofs} proofs, ${refunds} refunds`);
    }
  }
  return { proven, refunded, deferred, wrong };
}
