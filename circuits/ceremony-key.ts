/**
 * Recognizes a ceremony's key, which must never be overwritten: the contributors would have to make it again.
 */
import { isDevelopmentKey, readZkeyFile } from "../groth16/zkey-reader.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { CircuitManifest } from "../protocol/manifest.ts";

/** Looks at the manifest, and at the zkey itself, because the manifest may be missing. */
export async function hasCeremonyKey(
  { zkey }: { readonly zkey: string },
  manifest: CircuitManifest | undefined,
): Promise<boolean> {
  if (manifest?.key?.transcript !== undefined) return true;
  try {
    return !isDevelopmentKey(await readZkeyFile(zkey));
  } catch (error) {
    if (error instanceof HoldfastError) return false; // there is no zkey, or it is not one
    throw error;
  }
}
