/**
 * When each manager has the cluster, if nothing is late: in epochs since the first offer.
 */
import { OPEN_EPOCHS } from "./ballot.ts";
import { PROBATION } from "./proof.ts";

/**
 * What proof of storage needs before its members can offer the cluster. Nodes can join only when it has the cluster. The
 * randomness of the epoch after that says what to store; it is paid from the next epoch on. The members' motion is then open.
 */
export const PROOF_EPOCHS = 1 + PROBATION + OPEN_EPOCHS;

/** The managers in order. All but proof of storage offer the cluster as soon as they have it. */
export const MANAGERS = [
  "Safe",
  "token holders",
  "reputation",
  "proof of storage",
  "nomination",
  "account",
] as const;

/** @param changeDelay epochs from an offer until it can be accepted */
export function scheduleOf(
  changeDelay: number,
): readonly { readonly manager: (typeof MANAGERS)[number]; readonly epoch: number }[] {
  const after = MANAGERS.indexOf("proof of storage");
  return MANAGERS.map((manager, i) => ({
    manager,
    epoch: (i + 1) * changeDelay + (i > after ? PROOF_EPOCHS : 0),
  }));
}
