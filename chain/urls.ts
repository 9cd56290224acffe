/**
 * The URLs of endpoints in settings: one, several separated by commas, or a list.
 */
import { z } from "zod";

/** URLs may contain commas, so only a comma before another URL separates. */
const BETWEEN = /,\s*(?=https?:\/\/)/i;

/** Splits, trims and removes duplicates. */
export function splitUrls(given: string | readonly string[]): string[] {
  const all = [given].flat().flatMap((text) => text.split(BETWEEN));
  return [...new Set(all.map((url) => url.trim().replace(/,$/, "")).filter((url) => url !== ""))];
}

/** The error never repeats the wrong text: URLs contain keys. */
export const endpointUrls = z.union([z.string(), z.array(z.string())]).transform((given, context) => {
  const urls = splitUrls(given);
  if (urls.length > 0 && urls.every((url) => /^https?:\/\//i.test(url) && URL.canParse(url))) return urls;
  context.addIssue(
    "expected a URL that begins with http:// or https://, or several of them, separated by commas or as a list",
  );
  return z.NEVER;
});
