/**
 * Time and memory of one proof. Each profile runs in its own process, so that their peaks of memory do not mix.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { loadCircuitManifest, loadProvingArtifacts } from "../../circuits/artifacts.ts";
import { createEngine } from "../../groth16/engine.ts";
import { ensureProfile } from "../../keys/make.ts";
import { Directory } from "../../protocol/directory.ts";
import { profileNamed, type Profile, type ProfileName } from "../../protocol/profiles.ts";
import { GROUP_BYTES, openLeaf, referenceEngine, SegmentHasher } from "../../protocol/segment.ts";
import { circuitInput, samplesOf, type CircuitInput } from "../../protocol/statement.ts";

export interface ProveBench {
  readonly profile: ProfileName;
  readonly engine: "snarkjs";
  readonly constraints: number;
  readonly witnessSeconds: number;
  /** Processor time of witness and proof, all threads together. */
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  /** Resident memory of the whole process, with the key. */
  readonly peakMb: number;
}

export interface ProveBenchOptions {
  readonly profiles: readonly ProfileName[];
  /** Suppresses the progress on the error stream. */
  readonly json: boolean;
}

/** Makes missing keys, then measures one proof of each profile. */
export async function benchProve({ profiles, json }: ProveBenchOptions): Promise<ProveBench[]> {
  const rows: ProveBench[] = [];
  for (const profile of profiles) {
    if (!json) process.stderr.write(`proving with the ${profile} profile\n`);
    await ensureProfile(profile);
    const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(import.meta.url), profile]);
    rows.push(JSON.parse(stdout) as ProveBench);
  }
  return rows;
}

const SEGMENT_BYTES = 100_000;

async function measure(profile: Profile): Promise<ProveBench> {
  const { constraints } = await loadCircuitManifest(profile.name);
  const engine = await createEngine(await loadProvingArtifacts(profile.name));
  const input = someInput(profile);

  const before = process.cpuUsage();
  const { witnessMs, proveMs } = await engine.prove(input);
  const { user, system } = process.cpuUsage(before);

  await engine.close();
  return {
    profile: profile.name,
    engine: "snarkjs",
    constraints,
    witnessSeconds: witnessMs / 1e3,
    cpuSeconds: (user + system) / 1e6,
    wallSeconds: (witnessMs + proveMs) / 1e3,
    peakMb: process.resourceUsage().maxRSS / 1e3,
  };
}

/** An honest statement about one segment of arbitrary bytes. */
function someInput(profile: Profile): CircuitInput {
  const bytes = Uint8Array.from({ length: SEGMENT_BYTES }, (_, i) => (i * i) % 251);
  const tree = new SegmentHasher({ depth: profile.dataDepth, engine: referenceEngine })
    .update(bytes)
    .finish();
  const directory = new Directory(profile.directoryDepth);
  directory.append({ ...tree, weight: tree.leaves });
  const range = { seed: 1n, start: 0, length: directory.total };
  const samples = samplesOf(directory, range, profile);
  const openings = samples.map(({ leafIndex }) => {
    const first = Math.floor(leafIndex / 16) * GROUP_BYTES;
    return openLeaf(tree, leafIndex, bytes.subarray(first, first + GROUP_BYTES), referenceEngine);
  });
  return circuitInput(directory, range, samples, openings, profile);
}

if (import.meta.main)
  process.stdout.write(JSON.stringify(await measure(profileNamed(process.argv[2] ?? ""))));
