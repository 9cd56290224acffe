/**
 * A step of a deployment: a contract, and how it is made.
 */

/** The factory's methods, and what is made of the code that they take. */
export const MAKINGS = {
  makeVerifier: "Groth16Verifier",
  makeDrandBeacon: "DrandBeacon",
  makePrevrandaoBeacon: "PrevrandaoBeacon",
} as const;

export type Making = keyof typeof MAKINGS;

/** Words are decimal or hexadecimal strings, so that a plan can be written down and read again. */
export type Argument = string | number | Argument[] | { [name: string]: Argument };

export interface Step {
  /** Unique in the plan; a library's name for those that others are linked with. */
  readonly id: string;
  /** Name of the artifact. */
  readonly contract: string;
  /** Of the constructor, or of the factory's method after the code. */
  readonly args: readonly Argument[];
  /** The factory's method that makes it; undefined: a transaction of its own. */
  readonly making?: Making;
  /** An earlier step, whose address and whose block's header, with those after it, will be the last arguments. */
  readonly needsProbe?: string;
}
