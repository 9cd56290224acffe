/**
 * Refusals that a node expects.
 */
import { contractError } from "../chain/refusals.ts";
import { HoldfastError } from "../protocol/errors.ts";

export * from "../chain/refusals.ts";

/** IProofs.Refusal.AlreadyProven. */
const ALREADY_PROVEN = "4";

/** Whether a proof was refused because the epoch is proven, which is all that we want. */
export function isAlreadyProven(error: unknown): boolean {
  const reason = error instanceof HoldfastError ? error.details["reason"] : undefined;
  return contractError(error) === "ProofRefused" && reason === ALREADY_PROVEN;
}

/** IChallenges.Status, of a challenge that a node need not answer any more. */
const OVER: Readonly<Record<string, "answered" | "dismissed">> = { 2: "answered", 5: "dismissed" };

/** Why an answer was refused, if it is no longer needed: there is one, or the node was removed for something else. */
export function whyOver(error: unknown): "answered" | "dismissed" | undefined {
  const status = error instanceof HoldfastError ? error.details["status"] : undefined;
  return contractError(error) === "NotOpen" ? OVER[String(status)] : undefined;
}
