/**
 * Breaks the TypeScript on which money and data depend the most, one expression or statement at a time, and counts how many
 * of the broken ones the tests let through. Stryker makes the mutants, all of them in one copy of the project under cache/,
 * where an environment variable chooses the one that is alive: also in the processes and threads that tests start.
 */
import { join, resolve } from "node:path";
import { Stryker } from "@stryker-mutator/core";

interface Target {
  readonly sources: readonly string[];
  /** Files of test/ that know something about the sources, the quick ones first: none of them needs a chain. */
  readonly tests: readonly string[];
}

export const TARGETS: Readonly<Record<string, Target>> = {
  protocol: {
    sources: ["protocol/*.ts"],
    tests: [
      "entries",
      "epochs",
      "errors",
      "field",
      "manifest",
      "poseidon2",
      "price",
      "sampling",
      "typed-data",
      "directory",
      "multi-path",
      "segment",
      "statement",
    ].map((name) => `protocol/${name}`),
  },
  sender: {
    sources: ["chain/sender.ts", "chain/delivery.ts"],
    tests: ["prover/sender"],
  },
  journal: {
    sources: [
      "chain/transactions.ts",
      "prover/journal.ts",
      "prover/journal-database.ts",
      "prover/roomy-journal.ts",
    ],
    tests: ["prover/journal", "prover/roomy-journal"],
  },
  model: { sources: ["verifier/model.ts"], tests: ["verifier/model"] },
};

/** Percent of the mutants that must be noticed. */
const LEAST = 85;

/** The copy is below the project, where Node finds its packages, and without what the tests do not read. */
const CONFIG = join(import.meta.dirname, "stryker.config.json");

export interface MutantsRow {
  readonly target: string;
  readonly mutants: number;
  readonly noticed: number;
  /** Of these, by no test that failed, but as none of them ended: on a busy machine it may be the machine. */
  readonly "timed out": number;
  readonly "% noticed": number;
}

export interface MutantsResult {
  readonly row: MutantsRow;
  readonly isEnough: boolean;
  readonly survivors: readonly string[];
}

export interface MutantsOptions {
  readonly target: string;
  /** Only those in these sources, with lines after a colon: "protocol/price.ts:10-15". Empty: all of the target's. */
  readonly only: readonly string[];
  readonly quiet: boolean;
}

/** @throws RangeError for a target that is not there; what Stryker throws if the tests fail without any mutant */
export async function runMutants({ target: name, only, quiet }: MutantsOptions): Promise<MutantsResult> {
  const target = TARGETS[name];
  if (!target)
    throw new RangeError(`"target" expected one of ${Object.keys(TARGETS).join(", ")}, got ${name}`);
  const mocha = [resolve("node_modules/mocha/bin/mocha.js"), "--bail", "--exit", "--timeout", "10000"];
  const tests = target.tests.map((test) => `test/${test}.test.ts`);
  const found = await new Stryker({
    configFile: CONFIG,
    mutate: only.length > 0 ? [...only] : [...target.sources],
    commandRunner: { command: [process.execPath, ...mocha, "--reporter", "dot", ...tests].join(" ") },
    reporters: quiet ? [] : ["progress-append-only"],
  }).runMutationTest();
  const survivors = found.filter(({ status }) => status === "Survived");
  const noticed = found.length - survivors.length;
  const timedOut = found.filter(({ status }) => status === "Timeout").length;
  const percent = found.length === 0 ? 100 : Math.floor((noticed * 1000) / found.length) / 10;
  return {
    row: { target: name, mutants: found.length, noticed, "timed out": timedOut, "% noticed": percent },
    isEnough: percent >= LEAST,
    survivors: survivors.map(
      ({ fileName, location: { start }, mutatorName, replacement }) =>
        `${fileName.slice(resolve(".").length + 1)}:${start.line}:${start.column}: ${mutatorName}: ${short(replacement)}`,
    ),
  };
}

const short = (code: string | undefined): string => code?.replace(/\s+/g, " ").slice(0, 80) ?? "";
