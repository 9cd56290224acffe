/**
 * What wasm/assembly/field.ts takes to compute in a field: elements as signed digits.
 */

const DIGITS = 5;
const DIGIT_BITS = 51;
/** The Montgomery radix. */
export const R: bigint = 1n << BigInt(DIGITS * DIGIT_BITS);

/** In the order of wasm/assembly/field.ts. */
export function fieldParameters(modulus: bigint): bigint[] {
  return [
    modulus,
    ...[4, 3, 2, 1].map((digits) => centered(inverse(1n << BigInt(digits * DIGIT_BITS), modulus), modulus)),
    BigInt.asIntN(DIGIT_BITS, -inverseOfOdd(modulus)),
    centered(R * R, modulus),
  ];
}

/** Writes elements, the lowest digit of each first. */
export function writeElements(memory: WebAssembly.Memory, at: number, elements: readonly bigint[]): void {
  new BigInt64Array(memory.buffer, at, DIGITS * elements.length).set(elements.flatMap(toDigits));
}

/** x mod the modulus, between minus half of it and half of it. */
export function centered(x: bigint, modulus: bigint): bigint {
  const residue = ((x % modulus) + modulus) % modulus;
  return residue > modulus / 2n ? residue - modulus : residue;
}

/** Signed digits, the lowest first. */
function toDigits(x: bigint): bigint[] {
  const digits: bigint[] = [];
  let rest = x;
  while (digits.length < DIGITS - 1) {
    const digit = BigInt.asIntN(DIGIT_BITS, rest);
    digits.push(digit);
    rest = (rest - digit) >> BigInt(DIGIT_BITS);
  }
  return [...digits, rest];
}

/** 1 / x mod a prime, by Euclid. */
export function inverse(x: bigint, modulus: bigint): bigint {
  let [a, b, u, v] = [((x % modulus) + modulus) % modulus, modulus, 1n, 0n];
  while (a !== 0n) {
    const quotient = b / a;
    [a, b, u, v] = [b - quotient * a, a, v - quotient * u, u];
  }
  return ((v % modulus) + modulus) % modulus;
}

/** 1 / x mod 2^51, by Newton: each step doubles the number of correct bits, 3 at first. */
function inverseOfOdd(x: bigint): bigint {
  let inverse = x;
  for (let bits = 3; bits < DIGIT_BITS; bits *= 2)
    inverse = BigInt.asIntN(DIGIT_BITS, inverse * (2n - x * inverse));
  return inverse;
}
