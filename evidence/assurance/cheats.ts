/**
 * Cheating witnesses, written by hand: what a dishonest prover would like to claim, and the part that is to refuse it.
 */
import type { Cheat } from "./cheat.ts";
import { NUMBER_CHEATS } from "./number-cheats.ts";
import { OPENING_CHEATS } from "./opening-cheats.ts";
import { PATH_CHEATS } from "./path-cheats.ts";
import { STATEMENT_CHEATS } from "./statement-cheats.ts";

export const CHEATS: readonly Cheat[] = [
  ...NUMBER_CHEATS,
  ...OPENING_CHEATS,
  ...PATH_CHEATS,
  ...STATEMENT_CHEATS,
];
