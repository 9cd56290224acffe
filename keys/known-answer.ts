/**
 * Makes a valid proof under a profile's key. The verifier contract checks it when it is deployed.
 */
import { loadProvingArtifacts } from "../circuits/artifacts.ts";
import { createEngine, type ProofResult } from "../groth16/engine.ts";
import { Directory } from "../protocol/directory.ts";
import { PROFILES, type ProfileName } from "../protocol/profiles.ts";
import { openLeaf, referenceEngine, SegmentHasher } from "../protocol/segment.ts";
import { circuitInput, samplesOf } from "../protocol/statement.ts";

/** Proves a directory with a single segment of one byte. */
export async function makeKnownAnswer(name: ProfileName, build?: string): Promise<ProofResult> {
  const profile = PROFILES[name];
  const bytes = Uint8Array.of(1);
  const tree = new SegmentHasher({ depth: profile.dataDepth, engine: referenceEngine })
    .update(bytes)
    .finish();
  const directory = new Directory(profile.directoryDepth);
  directory.append({ ...tree, weight: tree.leaves });
  const range = { seed: 1n, start: 0, length: directory.total };
  const samples = samplesOf(directory, range, profile);
  const openings = samples.map(({ leafIndex }) => openLeaf(tree, leafIndex, bytes, referenceEngine));

  const engine = await createEngine(await loadProvingArtifacts(name, build));
  try {
    return await engine.prove(circuitInput(directory, range, samples, openings, profile));
  } finally {
    await engine.close();
  }
}
