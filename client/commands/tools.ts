/**
 * The small tools: parts of the protocol by themselves, without a chain.
 */
import type { Command } from "commander";
import type { Groth16Proof, VerificationKey } from "snarkjs";
import { z } from "zod";
import {
  circuitInfo,
  compileCircuit,
  loadHashEngine,
  loadVerificationKey,
} from "../../circuits/artifacts.ts";
import { verifyWords } from "../../groth16/verify.ts";
import { inputWords, proofWords } from "../../groth16/words.ts";
import { Directory } from "../../protocol/directory.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { fromHex32, toHex32 } from "../../protocol/field.ts";
import { maxBytes, maxLeaves, profileNamed } from "../../protocol/profiles.ts";
import { drawSamples } from "../../protocol/sampling.ts";
import { proveFolder } from "../../prover/folder.ts";
import { commitFile, fileSize } from "../app/segments.ts";
import { readJson } from "../json-file.ts";
import { createProgress, printResult } from "../output.ts";
import { command, count, hex, natural, type JsonOptions } from "./common.ts";

interface ProfileOptions extends JsonOptions {
  readonly profile: string;
}

export function addToolCommands(program: Command, signal: AbortSignal): void {
  command(program, "root <file>", "the segment root of a file")
    .requiredOption("--profile <name>", "tiny, demo or standard")
    .action((file: string, options: ProfileOptions) => printRoot(file, options, signal));
  command(
    program,
    "positions",
    "the positions that a seed asks for, and the numbers that choose their leaves",
  )
    .requiredOption("--seed <hex>", "below 2^248", hex)
    .requiredOption("--start <n>", "first position", natural)
    .requiredOption("--length <n>", "positions to draw from", count)
    .requiredOption("--samples <k>", "how many", count)
    .action(printPositions);
  command(program, "directory", "the directory of segments: its root and total")
    .requiredOption("--profile <name>", "tiny, demo or standard")
    .requiredOption("--segments <file>", 'JSON array of {"root", "weight", "leaves"}')
    .action(printDirectory);
  command(program, "circuit <profile>", "compiles a profile's circuit if needed and describes it").action(
    (profile: string, options: JsonOptions) => printCircuit(profile, options, signal),
  );
  command(
    program,
    "verify <proof> <public>",
    "whether a proof in snarkjs's file formats is valid: exits with 1 if not",
  )
    .requiredOption("--profile <name>", "tiny, demo or standard")
    .action(printVerdict);
  command(
    program,
    "prove-folder <dir>",
    "proves that all files of a folder are held: the prover without a chain",
  )
    .requiredOption("--profile <name>", "tiny, demo or standard")
    .requiredOption("--seed <hex>", "below 2^248", hex)
    .requiredOption("--out <dir>", "for proof.json and public.json")
    .option(
      "--engine <name>",
      "what makes the proof: wasm, snarkjs, or a program's path with rapidsnark's command line",
      "wasm",
    )
    .action((dir: string, options: ProveFolderOptions) => printFolderProof(dir, options, signal));
}

async function printRoot(
  path: string,
  { profile: name, json }: ProfileOptions,
  signal: AbortSignal,
): Promise<void> {
  const profile = profileNamed(name);
  const size = await fileSize(path);
  const limit = maxBytes(profile);
  if (size > limit) {
    const message = `${path} has ${size} bytes; a segment of the ${name} profile takes up to ${limit}: split it or use a larger profile`;
    throw new HoldfastError("too-large", message, { bytes: size, limit });
  }
  const show = createProgress(json);
  const progress = (fraction: number): void => show("hashing", fraction);
  const { segments } = await commitFile(path, { profile, engine: await loadHashEngine(), progress, signal });
  const [{ bytes, leaves, root }] = segments as [(typeof segments)[number]];
  printResult({ bytes, leaves, root }, { json });
}

interface PositionsOptions extends JsonOptions {
  readonly seed: bigint;
  readonly start: number;
  readonly length: number;
  readonly samples: number;
}

function printPositions({ json, ...range }: PositionsOptions): void {
  const draws = drawSamples(range);
  const positions = draws.map(({ position }) => position);
  const choices = draws.map(({ v }) => v);
  const text = draws.map(({ position, v }) => `${position} ${v}`).join("\n");
  printResult({ positions, choices }, { json, text });
}

const g1 = z.array(z.string());
const proofSchema = z.looseObject({ pi_a: g1, pi_b: z.array(g1), pi_c: g1 });

const segmentsSchema = z.array(
  z.object({ root: z.string(), weight: z.int().positive(), leaves: z.int().positive() }),
);

async function printDirectory({
  profile: name,
  segments: path,
  json,
}: ProfileOptions & { segments: string }): Promise<void> {
  const profile = profileNamed(name);
  const parsed = segmentsSchema.safeParse(await readJson(path));
  if (!parsed.success) {
    throw new HoldfastError(
      "bad-input",
      `${path} is not a JSON array of {"root", "weight", "leaves"}`,
      { path },
      { cause: parsed.error },
    );
  }
  const directory = new Directory(profile.directoryDepth);
  for (const [i, { root, weight, leaves }] of parsed.data.entries()) {
    if (leaves > maxLeaves(profile)) {
      throw new HoldfastError(
        "too-large",
        `segment ${i} has ${leaves} leaves, the ${name} profile ${maxLeaves(profile)}`,
      );
    }
    directory.append({ root: fromHex32(root), weight, leaves });
  }
  printResult({ total: directory.total, root: toHex32(directory.root) }, { json });
}

async function printCircuit(text: string, { json }: JsonOptions, signal: AbortSignal): Promise<void> {
  const { name } = profileNamed(text);
  await compileCircuit(name, {
    signal,
    log: json ? undefined : (line) => void process.stderr.write(`${line}\n`),
  });
  printResult(await circuitInfo(name), { json });
}

async function printVerdict(
  proofPath: string,
  publicPath: string,
  { profile, json }: ProfileOptions,
): Promise<void> {
  const key = await loadVerificationKey(profileNamed(profile).name);
  const proof = proofSchema.safeParse(await readJson(proofPath));
  if (!proof.success)
    throw new HoldfastError("bad-input", `${proofPath} is not a proof as snarkjs writes it`);
  const signals = z.array(z.string()).safeParse(await readJson(publicPath));
  if (!signals.success)
    throw new HoldfastError(
      "bad-input",
      `${publicPath} is not a list of public signals as snarkjs writes it`,
    );
  const valid = await isValid(key, proof.data, signals.data);
  printResult({ valid }, { json, text: valid ? "valid" : "NOT valid" });
  if (!valid) process.exitCode = 1;
}

/** As the auditor does it, which is as strict as the contract: each number is written in one way only. */
async function isValid(key: VerificationKey, proof: object, signals: readonly string[]): Promise<boolean> {
  const { protocol, curve, ...points } = proof as Groth16Proof;
  if (protocol !== "groth16" || curve !== "bn128") return false;
  try {
    return await verifyWords(key, proofWords(points), inputWords(signals));
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

interface ProveFolderOptions extends ProfileOptions {
  readonly seed: bigint;
  readonly out: string;
  readonly engine: string;
}

async function printFolderProof(
  dir: string,
  options: ProveFolderOptions,
  signal: AbortSignal,
): Promise<void> {
  const { profile, seed, out, engine, json } = options;
  const log = json ? {} : { log: (line: string): void => void process.stderr.write(`${line}\n`) };
  const { name } = profileNamed(profile);
  printResult(await proveFolder({ dir, profile: name, seed, out, engine, signal, ...log }), { json });
}
