/**
 * The container format of iden3's r1cs, wtns and zkey files: a four-letter type, a version, and numbered sections.
 */
import { HoldfastError } from "../protocol/errors.ts";

const HEADER_BYTES = 12; // type, version, number of sections
const SECTION_HEADER_BYTES = 12; // id (4), size (8)

/**
 * The sections of a file by number. Each is a view; nothing is copied. @throws HoldfastError "corrupt" if the file is
 * malformed
 */
export function readSections(file: Uint8Array, type: string): Map<number, Uint8Array> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < HEADER_BYTES || String.fromCharCode(...file.subarray(0, 4)) !== type) {
    throw new HoldfastError("corrupt", `not a ${type} file: its first four bytes are not "${type}"`);
  }
  const sections = new Map<number, Uint8Array>();
  let at = HEADER_BYTES;
  for (let i = view.getUint32(8, true); i > 0; i--) {
    if (at + SECTION_HEADER_BYTES > file.length) throw truncated(type);
    const id = view.getUint32(at, true);
    const size = Number(view.getBigUint64(at + 4, true));
    at += SECTION_HEADER_BYTES;
    if (at + size > file.length) throw truncated(type);
    if (sections.has(id)) throw new HoldfastError("corrupt", `the ${type} file has section ${id} twice`);
    sections.set(id, file.subarray(at, at + size));
    at += size;
  }
  if (at !== file.length) {
    throw new HoldfastError(
      "corrupt",
      `the ${type} file has ${file.length - at} bytes after its last section`,
    );
  }
  return sections;
}

/** A range of bytes in a file. */
export interface Extent {
  readonly at: number;
  readonly size: number;
}

/**
 * Finds the sections of a file. @throws HoldfastError "corrupt" if the file is malformed, "not-found" if there is
 * none
 */
export async function locateSections(path: string, type: string): Promise<ReadonlyMap<number, Extent>> {
  const reader = await openSections(path, type);
  await reader.close();
  return reader.places;
}

async function locate(
  { size: total, read }: ByteSource,
  path: string,
  type: string,
): Promise<Map<number, Extent>> {
  const take = async (at: number, size: number): Promise<DataView> => {
    const bytes = new Uint8Array(size);
    await read(at, bytes);
    return new DataView(bytes.buffer);
  };
  const header = await take(0, HEADER_BYTES);
  if (total < HEADER_BYTES || String.fromCharCode(...new Uint8Array(header.buffer, 0, 4)) !== type)
    throw new HoldfastError("corrupt", `${path} is not a ${type} file`, { path });
  const extents = new Map<number, Extent>();
  let at = HEADER_BYTES;
  for (let i = header.getUint32(8, true); i > 0; i--) {
    if (at + SECTION_HEADER_BYTES > total) throw truncated(type);
    const frame = await take(at, SECTION_HEADER_BYTES);
    const [id, size] = [frame.getUint32(0, true), Number(frame.getBigUint64(4, true))];
    at += SECTION_HEADER_BYTES;
    if (at + size > total) throw truncated(type);
    if (extents.has(id)) throw new HoldfastError("corrupt", `the ${type} file has section ${id} twice`);
    extents.set(id, { at, size });
    at += size;
  }
  return extents;
}

/** Reads those of the wanted sections that the file has, and no others. @throws as `openSections` */
export async function readSomeSections(
  path: string,
  type: string,
  wanted: readonly number[],
  sha256?: string,
): Promise<Map<number, Uint8Array>> {
  const reader = await openSections(path, type, sha256);
  try {
    const sections = new Map<number, Uint8Array>();
    for (const id of wanted) {
      const place = reader.places.get(id);
      if (!place) continue;
      const content = new Uint8Array(place.size);
      await reader.read(place, 0, content);
      sections.set(id, content);
    }
    return sections;
  } finally {
    await reader.close();
  }
}

/** A file's sections, of which parts can be read. */
export interface SectionReader {
  readonly places: ReadonlyMap<number, Extent>;
  /** Fills the target with the section's bytes from `offset` on. Throws "corrupt" if the file has become shorter. */
  read(place: Extent, offset: number, target: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a file, or its content. With a hash, nothing is read that was not part of a file of this SHA-256.
 *
 * @throws as `locateSections` and `readSections` do; "key" for another file than that of the hash
 */
export async function openSections(
  source: string | Uint8Array,
  type: string,
  sha256?: string,
): Promise<SectionReader> {
  if (typeof source !== "string") {
    const places = new Map<number, Extent>();
    for (const [id, content] of readSections(source, type))
      places.set(id, { at: content.byteOffset - source.byteOffset, size: content.length });
    return {
      places,
      read({ at }, offset, target) {
        target.set(source.subarray(at + offset, at + offset + target.length));
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
  }
  const file = await openFile(source, sha256);
  try {
    return {
      places: await locate(file, source, type),
      async read({ at }, offset, target) {
        if ((await file.read(at + offset, target)) < target.length) throw truncated(type);
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Bytes that one read may ask for: the platform refuses 2^31. */
const MOST_READ = 2 ** 30;

interface ByteSource {
  readonly size: number;
  /** Returns how many bytes there were. */
  readonly read: (at: number, target: Uint8Array) => Promise<number>;
  readonly close: () => Promise<void>;
}

/** The platform's files are loaded only here, so that a browser can read what it has in memory. */
async function openFile(path: string, sha256?: string): Promise<ByteSource> {
  if (sha256 !== undefined) return (await import("../system/checked-file.ts")).openChecked(path, sha256);
  const { open } = await import("node:fs/promises");
  const file = await open(path).catch((cause: unknown) => {
    throw new HoldfastError("not-found", `there is no file ${path}`, { path }, { cause });
  });
  const { size } = await file.stat();
  return {
    size,
    async read(at, target) {
      let done = 0;
      while (done < target.length) {
        const length = Math.min(target.length - done, MOST_READ);
        const { bytesRead } = await file.read(target, done, length, at + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return done;
    },
    close: () => file.close(),
  };
}

/** One section. @throws HoldfastError "corrupt" if it is missing */
export function section(sections: Map<number, Uint8Array>, id: number, type: string): Uint8Array {
  const found = sections.get(id);
  if (!found) throw new HoldfastError("corrupt", `the ${type} file has no section ${id}`);
  return found;
}

export function fileHeader(type: string, version: number, sections: number): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(type, "latin1");
  header.writeUInt32LE(version, 4);
  header.writeUInt32LE(sections, 8);
  return header;
}

export function sectionHeader(id: number, size: number): Uint8Array {
  const header = Buffer.alloc(SECTION_HEADER_BYTES);
  header.writeUInt32LE(id, 0);
  header.writeBigUInt64LE(BigInt(size), 4);
  return header;
}

function truncated(type: string): HoldfastError {
  return new HoldfastError("corrupt", `the ${type} file ends in the middle of a section`);
}
