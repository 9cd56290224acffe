/**
 * Soundness, line by line: each constraint of our sources (an `===`, the constraint of an `<==`, the call of a part that only
 * checks) is removed in turn, and something must notice it: the compiler, a wire that the inputs no longer determine, or a
 * cheat that is no longer refused.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../circuits/compile.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import type { HashEngine } from "../../protocol/segment.ts";
import { loadHashEngine } from "../../wasm/hash-engine.ts";
import type { Patch } from "./build.ts";
import { CHEATS } from "./cheats.ts";
import { loadCircuit } from "./circuit.ts";
import { brokenBy, forge } from "./forge.ts";
import { createRandom } from "./random.ts";
import { undetermined } from "./rank.ts";
import { drawRegular } from "./regular.ts";
import type { EvidenceRow, Rows } from "./row.ts";
import type { Scale } from "./scale.ts";
import { jacobian } from "./system.ts";
import { templateOf, type Template } from "./templates.ts";
import { unknownWires } from "./uniqueness.ts";

/** For each source file, the smallest component that uses all of it. */
const SOURCES: Readonly<Record<string, string>> = {
  "insert_child.circom": "InsertChild(2)",
  "range_check.circom": "RangeCheck(40)",
  "canonical_bits.circom": "CanonicalBits()",
  "scale.circom": "Scale(50, 40)",
  "poseidon2.circom": "Poseidon2(4)",
  "compress.circom": "Compress(4)",
  "directory_entry.circom": "DirectoryEntry()",
  "merkle_path.circom": "MerklePath(2, 2)",
  "sample_draws.circom": "SampleDraws(2)",
  "sample_opening.circom": "SampleOpening(2, 2)",
  "storage_audit.circom": "StorageAudit(2, 2, 2)",
};

/** circom's error for `<--` before an anonymous component, which means that this line cannot be weakened. */
const CALL_WITHOUT_CONSTRAINT = "error[TAC01]";
const NO_MUTANT =
  'circom refuses a call without constraints (the evidence "deletion" shows that each link is needed)';

export interface Mutant {
  /** The removed line. */
  readonly line: string;
  readonly patch: Patch;
}

export async function* mutants({ constraints }: Pick<Scale, "constraints">): Rows {
  const engine = await loadHashEngine();
  for (const [file, main] of Object.entries(SOURCES)) {
    const template = templateOf(main);
    const original = await loadCircuit(template, "simple");
    if (original.constraints.length > constraints) continue;
    yield untouched(file, await notice(template, [], engine));
    for (const mutant of await mutantsOf(file))
      yield row(file, mutant, await notice(template, [mutant.patch], engine));
  }
}

/** The control: without a missing line, nothing must be noticed. */
function untouched(file: string, noticed: string | undefined): EvidenceRow {
  return {
    evidence: "unchanged sources raise no alarm",
    subject: file,
    cases: 1,
    holds: noticed === undefined,
    detail: noticed ?? "",
  };
}

function row(file: string, { line }: Mutant, noticed: string | undefined): EvidenceRow {
  const evidence = noticed === NO_MUTANT ? "a line cannot be left out" : "a line left out is noticed";
  return {
    evidence,
    subject: `${file}: ${line}`,
    cases: 1,
    holds: noticed !== undefined,
    detail: noticed ?? "nothing notices",
  };
}

/** All mutants of a source file. Each is made by position, because lines may be equal. */
export async function mutantsOf(file: string): Promise<Mutant[]> {
  const text = await readFile(join(ROOT, "circuits", file), "utf8");
  const code = text.replaceAll(/\/\/[^\n]*/g, (comment) => " ".repeat(comment.length));
  const cut = (at: number, length: number, instead: string): Mutant => ({
    line: text.slice(text.lastIndexOf("\n", at) + 1, text.indexOf("\n", at)).trim(),
    patch: [file, text, text.slice(0, at) + instead + text.slice(at + length)],
  });
  return [
    ...[...code.matchAll(/<==/g)].map(({ index }) => cut(index, 3, "<--")),
    ...[...code.matchAll(/[^;{}\n]*===[^;]*;/g)].map(({ index, 0: all }) => cut(index, all.length, "")),
    ...[...code.matchAll(/(?<=[;{}]\s*)[A-Z]\w*\([^;=]*;/g)].map(({ index, 0: all }) =>
      cut(index, all.length, ""),
    ),
  ];
}

/** What notices that a source is patched, or undefined. */
export async function notice(
  template: Template,
  patched: readonly Patch[],
  engine: HashEngine,
): Promise<string | undefined> {
  const plain = await loadCircuit(template, "plain", patched).catch((error: unknown) => {
    if (error instanceof HoldfastError && error.message.includes(CALL_WITHOUT_CONSTRAINT)) return undefined;
    throw error;
  });
  if (!plain) return NO_MUTANT;
  const input = drawRegular(template, createRandom(`mutants ${template.main}`), engine);
  const left = undetermined(
    jacobian(plain, await plain.witness(input)),
    unknownWires(plain, Object.keys(input)),
  );
  const [wire] = left;
  if (wire !== undefined) return `${String(plain.names[wire])} is free`;

  for (const { claim, input: claimed, patches = [] } of CHEATS.filter(({ main }) => main === template.main)) {
    const witness = await forge(template, plain, claimed(engine), [...patched, ...patches]).catch(
      unpatchable,
    );
    if (witness && brokenBy(plain, witness).length === 0) return `accepted: ${claim}`;
  }
  return undefined;
}

/** A cheat whose patch needs the missing line cannot be tried. */
function unpatchable(error: unknown): undefined {
  if (!(error instanceof HoldfastError && error.code === "bad-input")) throw error;
}
