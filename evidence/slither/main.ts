/**
 * `npm run -s slither [-- --docs]`: what slither finds in the contracts, by kind, with why it may stay. 1: there is a kind that nobody
 * has discussed (discussed.ts). slither and a solc 0.8.37 must be on the PATH: `pip install slither-analyzer`.
 */
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { markdownTable } from "../tables/markers.ts";
import { writeTable } from "../tables/tables.ts";
import { DISCUSSED } from "./discussed.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const IMPACTS = ["High", "Medium", "Low", "Informational", "Optimization"];

interface Finding {
  readonly check: string;
  readonly impact: string;
  readonly description: string;
}

function runSlither(): readonly Finding[] {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-slither-"));
  try {
    // One source that imports all: slither's own support for Hardhat is of an older one.
    const sources = globSync("contracts/**/*.sol", {
      cwd: ROOT,
      exclude: ["contracts/test-support/**", "contracts/local/**"],
    }).sort();
    const head = "// SPDX-License-Identifier: GPL-3.0-or-later\npragma solidity 0.8.37;\n";
    writeFileSync(
      join(folder, "All.sol"),
      head + sources.map((name) => `import ${JSON.stringify(name)};\n`).join(""),
    );
    // slither looks for sources in the folder that it is started in.
    for (const name of ["contracts", "node_modules"]) symlinkSync(join(ROOT, name), join(folder, name));
    const paths = `--base-path . --include-path node_modules --allow-paths ${ROOT}`;
    const json = join(folder, "findings.json");
    const { status, stderr, error } = spawnSync(
      "slither",
      [
        "All.sol",
        "--compile-force-framework=solc",
        `--solc-args=${paths} --via-ir --optimize`,
        "--filter-paths=node_modules",
        `--json=${json}`,
      ],
      { cwd: folder, encoding: "utf8" },
    );
    if (error) throw new Error(`slither cannot be started (pip install slither-analyzer): ${error.message}`);
    try {
      const { results } = JSON.parse(readFileSync(json, "utf8")) as { results: { detectors?: Finding[] } };
      return results.detectors ?? [];
    } catch (cause) {
      throw new Error(`slither ended with status ${String(status)}: ${stderr.slice(-2000)}`, { cause });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const findings = runSlither();
const kinds = [...new Set(findings.map(({ check }) => check))]
  .map((check) => {
    const own = findings.filter((finding) => finding.check === check);
    return {
      impact: own[0]?.impact ?? "",
      check,
      findings: own.length,
      why: DISCUSSED[check] ?? "NOT DISCUSSED",
    };
  })
  .sort((a, b) => IMPACTS.indexOf(a.impact) - IMPACTS.indexOf(b.impact));
for (const { impact, check, findings: count, why } of kinds)
  console.log(`${impact}: ${check} (${count})\n    ${why}`);
if (process.argv.includes("--docs")) {
  const rows = kinds.map(({ impact, check, findings: count, why }) => [impact, check, String(count), why]);
  writeTable("slither", markdownTable(["impact", "kind", "findings", "why they may stay"], rows));
}
const open = findings.filter(({ check, impact }) => impact === "High" || !(check in DISCUSSED));
for (const { description } of open) console.log(`\n${description}`);
if (open.length > 0) process.exitCode = 1;
