/**
 * A segment's bytes on their way to the disk: written beside their place, or only compared if they are there. Where the first
 * difference shows, what was equal until then is copied, so that good bytes can replace bad ones in one upload.
 */
import type { Profile } from "../protocol/profiles.ts";
import type { HashEngine, SegmentTree } from "../protocol/segment.ts";
import { commit, type Announced } from "./commit.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { READ } from "./verified.ts";

export interface Receiving {
  readonly disk: Disk;
  readonly profile: Profile;
  readonly engine: HashEngine;
  /** What the file is called until it is whole. */
  readonly name: string;
  /** A file of as many bytes that may be these; undefined if there is none. */
  readonly existing: string | undefined;
  /** Called once before anything is written. Throws if there is no room. */
  readonly reserve: () => Promise<void>;
  /** Gives the file, whole and synced, its final name. */
  readonly place: (name: string) => Promise<void>;
}

/** Of a copy. */
const CHUNK_BYTES = 1 << 20;

/** Whether the bytes are new here. Throws what `commit` and the disk throw, and leaves nothing behind then. */
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
      if (part.length === 0) throw new Error("what was equal cannot be read again");
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
    const tree = await commit(body, announced, { profile, engine }, write);
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

/** Fewer bytes at the end. */
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
