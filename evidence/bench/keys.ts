/**
 * What a development key takes, and its points beside ffjavascript's: the same scalars times the generators, in turns.
 */
import { randomBytes } from "node:crypto";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { artifactPaths, compileCircuit } from "../../circuits/artifacts.ts";
import { bn254 } from "../../groth16/bn254.ts";
import { createFixedBaseKernel, POINT_BYTES, type GroupName } from "../../groth16/fixed-base-kernel.ts";
import { loadSetupModule } from "../../groth16/setup-module.ts";
import { makeDevelopmentKey } from "../../keys/make.ts";
import type { ProfileName } from "../../protocol/profiles.ts";

export interface KeyBench {
  readonly profile: ProfileName;
  readonly constraints: number;
  readonly threads: number;
  /** Of all threads; without compiling the circuit. */
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
}

/** Of one multiplication, in processor time of one thread. */
export interface PointBench {
  readonly group: GroupName;
  readonly microseconds: number;
  /** Of ffjavascript's `timesFr`, to Jacobian coordinates. */
  readonly ffjavascriptMicroseconds: number;
  readonly ratio: number;
}

const THREADS = 2;
/** Turns, of which the median counts. */
const TURNS = 3;
const SCALARS = 32_768;
const RIVAL_SCALARS = 512;
/** Bits of a window, as for a large circuit. */
const WINDOW = 11;

/** Compiles missing circuits, then makes keys for them in a folder of its own. */
export async function benchKeys(profiles: readonly ProfileName[]): Promise<KeyBench[]> {
  const rows: KeyBench[] = [];
  for (const profile of profiles) {
    const circuit = { ...(await compileCircuit(profile)), key: undefined };
    const build = await mkdtemp(join(tmpdir(), "holdfast-bench-keys-"));
    try {
      const [from, to] = [artifactPaths(profile), artifactPaths(profile, build)];
      await mkdir(to.dir);
      for (const name of ["r1cs", "wasm"] as const) await copyFile(from[name], to[name]);
      await writeFile(to.manifest, JSON.stringify(circuit));
      const turns: Spent[] = [];
      for (let turn = 0; turn < TURNS; turn++)
        turns.push(await spent(() => makeDevelopmentKey(profile, { build, threads: THREADS })));
      rows.push({ profile, constraints: circuit.constraints, threads: THREADS, ...median(turns) });
    } finally {
      await rm(build, { recursive: true });
    }
  }
  return rows;
}

export async function benchPoints(): Promise<PointBench[]> {
  const [module, curve] = [await loadSetupModule(), await bn254()];
  const scalars = new Uint8Array(randomBytes(32 * SCALARS));
  for (let at = 31; at < scalars.length; at += 32) scalars.fill(0x2f, at, at + 1); // below the order
  const rows: PointBench[] = [];
  for (const group of ["G1", "G2"] as const) {
    const multiply = createFixedBaseKernel(module, group, WINDOW);
    const points = new Uint8Array(POINT_BYTES[group] * SCALARS);
    const { [group]: rival, Fr } = curve;
    const ofRival = Array.from({ length: RIVAL_SCALARS }, (_, i) =>
      Fr.e(BigInt(`0x${Buffer.from(scalars.subarray(32 * i, 32 * i + 32)).toString("hex")}`)),
    );
    const [ours, theirs]: [Spent[], Spent[]] = [[], []];
    for (let turn = 0; turn < TURNS; turn++) {
      ours.push(await spent(() => multiply(scalars, points)));
      theirs.push(await spent(() => ofRival.forEach((scalar) => rival.timesFr(rival.g, scalar))));
    }
    const microseconds = (1e6 * median(ours).cpuSeconds) / SCALARS;
    const ffjavascriptMicroseconds = (1e6 * median(theirs).cpuSeconds) / RIVAL_SCALARS;
    rows.push({
      group,
      microseconds,
      ffjavascriptMicroseconds,
      ratio: ffjavascriptMicroseconds / microseconds,
    });
  }
  return rows;
}

interface Spent {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
}

async function spent(work: () => unknown): Promise<Spent> {
  const [before, start] = [process.cpuUsage(), performance.now()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { cpuSeconds: (user + system) / 1e6, wallSeconds: (performance.now() - start) / 1e3 };
}

function median(turns: readonly Spent[]): Spent {
  return turns.toSorted((a, b) => a.cpuSeconds - b.cpuSeconds)[turns.length >> 1] as Spent;
}
