/**
 * How a circuit's constraints, wires and coefficients are distributed over its parts, and the size of its key.
 */
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { artifactPaths, loadCircuitManifest, writeConstants } from "../../circuits/artifacts.ts";
import { compile, ROOT } from "../../circuits/compile.ts";
import { domainSize } from "../../groth16/qap.ts";
import { readR1cs } from "../../groth16/r1cs.ts";
import { PROFILES, type Profile, type ProfileName } from "../../protocol/profiles.ts";
import { sha256File } from "../../system/files.ts";
import { bytesFor, keyBytes, sizeOf, type CircuitSize } from "./circuit-size.ts";

export interface PartRow extends CircuitSize {
  readonly profile: ProfileName;
  readonly part: string;
  readonly instances: number;
  /** Percent of the key's bytes. All figures are for all instances together. */
  readonly keyShare: number;
}

export interface ProfileRow extends CircuitSize {
  readonly profile: ProfileName;
  readonly domain: number;
  readonly keyBytes: number;
  /** Bytes of the key in build/, if it belongs to this very circuit. */
  readonly measuredKeyBytes: number | undefined;
  readonly compileSeconds: number;
}

export interface CircuitsBench {
  readonly profiles: readonly ProfileRow[];
  readonly parts: readonly PartRow[];
}

export interface CircuitsBenchOptions {
  readonly profiles: readonly ProfileName[];
  /** circom's level of simplification, "--O1" or "--O2". */
  readonly optimization?: string;
  readonly log: (line: string) => void;
}

/** Compiles each profile's circuit, and each of its parts as a separate circuit. */
export async function benchCircuits(options: CircuitsBenchOptions): Promise<CircuitsBench> {
  await writeConstants();
  const alone = new Map<string, Promise<Measured>>();
  const rows: ProfileRow[] = [];
  const parts: PartRow[] = [];
  for (const name of options.profiles) {
    options.log(`compiling the ${name} circuit`);
    const { samples: k, dataDepth: D, directoryDepth: G } = PROFILES[name];
    const whole = await measure("storage_audit.circom", `StorageAudit(${k}, ${D}, ${G})`, options, [
      "directoryRoot",
      "seed",
      "start",
      "length",
    ]);
    const row = await profileRow(name, whole);
    rows.push(row);
    for (const part of partsOf(PROFILES[name])) {
      options.log(`compiling ${part.main}`);
      const size = await getOrMake(alone, part.main, () => measure(part.file, part.main, options));
      parts.push(partRow(row, part.main, part.instances, times(size, part.instances)));
    }
    const found = parts.filter(({ profile }) => profile === name);
    parts.push(partRow(row, "checks, and joining the parts", 1, rest(whole, found)));
  }
  return { profiles: rows, parts };
}

interface Part {
  readonly file: string;
  readonly main: string;
  readonly instances: number;
}

function partsOf({ samples: k, dataDepth: D, directoryDepth: G }: Profile): Part[] {
  return [
    { file: "compress.circom", main: "Compress(16)", instances: k * (1 + D) },
    { file: "compress.circom", main: "Compress(4)", instances: k * (1 + G) },
    { file: "poseidon2.circom", main: "Poseidon2(4)", instances: Math.ceil(k / 12) },
    { file: "insert_child.circom", main: "InsertChild(4)", instances: k * D },
    { file: "insert_child.circom", main: "InsertChild(2)", instances: k * G },
    { file: "canonical_bits.circom", main: "CanonicalBits()", instances: Math.ceil(k / 3) },
    { file: "scale.circom", main: "Scale(50, 40)", instances: k },
    { file: "scale.circom", main: `Scale(34, ${4 * D})`, instances: k },
    // For each sample, the distances to both ends of its entry; and the range's start, length and end.
    { file: "range_check.circom", main: "RangeCheck(40)", instances: 2 * k + 3 },
    // For the bits of entryIndex.
    { file: "range_check.circom", main: `RangeCheck(${2 * G})`, instances: k },
  ];
}

interface Measured extends CircuitSize {
  readonly publicInputs: number;
  readonly compileSeconds: number;
  readonly r1csHash: string;
}

/** Compiles a template as a main component, in a temporary folder. */
async function measure(
  file: string,
  main: string,
  { optimization = "--O2" }: CircuitsBenchOptions,
  publicSignals: readonly string[] = [],
): Promise<Measured> {
  // The folder must be in the repository: circom2 sees nothing else.
  await mkdir(join(ROOT, "build"), { recursive: true });
  const folder = await mkdtemp(join(ROOT, "build", "bench-"));
  try {
    const source = join(folder, "main.circom");
    const visible = publicSignals.length > 0 ? `{ public [${publicSignals.join(", ")}] } ` : "";
    await writeFile(
      source,
      `pragma circom 2.2.3;\ninclude "${file}";\ncomponent main ${visible}= ${main};\n`,
    );
    const start = performance.now();
    const { r1cs } = await compile(source, folder, { flags: [optimization, "--inspect"] });
    const compileSeconds = (performance.now() - start) / 1e3;
    const read = readR1cs(await readFile(r1cs));
    const wires = publicSignals.length > 0 ? read.wires : read.wires - 1 - read.inputs;
    const r1csHash = await sha256File(r1cs);
    return { ...sizeOf(read), wires, publicInputs: read.publicInputs, compileSeconds, r1csHash };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function profileRow(profile: ProfileName, size: Measured): Promise<ProfileRow> {
  const { constraints, wires, A, B, C, compileSeconds } = size;
  const manifest = await loadCircuitManifest(profile).catch(() => undefined);
  const isBuilt = manifest?.key !== undefined && manifest.hashes.r1cs === size.r1csHash;
  const measuredKeyBytes = isBuilt ? (await stat(artifactPaths(profile).zkey)).size : undefined;
  return {
    profile,
    constraints,
    wires,
    A,
    B,
    C,
    domain: domainSize(size),
    keyBytes: keyBytes(size),
    measuredKeyBytes,
    compileSeconds,
  };
}

function partRow(
  { profile, keyBytes }: ProfileRow,
  part: string,
  instances: number,
  size: CircuitSize,
): PartRow {
  const keyShare = Math.round((bytesFor(size) / keyBytes) * 1000) / 10;
  return { profile, part, instances, ...size, keyShare };
}

const zero: CircuitSize = { constraints: 0, wires: 0, A: 0, B: 0, C: 0 };

function times(size: CircuitSize, factor: number): CircuitSize {
  return combine(size, zero, (value) => value * factor);
}

function rest(whole: CircuitSize, parts: readonly CircuitSize[]): CircuitSize {
  return parts.reduce((left, part) => combine(left, part, (a, b) => a - b), whole);
}

function combine(a: CircuitSize, b: CircuitSize, by: (a: number, b: number) => number): CircuitSize {
  return {
    constraints: by(a.constraints, b.constraints),
    wires: by(a.wires, b.wires),
    A: by(a.A, b.A),
    B: by(a.B, b.B),
    C: by(a.C, b.C),
  };
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const made = map.get(key) ?? make();
  map.set(key, made);
  return made;
}
