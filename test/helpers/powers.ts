/**
 * Powers of tau for one size of circuit, in snarkjs's format, from known secrets. They take seconds, not minutes as with
 * snarkjs, and are for tests only.
 */
import { present } from "../../evidence/world/present.ts";
import { bn254 } from "../../groth16/bn254.ts";
import type { GroupName } from "../../groth16/fixed-base-kernel.ts";
import { createFixedBase, type FixedBase } from "../../groth16/fixed-base.ts";
import { fileHeader, sectionHeader } from "../../groth16/sections.ts";
import { mul, toBytesLE32 } from "../../protocol/field.ts";
import { writeWhole } from "../../system/files.ts";
import { lagrangeBasis } from "./lagrange.ts";

const POINT_BYTES: Readonly<Record<GroupName, number>> = { G1: 64, G2: 128 };

export const KNOWN_SECRETS = { tau: 12345n, alpha: 67890n, beta: 13579n } as const;

/** Has only what phase 2 reads for a circuit of exactly 2^power rows. All other points are at infinity. */
export async function writePowers(path: string, power: number): Promise<void> {
  const { tau, alpha, beta } = KNOWN_SECRETS;
  const fixedBase = await createFixedBase({ threads: 1, expected: 2 ** (power + 3) });
  try {
    const { Fr } = await bn254();
    const root = (i: number): bigint => Fr.toObject(present(Fr.w[i]));
    const basis = lagrangeBasis(tau, root(power), 2 ** power);
    const finer = lagrangeBasis(tau, root(power + 1), 2 ** (power + 1));
    const powers = [1n];
    while (powers.length < 2 ** (power + 1) - 1) powers.push(mul(present(powers.at(-1)), tau));
    const times = (factor: bigint): bigint[] => basis.map((value) => mul(value, factor));
    const points = multiplier(fixedBase);
    const below = (group: GroupName): Buffer => Buffer.alloc((2 ** power - 1) * POINT_BYTES[group]);
    await writeSections(path, [
      [1, await header(power)],
      [2, await points("G1", powers)],
      [3, Buffer.alloc(0)],
      [4, await points("G1", [alpha])],
      [5, await points("G1", [beta])],
      [6, await points("G2", [beta])],
      [7, Buffer.alloc(4)],
      [12, Buffer.concat([below("G1"), await points("G1", basis), await points("G1", finer)])],
      [13, Buffer.concat([below("G2"), await points("G2", basis)])],
      [14, Buffer.concat([below("G1"), await points("G1", times(alpha))])],
      [15, Buffer.concat([below("G1"), await points("G1", times(beta))])],
    ]);
  } finally {
    await fixedBase.close();
  }
}

function multiplier(fixedBase: FixedBase) {
  return (group: GroupName, scalars: readonly bigint[]): Promise<Uint8Array> =>
    fixedBase.multiply(group, Buffer.concat(scalars.map(toBytesLE32)));
}

/** Bytes of a coordinate, the base field's prime, the power, and that of the ceremony. */
async function header(power: number): Promise<Buffer> {
  const { q } = await bn254();
  const bytes = Buffer.alloc(44);
  bytes.writeUInt32LE(32, 0);
  Buffer.from(q.toString(16).padStart(64, "0"), "hex").reverse().copy(bytes, 4);
  bytes.writeUInt32LE(power, 36);
  bytes.writeUInt32LE(power, 40);
  return bytes;
}

async function writeSections(
  path: string,
  sections: readonly (readonly [number, Uint8Array])[],
): Promise<void> {
  await writeWhole(path, async (file) => {
    const parts = [fileHeader("ptau", 1, sections.length)];
    for (const [id, content] of sections) parts.push(sectionHeader(id, content.length), content);
    await file.writeFile(Buffer.concat(parts));
  });
}
