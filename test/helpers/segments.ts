/**
 * Segments of the tiny profile, ready to be uploaded.
 */
import { createHash } from "node:crypto";
import { toHex32, type Hex } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { referenceEngine, SegmentHasher } from "../../protocol/segment.ts";
import { patternBytes } from "./bytes.ts";

export interface TestSegment {
  readonly data: Uint8Array;
  readonly root: Hex;
  readonly bytes: number;
  readonly leaves: number;
  readonly sha256: string;
}

export function testSegment(bytes: number, tag: number): TestSegment {
  const data = patternBytes(bytes, tag);
  const { dataDepth: depth } = PROFILES.tiny;
  const { root, leaves } = new SegmentHasher({ depth, engine: referenceEngine }).update(data).finish();
  return {
    data,
    root: toHex32(root),
    bytes,
    leaves,
    sha256: createHash("sha256").update(data).digest("hex"),
  };
}

export async function* streamOf(data: Uint8Array, chunk = 700): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += chunk) yield await Promise.resolve(data.subarray(at, at + chunk));
}
