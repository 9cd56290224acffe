/**
 * Writes a segment's bytes to a temporary file as they arrive. If a file exists already, they are only compared with
 * it; from the first difference on, everything is written, so that one upload can replace a damaged file.
 */
import type { Profile } from "../protocol/profiles.ts";
import type { HashEngine, SegmentTree } from "../protocol/segment.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { hashSegment, type Announced } from "./hash-segment.ts";
import { READ } from "./verified.ts";

export interface Receiving {
  readonly disk: Disk;
  readonly profile: Profile;
  readonly engine: HashEngine;
  /** The temporary name of the file. */
  readonly name: string;
  /** A file of the same length that may have the same bytes; undefined if there is none. */
  readonly existing: string | undefined;
  /** Called once before anything is written. Throws if there is not enough room. */
  readonly reserve: () => Promise<void>;
  /** Gives the whole and synced file its final name. */
  readonly place: (name: string) => Promise<void>;
}

/** Bytes copied at a time. */
const CHUNK_BYTES = 1 << 20;

/**
 * @returns whether the bytes are new here. On an error it leaves nothing behind.
 * @throws whatever `hashSegment` and the disk throw
 */
export async function receiveFile(
  body: AsyncIterable<Uint8Array>,
  announced: Announced,
  { disk, profile, engine, name, existing, reserve, place }: Receiving,
): Promise<{ isNew: boolean; tree: SegmentTree }> {
  const old = existing === undefined ? undefined : await disk.open(existing, READ).catch(() => undefined);
  const written: { file?: DiskFile } = {};
  let same = 0;

  const begin = async (): Promise<DiskFile> => {
    await reserve();
    const file = (written.file = await disk.open(name, "wx"));
    for (let at = 0; at < same;) {
      const part = await readPart(old, at, Math.min(CHUNK_BYTES, same - at));
      if (part.length === 0) throw new Error("the equal part of the existing file cannot be read again");
      await file.write(part);
      at += part.length;
    }
    return file;
  };
  const write = async (chunk: Uint8Array): Promise<void> => {
    if (!written.file && old) {
      const part = await readPart(old, same, chunk.length).catch(() => undefined);
      if (part && Buffer.compare(part, chunk) === 0) {
        same += chunk.length;
        return;
      }
    }
    await (written.file ?? (await begin())).write(chunk);
  };

  try {
    const tree = await hashSegment(body, announced, { profile, engine }, write);
    if (!written.file) return { isNew: false, tree };
    await written.file.sync();
    await place(name);
    return { isNew: true, tree };
  } finally {
    await old?.close();
    await written.file?.close();
    if (written.file) await disk.rm(name).catch(() => undefined);
  }
}

/** Reads fewer bytes at the end of the file. */
async function readPart(file: DiskFile | undefined, position: number, length: number): Promise<Uint8Array> {
  const part = new Uint8Array(length);
  let at = 0;
  while (file && at < length) {
    const count = await file.read(part, at, length - at, position + at);
    if (count === 0) break;
    at += count;
  }
  return part.subarray(0, at);
}
