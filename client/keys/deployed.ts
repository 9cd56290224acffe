/**
 * Which profiles of a deployment have a key: those whose verifier is what the key makes of the contract.
 */
import { getAddress } from "ethers";
import { HoldfastError } from "../../protocol/errors.ts";
import type { SnarkjsKey } from "../../protocol/groth16.ts";
import { PROFILES, type Profile, type ProfileName } from "../../protocol/profiles.ts";
import type { Chain } from "../chain.ts";
import { initCode, isMadeBy } from "../deployment/code.ts";
import { verifierArgs } from "../deployment/plan.ts";
import { makeKnownAnswer } from "./known-answer.ts";

export type Deployed = Pick<Chain, "provider" | "addresses" | "read">;

export interface DeployedKey {
  readonly profile: ProfileName;
  readonly verificationKey: SnarkjsKey;
  /** Folder of all artifacts; default `build/` of the repository. */
  readonly build?: string | undefined;
}

/** The numbers of the profiles that have the key. Throws "key" if there are none. */
export async function checkDeployedKey(chain: Deployed, key: DeployedKey): Promise<number[]> {
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
export const namesOf = (indices: readonly number[]): string =>
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
