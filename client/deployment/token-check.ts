/**
 * Which token a chain's deployment may have.
 */
import { isLocalChain } from "../../circuits/key-gate.ts";
import { HoldfastError } from "../../protocol/errors.ts";

/** @throws HoldfastError "chain" without a token, on a chain that is not a local one */
export function checkToken(chainId: bigint, token: string | undefined): void {
  if (isLocalChain(chainId) || token !== undefined) return;
  const message = "name the token to pay with: test tokens are for local chains";
  throw new HoldfastError("chain", message, { chainId: String(chainId) });
}
