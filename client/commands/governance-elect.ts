/**
 * `governance elect`: holds an election without a chain.
 */
import type { Command } from "commander";
import { readElection } from "../governance/election-file.ts";
import { outcomeTable, plainOutcome } from "../governance/outcome.ts";
import { elect } from "../governance/phragmen.ts";
import { printResult } from "../output.ts";
import { command, type JsonOptions } from "./common.ts";

const HELP = `
FILE is JSON:
  {"seats": 2,
   "candidates": [{"id": 1, "stake": 10}, {"id": 2, "stake": "5"}],
   "nominators": [{"id": 7, "stake": "300", "targets": [1, 2]}]}

Stakes are whole token units: numbers, or digits in a string. Ids are whole
numbers or strings; 7 and "7" are the same id. A nominator has at most 16
targets. The winners are those of sequential Phragmén, computed exactly. Of
equal scores the smaller id wins: numbers and digits by value, before other
strings, which are compared by their UTF-16 code units.

A candidate's own stake backs the candidate alone. Supports include it, and
edges have it with the candidate as its own nominator. A candidate without any
stake behind it does not win. Edges of 0 units are left out.`;

export function addElectCommand(governance: Command): void {
  command(
    governance,
    "elect <file>",
    "elects by sequential Phragmén: winners, supports and edges, without a chain",
  )
    .addHelpText("after", HELP)
    .action(async (path: string, { json }: JsonOptions) => {
      const election = await readElection(path);
      const outcome = elect(election);
      printResult(plainOutcome(outcome), { json, text: outcomeTable(election, outcome) });
    });
}
