/**
 * iden3's container for r1cs, wtns and zkey files: a four-letter type, a version, and numbered sections.
 */
import { HoldfastError } from "../protocol/errors.ts";

const HEADER_BYTES = 12; // type, version, number of sections
const SECTION_HEADER_BYTES = 12; // id (4), size (8)

/** The sections of a file by number; each is a view, nothing is copied. Throws "corrupt" if the frame is broken. */
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

/** One section, or "corrupt" if it is missing. */
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
