/**
 * `npm run -s bench -- commit | prove | circuits | gas | limits | events | auditor | mutants | coverage | mutants-ts |
 * coverage-ts`: the numbers of the README and of docs/.
 */
import { Command } from "commander";
import { PROFILES, profileNamed, type ProfileName } from "../../protocol/profiles.ts";

interface BenchOptions {
  readonly json: boolean;
}

const program = new Command("bench").description("measures what the README says");
const add = (name: string, description: string): Command =>
  program.command(name).description(description).option("--json", "print JSON", false);

add("commit", "bytes hashed in a second of one core").action(async (options: BenchOptions) => {
  const { benchCommit } = await import("./commit.ts");
  print(await benchCommit(), options);
});
add("prove", "time and memory of a proof, for each profile")
  .argument("[profiles...]", "default: all")
  .action(async (names: string[], options: BenchOptions) => {
    const { benchProve } = await import("./prove.ts");
    print(await benchProve({ profiles: profilesNamed(names), json: options.json }), options);
  });
add("circuits", "constraints, coefficients and bytes of the key, by part")
  .argument("[profiles...]", "default: all")
  .option("--O1", "with circom's weaker simplification", false)
  .action(async (names: string[], options: BenchOptions & { O1: boolean }) => {
    const { benchCircuits } = await import("./circuits.ts");
    const { profiles, parts } = await benchCircuits({
      ...{ profiles: profilesNamed(names), optimization: options.O1 ? "--O1" : "--O2" },
      log: (line) => process.stderr.write(options.json ? "" : `${line}\n`),
    });
    if (options.json) process.stdout.write(`${JSON.stringify({ profiles, parts })}\n`);
    else for (const table of [profiles, parts]) print(table, options);
  });
add("gas", "gas of every kind of transaction").action(async (options: BenchOptions) => {
  const { benchGas } = await import("./gas.ts");
  print(await benchGas(), options);
});
add("limits", "gas with little in the system, and with a lot").action(async (options: BenchOptions) => {
  const { benchLimits } = await import("./limits.ts");
  print(await benchLimits((line) => process.stderr.write(`${line}\n`)), options);
});
add("events", "time to read a deployment's events, and to start once they are kept")
  .option("--count <n>", "events", "1000000")
  .action(async (options: BenchOptions & { count: string }) => {
    const { benchEvents } = await import("./events.ts");
    print([await benchEvents(Number(options.count))], options);
  });
add("auditor", "transactions of an auditor in a day, by a clock of its own")
  .argument("[vNodes...]", "default: 100 1000")
  .action(async (sizes: string[], options: BenchOptions) => {
    const { benchAuditor } = await import("./auditor.ts");
    print(await benchAuditor(sizes.length > 0 ? sizes.map(Number) : [100, 1000]), options);
  });
add("mutants", "how many broken contracts the tests notice")
  .argument(
    "<target>",
    "part of the contracts: ledger, accounts, bonds, audits, deployment, sources, proofs, settlement, verifier",
  )
  .option("--every <n>", "only each n-th", "1")
  .option("--lines <n...>", "only those on these lines", [])
  .action(async (target: string, options: BenchOptions & { every: string; lines: string[] }) => {
    const { runMutants } = await import("./mutants/run.ts");
    const log = (line: string): void => {
      if (!options.json) process.stderr.write(`${line}\n`);
    };
    const { survivors, ...row } = await runMutants({
      ...{ target, log },
      ...{ every: Number(options.every), lines: options.lines.map(Number) },
    });
    if (options.json) print([{ ...row, survivors }], options);
    else {
      print([row], options);
      for (const survivor of survivors) process.stdout.write(`survived: ${survivor}\n`);
    }
  });
add("coverage", "which lines and branches of the contracts the tests reach").action(
  async (options: BenchOptions) => {
    const { runCoverage } = await import("./coverage/run.ts");
    const result = await runCoverage((line) => process.stderr.write(`${line}\n`));
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
