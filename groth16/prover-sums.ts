/**
 * The last steps of a proof, in plain integers: bits of a multi-exponentiation to points.
 */
import { R, inverse } from "../wasm/parameters.ts";
import { G1, G2, Q, type Affine, type Fq2, type Group, type Jacobian } from "./curve.ts";
import { integerOf } from "./shared.ts";

const DIGITS = 5;
const DIGIT_BITS = 51n;
const INVERSE_OF_R = inverse(R, Q);
/** Of the key's coordinates. */
const INVERSE_OF_KEY_R = inverse(1n << 256n, Q);

/** sum 2^b S_b, of all windows' parts in order. */
export function sumOfG1(parts: readonly Float64Array[]): Affine<bigint> {
  return G1.toAffine(sumOf(G1, parts, 2, ([x, y]) => [x, y] as [bigint, bigint]));
}

export function sumOfG2(parts: readonly Float64Array[]): Affine<Fq2> {
  return G2.toAffine(
    sumOf(
      G2,
      parts,
      4,
      ([x0, x1, y0, y1]) =>
        [
          [x0, x1],
          [y0, y1],
        ] as [Fq2, Fq2],
    ),
  );
}

function sumOf<T>(
  group: Group<T>,
  parts: readonly Float64Array[],
  coordinates: number,
  pointOf: (coordinates: [bigint, bigint, bigint, bigint]) => readonly [T, T],
): Jacobian<T> {
  const doubles = coordinates * DIGITS;
  let sum = group.infinity;
  for (const part of parts.toReversed()) {
    for (let at = part.length - doubles; at >= 0; at -= doubles) {
      sum = group.double(sum);
      if (Number.isNaN(part[at])) continue;
      const values = Array.from({ length: coordinates }, (_, i) => coordinateOf(part, at + DIGITS * i));
      sum = group.add(sum, pointOf(values as [bigint, bigint, bigint, bigint]));
    }
  }
  return sum;
}

/** Signed digits of 51 bits in Montgomery form for 2^255. */
function coordinateOf(doubles: Float64Array, at: number): bigint {
  let value = 0n;
  for (let i = at + DIGITS - 1; i >= at; i--) value = (value << DIGIT_BITS) + BigInt(doubles[i] as number);
  const residue = (value * INVERSE_OF_R) % Q;
  return residue < 0n ? residue + Q : residue;
}

/** A finite point as the key has it. */
export function pointOfKey(bytes: Uint8Array): Affine<bigint> {
  const [x, y] = [integerOf(bytes.subarray(0, 32)), integerOf(bytes.subarray(32, 64))];
  return [(x * INVERSE_OF_KEY_R) % Q, (y * INVERSE_OF_KEY_R) % Q];
}
