/**
 * A step of a deployment: a contract, and how it is made.
 */

/** The factory's methods, and the contract that each of them makes. */
export const MAKINGS = {
  makeVerifier: "Groth16Verifier",
  makeDrandBeacon: "DrandBeacon",
  makePrevrandaoBeacon: "PrevrandaoBeacon",
} as const;

export type Making = keyof typeof MAKINGS;

/** Integers are decimal or hexadecimal strings, so that a plan can be saved as JSON. */
export type Argument = string | number | Argument[] | { [name: string]: Argument };

export interface Step {
  /** Unique in the plan. For a library, its name. */
  readonly id: string;
  /** Name of the artifact. */
  readonly contract: string;
  /** Arguments of the constructor, or of the factory's method after the code. */
  readonly args: readonly Argument[];
  /** The factory's method that makes the contract. undefined: the step's own transaction creates it. */
  readonly making?: Making;
  /** Id of an earlier step. Its address and the headers from its block on become the last arguments. */
  readonly needsProbe?: string;
}
