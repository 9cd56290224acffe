/**
 * What a proof takes, witness included, by each engine: in turns, so that what else the machine does hits all of them, and
 * each in a process of its own, so that peaks do not mix.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { ensureProfile } from "../../keys/make.ts";
import type { ProfileName } from "../../protocol/profiles.ts";

export interface ProveBench {
  readonly profile: ProfileName;
  /** `rival` is a program with rapidsnark's command line. */
  readonly engine: "snarkjs" | "wasm" | "rival";
  readonly threads: number;
  readonly constraints: number;
  readonly witnessSeconds: number;
  /** Of the witness and the proof together, all threads. */
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  /** Resident, of the whole process, key included; not known of a rival. */
  readonly peakMb: number | null;
}

export interface ProveBenchOptions {
  readonly profiles: readonly ProfileName[];
  /** The rival's program. */
  readonly rival?: string | undefined;
  /** Suppresses the progress on the error stream. */
  readonly json: boolean;
}

/** Turns of each engine, of which the median counts. */
const TURNS = 3;

type Contender = readonly [engine: ProveBench["engine"], threads: number];

/** Makes missing keys, then measures proofs of each profile. */
export async function benchProve({ profiles, rival, json }: ProveBenchOptions): Promise<ProveBench[]> {
  const contenders: Contender[] = [
    ["snarkjs", 1],
    ["wasm", 1],
    ["wasm", 2],
    ...(rival ? [["rival", 1] as const] : []),
  ];
  const rows: ProveBench[] = [];
  for (const profile of profiles) {
    await ensureProfile(profile);
    const turns = contenders.map((): ProveBench[] => []);
    for (let turn = 1; turn <= TURNS; turn++) {
      for (const [i, contender] of contenders.entries()) {
        if (!json)
          process.stderr.write(`${profile}: ${contender.join(", threads: ")} (${turn} of ${TURNS})\n`);
        turns[i]?.push(await measure(profile, contender, rival));
      }
    }
    rows.push(...turns.map(median));
  }
  return rows;
}

async function measure(
  profile: ProfileName,
  [engine, threads]: Contender,
  rival?: string,
): Promise<ProveBench> {
  const args = [join(import.meta.dirname, "prove-once.ts"), profile, engine, String(threads), rival ?? ""];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as ProveBench;
}

function median(rows: readonly ProveBench[]): ProveBench {
  return rows.toSorted((a, b) => a.cpuSeconds - b.cpuSeconds)[rows.length >> 1] as ProveBench;
}
