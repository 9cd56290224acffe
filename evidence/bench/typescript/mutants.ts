/**
 * Breaks the TypeScript on which money and data depend the most, one expression or statement at a time, and counts how many
 * of the broken ones the tests let through. Stryker makes the mutants, all of them in one copy of the project under cache/,
 * where an environment variable chooses the one that is alive: also in the processes and threads that tests start.
 */
import { join, resolve } from "node:path";
import { Stryker } from "@stryker-mutator/core";

/** Sources, and the files of test/ that know something about them, the quick ones first: none of them needs a chain. */
interface Part {
  readonly sources: readonly string[];
  readonly tests: readonly string[];
}

const part = (source: string, ...tests: readonly string[]): Part => ({ sources: [source], tests });

export const TARGETS: Readonly<Record<string, readonly Part[]>> = {
  protocol: [
    part("protocol/authorization.ts", "protocol/authorization"),
    part("protocol/directory.ts", "protocol/directory", "protocol/multi-path"),
    part("protocol/entries.ts", "protocol/entries"),
    part("protocol/epochs.ts", "protocol/epochs"),
    part("protocol/errors.ts", "protocol/errors"),
    part("protocol/field.ts", "protocol/field", "protocol/poseidon2"),
    part("protocol/json.ts", "protocol/json"),
    part("protocol/manifest.ts", "protocol/manifest"),
    part("protocol/poseidon2.ts", "protocol/poseidon2"),
    part("protocol/price.ts", "protocol/price"),
    part("protocol/profiles.ts", "protocol/sampling", "protocol/statement"),
    part("protocol/sampling.ts", "protocol/sampling"),
    part("protocol/segment.ts", "protocol/segment"),
    part("protocol/statement.ts", "protocol/statement"),
    part("protocol/typed-data.ts", "protocol/typed-data"),
  ],
  sender: [
    {
      sources: ["chain/sender.ts", "chain/delivery.ts"],
      tests: ["chain/delivery", "prover/sender"],
    },
  ],
  journal: [
    {
      sources: [
        "chain/transactions.ts",
        "prover/journal.ts",
        "prover/journal-database.ts",
        "prover/roomy-journal.ts",
      ],
      tests: ["prover/journal", "prover/roomy-journal"],
    },
  ],
  model: [part("verifier/model.ts", "verifier/model")],
};

/** What is counted over so many samples takes seconds, and notices nothing that the vectors do not. */
const SLOW = "over 10^5 samples";

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
  /** Is told of each part's survivors as soon as it is over. */
  readonly log: (line: string) => void;
}

interface PartOptions {
  readonly mutate: string[];
  readonly tests: readonly string[];
  readonly quiet: boolean;
}

type MutantResult = Awaited<ReturnType<Stryker["runMutationTest"]>>[number];

/** @throws RangeError for a target that is not there; what Stryker throws if the tests fail without any mutant */
export async function runMutants({ target: name, only, quiet, log }: MutantsOptions): Promise<MutantsResult> {
  const target = TARGETS[name];
  if (!target)
    throw new RangeError(`"target" expected one of ${Object.keys(TARGETS).join(", ")}, got ${name}`);
  const found: MutantResult[] = [];
  for (const { sources, tests } of target) {
    const given = only.filter((each) => sources.includes(each.split(":")[0] ?? ""));
    if (only.length > 0 && given.length === 0) continue;
    const mutate = only.length > 0 ? given : [...sources];
    const some = await mutantsOf({ mutate, tests, quiet });
    found.push(...some);
    const living = survivorsOf(some);
    log(
      [`${mutate.join(", ")}: ${some.length - living.length} of ${some.length} noticed`, ...living].join(
        "\n",
      ),
    );
  }
  const survivors = survivorsOf(found);
  const noticed = found.length - survivors.length;
  const timedOut = found.filter(({ status }) => status === "Timeout").length;
  const percent = found.length === 0 ? 100 : Math.floor((noticed * 1000) / found.length) / 10;
  return {
    row: { target: name, mutants: found.length, noticed, "timed out": timedOut, "% noticed": percent },
    isEnough: percent >= LEAST,
    survivors,
  };
}

const survivorsOf = (found: readonly MutantResult[]): string[] =>
  found
    .filter(({ status }) => status === "Survived")
    .map(({ fileName, location: { start }, mutatorName, replacement }) => {
      const place = `${fileName.slice(resolve(".").length + 1)}:${start.line}:${start.column}`;
      return `survived: ${place}: ${mutatorName}: ${short(replacement)}`;
    });

function mutantsOf({ mutate, tests, quiet }: PartOptions): Promise<MutantResult[]> {
  const mocha = [resolve("node_modules/mocha/bin/mocha.js"), "--bail", "--exit", "--timeout", "10000"];
  const files = tests.map((test) => `test/${test}.test.ts`);
  const command = [
    process.execPath,
    ...mocha,
    "--reporter",
    "dot",
    "--fgrep",
    `"${SLOW}"`,
    "--invert",
    ...files,
  ];
  return new Stryker({
    ...{ configFile: CONFIG, mutate },
    commandRunner: { command: command.join(" ") },
    reporters: quiet ? [] : ["progress-append-only"],
  }).runMutationTest();
}

const short = (code: string | undefined): string => code?.replace(/\s+/g, " ").slice(0, 80) ?? "";
