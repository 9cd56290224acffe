/**
 * JSON as people edit it, and as it holds the chain's integers.
 */

/** Some editors begin a file with a byte order mark. Throws SyntaxError. */
export function parseJson(text: string): unknown {
  return JSON.parse(text.replace(/^\uFEFF/, ""));
}

/** With bigints as decimal text. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? String(part) : part));
}

/** The same, as what `JSON.parse` makes of it. */
export function toPlain(value: unknown): unknown {
  return JSON.parse(toJson(value));
}
