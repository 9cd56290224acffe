/**
 * Refuses recipients from which nobody could get tokens back: the deployment's own contracts and the zero address.
 */
import { HoldfastError } from "../protocol/errors.ts";
import type { Chain } from "./chain.ts";
import type { ProfileRecord } from "./records.ts";

const ZERO = `0x${"00".repeat(20)}`;

/** @throws HoldfastError "bad-input" */
export async function checkRecipient(chain: Chain, to: string, lens?: string): Promise<void> {
  const wrong = to === ZERO ? "the zero address" : await ownContract(chain, to, lens);
  if (wrong === undefined) return;
  const message = `${to} is ${wrong}, from which nobody can get tokens back: give the address of a wallet with --to`;
  throw new HoldfastError("bad-input", message, { to });
}

/** The name of the deployment's contract at this address, if there is one. */
async function ownContract(chain: Chain, to: string, lens: string | undefined): Promise<string | undefined> {
  const { audits, registry, ledger, challenges, token } = chain.addresses;
  const known = { audits, registry, ledger, challenges, token, lens };
  const named = Object.entries(known).find(([, address]) => address?.toLowerCase() === to.toLowerCase());
  if (named) return `this deployment's ${named[0]}`;
  if ((await chain.read<string>("audits", "factory")) === to) return "this deployment's factory";
  const count = async (name: string): Promise<number> => Number(await chain.read<bigint>("audits", name));
  for (let i = (await count("profileCount")) - 1; i >= 0; i--)
    if ((await chain.read<ProfileRecord>("audits", "profiles", [i])).verifier === to)
      return "one of this deployment's verifiers";
  for (let i = (await count("beaconCount")) - 1; i >= 0; i--)
    if ((await chain.read<string>("audits", "beacons", [i])) === to)
      return "one of this deployment's beacons";
  return undefined;
}
