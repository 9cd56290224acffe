/**
 * The compiler: it inspects every profile's circuit without a warning, and its output does not depend on the folder.
 */
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeConstants } from "../../circuits/artifacts.ts";
import { compile, ROOT } from "../../circuits/compile.ts";
import { readR1cs } from "../../groth16/r1cs.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import type { ProfileName } from "../../protocol/profiles.ts";
import { sha256File } from "../../system/files.ts";
import { copyLibrary } from "./build.ts";
import type { EvidenceRow, Rows } from "./row.ts";
import type { Scale } from "./scale.ts";

/** @param profiles the profiles to compile; the first one is compiled twice, in different folders */
export async function* compilation({ profiles }: Pick<Scale, "profiles">): Rows {
  await writeConstants();
  await mkdir(join(ROOT, "build"), { recursive: true });
  const folder = await mkdtemp(join(ROOT, "build", "compilation-"));
  try {
    let first: Compiled | undefined;
    for (const profile of profiles) {
      const made = await compileIn(join(folder, profile), profile);
      first ??= made;
      yield inspected(profile, made);
    }
    const [profile] = profiles;
    if (profile && first) {
      const again = await compileIn(join(folder, "elsewhere", "and", "deeper"), profile);
      yield reproduced(profile, first, again);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Compiled {
  readonly constraints: number;
  /** Hashes of the r1cs and the wasm. */
  readonly hashes: string;
  /** circom's warnings, if there are any. */
  readonly complaint?: string;
}

function inspected(profile: ProfileName, { constraints, complaint }: Compiled): EvidenceRow {
  return {
    evidence: "circom inspects without a warning",
    subject: profile,
    cases: constraints,
    holds: complaint === undefined,
    detail: complaint ?? `${constraints} constraints`,
  };
}

function reproduced(profile: ProfileName, first: Compiled, again: Compiled): EvidenceRow {
  const holds = first.hashes === again.hashes && again.complaint === undefined;
  const detail = holds
    ? "the same r1cs and wasm in another folder"
    : `${first.hashes} and ${again.complaint ?? again.hashes}`;
  return { evidence: "compiling is reproducible", subject: profile, cases: 2, holds, detail };
}

/** Compiles a copy of the sources in `folder`. */
async function compileIn(folder: string, profile: ProfileName): Promise<Compiled> {
  const library = join(folder, "library");
  await copyLibrary(library);
  const source = join(library, "main", `${profile}.circom`);
  await mkdir(join(folder, "out"));
  try {
    const { r1cs, wasm } = await compile(source, join(folder, "out"), { libraries: [library] });
    const hashes = `r1cs ${await sha256File(r1cs)}, wasm ${await sha256File(wasm)}`;
    return { hashes, constraints: readR1cs(await readFile(r1cs)).constraints };
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return { hashes: "", constraints: 0, complaint: error.message };
  }
}
