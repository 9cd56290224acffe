/**
 * All cheats, written by hand: false claims of a dishonest prover, and the part that must refuse each.
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
