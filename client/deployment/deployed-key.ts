/**
 * Finds the profiles of a deployment that use a key: their verifiers have the code that the contract gets with this key.
 */
import { getAddress } from "ethers";
import type { FindDeployed, ProfileKey } from "../../keys/check.ts";
import { makeKnownAnswer } from "../../keys/known-answer.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { PROFILES, type Profile } from "../../protocol/profiles.ts";
import type { Chain } from "../chain.ts";
import { initCode, isMadeBy } from "./code.ts";
import { verifierArgs } from "./plan.ts";

type Deployed = Pick<Chain, "provider" | "addresses" | "read">;

/** How `checkKey` asks a deployment. */
export const deployedKeys =
  (chain: Deployed): FindDeployed =>
  async (key) => {
    const profiles = await profilesWith(chain, key);
    return { profiles, said: `of ${chain.addresses.audits}, ${namesOf(profiles)} this key` };
  };

/** @throws HoldfastError "key" if there are none */
async function profilesWith(chain: Deployed, key: ProfileKey): Promise<number[]> {
  const { audits } = chain.addresses;
  const { profile, verificationKey, build } = key;
  const alike = await profilesLike(chain, PROFILES[profile]);
  if (alike.length === 0) {
    const message = `no profile of ${audits} has the parameters of ${profile}: check the address, the chain and the profile`;
    throw new HoldfastError("key", message, { audits, profile });
  }
  const args = verifierArgs({ verificationKey, knownAnswer: await makeKnownAnswer(profile, build) });
  const data = initCode({ contract: "Groth16Verifier", args }, getAddress);
  const found: number[] = [];
  for (const { index, verifier } of alike)
    if (await isMadeBy(chain.provider, verifier, data)) found.push(index);
  if (found.length > 0) return found;
  const indices = alike.map(({ index }) => index);
  const message = `of ${audits}, ${namesOf(indices)} the parameters of ${profile}, but another key: check the address, the chain and the key`;
  throw new HoldfastError("key", message, { audits, profile, profiles: indices });
}

/** "profile 1 has", "the profiles 0, 2 have". */
const namesOf = (indices: readonly number[]): string =>
  indices.length === 1 ? `profile ${String(indices[0])} has` : `the profiles ${indices.join(", ")} have`;

type OnChain = Readonly<Record<Exclude<keyof Profile, "name">, bigint>> & { readonly verifier: string };

async function profilesLike(
  { read }: Deployed,
  { samples, dataDepth, directoryDepth }: Profile,
): Promise<{ index: number; verifier: string }[]> {
  const count = Number(await read<bigint>("audits", "profileCount"));
  const all = await Promise.all(
    Array.from({ length: count }, (_, index) => read<OnChain>("audits", "profiles", [index])),
  );
  const wanted = [samples, dataDepth, directoryDepth].join();
  return all
    .map((shape, index) => ({ ...shape, index }))
    .filter((shape) => [shape.samples, shape.dataDepth, shape.directoryDepth].join() === wanted);
}
