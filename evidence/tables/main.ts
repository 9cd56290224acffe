/**
 * `npm run -s tables [-- NAMES]`: shows which tables of the documents are stale. Exit status 1: some are.
 */
import { isStale, tableNamed, TABLES } from "./tables.ts";

const names = process.argv.slice(2);
const rows = (names.length === 0 ? TABLES : names.map(tableNamed)).map((table) => ({
  table: table.name,
  document: table.document,
  state: isStale(table.name) ? `stale: npm run -s ${table.command}` : "up to date",
}));
for (const { table, document, state } of rows)
  console.log(`${table.padEnd(12)}${document.padEnd(24)}${state}`);
if (rows.some(({ state }) => state !== "up to date")) process.exitCode = 1;
