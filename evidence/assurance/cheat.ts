/**
 * What a dishonest prover would like to claim.
 */
import type { HashEngine } from "../../protocol/segment.ts";
import type { CircuitInput } from "../../protocol/statement.ts";
import type { Patch } from "./build.ts";

export interface Cheat {
  readonly main: string;
  readonly claim: string;
  readonly input: (engine: HashEngine) => CircuitInput;
  /** What the cheat's program computes otherwise. */
  readonly patches?: readonly Patch[];
  /** How many constraints stand against it, of the circuit as provers use it, where all else is made to fit. */
  readonly breaks?: number;
}
