/**
 * A piece of evidence: one row of the table.
 */
export interface EvidenceRow {
  /** The property that is shown. */
  readonly evidence: string;
  /** The template or cheat that has it. */
  readonly subject: string;
  /** Number of cases that were tried. */
  readonly cases: number;
  readonly holds: boolean;
  /** Figures, and what does not hold, in words. */
  readonly detail: string;
}

/** Rows one by one, so that the user sees the progress. */
export type Rows = AsyncIterable<EvidenceRow>;
