/**
 * What many people made together cannot be made again: a key that is not a development key is not replaced.
 */
import { isDevelopmentKey, readZkeyFile } from "../groth16/zkey-reader.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { CircuitManifest } from "../protocol/manifest.ts";

/** By the manifest, or by the zkey itself, which may lie there without one. */
export async function hasCeremonyKey(
  { zkey }: { readonly zkey: string },
  manifest: CircuitManifest | undefined,
): Promise<boolean> {
  if (manifest?.key?.transcript !== undefined) return true;
  try {
    return !isDevelopmentKey(await readZkeyFile(zkey));
  } catch (error) {
    if (error instanceof HoldfastError) return false; // no file, or no key
    throw error;
  }
}
