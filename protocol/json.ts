/**
 * JSON from files that people have edited: some editors begin them with a byte order mark.
 */

/** Throws SyntaxError. */
export function parseJson(text: string): unknown {
  return JSON.parse(text.replace(/^\uFEFF/, ""));
}
