/**
 * Limits of a deployment on public chains, which are all but local ones.
 */
import { isLocalChain } from "../../keys/key-gate.ts";
import { HoldfastError } from "../../protocol/errors.ts";

/** Seconds. A quarter of it is the shortest margin that is longer than a chain's blocks lag behind the clock. */
export const MIN_EPOCH = 120;

export interface Chosen {
  readonly token?: string | undefined;
  readonly epochSeconds: number;
}

/** @throws HoldfastError "chain" without a token, "bad-input" if epochs are so short that randomness could be known early */
export function checkPublicChain(chainId: bigint, { token, epochSeconds }: Chosen): void {
  if (isLocalChain(chainId)) return;
  if (token === undefined) {
    const message =
      "no token is given, and test tokens are for local chains only: name the token to pay with";
    throw new HoldfastError("chain", message, { chainId: String(chainId) });
  }
  if (epochSeconds >= MIN_EPOCH) return;
  const message = `epochs of ${epochSeconds} s are for local chains only: give epochSeconds of at least ${MIN_EPOCH}`;
  throw new HoldfastError("bad-input", message, { chainId: String(chainId), epochSeconds });
}
