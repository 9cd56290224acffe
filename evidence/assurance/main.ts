/**
 * `npm run -s assurance`: all evidence that the circuits accept what they should and nothing else, as a table.
 */
import Table from "cli-table3";
import { Command } from "commander";
import { HoldfastError } from "../../protocol/errors.ts";
import { EVIDENCE } from "./evidence.ts";
import type { EvidenceRow } from "./row.ts";
import { FULL, SMALL } from "./scale.ts";

interface Options {
  readonly small: boolean;
  readonly json: boolean;
}

await new Command("assurance")
  .description(
    "gathers evidence that the circuits are sound and complete; exits with 1 if anything does not hold",
  )
  .argument("[kinds...]", `kinds of evidence: ${Object.keys(EVIDENCE).join(", ")}; default: all`)
  .option("--small", "gather only the small part that belongs to the tests", false)
  .option("--json", "print JSON", false)
  .action(async (kinds: string[], { small, json }: Options) => {
    const rows: EvidenceRow[] = [];
    for (const kind of kinds.length > 0 ? kinds : Object.keys(EVIDENCE)) {
      const gather = EVIDENCE[kind];
      if (!gather) throw unknown(kind);
      for await (const row of gather(small ? SMALL : FULL)) {
        rows.push(row);
        process.stderr.write(`${row.holds ? "holds" : "FAILS"}  ${row.evidence}: ${row.subject}\n`);
      }
    }
    process.stdout.write(json ? `${JSON.stringify(rows)}\n` : table(rows));
    if (rows.some(({ holds }) => !holds)) process.exitCode = 1;
  })
  .parseAsync()
  .catch((error: unknown) => {
    if (!(error instanceof HoldfastError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  });

function unknown(kind: string): HoldfastError {
  const kinds = Object.keys(EVIDENCE).join(", ");
  return new HoldfastError("bad-input", `there is no evidence "${kind}": use ${kinds}`);
}

function table(rows: readonly EvidenceRow[]): string {
  const made = new Table({
    head: ["evidence", "of", "cases", "holds", "detail"],
    wordWrap: true,
    colWidths: [34, 34, 9, 7, 60],
  });
  for (const { evidence, subject, cases, holds, detail } of rows)
    made.push([evidence, subject, cases, holds ? "yes" : "NO", detail]);
  const cases = rows.reduce((sum, row) => sum + row.cases, 0);
  const failing = rows.filter(({ holds }) => !holds).length;
  return `${made.toString()}\n${rows.length} pieces of evidence, ${cases} cases, ${failing} that do not hold\n`;
}
