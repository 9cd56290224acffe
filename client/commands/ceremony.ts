/**
 * `keys ceremony`: a key that strangers can trust, step by step; docs/ceremony.md says who does what.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { password } from "@inquirer/prompts";
import type { Command } from "commander";
import { readKeyFile } from "../../contracts/accounts.ts";
import { fetchDrandChain } from "../../drand/client.ts";
import { firstRoundAt, roundTime } from "../../drand/rounds.ts";
import { acceptContribution } from "../../keys/ceremony/accept.ts";
import { announceBeacon, applyBeacon } from "../../keys/ceremony/beacon.ts";
import { attestationOf, contribute } from "../../keys/ceremony/contribute.ts";
import { finalizeCeremony } from "../../keys/ceremony/finalize.ts";
import { currentKey, finalKey, openCeremony } from "../../keys/ceremony/folder.ts";
import { initCeremony } from "../../keys/ceremony/init.ts";
import type { JobOptions } from "../../keys/ceremony/snarkjs.ts";
import { verifyCeremony } from "../../keys/ceremony/verify.ts";
import { MIN_CONTRIBUTIONS } from "../../keys/key-gate.ts";
import { EVMNET, EVMNET_URLS } from "../../keys/trust.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { profileNamed } from "../../protocol/profiles.ts";
import { createProgress, printResult } from "../output.ts";
import { command, count, group, natural, type JsonOptions } from "./common.ts";

interface FolderOptions extends JsonOptions {
  readonly dir: string;
}

interface StepOptions extends FolderOptions {
  readonly ptau: string;
}

/** Seconds from the announcement of the beacon to its round. */
const DEFAULT_DELAY = 86_400;
/** As log2. Few are enough with drand: nobody can know a round early, nor choose among several. */
const DEFAULT_ITERATIONS = 10;

export function addCeremonyCommands(keys: Command, signal: AbortSignal): void {
  const ceremony = group(keys, "ceremony", "makes a key that strangers can trust: see docs/ceremony.md");
  const step = (name: string, description: string): Command =>
    command(ceremony, name, description).requiredOption("--dir <dir>", "the coordinator's folder");
  const ptau = ["--ptau <file>", "powers of tau that the ceremony began with"] as const;

  step("init", "begins a ceremony: makes the first key from the circuit and public powers of tau")
    .requiredOption("--profile <name>", "tiny, demo or standard")
    .requiredOption("--ptau <file or url>", "a published powers-of-tau file, prepared for phase 2")
    .option("--insecure-ptau", "accept unpublished powers: the key is then for tests only", false)
    .action((options: InitOptions) => init(options, signal));
  command(ceremony, "contribute <in> <out>", "adds your secret to a key, on your own machine")
    .requiredOption("--name <name>", "name to be listed under")
    .option("--entropy-file <file>", "file with text that only you know, instead of typing it")
    .action((from: string, out: string, options: ContributeOptions) =>
      printContribution(from, out, options, signal),
    );
  step("accept <file>", "verifies a contribution and makes it the current key")
    .requiredOption(...ptau)
    .action((file: string, options: StepOptions) => accept(file, options, signal));
  command(ceremony, "verify <file>", "verifies a key from the circuit to its last contribution")
    .requiredOption("--profile <name>", "tiny, demo or standard")
    .requiredOption(...ptau)
    .option("--initial <file>", "first key, if you have made it yourself with `init`: saves most of the time")
    .option("--insecure-ptau", "accept unpublished powers", false)
    .action((file: string, options: VerifyOptions) => verify(file, options, signal));
  step("announce", "ends the contributions and names the drand round that will be the beacon")
    .option("--round <n>", "round of drand's evmnet", count)
    .option("--delay <seconds>", `or the first round after this delay [${DEFAULT_DELAY}]`, natural)
    .option("--iterations <log2>", "log2 of how many times the beacon is hashed", count, DEFAULT_ITERATIONS)
    .option("--insecure-drand <url>", "relay of another drand network: the key is then for tests only")
    .action(announce);
  step("beacon", "adds the announced drand round as the last contribution")
    .option("--drand <url...>", "relays to ask [public relays]")
    .option("--signature <hex>", "signature of the round, instead of asking a relay")
    .action((options: BeaconOptions) => beacon(options, signal));
  step("finalize", "checks everything, and writes the files to publish")
    .requiredOption(...ptau)
    .requiredOption("--key <file>", "keystore or hex key of the coordinator's account, which signs")
    .option("--password-file <file>", "password of the keystore")
    .option("--out <dir>", "folder to write to [final/ in the coordinator's folder]")
    .option("--min-contributions <n>", "refuse fewer", count, MIN_CONTRIBUTIONS)
    .action((options: FinalizeOptions) => finalize(options, signal));
}

