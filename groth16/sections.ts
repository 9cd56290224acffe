/**
 * The container format of iden3's r1cs, wtns and zkey files: a four-letter type, a version, and numbered sections.
 */
import { open, type FileHandle } from "node:fs/promises";
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
export async function locateSections(path: string, type: string): Promise<Map<number, Extent>> {
  return withFile(path, async (file) => {
    const { size: total } = await file.stat();
    const header = await read(file, { at: 0, size: Math.min(total, HEADER_BYTES) });
    if (header.length < HEADER_BYTES || header.toString("latin1", 0, 4) !== type)
      throw new HoldfastError("corrupt", `${path} is not a ${type} file`, { path });
    const extents = new Map<number, Extent>();
    let at = HEADER_BYTES;
    for (let i = header.readUInt32LE(8); i > 0; i--) {
      if (at + SECTION_HEADER_BYTES > total) throw truncated(type);
      const frame = await read(file, { at, size: SECTION_HEADER_BYTES });
      const [id, size] = [frame.readUInt32LE(0), Number(frame.readBigUInt64LE(4))];
      at += SECTION_HEADER_BYTES;
      if (at + size > total) throw truncated(type);
      if (extents.has(id)) throw new HoldfastError("corrupt", `the ${type} file has section ${id} twice`);
      extents.set(id, { at, size });
      at += size;
    }
    return extents;
  });
}

/** Reads those of the wanted sections that the file has, and no others. @throws as `locateSections` */
export async function readSomeSections(
  path: string,
  type: string,
  wanted: readonly number[],
): Promise<Map<number, Uint8Array>> {
  const extents = await locateSections(path, type);
  return withFile(path, async (file) => {
    const sections = new Map<number, Uint8Array>();
    for (const id of wanted) {
      const extent = extents.get(id);
      if (extent) sections.set(id, await read(file, extent));
    }
    return sections;
  });
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path).catch((cause: unknown) => {
    throw new HoldfastError("not-found", `there is no file ${path}`, { path }, { cause });
  });
  return use(file).finally(() => file.close());
}

async function read(file: FileHandle, { at, size }: Extent): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, at);
  return buffer.subarray(0, bytesRead);
}

/** One section. @throws HoldfastError "corrupt" if it is missing */
export function section(sections: Map<number, Uint8Array>, id: number, type: string): Uint8Array {
  const found = sections.get(id);
  if (!found) throw new HoldfastError("corrupt", `the ${type} file has no section ${id}`);
  return found;
}

/** Of a prime in a header: other than a field's element it may be any integer. */
export function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
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
