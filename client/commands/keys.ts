/**
 * `keys`: development keys of the circuits.
 */
import type { Command } from "commander";
import type { CircuitManifest } from "../../protocol/manifest.ts";
import { profileNamed } from "../../protocol/profiles.ts";
import { makeDevelopmentKey, showKey } from "../keys/make.ts";
import { createProgress, printResult } from "../output.ts";
import { command, count, group, type JsonOptions } from "./common.ts";

interface MakeOptions extends JsonOptions {
  readonly profile: string;
  readonly threads?: number;
}

export function addKeyCommands(program: Command, signal: AbortSignal): void {
  const keys = group(program, "keys", "proving and verification keys of the circuits");
  command(keys, "make", "makes a development key, with secrets drawn on the spot: not for money")
    .requiredOption("--profile <name>", "tiny, demo or standard")
    .option("--threads <n>", "default: one for each core", count)
    .action(async ({ profile, threads, json }: MakeOptions) => {
      const progress = createProgress(json);
      const manifest = await makeDevelopmentKey(profileNamed(profile).name, {
        ...{ threads, signal },
        log: ({ phase, fraction }) => progress(`making the key (${phase})`, fraction),
      });
      printResult(describeKey(manifest), { json });
    });
  command(keys, "show", "checks the files of a profile's key and shows their hashes")
    .requiredOption("--profile <name>", "tiny, demo or standard")
    .action(async ({ profile, json }: MakeOptions) => {
      printResult(describeKey(await showKey(profileNamed(profile).name)), { json });
    });
}

function describeKey({ profile, compiler, constraints, hashes, key }: CircuitManifest): object {
  return {
    ...{ profile, compiler, constraints },
    insecure: key?.insecure,
    contributions: key?.contributions,
    hashes: { ...hashes, zkey: key?.zkey, verificationKey: key?.verificationKey },
  };
}
