// The command: its output, and its errors for wrong arguments.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";

const MAIN = join(import.meta.dirname, "..", "..", "evidence", "simulation", "main.ts");

const simulate = (...args: string[]) => spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8" });

describe("simulation: command", function () {
  this.timeout(120_000);

  it("writes the results as JSON and prints a table", () => {
    const file = join(mkdtempSync(join(tmpdir(), "simulate-")), "results.json");
    const { status, stdout } = simulate(
      "--strategy",
      "drop-100",
      "--epochs",
      "12",
      "--seeds",
      "1",
      "--json",
      file,
    );
    expect(status).to.equal(0);
    expect(stdout).to.match(/^strategy +profit +honest/);
    const [row] = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>[];
    expect(Object.keys(row ?? {})).to.deep.equal([
      "strategy",
      "epochs",
      "profit",
      "honest",
      "low",
      "high",
      "customersLost",
      "customersGot",
      "auditorsEarned",
    ]);
    expect(row).to.include({ strategy: "drop-100", epochs: 12 });
  });

  for (const [args, message] of [
    [["--strategy", "none"], "there is no such strategy"],
    [["--epochs", "0"], "a number from 1 on is expected"],
    [["--seeds", "many"], "a number from 1 on is expected"],
    [["--fast"], "unknown option"],
  ] as const) {
    it(`refuses ${args.join(" ")}`, () => {
      const { status, stderr } = simulate(...args);
      expect(status).to.equal(2);
      expect(stderr).to.contain(message);
    });
  }
});
