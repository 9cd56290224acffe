/**
 * Honest statements about small, made-up segments.
 */
import {
  honestStatement as statementOf,
  type StatementRequest,
  type HonestStatement,
} from "../../evidence/assurance/statements.ts";
import { referenceEngine } from "../../protocol/segment.ts";

export interface HonestOptions extends StatementRequest {
  /** Bytes of each segment; byte i of segment s is (7 i + s) mod 251. */
  readonly sizes: readonly number[];
}

export function honestStatement({ sizes, ...asked }: HonestOptions): HonestStatement & {
  readonly segments: readonly Uint8Array[];
} {
  const segments = sizes.map((size, s) => Uint8Array.from({ length: size }, (_, i) => (7 * i + s) % 251));
  return { ...statementOf(segments, asked, referenceEngine), segments };
}
