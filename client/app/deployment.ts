/**
 * Checks that an object belongs to the deployment that the client is connected to.
 */
import { HoldfastError } from "../../protocol/errors.ts";
import type { Chain } from "../chain.ts";
import type { StoredObject } from "../object.ts";

/** @throws HoldfastError "bad-input" */
export function checkDeployment(chain: Chain, { chainId, audits }: StoredObject): void {
  if (String(chain.chainId) === chainId && chain.addresses.audits.toLowerCase() === audits.toLowerCase())
    return;
  const message = `the object is stored in the deployment ${audits} on chain ${chainId}, not in ${chain.addresses.audits} on chain ${chain.chainId}: give the --rpc and --audits of its own deployment`;
  throw new HoldfastError("bad-input", message);
}
