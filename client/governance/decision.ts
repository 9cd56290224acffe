/**
 * What a Safe or a timelock would do, for those who decide about it: each call in words, what it changes and from when, and
 * whether it would succeed now.
 */
import { HoldfastError } from "../../protocol/errors.ts";
import type { Chain } from "../chain.ts";
import { actionIn } from "./actions.ts";
import { describeCalls, type Call, type Place } from "./calls.ts";
import { previewActions, previewJson, previewLines, type Preview } from "./preview.ts";
import { simulate } from "./simulate.ts";

export interface Decision {
  /** One sentence for each call. */
  readonly does: readonly string[];
  readonly calls: readonly Call[];
  /** What the Registry's part of the calls changes. */
  readonly previews: readonly Preview[];
  readonly outcome: Outcome;
}

/** Whether it would succeed at the newest block, as one or each call alone; or why not; or why that is not known. */
type Outcome = { readonly together: boolean } | { readonly refused: string } | { readonly untried: string };

export interface Deciding {
  /** Who makes the calls. */
  readonly sender: string;
  readonly calls: readonly Call[];
  readonly places: readonly Place[];
  /** The earliest time at which they are made, in seconds since 1970. */
  readonly time: bigint;
}

export async function decisionOf(chain: Chain, { sender, calls, places, time }: Deciding): Promise<Decision> {
  const { registry } = chain.addresses;
  const actions = calls.flatMap(({ to, data }) => (to === registry ? (actionIn(data) ?? []) : []));
  return {
    does: describeCalls(calls, registry, places),
    calls,
    previews: await previewActions(chain, actions, time),
    outcome: await tryOut(chain, { sender, calls, places }),
  };
}

async function tryOut(chain: Chain, { sender, calls, places }: Omit<Deciding, "time">): Promise<Outcome> {
  const untried = places.find((place) => place.untried && calls.some(({ to }) => to === place.address));
  if (untried?.untried !== undefined) return { untried: untried.untried };
  try {
    return await simulate(chain, sender, calls);
  } catch (error) {
    if (error instanceof HoldfastError && (error.code === "chain" || error.code === "funds"))
      return { refused: error.message };
    throw error;
  }
}

export function decisionLines({ does, previews, calls, outcome }: Decision): string[] {
  const own = previews.length === calls.length;
  return [
    ...(own ? [] : does.map((each, i) => `${i + 1}. ${each}`)),
    ...(own ? previewLines(previews) : previews.length > 0 ? ["of this, in the Registry:"] : []),
    ...(own ? [] : previewLines(previews)),
    inWords(outcome),
  ];
}

function inWords(outcome: Outcome): string {
  if ("untried" in outcome) return `it was not tried: ${outcome.untried}`;
  if ("refused" in outcome)
    return `tried at the newest block, it fails: ${outcome.refused}. It may succeed later.`;
  return outcome.together
    ? "tried at the newest block, it succeeds; nobody knows what the chain will be like later"
    : "tried at the newest block, each call alone succeeds; this endpoint cannot try them together";
}

export function decisionJson({ does, calls, previews, outcome }: Decision): object {
  return { does, calls, actions: previewJson(previews), simulation: outcome };
}
