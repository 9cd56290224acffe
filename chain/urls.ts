/**
 * Addresses of endpoints as settings have them: one, several separated by commas, or a list.
 */
import { z } from "zod";

/** A comma may be part of an address, but not before another one. */
const BETWEEN = /,\s*(?=https?:\/\/)/i;

/** Each once. */
export function splitUrls(given: string | readonly string[]): string[] {
  const all = [given].flat().flatMap((text) => text.split(BETWEEN));
  return [...new Set(all.map((url) => url.trim().replace(/,$/, "")).filter((url) => url !== ""))];
}

/** Never says what is wrong by showing it: keys are in addresses. */
export const endpointUrls = z.union([z.string(), z.array(z.string())]).transform((given, context) => {
  const urls = splitUrls(given);
  if (urls.length > 0 && urls.every((url) => /^https?:\/\//i.test(url) && URL.canParse(url))) return urls;
  context.addIssue(
    "expected a URL that begins with http:// or https://, or several: separated by commas, or a list",
  );
  return z.NEVER;
});
