/**
 * What a chain must have before anything is deployed on it, and what it must not get.
 */
import { HoldfastError } from "../../protocol/errors.ts";
import type { ProfileName } from "../../protocol/profiles.ts";

/** Chains that are gone tomorrow: keys and tokens for tests will do. */
const LOCAL_CHAINS: readonly bigint[] = [1337n, 31337n];

export function isLocalChain(chainId: bigint): boolean {
  return LOCAL_CHAINS.includes(chainId);
}

export interface ChainCheck {
  /** Profiles whose key's secrets are known to whoever made it. */
  readonly insecureKeys: readonly ProfileName[];
  readonly token?: string | undefined;
}

/** @throws HoldfastError "key" for an insecure key, "chain" for a missing token, on a chain that is not a local one */
export function checkChain(chainId: bigint, { insecureKeys, token }: ChainCheck): void {
  if (isLocalChain(chainId)) return;
  const details = { chainId: String(chainId), insecureKeys };
  if (insecureKeys.length > 0) {
    const message = `the key of ${insecureKeys.join(", ")} was made for development, so proofs under it can be forged: use the key of a ceremony`;
    throw new HoldfastError("key", message, details);
  }
  if (token === undefined) {
    const message = "name the token to pay with: test tokens are for local chains";
    throw new HoldfastError("chain", message, details);
  }
}
