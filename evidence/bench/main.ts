/**
 * `npm run -s bench -- commit | erasure | prove | keys | circuits | gas | limits | governance | election | reputation | seats |
 * proof-gas | events | auditor | mutants | coverage | mutants-ts | coverage-ts`: the figures in the README and in docs/.
 */
import { Command } from "commander";
import { PROFILES, profileNamed, type ProfileName } from "../../protocol/profiles.ts";
import {
  circuitsTable,
  coverageTable,
  gasTable,
  governanceTable,
  limitsTable,
  partsTable,
  writeTable,
} from "../tables/tables.ts";

interface BenchOptions {
  readonly json: boolean;
  /** Whether the tables of the documents are written, too. */
  readonly docs?: boolean;
}

const program = new Command("bench").description("measures the figures in the README and in docs/");
const add = (name: string, description: string): Command =>
  program.command(name).description(description).option("--json", "print JSON", false);
/** The same for a bench whose table stands in a document. */
const addTable = (name: string, description: string): Command =>
  add(name, description).option("--docs", "also write the table into its document", false);

add("commit", "measures the bytes hashed per second, on one core and on all").action(
  async (options: BenchOptions) => {
    const { benchCommit } = await import("./commit.ts");
    print(await benchCommit(), options);
  },
);
add("erasure", "measures the bytes coded per second, and those that come back from a code's shards").action(
  async (options: BenchOptions) => {
    const { benchErasure } = await import("./erasure.ts");
    print(await benchErasure(), options);
  },
);
add("prove", "measures time and memory of a proof, for each profile and engine")
  .argument("[profiles...]", "default: all")
  .option("--rival <path>", "a program with rapidsnark's command line, to compare")
  .action(async (names: string[], { json, rival }: BenchOptions & { rival?: string }) => {
    const { benchProve } = await import("./prove.ts");
    print(await benchProve({ profiles: profilesNamed(names), rival, json }), { json });
  });
add("keys", "measures the time of a development key, and its points beside ffjavascript's")
  .argument("[profiles...]", "default: all")
  .action(async (names: string[], options: BenchOptions) => {
    const { benchKeys, benchPoints } = await import("./keys.ts");
    const [keys, points] = [await benchKeys(profilesNamed(names)), await benchPoints()];
    if (options.json) process.stdout.write(`${JSON.stringify({ keys, points })}\n`);
    else for (const table of [keys, points]) print(table, options);
  });
addTable("circuits", "counts constraints, coefficients and bytes of the key, by part")
  .argument("[profiles...]", "default: all")
  .option("--O1", "with circom's weaker simplification", false)
  .action(async (names: string[], options: BenchOptions & { O1: boolean }) => {
    const { benchCircuits } = await import("./circuits.ts");
    const result = await benchCircuits({
      profiles: profilesNamed(options.docs === true ? [] : names),
      optimization: options.O1 ? "--O1" : "--O2",
      log: (line) => process.stderr.write(options.json ? "" : `${line}\n`),
    });
    if (options.docs === true) {
      writeTable("circuits", circuitsTable(result));
      writeTable("parts", partsTable(result));
    }
    const { profiles, parts } = result;
    if (options.json) process.stdout.write(`${JSON.stringify({ profiles, parts })}\n`);
    else for (const table of [profiles, parts]) print(table, options);
  });
addTable("gas", "measures the gas of every kind of transaction").action(async (options: BenchOptions) => {
  const { benchGas } = await import("./gas.ts");
  const rows = await benchGas();
  if (options.docs === true) writeTable("gas", gasTable(rows));
  print(rows, options);
});
addTable("limits", "measures gas with little and with much in the system").action(
  async (options: BenchOptions) => {
    const { benchLimits } = await import("./limits.ts");
    const rows = await benchLimits((line) => process.stderr.write(`${line}\n`));
    if (options.docs === true) writeTable("limits", limitsTable(rows));
    print(rows, options);
  },
);
addTable("governance", "measures the gas of deciding for a cluster, by scheme").action(
  async (options: BenchOptions) => {
    const { benchGovernance } = await import("./governance.ts");
    const rows = await benchGovernance();
    if (options.docs === true) writeTable("governance", governanceTable(rows));
    print(rows, options);
  },
);
add("seats", "measures what a provider gains by pretending to be ten under the seats that the beacon draws")
  .option("--draws <n>", "draws for the whole and for the parts", "40000")
  .action(async (options: BenchOptions & { draws: string }) => {
    const { benchSeats } = await import("./seats.ts");
    print(benchSeats(Number(options.draws)), options);
  });
add("proof-gas", "measures the gas of a cluster that proof of storage manages").action(
  async (options: BenchOptions) => {
    const { benchProofGas } = await import("./proof-gas.ts");
    print(await benchProofGas(), options);
  },
);
add("events", "measures the time to read a deployment's events, and to start again afterwards")
  .option("--count <n>", "events", "1000000")
  .action(async (options: BenchOptions & { count: string }) => {
    const { benchEvents } = await import("./events.ts");
    print([await benchEvents(Number(options.count))], options);
  });
add("auditor", "counts an auditor's transactions in a day, with a fake clock")
  .argument("[vNodes...]", "default: 100 1000")
  .action(async (sizes: string[], options: BenchOptions) => {
    const { benchAuditor } = await import("./auditor.ts");
    print(await benchAuditor(sizes.length > 0 ? sizes.map(Number) : [100, 1000]), options);
  });
