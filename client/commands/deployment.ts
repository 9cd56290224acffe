/**
 * `deployment`: whether what is deployed is what this project builds.
 */
import Table from "cli-table3";
import { Option, type Command } from "commander";
import { HoldfastError } from "../../protocol/errors.ts";
import { checkDeployment, type Finding } from "../deployment-check.ts";
import { printResult } from "../output.ts";
import { chainCommand, group, withChain, type ChainOptions } from "./common.ts";

export function addDeploymentCommands(program: Command): void {
  const deployment = group(program, "deployment", "the contracts that all of it is about");
  chainCommand(deployment, "check", "reads every wire back, and compares the code with this build's")
    .addOption(
      new Option("--lens <address>", "the deployment's Lens, to be checked too").env("HOLDFAST_LENS"),
    )
    .action(check);
}

async function check(options: ChainOptions): Promise<void> {
  const { lens, ...others } = options;
  await withChain(others, async (chain) => {
    const findings = await checkDeployment(chain.provider, chain.addresses.audits, lens);
    const wrong = findings.filter(({ ok }) => !ok).map(({ what }) => what);
    printResult({ ok: wrong.length === 0, findings }, { ...options, text: table(findings) });
    if (wrong.length > 0) {
      const message = `this is no deployment to trust: ${wrong.join(", ")} ${wrong.length === 1 ? "is" : "are"} not as in this build`;
      throw new HoldfastError("chain", message, { wrong });
    }
  });
}

function table(findings: readonly Finding[]): string {
  const rows = new Table({ head: ["what", "value", ""], style: { head: [], border: [] } });
  for (const { what, value, ok } of findings) rows.push([what, value, ok ? "ok" : "WRONG"]);
  return rows.toString();
}
