/**
 * What no test of the contracts can reach, and why.
 */

/** One place: two lines that are the same are two exceptions. */
export interface Exception {
  readonly file: string;
  /** The line, or a condition and its outcome, as the report says it. */
  readonly what: string;
  readonly why: string;
}

export const EXCEPTIONS: readonly Exception[] = [];
