/**
 * GF(2^8) with x^8 + x^4 + x^3 + x^2 + 1 (0x11d). Elements are numbers from 0 to 255, and their sum is the exclusive or.
 */
const POLYNOMIAL = 0x11d;

/** Powers of x twice over, so that a sum of two logarithms needs no reduction; and the logarithms of all elements but 0. */
const [powers, logarithms] = makeTables();

function makeTables(): [powers: Uint8Array, logarithms: Uint8Array] {
  const [powers, logarithms] = [new Uint8Array(510), new Uint8Array(256)];
  for (let exponent = 0, power = 1; exponent < 255; exponent++) {
    powers[exponent] = powers[exponent + 255] = power;
    logarithms[power] = exponent;
    power = power < 128 ? power << 1 : (power << 1) ^ POLYNOMIAL;
  }
  return [powers, logarithms];
}

export function multiply(a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  return powers[(logarithms[a] ?? 0) + (logarithms[b] ?? 0)] ?? 0;
}

/** @param b not 0 */
export function divide(a: number, b: number): number {
  if (a === 0) return 0;
  return powers[(logarithms[a] ?? 0) + 255 - (logarithms[b] ?? 0)] ?? 0;
}
