/**
 * Reads a witness in snarkjs's .wtns format, version 2.
 */
import { HoldfastError } from "../protocol/errors.ts";
import { P } from "../protocol/field.ts";
import { readSections, section } from "./sections.ts";
import { integerOf } from "./shared.ts";

const [HEADER, VALUES] = [1, 2];
const FIELD_BYTES = 32;

/**
 * The values of all wires, 32 bytes each; a view.
 *
 * @throws HoldfastError "corrupt" for a broken file, "bad-input" for a witness of another field or circuit
 */
export function readWitness(file: Uint8Array, wires: number): Uint8Array {
  const sections = readSections(file, "wtns");
  const header = section(sections, HEADER, "wtns");
  const values = section(sections, VALUES, "wtns");
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const bytes = header.length >= 4 ? view.getUint32(0, true) : 0;
  if (header.length !== 4 + bytes + 4)
    throw new HoldfastError("corrupt", "the wtns file has a broken header");
  if (bytes !== FIELD_BYTES || integerOf(header.subarray(4, 4 + bytes)) !== P)
    throw new HoldfastError(
      "bad-input",
      "this witness is of another field than the key: was it made for BN254?",
    );
  const count = view.getUint32(4 + bytes, true);
  if (values.length !== count * FIELD_BYTES)
    throw new HoldfastError(
      "corrupt",
      `the wtns file has ${values.length} bytes of values where ${count} wires need more or less`,
    );
  if (count !== wires)
    throw new HoldfastError(
      "bad-input",
      `this witness has ${count} wires, and the key is for a circuit of ${wires}: it is another circuit's`,
      { count, wires },
    );
  if (integerOf(values.subarray(0, FIELD_BYTES)) !== 1n)
    throw new HoldfastError("bad-input", "this is no witness: its first value is not 1");
  return values;
}
