/**
 * Tables in documents that a command writes, between two comments:
 *
 *     <!-- table gas, from 5e2c91ab -->
 *     ...
 *     <!-- end of gas -->
 *
 * After "from" comes the fingerprint of what was measured (fingerprints.ts).
 */

export interface Marked {
  readonly from: string;
  readonly body: string;
}

const EXPRESSION = (name: string): RegExp =>
  new RegExp(`<!-- table ${name}, from ([^>]*) -->\\n([\\s\\S]*?)<!-- end of ${name} -->`);

/** @throws Error if the document has no such table */
export function readMarked(text: string, name: string): Marked {
  const [, from = "", body = ""] = EXPRESSION(name).exec(text) ?? missing(name);
  return { from, body: body.trim() };
}

/** The document with a new table of this name. @throws Error if it has none */
export function replaceMarked(text: string, name: string, { from, body }: Marked): string {
  if (!EXPRESSION(name).test(text)) missing(name);
  const table = `<!-- table ${name}, from ${from} -->\n\n${body}\n\n<!-- end of ${name} -->`;
  return text.replace(EXPRESSION(name), () => table);
}

function missing(name: string): never {
  throw new Error(
    `the document has no comments "table ${name}" and "end of ${name}": add them around the table`,
  );
}

/** A table in the form that the formatter keeps. */
export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, i) => Math.max(3, head.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, i) => (row[i] ?? "").padEnd(width)).join(" | ")} |`;
  return [line(heads), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** 1234567 as 1,234,567. */
export const grouped = (value: number): string => value.toLocaleString("en-US", { maximumFractionDigits: 0 });
