/**
 * JSON that people may have edited, and JSON with the chain's integers.
 */

/** Skips the byte order mark that some editors write. @throws SyntaxError if it is not JSON */
export function parseJson(text: string): unknown {
  return JSON.parse(text.replace(/^\uFEFF/, ""));
}

/** Writes bigints as decimal strings. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? String(part) : part));
}

/** The value as JSON.parse would return it after toJson. */
export function toPlain(value: unknown): unknown {
  return JSON.parse(toJson(value));
}
