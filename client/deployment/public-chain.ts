/**
 * What a deployment may not be on a chain that is not a local one.
 */
import { isLocalChain } from "../../keys/key-gate.ts";
import { HoldfastError } from "../../protocol/errors.ts";

/** Of which a quarter is the shortest margin that a chain's blocks take to follow the clock. */
export const MIN_EPOCH = 120;

export interface Chosen {
  readonly token?: string | undefined;
  readonly epochSeconds: number;
}

/** @throws HoldfastError "chain" without a token, "bad-input" with epochs too short for randomness that nobody knows before */
export function checkPublicChain(chainId: bigint, { token, epochSeconds }: Chosen): void {
  if (isLocalChain(chainId)) return;
  if (token === undefined) {
    const message = "name the token to pay with: test tokens are for local chains";
    throw new HoldfastError("chain", message, { chainId: String(chainId) });
  }
  if (epochSeconds >= MIN_EPOCH) return;
  const message = `epochs of ${epochSeconds} s are for local chains: give epochSeconds of at least ${MIN_EPOCH}`;
  throw new HoldfastError("bad-input", message, { chainId: String(chainId), epochSeconds });
}
