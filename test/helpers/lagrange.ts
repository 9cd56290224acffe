/**
 * The Lagrange basis in plain integers.
 */
import { inv, mul, pow, sub } from "../../protocol/field.ts";

/** L_i(x) = (x^size - 1) / size * w^i / (x - w^i), for i = 0 .. size - 1; x outside of the domain. */
export function lagrangeBasis(x: bigint, w: bigint, size: number): bigint[] {
  const scale = mul(sub(pow(x, BigInt(size)), 1n), inv(BigInt(size)));
  const points = [1n];
  while (points.length < size) points.push(mul(points.at(-1) ?? 1n, w));
  const prefix: bigint[] = []; // products of the denominators before i, so that one inversion serves all
  let product = 1n;
  for (const point of points) {
    prefix.push(product);
    product = mul(product, sub(x, point));
  }
  let inverse = inv(product);
  return points
    .map((point, i) => [point, prefix[i] ?? 1n] as const)
    .reverse()
    .map(([point, before]) => {
      const value = mul(mul(scale, point), mul(inverse, before));
      inverse = mul(inverse, sub(x, point));
      return value;
    })
    .reverse();
}
