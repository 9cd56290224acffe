/**
 * Reads witnesses in snarkjs's .wtns format.
 */
import { HoldfastError } from "../protocol/errors.ts";
import { ELEMENT_BYTES, fromBytesLE32, P } from "../protocol/field.ts";
import { littleEndian, readSections, section } from "./sections.ts";

export interface Witness {
  /** Values of all wires, the constant 1 among them. */
  readonly wires: number;
  /** 32 little-endian bytes each. */
  readonly values: Uint8Array;
}

const [HEADER, VALUES] = [1, 2];

/** Throws HoldfastError "corrupt" for other bytes, "bad-input" for a witness over another field. */
export function readWitness(file: Uint8Array): Witness {
  const sections = readSections(file, "wtns");
  const header = Buffer.from(section(sections, HEADER, "wtns"));
  const values = section(sections, VALUES, "wtns");
  const size = header.length < 4 ? 0 : header.readUInt32LE(0);
  if (header.length !== 4 + size + 4) throw new HoldfastError("corrupt", "the wtns file's head is broken");
  if (size !== ELEMENT_BYTES || littleEndian(header.subarray(4, 4 + size)) !== P)
    throw new HoldfastError("bad-input", "the witness is over another field than that of BN254");
  const wires = header.readUInt32LE(4 + size);
  if (values.length !== wires * ELEMENT_BYTES)
    throw new HoldfastError("corrupt", `the wtns file says ${wires} values and has ${values.length} bytes`);
  return { wires, values };
}

/** Of a witness whose first wires are, after the constant, the public ones. */
export function publicSignals({ values }: Witness, count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    fromBytesLE32(values.subarray((i + 1) * ELEMENT_BYTES, (i + 2) * ELEMENT_BYTES)).toString(),
  );
}
