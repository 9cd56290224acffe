/**
 * `deployment`: makes a deployment, and checks whether it runs the code that this project builds.
 */
import Table from "cli-table3";
import { Option, type Command } from "commander";
import { formatEther } from "ethers";
import { loadVerificationKey } from "../../circuits/artifacts.ts";
import { makeKnownAnswer } from "../../keys/known-answer.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { profileNamed, type ProfileName } from "../../protocol/profiles.ts";
import { checkAgreed, wrongIn, type Finding } from "../deployment/check.ts";
import { readDeploymentConfig, type DeploymentConfig } from "../deployment/config.ts";
import { createDeployment } from "../deployment/create.ts";
import { expectationsOf, type Expectations } from "../deployment/expectations.ts";
import { verifierArgs } from "../deployment/plan.ts";
import type { Argument } from "../deployment/step.ts";
import { agree, printResult } from "../output.ts";
import {
  chainCommand,
  command,
  group,
  withChain,
  withRecord,
  type ChainOptions,
  type JsonOptions,
} from "./common.ts";
import { addAddCommands } from "./deployment-add.ts";

interface CreateCommandOptions extends JsonOptions {
  readonly config: string;
  readonly folder: string;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

interface CheckCommandOptions extends ChainOptions {
  readonly config?: string;
  readonly profile?: string;
}

/** Columns: 40 digits of an address, its "0x", and the table's margins. */
const VALUE_WIDTH = 44;

export function addDeploymentCommands(program: Command, signal: AbortSignal): void {
  const deployment = group(program, "deployment", "deploys and checks the contracts");
  command(deployment, "create", "deploys all contracts, or resumes where it stopped, and checks the result")
    .requiredOption("--config <file>", "configuration of the deployment (docs/deployment.md)")
    .requiredOption(
      "--folder <folder>",
      "folder for what is needed to resume, and for the record; one per deployment",
    )
    .option("--dry-run", "show the addresses and the cost, and send nothing", false)
    .option("-y, --yes", "do not ask", false)
    .action((options: CreateCommandOptions) => create(options, signal));
  chainCommand(
    deployment,
    "check",
    "checks how the contracts are connected, and that they run this build's code",
  )
    .addOption(
      new Option("--lens <address>", "address of the deployment's Lens, to check it too").env(
        "HOLDFAST_LENS",
      ),
    )
    .option(
      "--config <file>",
      "also compare everything with this configuration, and the keys with those in build/",
    )
    .option("--profile <name>", "also compare the first verifier's key with this profile's key in build/")
    .action(check);
  addAddCommands(deployment);
}

async function create(options: CreateCommandOptions, signal: AbortSignal): Promise<void> {
  const { folder, dryRun, json, yes } = options;
  const { deployment, missing, cost, findings } = await createDeployment({
    config: readDeploymentConfig(options.config),
    folder,
    dryRun,
    signal,
    agree: (what) => agree(what, { yes, json }),
    log: (line) => {
      if (!json) process.stderr.write(`${line}\n`);
    },
  });
  const { gas, most } = cost;
  const result = dryRun ? { dryRun, missing, gas, mostWei: most } : { complete: true, sent: missing };
  const text = dryRun
    ? `${missing} transactions to send, for at most ${gas} gas, now ${formatEther(most)} of the chain's coin`
    : `${table(findings)}\nThe deployment is complete; its record is ${folder}/deployment.json`;
  printResult({ ...result, deployment, findings }, { json, text: `${addresses(deployment)}\n${text}` });
}

async function check(options: CheckCommandOptions): Promise<void> {
  const { config: path, profile, ...given } = options;
  // Connecting would refuse a wrong Lens. Here it is a finding.
  const { lens, ...others } = withRecord(given);
  const config = path === undefined ? undefined : readDeploymentConfig(path);
  const expected = await expectationsFor(config, profile);
  await withChain({ ...(config && { rpc: config.rpcUrl }), ...others }, async (chain) => {
    const { audits } = chain.addresses;
    const findings = await checkAgreed(chain.provider, audits, { lens, expected });
    const wrong = wrongIn(findings);
    printResult({ ok: wrong.length === 0, findings }, { ...options, text: table(findings) });
    if (wrong.length > 0) {
      const message = `do not trust this deployment: ${wrong.join(", ")} ${wrong.length === 1 ? "is" : "are"} not as expected`;
      throw new HoldfastError("chain", message, { wrong });
    }
  });
}

async function expectationsFor(
  config: DeploymentConfig | undefined,
  profile: string | undefined,
): Promise<Expectations> {
  if (config) return expectationsOf(config, await Promise.all(config.profiles.map(argsOf)));
  return profile === undefined
    ? {}
    : { profiles: [{ verifierArgs: await argsOf(profileNamed(profile).name) }] };
}

async function argsOf(profile: ProfileName): Promise<Argument[]> {
  const verificationKey = await loadVerificationKey(profile);
  return verifierArgs({ verificationKey, knownAnswer: await makeKnownAnswer(profile) });
}

function addresses(deployment: object): string {
  return Object.entries(deployment)
    .map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`)
    .join("\n");
}

function table(findings: readonly Finding[]): string {
  const rows = new Table({
    head: ["what", "value", ""],
    style: { head: [], border: [] },
    // So that a group key of 256 digits is broken into lines.
    colWidths: [null, VALUE_WIDTH],
    wordWrap: true,
    wrapOnWordBoundary: false,
  });
  for (const { what, value, ok } of findings)
    rows.push([what, value, ok === undefined ? "" : ok ? "ok" : "WRONG"]);
  return rows.toString();
}
