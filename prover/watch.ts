/**
 * Raises an alarm when an acceptance is used on chain that this node did not sign. Somebody else then has the
 * operator's key, and can lock the provider's bond for data that nobody holds (protocol.md, section 9.1).
 *
 * Signed consents are in the journal, and used ones stay there. Three kinds of uses are not judged: while another
 * node answered for the vNode; before this journal began; and shortly after, for as long as acceptances last, because
 * a node that lost its journal may have signed them.
 */
import type { Logger } from "pino";
import type { Hex } from "../protocol/field.ts";
import type { ChainEvent } from "./chain-model.ts";
import { extendingOf, storingOf } from "./consents.ts";
import type { Observer } from "./holdings.ts";
import type { Journal } from "./journal.ts";
import { consenter, type Responsibility } from "./responsibility.ts";

export interface WatchOptions {
  readonly node: bigint;
  /** Seconds for which an acceptance can be used. */
  readonly acceptSeconds: number;
  /** Chain time in seconds at which the journal began. */
  readonly began: number;
}

export const ADVICE =
  "the operator's key may be stolen: let the provider call revokeAcceptances, and give the node another operator";

export function createWatch(
  { node, acceptSeconds, began }: WatchOptions,
  { journal, log }: { journal: Journal; log: Logger },
): Observer {
  /** Uses since the journal began, by consent. */
  const uses = new Map<string, number>();
  /** End of each segment, by "vNode/serial". */
  const ends = new Map<string, number>();
  let operator = "";

  const judge = (consent: string, { name, args, timestamp: time }: ChainEvent): void => {
    if (time <= began) return;
    const nth = (uses.get(consent) ?? 0) + 1;
    if (journal.useConsent(consent, nth)) {
      uses.set(consent, nth);
      return;
    }
    if (time <= began + acceptSeconds) return;
    const [vNode, serial] = [args["vNode"] as bigint, Number(args["serial"])];
    if (!journal.recordForeign({ consent, vNode, serial, time, operator })) return;
    const facts = { vNode: Number(vNode), serial, event: name, operator, advice: ADVICE };
    log.error(facts, "foreign acceptance");
  };

  return {
    take(event, responsibility: Responsibility) {
      const { name, args } = event;
      if (name === "NodeUpdated" && args["node"] === node) operator = args["operator"] as string;
      if (!["SegmentStored", "SegmentExtended", "SegmentEndedEarly"].includes(name)) return;
      const [vNode, serial, end] = [args["vNode"] as bigint, Number(args["serial"]), Number(args["end"])];
      const key = `${vNode}/${serial}`;
      const before = name === "SegmentStored" ? Number(args["from"]) : (ends.get(key) ?? 0);
      ends.set(key, end);
      if (consenter(responsibility) !== node || name === "SegmentEndedEarly") return;
      const epochs = end - before;
      if (name === "SegmentExtended") {
        judge(extendingOf({ vNode, serial, epochs }), event);
        return;
      }
      const segment = { root: args["root"] as Hex, leaves: Number(args["leaves"]), epochs };
      const [bucket, perEpoch] = [args["bucket"] as bigint, args["perEpoch"] as bigint];
      judge(storingOf({ vNode, bucket, perEpoch, ...segment }), event);
    },
    forget() {
      uses.clear();
      ends.clear();
    },
  };
}
