/**
 * The last step: checks everything once more, and writes the files to publish: the circuit, the keys, the signed
 * transcript and the manifest.
 */
import { copyFile, mkdir } from "node:fs/promises";
import { Wallet } from "ethers";
import { zKey } from "snarkjs";
import { artifactPaths, type ArtifactPaths } from "../../circuits/artifacts.ts";
import { bn254 } from "../../groth16/bn254.ts";
import { readZkeyFile } from "../../groth16/zkey-reader.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import type { CircuitManifest } from "../../protocol/manifest.ts";
import { makeWhole, sha256File, writeJson } from "../../system/files.ts";
import { checkTranscript, isPublic, refuseBareDelta, refuseFew } from "../key-gate.ts";
import { parseTranscript, transcriptMessage, type SignedTranscript, type Transcript } from "../transcript.ts";
import { TRUSTED } from "../trust.ts";
import { verifyKey, type CeremonyStep } from "./accept.ts";
import { circuitOf, finalKey, openCeremony, type Ceremony } from "./folder.ts";

export interface FinalizeOptions extends CeremonyStep {
  /** Private key of the coordinator's account, in hex. */
  readonly privateKey: string;
  /** Where the profile's folder is made, in the layout of `build/`. */
  readonly out: string;
  readonly minContributions: number;
}

/** @throws HoldfastError "key" with the first problem; then nothing usable has been written */
export async function finalizeCeremony(options: FinalizeOptions): Promise<CircuitManifest> {
  const { dir, out, minContributions, trust = TRUSTED } = options;
  const ceremony = await openCeremony(dir);
  const { profile, beacon, announcement } = ceremony.draft;
  if (!beacon || !announcement)
    throw new HoldfastError("key", "the ceremony has no beacon yet: run `keys ceremony beacon` first");
  refuseFew(ceremony.draft, minContributions);
  await refuseAltered(ceremony);
  await verifyKey(finalKey(dir), ceremony, options);

  const paths = artifactPaths(profile, out);
  await mkdir(paths.dir, { recursive: true });
  await copyArtifacts(ceremony, paths);
  const key = {
    zkey: await sha256File(paths.zkey),
    verificationKey: await sha256File(paths.verificationKey),
  };
  const transcript = parseTranscript({ ...ceremony.draft, insecure: !isPublic(ceremony.draft, trust), key });
  await writeJson(paths.transcript, await sign(transcript, options.privateKey));
  const manifest = describe(transcript, await sha256File(paths.transcript));
  checkTranscript(transcript, { manifest, facts: await readZkeyFile(paths.zkey), trust });
  // Written last, because the other files are not used without it.
  await writeJson(paths.manifest, manifest);
  return manifest;
}

async function copyArtifacts({ dir, draft }: Ceremony, paths: ArtifactPaths): Promise<void> {
  const circuit = circuitOf(dir, draft.profile);
  for (const [from, to] of [
    [circuit.r1cs, paths.r1cs],
    [circuit.wasm, paths.wasm],
    [finalKey(dir), paths.zkey],
  ] as const)
    await makeWhole(to, (partial) => copyFile(from, partial));
  await bn254(); // called first, or snarkjs would start a worker per core
  const verificationKey = await zKey.exportVerificationKey(paths.zkey);
  await refuseBareDelta(verificationKey);
  await writeJson(paths.verificationKey, verificationKey);
}

async function refuseAltered({ dir, draft }: Ceremony): Promise<void> {
  const circuit = circuitOf(dir, draft.profile);
  for (const name of ["r1cs", "wasm"] as const) {
    const [path, expected] = [circuit[name], draft.circuit[name]];
    const actual = await sha256File(path);
    if (actual === expected) continue;
    const message = `${path} has been altered since the ceremony began: restore it`;
    throw new HoldfastError("key", message, { path, expected, actual });
  }
}

async function sign(transcript: Transcript, privateKey: string): Promise<SignedTranscript> {
  const wallet = new Wallet(privateKey);
  const signature = await wallet.signMessage(transcriptMessage(transcript));
  return { transcript, coordinator: wallet.address, signature };
}

function describe(
  { profile, compiler, circuit, contributions, insecure, key }: Transcript,
  transcript: string,
): CircuitManifest {
  const { sources, constraints, wires, publicInputs, r1cs, wasm } = circuit;
  return {
    profile,
    compiler,
    sources,
    constraints,
    wires,
    publicInputs,
    hashes: { r1cs, wasm },
    key: { insecure, contributions: contributions.length, ...key, transcript },
  };
}
