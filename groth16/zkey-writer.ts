/**
 * Writes a Groth16 key in snarkjs's .zkey format, version 1, section by section.
 */
import type { FileHandle } from "node:fs/promises";
import { P } from "../protocol/field.ts";
import { writeAll } from "../system/files.ts";
import { Q } from "./curve.ts";
import { FIELD_BYTES } from "./r1cs.ts";
import { fileHeader, sectionHeader } from "./sections.ts";
import { DEVELOPMENT_MARK } from "./zkey-reader.ts";

/** Points are affine and in Montgomery form: 64 bytes in G1, 128 in G2. Infinity is all zeros. */
export interface ZkeyHeader {
  readonly wires: number;
  readonly publicInputs: number;
  readonly domain: number;
  readonly alpha1: Uint8Array;
  readonly beta1: Uint8Array;
  readonly beta2: Uint8Array;
  readonly gamma2: Uint8Array;
  readonly delta1: Uint8Array;
  readonly delta2: Uint8Array;
}

/** Section numbers of the parts of a key (snarkjs, zkey_utils.js). */
export const ZKEY_SECTION = {
  protocol: 1,
  header: 2,
  publicWires: 3,
  coefficients: 4,
  a: 5,
  b1: 6,
  b2: 7,
  privateWires: 8,
  quotient: 9,
  contributions: 10,
} as const;

const GROTH16 = 1;

export interface ZkeyWriter {
  section(id: number, content: Uint8Array): Promise<void>;
}

/** Starts a file of ten sections and writes three of them. The caller writes the other seven. */
export async function startZkey(file: FileHandle, header: ZkeyHeader): Promise<ZkeyWriter> {
  await writeAll(file, fileHeader("zkey", 1, Object.keys(ZKEY_SECTION).length));
  const writer: ZkeyWriter = {
    async section(id, content) {
      await writeAll(file, sectionHeader(id, content.length));
      await writeAll(file, content);
    },
  };
  await writer.section(ZKEY_SECTION.protocol, uint32(GROTH16));
  await writer.section(ZKEY_SECTION.header, encodeHeader(header));
  await writer.section(ZKEY_SECTION.contributions, Buffer.concat([DEVELOPMENT_MARK, uint32(0)]));
  return writer;
}

function encodeHeader(header: ZkeyHeader): Uint8Array {
  const { alpha1, beta1, beta2, gamma2, delta1, delta2 } = header;
  return Buffer.concat([
    uint32(FIELD_BYTES),
    toBytesLE(Q),
    uint32(FIELD_BYTES),
    toBytesLE(P),
    uint32(header.wires),
    uint32(header.publicInputs),
    uint32(header.domain),
    alpha1,
    beta1,
    beta2,
    gamma2,
    delta1,
    delta2,
  ]);
}

function toBytesLE(value: bigint): Uint8Array {
  return Buffer.from(value.toString(16).padStart(2 * FIELD_BYTES, "0"), "hex").reverse();
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
