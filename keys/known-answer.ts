/**
 * Makes a valid proof under a profile's key. The verifier contract checks it when it is deployed.
 */
import { loadProvingArtifacts } from "../circuits/artifacts.ts";
import { createEngine, type ProofResult } from "../groth16/engine.ts";
import { Directory } from "../protocol/directory.ts";
import { PROFILES, type Profile, type ProfileName } from "../protocol/profiles.ts";
import { ARITY, GROUP_BYTES, openLeaf, referenceEngine, SegmentHasher } from "../protocol/segment.ts";
import { circuitInput, samplesOf, type CircuitInput } from "../protocol/statement.ts";

/** An honest statement about a directory with a single segment of these bytes. */
export function inputOf(profile: Profile, bytes: Uint8Array): CircuitInput {
  const tree = new SegmentHasher({ depth: profile.dataDepth, engine: referenceEngine })
    .update(bytes)
    .finish();
  const directory = new Directory(profile.directoryDepth);
  directory.append({ ...tree, weight: tree.leaves });
  const range = { seed: 1n, start: 0, length: directory.total };
  const samples = samplesOf(directory, range, profile);
  const openings = samples.map(({ leafIndex }) => {
    const first = Math.floor(leafIndex / ARITY) * GROUP_BYTES;
    return openLeaf(tree, leafIndex, bytes.subarray(first, first + GROUP_BYTES), referenceEngine);
  });
  return circuitInput(directory, range, samples, openings, profile);
}

/** Proves a directory with a single segment of one byte. */
export async function makeKnownAnswer(name: ProfileName, build?: string): Promise<ProofResult> {
  const engine = await createEngine(await loadProvingArtifacts(name, build));
  try {
    return await engine.prove(inputOf(PROFILES[name], Uint8Array.of(1)));
  } finally {
    await engine.close();
  }
}
