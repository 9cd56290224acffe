/**
 * Accepts a contribution into the ceremony. It must extend the current key by exactly one contribution, and follow
 * from it.
 */
import { copyFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { readZkeyFile } from "../../groth16/zkey-reader.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { makeWhole } from "../../system/files.ts";
import type { Contribution } from "../transcript.ts";
import { TRUSTED, type Trust } from "../trust.ts";
import { checkName } from "./contribute.ts";
import { initialKey, numberedKey, openCeremony, record, type Ceremony } from "./folder.ts";
import { neededPower } from "./init.ts";
import { readPowers } from "./powers.ts";
import { verifyChain, type JobOptions } from "./snarkjs.ts";

export interface CeremonyStep extends JobOptions {
  readonly dir: string;
  /** Path of the powers-of-tau file with which the ceremony began. */
  readonly ptau: string;
  readonly trust?: Trust;
}

/**
 * Verifies a contributor's file, copies it into the folder and lists it. @throws HoldfastError "key" if it is refused
 */
export async function acceptContribution(path: string, options: CeremonyStep): Promise<Contribution> {
  const ceremony = await openCeremony(options.dir);
  const { dir, draft } = ceremony;
  const found = await contributionsIn(path);
  if (draft.announcement) {
    const message =
      "the beacon has been announced, and a later contributor could already know it: no more contributions are accepted";
    throw new HoldfastError("key", message, { round: draft.announcement.round });
  }
  const before = found.slice(0, -1);
  if (found.length === 0 || !isDeepStrictEqual(before, draft.contributions)) {
    const message = `${path} does not extend the current key, which has ${draft.contributions.length} contributions: send the contributor the current key again`;
    throw new HoldfastError("key", message, {
      expected: draft.contributions.length + 1,
      actual: found.length,
    });
  }
  const added = found.at(-1) as Contribution;
  checkName(added.name);
  await verifyKey(path, ceremony, options);
  await makeWhole(numberedKey(dir, found.length), (partial) => copyFile(path, partial));
  await record(dir, { ...draft, contributions: found });
  return added;
}

/** The contributions of a key that does not yet end with a beacon. */
async function contributionsIn(path: string): Promise<Contribution[]> {
  const { contributions } = await readZkeyFile(path);
  if (contributions.some(({ beacon }) => beacon)) {
    const message = `${path} has a contribution from a beacon, but only the coordinator adds that: contribute again`;
    throw new HoldfastError("key", message, { path });
  }
  return contributions.map(({ name, hash }) => ({ name, hash }));
}

/** Verifies every step from the ceremony's first key to this one. @throws HoldfastError "key" with snarkjs's reasons */
export async function verifyKey(
  zkey: string,
  { dir, draft }: Ceremony,
  { ptau, trust = TRUSTED, progress, signal }: CeremonyStep,
): Promise<void> {
  const { blake2b } = await readPowers(ptau, {
    trusted: trust.powers,
    needed: neededPower(draft.circuit),
    signal,
  });
  refuseOtherPowers(ptau, { expected: draft.powers.blake2b, actual: blake2b });
  const reasons = await verifyChain({ initial: initialKey(dir), ptau, zkey }, { progress, signal });
  if (reasons) throw brokenChain(zkey, reasons);
}

export function refuseOtherPowers(path: string, hashes: { expected: string; actual: string }): void {
  if (hashes.expected === hashes.actual) return;
  const message = `${path} is not the powers-of-tau file with which the ceremony began, because its BLAKE2b differs: use that file`;
  throw new HoldfastError("key", message, { path, ...hashes });
}

export function brokenChain(path: string, reasons: readonly string[]): HoldfastError {
  const message = `${path} does not follow from the circuit and the powers of tau (${reasons.join("; ")}): do not use it`;
  return new HoldfastError("key", message, { path, reasons });
}
