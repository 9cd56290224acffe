/**
 * Where a circuit's constraints, wires and coefficients are, and how large its key is for them.
 */
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { artifactPaths, writeConstants } from "../circuits/artifacts.ts";
import { compile, ROOT } from "../circuits/compile.ts";
import { readR1cs, TERM_BYTES, type R1cs } from "../circuits/r1cs.ts";
import { domainSize } from "../client/keys/qap.ts";
import { PROFILES, type Profile, type ProfileName } from "../protocol/profiles.ts";

/** What one compiled circuit, or all instances of one part, have. A, B, C: non-zero coefficients of each matrix. */
export interface CircuitSize {
  readonly constraints: number;
  /** Of a part: without its inputs, which belong to what surrounds it. */
  readonly wires: number;
  readonly A: number;
  readonly B: number;
  readonly C: number;
}

export interface PartRow extends CircuitSize {
  readonly profile: ProfileName;
  readonly part: string;
  readonly instances: number;
  /** Of the key's bytes, in percent; the numbers are those of all instances. */
  readonly keyShare: number;
}

export interface ProfileRow extends CircuitSize {
  readonly profile: ProfileName;
  readonly domain: number;
  readonly keyBytes: number;
  /** Of the key that lies in build/, if it is one of this circuit. */
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

/** Compiles each profile's circuit anew, and each part of it as a circuit of its own. */
export async function benchCircuits(options: CircuitsBenchOptions): Promise<CircuitsBench> {
  await writeConstants();
  const alone = new Map<string, Promise<Measured>>();
  const rows: ProfileRow[] = [];
  const parts: PartRow[] = [];
  for (const name of options.profiles) {
    options.log(`compiling the ${name} circuit`);
    const { samples: k, dataDepth: D, directoryDepth: G } = PROFILES[name];
    const whole = await measure("storage_audit.circom", `StorageAudit(${k}, ${D}, ${G})`, options, [
      ...["directoryRoot", "seed", "start", "length"],
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
    { file: "poseidon2.circom", main: "Poseidon2(4)", instances: Math.ceil(k / 16) },
    { file: "insert_child.circom", main: "InsertChild(4)", instances: k * D },
    { file: "insert_child.circom", main: "InsertChild(2)", instances: k * G },
    { file: "canonical_bits.circom", main: "CanonicalBits()", instances: Math.ceil(k / 4) },
    { file: "scale.circom", main: "Scale()", instances: k },
    // Once for the bits of leafIndex, once for the distance to the last leaf; then the bits of entryIndex.
    { file: "range_check.circom", main: `RangeCheck(${4 * D})`, instances: 2 * k },
    { file: "range_check.circom", main: `RangeCheck(${2 * G})`, instances: k },
  ];
}

interface Measured extends CircuitSize {
  readonly publicInputs: number;
  readonly compileSeconds: number;
}

/** Compiles a template as a main component, in a folder that does not outlive the call. */
async function measure(
  file: string,
  main: string,
  { optimization = "--O2" }: CircuitsBenchOptions,
  publicSignals: readonly string[] = [],
): Promise<Measured> {
  // Inside the repository: circom2 sees nothing else.
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
    return { ...sizeOf(read), wires, publicInputs: read.publicInputs, compileSeconds };
  } finally {
    await rm(folder, { recursive: true });
  }
}

export function sizeOf({ body, constraints, wires }: R1cs): CircuitSize {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const counts: [A: number, B: number, C: number] = [0, 0, 0];
  for (let i = 0, at = 0; i < 3 * constraints; i++) {
    const terms = view.getUint32(at, true);
    counts[(i % 3) as 0 | 1 | 2] += terms;
    at += 4 + terms * TERM_BYTES;
  }
  const [A, B, C] = counts;
  return { constraints, wires, A, B, C };
}

async function profileRow(profile: ProfileName, size: Measured): Promise<ProfileRow> {
  const { constraints, wires, A, B, C, compileSeconds } = size;
  const measuredKeyBytes = await stat(artifactPaths(profile).zkey).then(
    (file) => file.size,
    () => undefined,
  );
  return {
    ...{ profile, constraints, wires, A, B, C, domain: domainSize(size) },
    ...{ keyBytes: keyBytes(size), measuredKeyBytes, compileSeconds },
  };
}

/** An affine point of G1. */
const POINT_BYTES = 64;
/** Matrix, constraint, wire and value of an entry of A or B. C is not in a key: it is A times B. */
const COEFFICIENT_BYTES = 44;
/** A and B in G1, B in G2 (twice as large), and the point for the proof's third element or for the verifier. */
const PER_WIRE_BYTES = 5 * POINT_BYTES;
/** Names and sizes of ten sections, the header with three points of G1 and three of G2, the (empty) contributions. */
const FRAME_BYTES = 12 + 10 * 12 + 4 + (84 + 9 * POINT_BYTES) + 4 + 68;

/** Of a .zkey file, to the byte. */
export function keyBytes(size: CircuitSize & { readonly publicInputs: number }): number {
  const publicRows = size.publicInputs + 1;
  return FRAME_BYTES + bytesFor(size) + COEFFICIENT_BYTES * publicRows + POINT_BYTES * domainSize(size);
}

function bytesFor({ wires, A, B }: CircuitSize): number {
  return PER_WIRE_BYTES * wires + COEFFICIENT_BYTES * (A + B);
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
    ...{ constraints: by(a.constraints, b.constraints), wires: by(a.wires, b.wires) },
    ...{ A: by(a.A, b.A), B: by(a.B, b.B), C: by(a.C, b.C) },
  };
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const made = map.get(key) ?? make();
  map.set(key, made);
  return made;
}
