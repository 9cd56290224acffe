/**
 * Lets anybody verify a key of a running ceremony: makes the first key from circuit and powers, and follows every
 * contribution from there.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { artifactPaths, compileCircuit } from "../../circuits/artifacts.ts";
import { readZkeyFile, type ZkeyContribution } from "../../groth16/zkey-reader.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import type { ProfileName } from "../../protocol/profiles.ts";
import { TRUSTED, type Trust } from "../trust.ts";
import { brokenChain } from "./accept.ts";
import { neededPower } from "./init.ts";
import { hintFor, readPowers } from "./powers.ts";
import { makeZkey, verifyChain, type JobOptions } from "./snarkjs.ts";

export interface VerifyOptions extends JobOptions {
  readonly profile: ProfileName;
  readonly ptau: string;
  /** The key before the first contribution, if this machine has already made it. It saves most of the time. */
  readonly initial?: string | undefined;
  /** A folder in the layout of `build/`, if this machine has already compiled the circuit from these sources. */
  readonly compiled?: string | undefined;
  readonly insecurePtau?: boolean;
  readonly trust?: Trust;
}

/**
 * The contributions of a key, all verified. @throws HoldfastError "key" if one does not follow, or the powers are not
 * published
 */
export async function verifyCeremony(
  zkey: string,
  { profile, ptau, insecurePtau = false, trust = TRUSTED, progress, signal, ...given }: VerifyOptions,
): Promise<readonly ZkeyContribution[]> {
  const { contributions } = await readZkeyFile(zkey);
  const folder = await mkdtemp(join(tmpdir(), "holdfast-ceremony-"));
  try {
    progress?.("compiling the circuit", 0);
    const build = given.compiled ?? folder;
    const needed = neededPower(await compileCircuit(profile, { signal, build }));
    const { published, blake2b } = await readPowers(ptau, { trusted: trust.powers, needed, signal });
    if (!published && !insecurePtau) {
      const message = `${ptau} is not a published powers-of-tau file: use ${hintFor(trust.powers, needed)}`;
      throw new HoldfastError("key", message, { ptau, blake2b });
    }
    const initial = given.initial ?? join(folder, "initial.zkey");
    const { r1cs } = artifactPaths(profile, build);
    if (given.initial === undefined)
      await makeZkey({ do: "init", r1cs, ptau, out: initial }, { progress, signal });
    const reasons = await verifyChain({ initial, ptau, zkey }, { progress, signal });
    if (reasons) throw brokenChain(zkey, reasons);
    return contributions;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
