/**
 * Collects rows of evidence.
 */
import { expect } from "chai";
import type { EvidenceRow, Rows } from "../../evidence/assurance/row.ts";

export async function rowsOf(rows: Rows): Promise<EvidenceRow[]> {
  const gathered: EvidenceRow[] = [];
  for await (const row of rows) gathered.push(row);
  return gathered;
}

/** Fails if a row does not hold, or if there are no rows. */
export async function expectAllHold(rows: Rows): Promise<EvidenceRow[]> {
  const gathered = await rowsOf(rows);
  const failing = gathered.filter(({ holds }) => !holds);
  expect(failing).to.deep.equal([]);
  expect(gathered).not.to.deep.equal([]);
  return gathered;
}
