/**
 * Reads circom's .r1cs: counts and constraints (format: github.com/iden3/r1csfile, version 1).
 */
import { HoldfastError } from "../protocol/errors.ts";
import { P } from "../protocol/field.ts";
import { littleEndian, readSections, section } from "./sections.ts";

export const FIELD_BYTES = 32;
/** One term of a linear combination: wire (uint32), coefficient (32 bytes, little-endian). */
export const TERM_BYTES = 4 + FIELD_BYTES;

export interface R1cs {
  readonly wires: number;
  readonly publicInputs: number;
  /** Public and private inputs. An input that no constraint needs has no wire. */
  readonly inputs: number;
  readonly constraints: number;
  /** For each constraint the combinations A, B, C of A * B = C: a uint32 count and that many terms. */
  readonly body: Uint8Array;
}

export function readR1cs(file: Uint8Array): R1cs {
  const sections = readSections(file, "r1cs");
  const header = section(sections, 1, "r1cs");
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (view.getUint32(0, true) !== FIELD_BYTES || littleEndian(header.subarray(4, 4 + FIELD_BYTES)) !== P) {
    throw new HoldfastError("corrupt", "the r1cs is not over the BN254 scalar field");
  }
  const uint32 = (at: number): number => view.getUint32(at, true);
  // wires, public outputs, public inputs, private inputs, labels (8 bytes), constraints
  const wires = uint32(36);
  const publicInputs = uint32(40) + uint32(44);
  const inputs = uint32(44) + uint32(48);
  const constraints = uint32(60);
  return { wires, publicInputs, inputs, constraints, body: section(sections, 2, "r1cs") };
}
