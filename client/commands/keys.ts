/**
 * `keys`: the keys of the circuits, for development and from a ceremony.
 */
import type { Command } from "commander";
import { checkKey, type CheckedKey } from "../../keys/check.ts";
import { MIN_CONTRIBUTIONS } from "../../keys/key-gate.ts";
import { makeDevelopmentKey, showKey } from "../../keys/make.ts";
import type { CircuitManifest } from "../../protocol/manifest.ts";
import { profileNamed } from "../../protocol/profiles.ts";
import type { Chain } from "../chain.ts";
import { deployedKeys } from "../deployment/deployed-key.ts";
import { createProgress, printResult } from "../output.ts";
import { addCeremonyCommands, job } from "./ceremony.ts";
import {
  chainCommand,
  command,
  count,
  group,
  withChain,
  type ChainOptions,
  type JsonOptions,
} from "./common.ts";

interface MakeOptions extends JsonOptions {
  readonly profile: string;
  readonly threads?: number;
}

export function addKeyCommands(program: Command, signal: AbortSignal): void {
  const keys = group(program, "keys", "makes and checks the circuits' proving and verification keys");
  command(keys, "make", "makes a development key, whose secrets this machine draws: not for real money")
    .requiredOption("--profile <name>", "tiny, demo or standard")
    .option("--threads <n>", "worker threads; default: one per core", count)
    .action(async ({ profile, threads, json }: MakeOptions) => {
      const progress = createProgress(json);
      const manifest = await makeDevelopmentKey(profileNamed(profile).name, {
        threads,
        signal,
        log: ({ phase, fraction }) => progress(`making the key (${phase})`, fraction),
      });
      printResult(describeKey(manifest), { json });
    });
  command(keys, "show", "checks the files of a profile's key and shows their hashes")
    .requiredOption("--profile <name>", "tiny, demo or standard")
    .action(async ({ profile, json }: MakeOptions) => {
      printResult(describeKey(await showKey(profileNamed(profile).name)), { json });
    });
  chainCommand(keys, "check", "checks everything that tells whether strangers can trust a key")
    .requiredOption("--profile <name>", "tiny, demo or standard")
    .option("--build <dir>", "folder with the profile's folder, as `ceremony finalize` writes it [build/]")
    .option("--ptau <file>", "powers of tau, to verify every step from the start")
    .option("--initial <file>", "first key, if you have made it with `ceremony init`")
    .option("--coordinator <address>", "account that must have signed the transcript")
    .option("--min-contributions <n>", "refuse fewer", count, MIN_CONTRIBUTIONS)
    .option("--allow-insecure", "accept powers and a beacon that are not public: for tests only", false)
    .action((options: CheckOptions) => check(options, signal));
  addCeremonyCommands(keys, signal);
}

interface CheckOptions extends ChainOptions {
  readonly profile: string;
  readonly build?: string;
  readonly ptau?: string;
  readonly initial?: string;
  readonly coordinator?: string;
  readonly minContributions: number;
  readonly allowInsecure: boolean;
}

async function check(options: CheckOptions, signal: AbortSignal): Promise<void> {
  const look = (deployed?: Chain): Promise<CheckedKey> =>
    checkKey(profileNamed(options.profile).name, {
      ...options,
      deployed: deployed && deployedKeys(deployed),
      ...job(options.json, signal),
    });
  const asked = options.audits !== undefined || options.deployment !== undefined;
  const found = await (asked ? withChain(options, look) : look());
  const { manifest, transcript: signed, deployedAs, checked } = found;
  const { contributions, beacon, powers } = signed.transcript;
  const text = [
    ...checked.map((line) => `ok  ${line}`),
    ...contributions.map(({ name, hash }) => `    ${name}  ${hash}`),
  ];
  printResult(
    {
      ok: true,
      ...describeKey(manifest),
      powers,
      coordinator: signed.coordinator,
      contributors: contributions,
      beacon,
      deployedAs,
      checked,
    },
    { ...options, text: text.join("\n") },
  );
}

function describeKey({ profile, compiler, constraints, hashes, key }: CircuitManifest): object {
  return {
    profile,
    compiler,
    constraints,
    insecure: key?.insecure,
    contributions: key?.contributions,
    hashes: { ...hashes, zkey: key?.zkey, verificationKey: key?.verificationKey },
  };
}
