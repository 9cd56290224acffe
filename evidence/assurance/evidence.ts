/**
 * All kinds of evidence, by their names on the command line.
 */
import { changes } from "./changes.ts";
import { cheating } from "./cheating.ts";
import { compilation } from "./compilation.ts";
import { completeness } from "./completeness.ts";
import { deletion } from "./deletion.ts";
import { mutants } from "./mutants.ts";
import type { Rows } from "./row.ts";
import type { Scale } from "./scale.ts";
import { smallFields } from "./small-fields.ts";
import { solidity } from "./solidity.ts";
import { statistics } from "./statistics.ts";
import { uniqueness } from "./uniqueness.ts";

export const EVIDENCE: Readonly<Record<string, (scale: Scale) => Rows>> = {
  completeness: (scale) => completeness(scale),
  solidity,
  changes: (scale) => changes(scale),
  deletion: (scale) => deletion(scale),
  uniqueness: (scale) => uniqueness(scale),
  "small-fields": () => smallFields(),
  cheats: () => cheating(),
  mutants,
  statistics,
  compilation,
};
