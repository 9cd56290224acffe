/**
 * What a piece of evidence says: one line of the table.
 */
export interface Row {
  /** What is shown. */
  readonly evidence: string;
  /** Of what: a template, or a cheat. */
  readonly subject: string;
  /** How many cases were looked at. */
  readonly cases: number;
  readonly holds: boolean;
  /** In words: numbers that matter, and what does not hold. */
  readonly detail: string;
}

/** Rows as they come, so that a reader sees how far it is. */
export type Rows = AsyncIterable<Row>;
