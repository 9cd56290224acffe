/**
 * Cheating witnesses, written by hand: what a dishonest prover would like to claim, and the part that is to refuse it.
 */
import type { HashEngine } from "../protocol/segment.ts";
import type { CircuitInput } from "../protocol/statement.ts";
import type { Patch } from "./build.ts";
import { NUMBER_CHEATS } from "./number-cheats.ts";
import { OPENING_CHEATS } from "./opening-cheats.ts";
import { PATH_CHEATS } from "./path-cheats.ts";
import { STATEMENT_CHEATS } from "./statement-cheats.ts";

export interface Cheat {
  readonly main: string;
  readonly claim: string;
  readonly input: (engine: HashEngine) => CircuitInput;
  /** What the cheat's program computes otherwise. */
  readonly patches?: readonly Patch[];
  /** How many constraints stand against it, of the circuit as provers use it, where all else is made to fit. */
  readonly breaks?: number;
}

export const CHEATS: readonly Cheat[] = [
  ...NUMBER_CHEATS,
  ...OPENING_CHEATS,
  ...PATH_CHEATS,
  ...STATEMENT_CHEATS,
];