add("election", "measures the gas of an election with 16 seats, 64 candidates and 1,000 nominators").action(
  async (options: BenchOptions) => {
    const { benchElection } = await import("./election.ts");
    print(await benchElection((line) => process.stderr.write(options.json ? "" : `${line}\n`)), options);
  },
);
add("reputation", "measures what a score costs who buys it by serving itself, and the gas of decisions")
  .option("--epochs <n>", "epochs of each strategy", "400")
  .action(async (options: BenchOptions & { epochs: string }) => {
    const { benchReputation, benchReputationGas } = await import("./reputation.ts");
    const rows = await benchReputation(Number(options.epochs));
    const strategies = rows.map(({ paid, fees, score, ...row }) => ({
      ...row,
      paid: Number(paid),
      fees: Number(fees),
      score: Number(score),
    }));
    const gas = await benchReputationGas();
    if (options.json) process.stdout.write(`${JSON.stringify({ strategies, gas })}\n`);
    else for (const table of [strategies, gas]) print(table, options);
  });
add("mutants", "counts how many broken contracts the tests notice")
  .argument(
    "<target>",
    "part of the contracts: ledger, accounts, bonds, audits, deployment, sources, proofs, settlement, verifier",
  )
  .option("--every <n>", "try only every n-th mutant", "1")
  .option("--lines <n...>", "try only mutants on these lines", [])
  .action(async (target: string, options: BenchOptions & { every: string; lines: string[] }) => {
    const { runMutants } = await import("./mutants/run.ts");
    const log = (line: string): void => {
      if (!options.json) process.stderr.write(`${line}\n`);
    };
    const { survivors, ...row } = await runMutants({
      target,
      log,
      every: Number(options.every),
      lines: options.lines.map(Number),
    });
    if (options.json) print([{ ...row, survivors }], options);
    else {
      print([row], options);
      for (const survivor of survivors) process.stdout.write(`survived: ${survivor}\n`);
    }
  });
addTable("coverage", "shows which lines and branches of the contracts the tests do not reach").action(
  async (options: BenchOptions) => {
    const { runCoverage } = await import("./coverage/run.ts");
    const result = await runCoverage((line) => process.stderr.write(`${line}\n`));
    if (options.docs === true) writeTable("coverage", coverageTable(result.rows));
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else {
      print(result.rows, options);
      for (const { file, line, what } of result.missing) process.stdout.write(`${file}:${line}: ${what}\n`);
      for (const { file, what } of result.needless) process.stdout.write(`${file}: no exception: ${what}\n`);
    }
    if (!result.passed) process.stderr.write("some tests failed: see above\n");
    if (!result.passed || result.missing.length + result.needless.length !== 0) process.exitCode = 1;
  },
);
add("mutants-ts", "how many broken versions of the TypeScript the tests notice")
  .argument("[targets...]", "protocol, sender, journal, model; default: all")
  .option(
    "--only <sources...>",
    "only those in these sources of the target, as in protocol/price.ts:10-15",
    [],
  )
  .action(async (names: string[], options: BenchOptions & { only: string[] }) => {
    const { runMutants, TARGETS } = await import("./typescript/mutants.ts");
    const results: Awaited<ReturnType<typeof runMutants>>[] = [];
    const log = (line: string): void => {
      if (!options.json) process.stdout.write(`${line}\n`);
    };
    for (const target of names.length > 0 ? names : Object.keys(TARGETS))
      results.push(await runMutants({ target, only: options.only, quiet: options.json, log }));
    if (options.json) process.stdout.write(`${JSON.stringify(results)}\n`);
    else console.table(results.map(({ row }) => row));
    if (results.some(({ isEnough }) => !isEnough)) process.exitCode = 1;
  });
add("coverage-ts", "which lines and branches of the TypeScript the tests reach")
  .option("--again", "count what the last run has reached, without another", false)
  .option("--missing [folders...]", "print what is not reached, of these folders or of all")
  .action(async (options: BenchOptions & { again: boolean; missing?: true | string[] }) => {
    const { runCoverage } = await import("./typescript/coverage.ts");
    const { passed, rows, low, missing } = await runCoverage(options.again);
    print(rows, options);
    const shown = options.missing === true ? rows.map(({ folder }) => folder) : (options.missing ?? []);
    for (const { file, line, what } of missing)
      if (shown.some((folder) => file.startsWith(`${folder}/`)))
        process.stdout.write(`${file}:${line}: ${what}\n`);
    if (!passed) process.stderr.write("some tests failed: see above\n");
    if (low.length > 0) process.stderr.write(`too few lines are reached in ${low.join(", ")}\n`);
    if (!passed || low.length > 0) process.exitCode = 1;
  });
await program.parseAsync();

function profilesNamed(names: readonly string[]): ProfileName[] {
  return names.length > 0
    ? names.map((name) => profileNamed(name).name)
    : (Object.keys(PROFILES) as ProfileName[]);
}

function print(rows: readonly object[], { json }: BenchOptions): void {
  if (json) process.stdout.write(`${JSON.stringify(rows)}\n`);
  else console.table(rows);
}
