/**
 * What must hold over the whole governance scenario: nodes prove and are paid in every epoch, whoever decides.
 */
import type { ChainEvent } from "../../chain.ts";
import type { VNodeState } from "../../records.ts";
import { decisionsOf } from "../decisions.ts";
import { select, type Span } from "../history.ts";
import type { Verdicts } from "../stage.ts";
import type { GovernanceStage } from "./stage.ts";

/** The epochs for which each vNode has been paid for data, each without a gap. */
export function paidEpochs(events: readonly ChainEvent[]): Span[] {
  const spans = new Map<bigint, Span>();
  for (const { args } of select(events, "SegmentStored")) {
    const [vNode, from, end] = [args["vNode"], args["from"], args["end"]] as [bigint, bigint, bigint];
    const { since, epoch } = spans.get(vNode) ?? { since: from, epoch: end - 1n };
    spans.set(vNode, {
      vNode,
      since: from < since ? from : since,
      epoch: end - 1n > epoch ? end - 1n : epoch,
    });
  }
  return [...spans.values()];
}

/** What the service of these vNodes was, and what of it was not as it should be. */
export function judgeService(
  events: readonly ChainEvent[],
  spans: readonly Span[],
): { readonly passed: boolean; readonly found: string } {
  const { proven, refunded, wrong } = decisionsOf(events, spans);
  const missed = spans.flatMap(({ vNode }) => select(events, "Missed", { vNode })).length;
  const found = `${proven} epochs of ${spans.length} vNodes paid, ${refunded} refunded, ${missed} missed`;
  return {
    passed: wrong.length === 0 && refunded === 0 && missed === 0,
    found: [found, ...wrong].join("; "),
  };
}

/** @param excluded the vNode whose node has lost its data on purpose */
export async function expectService(
  stage: GovernanceStage,
  verdicts: Verdicts,
  excluded: bigint,
): Promise<void> {
  const { watch, checks, people, storing } = stage;
  const proofs = (): number => select(watch.events, "Proven").length;
  const judged = (): number => verdicts.valid + verdicts.invalid + verdicts.unseen;
  await watch.until(
    "the auditor's verdict on every proof",
    watch.epoch + 2,
    () => judged() >= proofs() || undefined,
  );
  const { valid, invalid, unseen, contradictions } = verdicts;
  checks.expect(
    "the auditor's own verifier finds every proof valid",
    invalid === 0 && unseen === 0 && contradictions === 0,
    `${valid} valid, ${invalid} invalid, ${unseen} not seen, ${contradictions} contradictions`,
  );
  const spans: Span[] = [];
  for (const span of paidEpochs(watch.events)) {
    if (span.vNode === excluded) continue;
    const { settled, deferredSince } = await people.anybody.read<VNodeState>("audits", "state", [span.vNode]);
    const decided = deferredSince === 0n ? settled : deferredSince - 1n;
    spans.push({ ...span, epoch: decided < span.epoch ? decided : span.epoch });
  }
  await watch.next();
  const { passed, found } = judgeService(watch.events, spans);
  checks.expect(
    "every vNode with data is proven and paid in every epoch, under every manager",
    passed,
    found,
  );
  const { agreed, changed } = await storing.compare();
  checks.expect(
    "what was agreed stays agreed: price and end of every stored segment",
    changed.length === 0,
    changed.join(", ") || `${agreed} segments`,
  );
}
