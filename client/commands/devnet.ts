/**
 * `devnet`: a whole network on this machine, from a file to a payment and a penalty.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Option, type Command } from "commander";
import { toJson, toPlain } from "../../protocol/json.ts";
import { profileNamed, type ProfileName } from "../../protocol/profiles.ts";
import { writeJson } from "../../system/files.ts";
import type { DevnetOptions } from "../devnet/options.ts";
import { count } from "./common.ts";

interface DevnetCommandOptions {
  readonly scenario: ScenarioName;
  readonly file?: string;
  readonly json: string | boolean;
  readonly profile?: string;
  readonly epochSeconds?: number;
  readonly keep: boolean;
}

const SCENARIOS = ["storage", "governance"] as const;
type ScenarioName = (typeof SCENARIOS)[number];

interface Settings {
  readonly file: string;
  readonly profile: ProfileName;
  readonly epochSeconds: number;
  readonly contracts: "deployed" | "managers";
}

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Hand-overs take many epochs, so the governance scenario has a small file, a small circuit and short epochs. */
const DEFAULTS: Readonly<Record<ScenarioName, Settings>> = {
  storage: {
    file: createRequire(import.meta.url).resolve("solc/soljson.js"),
    ...{ profile: "demo", epochSeconds: 10, contracts: "deployed" },
  },
  governance: { file: root("LICENSE"), profile: "tiny", epochSeconds: 5, contracts: "managers" },
};

export function addDevnetCommand(program: Command, signal: AbortSignal): void {
  program
    .command("devnet")
    .description("runs a network on this machine: store, prove, lose, penalize, take over, read back")
    .addOption(
      new Option(
        "--scenario <name>",
        "what happens: storage, from a file to a payment and a penalty; or governance, in which one cluster goes through all ways of deciding",
      )
        .choices(SCENARIOS)
        .default("storage"),
    )
    .option(
      "--file <path>",
      "file to store (default: the installed Solidity compiler; governance: the licence)",
    )
    .option("--profile <name>", "tiny, demo or standard (default: demo; governance: tiny)")
    .option(
      "--epoch-seconds <n>",
      "least length of an epoch; longer on machines where proofs take longer (default: 10; governance: 5)",
      count,
    )
    .option(
      "--json [file]",
      "write the summary as JSON to the file too; without a file, print only the summary",
    )
    .option("--keep", "keep the nodes' data and the logs", false)
    .action((options: DevnetCommandOptions) => devnet(options, signal));
}

/** @throws HoldfastError "bad-input" for an unknown profile */
export function settingsOf({
  scenario,
  file,
  epochSeconds,
  profile,
}: Pick<DevnetCommandOptions, "scenario" | "file" | "epochSeconds" | "profile">): Settings {
  const defaults = DEFAULTS[scenario];
  return {
    file: file ?? defaults.file,
    epochSeconds: epochSeconds ?? defaults.epochSeconds,
    profile: profile === undefined ? defaults.profile : profileNamed(profile).name,
    contracts: defaults.contracts,
  };
}

async function devnet(given: DevnetCommandOptions, signal: AbortSignal): Promise<void> {
  const { json, scenario, keep } = given;
  const quiet = json === true;
  const begun = performance.now();
  const log = (line: string): void => {
    const time = ((performance.now() - begun) / 1000).toFixed(1).padStart(6);
    (quiet ? process.stderr : process.stdout).write(`${time} s  ${line}\n`);
  };
  const { file, epochSeconds, profile, contracts } = settingsOf(given);
  // Loaded here, as only this command needs the build.
  const { prepare } = await import("../prepare.ts");
  await prepare({ profiles: [profile], contracts, log, signal });
  const { report, text } = await SCENARIO[scenario]({ file, epochSeconds, profile, keep, log, signal });
  if (typeof json === "string") {
    await writeJson(json, toPlain(report));
  }
  process.stdout.write(`${quiet ? toJson(report) : text}\n`);
  if (!report.passed) process.exitCode = 1;
}

interface Told {
  readonly report: { readonly passed: boolean };
  readonly text: string;
}

const SCENARIO: Readonly<Record<ScenarioName, (options: DevnetOptions) => Promise<Told>>> = {
  async storage(options) {
    const { runDevnet } = await import("../devnet/run.ts");
    const { renderReport } = await import("../devnet/report.ts");
    const { report, decimals } = await runDevnet(options);
    return { report, text: renderReport(report, decimals) };
  },
  async governance(options) {
    const { runGovernance } = await import("../devnet/governance/run.ts");
    const { renderGovernance } = await import("../devnet/governance/report.ts");
    const { report } = await runGovernance(options);
    return { report, text: renderGovernance(report) };
  },
};
