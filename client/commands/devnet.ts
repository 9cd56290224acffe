/**
 * `devnet`: a whole network on this machine, from a file to a payment and a penalty.
 */
import { createRequire } from "node:module";
import type { Command } from "commander";
import { toJson, toPlain } from "../../protocol/json.ts";
import { profileNamed } from "../../protocol/profiles.ts";
import { writeJson } from "../../system/files.ts";
import { count } from "./common.ts";

interface DevnetCommandOptions {
  readonly file: string;
  readonly json: string | boolean;
  readonly profile: string;
  readonly epochSeconds: number;
  readonly keep: boolean;
}

export function addDevnetCommand(program: Command, signal: AbortSignal): void {
  program
    .command("devnet")
    .description("runs a network on this machine: store, prove, lose, penalize, take over, read back")
    .option(
      "--file <path>",
      "file to store (default: the installed Solidity compiler)",
      createRequire(import.meta.url).resolve("solc/soljson.js"),
    )
    .option("--profile <name>", "tiny, demo or standard", "demo")
    .option(
      "--epoch-seconds <n>",
      "least length of an epoch; longer on machines where proofs take longer",
      count,
      10,
    )
    .option(
      "--json [file]",
      "write the summary as JSON to the file too; without a file, print only the summary",
    )
    .option("--keep", "keep the nodes' data and the logs", false)
    .action((options: DevnetCommandOptions) => devnet(options, signal));
}

async function devnet({ json, ...options }: DevnetCommandOptions, signal: AbortSignal): Promise<void> {
  const quiet = json === true;
  const begun = performance.now();
  const log = (line: string): void => {
    const time = ((performance.now() - begun) / 1000).toFixed(1).padStart(6);
    (quiet ? process.stderr : process.stdout).write(`${time} s  ${line}\n`);
  };
  const { name: profile } = profileNamed(options.profile);
  // Loaded here, as only this command needs the build.
  const { prepare } = await import("../prepare.ts");
  await prepare({ profiles: [profile], contracts: "deployed", log, signal });
  const { runDevnet } = await import("../devnet/run.ts");
  const { renderReport } = await import("../devnet/report.ts");
  const { report, decimals } = await runDevnet({ ...options, profile, log, signal });
  if (typeof json === "string") {
    await writeJson(json, toPlain(report));
  }
  process.stdout.write(`${quiet ? toJson(report) : renderReport(report, decimals)}\n`);
  if (!report.passed) process.exitCode = 1;
}
