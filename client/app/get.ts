/**
 * Reads a stored object back, and checks every segment and the whole file.
 */
import { createHash } from "node:crypto";
import { HoldfastError } from "../../protocol/errors.ts";
import type { StoredObject } from "../object.ts";
import { checkDeployment } from "./deployment.ts";
import { destinationOf } from "./destination.ts";
import { fetchSegment, rehash } from "./replicas.ts";
import type { Services } from "./services.ts";

export async function get(
  { chain, api, engine, signal, paces, progress }: Services,
  object: StoredObject,
  out: string,
): Promise<{ bytes: number; sha256: string }> {
  checkDeployment(chain, object);
  const destination = await destinationOf(out);
  return destination.write(async (file) => {
    const whole = createHash("sha256");
    const failures = new Map<number, number>();
    let offset = 0;
    for (const segment of object.segments) {
      const target = { object, segment, file, offset };
      await fetchSegment({ chain, api, engine, signal, paces, failures, ...target });
      await rehash({ file, segment, offset }, whole);
      offset += segment.bytes;
      progress?.("downloading", offset / object.bytes);
    }
    const sha256 = whole.digest("hex");
    if (sha256 === object.sha256) return { bytes: object.bytes, sha256 };
    throw new HoldfastError(
      "corrupt",
      "the SHA-256 of what was read is not the manifest's: the manifest was changed, use an unchanged copy",
    );
  });
}
