/**
 * A cheat: a false claim of a dishonest prover.
 */
import type { HashEngine } from "../../protocol/segment.ts";
import type { CircuitInput } from "../../protocol/statement.ts";
import type { Patch } from "./build.ts";

export interface Cheat {
  readonly main: string;
  readonly claim: string;
  readonly input: (engine: HashEngine) => CircuitInput;
  /** Changes of the program that computes the cheat's witness. */
  readonly patches?: readonly Patch[];
  /** How many constraints of the real circuit refuse it when all other wires are made to fit. */
  readonly breaks?: number;
}
