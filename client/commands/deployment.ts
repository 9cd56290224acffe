/**
 * `deployment`: whether what is deployed is what this project builds.
 */
import Table from "cli-table3";
import { Option, type Command } from "commander";
import { loadVerificationKey } from "../../circuits/artifacts.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { profileNamed, type ProfileName } from "../../protocol/profiles.ts";
import { verifierArgs } from "../deploy.ts";
import { checkDeployment, type Finding } from "../deployment-check.ts";
import { makeKnownAnswer } from "../keys/known-answer.ts";
import { printResult } from "../output.ts";
import { chainCommand, group, withChain, type ChainOptions } from "./common.ts";

interface CheckCommandOptions extends ChainOptions {
  readonly profile?: string;
}

export function addDeploymentCommands(program: Command): void {
  const deployment = group(program, "deployment", "the contracts that all of it is about");
  chainCommand(deployment, "check", "reads every wire back, and compares the code with this build's")
    .addOption(
      new Option("--lens <address>", "the deployment's Lens, to be checked too").env("HOLDFAST_LENS"),
    )
    .option("--profile <name>", "compare the verifier's key with the one in build/ for this profile")
    .action(check);
}

async function check(options: CheckCommandOptions): Promise<void> {
  const { lens, profile, ...others } = options;
  const expected = profile === undefined ? undefined : await argsOf(profileNamed(profile).name);
  await withChain(others, async (chain) => {
    const findings = await checkDeployment(chain.provider, chain.addresses.audits, {
      lens,
      verifierArgs: expected,
    });
    const wrong = findings.filter(({ ok }) => ok === false).map(({ what }) => what);
    printResult({ ok: wrong.length === 0, findings }, { ...options, text: table(findings) });
    if (wrong.length > 0) {
      const message = `this is no deployment to trust: ${wrong.join(", ")} ${wrong.length === 1 ? "is" : "are"} not as in this build`;
      throw new HoldfastError("chain", message, { wrong });
    }
  });
}

async function argsOf(profile: ProfileName): Promise<readonly unknown[]> {
  const verificationKey = await loadVerificationKey(profile);
  return verifierArgs({ verificationKey, knownAnswer: await makeKnownAnswer(profile) });
}

function table(findings: readonly Finding[]): string {
  const rows = new Table({ head: ["what", "value", ""], style: { head: [], border: [] } });
  for (const { what, value, ok } of findings)
    rows.push([what, value, ok === undefined ? "" : ok ? "ok" : "WRONG"]);
  return rows.toString();
}
