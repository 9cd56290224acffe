/**
 * Refusals by the contracts that a node expects.
 */
import { contractError } from "../chain/refusals.ts";
import { HoldfastError } from "../protocol/errors.ts";

export * from "../chain/refusals.ts";

/** IProofs.Refusal.AlreadyProven. */
const ALREADY_PROVEN = "4";

/** Whether a proof was refused because the epoch is already proven, which is all that the node wants. */
export function isAlreadyProven(error: unknown): boolean {
  const reason = error instanceof HoldfastError ? error.details["reason"] : undefined;
  return contractError(error) === "ProofRefused" && reason === ALREADY_PROVEN;
}

/** IChallenges.Status of challenges that need no answer any more. */
const OVER: Readonly<Record<string, "answered" | "dismissed">> = { 2: "answered", 5: "dismissed" };

/** Why a challenge needs no answer any more: it is answered, or the node was removed for another reason. */
export function whyOver(error: unknown): "answered" | "dismissed" | undefined {
  const status = error instanceof HoldfastError ? error.details["status"] : undefined;
  return contractError(error) === "NotOpen" ? OVER[String(status)] : undefined;
}