interface InitOptions extends StepOptions {
  readonly profile: string;
  readonly insecurePtau: boolean;
}

async function init({ json, profile, ...options }: InitOptions, signal: AbortSignal): Promise<void> {
  const made = await initCeremony({
    ...options,
    profile: profileNamed(profile).name,
    ...job(json, signal),
  });
  const { circuit, powers } = made.draft;
  printResult({ key: currentKey(made), circuitHash: circuit.hash, r1cs: circuit.r1cs, powers }, { json });
}

interface ContributeOptions extends JsonOptions {
  readonly name: string;
  readonly entropyFile?: string;
}

async function printContribution(
  from: string,
  out: string,
  { name, entropyFile, json }: ContributeOptions,
  signal: AbortSignal,
): Promise<void> {
  const entropy = entropyFile === undefined ? await askEntropy(signal) : await readEntropy(entropyFile);
  const attestation = await contribute({ from, out, name, entropy, ...job(json, signal) });
  printResult({ ...attestation, attestation: attestationOf(out) }, { json });
}

async function askEntropy(signal: AbortSignal): Promise<string> {
  if (!process.stdin.isTTY) {
    const message = "nobody can be asked to type a secret here: give one in a file with --entropy-file";
    throw new HoldfastError("bad-input", message);
  }
  return password(
    { message: "Type something that nobody can guess (it is not kept):" },
    { output: process.stderr, signal },
  );
}

async function readEntropy(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw new HoldfastError(
      "not-found",
      `the file ${path} cannot be read: check its name`,
      { path },
      { cause },
    );
  });
}

async function accept(file: string, { dir, ptau, json }: StepOptions, signal: AbortSignal): Promise<void> {
  const added = await acceptContribution(file, { dir, ptau, ...job(json, signal) });
  printResult({ ...added, key: currentKey(await openCeremony(dir)) }, { json });
}

interface VerifyOptions extends JsonOptions {
  readonly profile: string;
  readonly ptau: string;
  readonly initial?: string;
  readonly insecurePtau: boolean;
}

async function verify(
  file: string,
  { profile, json, ...options }: VerifyOptions,
  signal: AbortSignal,
): Promise<void> {
  const contributions = await verifyCeremony(file, {
    ...options,
    profile: profileNamed(profile).name,
    ...job(json, signal),
  });
  const lines = contributions.map(({ name, hash }, i) => `${i + 1}  ${name}  ${hash}`);
  printResult({ contributions }, { json, text: lines.join("\n") || "valid, with no contribution yet" });
}

interface AnnounceOptions extends FolderOptions {
  readonly round?: number;
  readonly delay?: number;
  readonly iterations: number;
  readonly insecureDrand?: string;
}

async function announce(options: AnnounceOptions): Promise<void> {
  const { dir, delay = DEFAULT_DELAY, iterations, insecureDrand, json } = options;
  const chain = insecureDrand === undefined ? EVMNET : await fetchDrandChain(insecureDrand);
  const round = options.round ?? firstRoundAt(Math.floor(Date.now() / 1000) + delay, chain);
  const { draft } = await openCeremony(dir);
  const announcement = await announceBeacon({ dir, chain, round, iterationsExp: iterations });
  const due = new Date(1000 * roundTime(round, chain)).toISOString();
  printResult({ ...announcement, due, contributions: draft.contributions }, { json });
}

interface BeaconOptions extends FolderOptions {
  readonly drand?: readonly string[];
  readonly signature?: string;
}

async function beacon(
  { dir, drand = EVMNET_URLS, signature, json }: BeaconOptions,
  signal: AbortSignal,
): Promise<void> {
  const added = await applyBeacon({ dir, urls: drand, signature, ...job(json, signal) });
  printResult({ ...added, key: finalKey(dir) }, { json });
}

interface FinalizeOptions extends StepOptions {
  readonly key: string;
  readonly passwordFile?: string;
  readonly out?: string;
  readonly minContributions: number;
}

async function finalize(options: FinalizeOptions, signal: AbortSignal): Promise<void> {
  const { dir, ptau, key, passwordFile, out = join(dir, "final"), minContributions, json } = options;
  const manifest = await finalizeCeremony({
    dir,
    ptau,
    out,
    minContributions,
    ...job(json, signal),
    privateKey: await readKeyFile(key, passwordFile),
  });
  printResult({ folder: join(out, manifest.profile), ...manifest }, { json });
}

/** Shows progress to people, and ends the work on a signal. */
export function job(json: boolean, signal: AbortSignal): JobOptions {
  return { progress: createProgress(json), signal };
}
