/**
 * Whether the prover's module computes here as it should: relaxed instructions may be fused or not.
 */
import { HoldfastError } from "../protocol/errors.ts";
import { P } from "../protocol/field.ts";
import { G1, GENERATOR_G1, Q } from "./curve.ts";
import { allWindows, type Kernel } from "./prover-kernel.ts";
import { UNFIT } from "./prover-module.ts";
import { sumOfG1 } from "./prover-sums.ts";
import { wordsOf } from "./shared.ts";

/** Multiples of the generator that are summed, with scalars of large digits. */
const TERMS: readonly (readonly [multiple: bigint, scalar: bigint])[] = [
  [1n, P - 1n],
  [2n, (1n << 253n) - 1n],
  [3n, 0x2aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaan],
  [5n, 1n],
];

/** Throws "io" unless a sum of the module's is what plain integers give. */
export async function checkKernel(kernel: Kernel): Promise<void> {
  const points = new Uint32Array(16 * TERMS.length);
  const scalars = new Uint32Array(8 * TERMS.length);
  for (const [i, [multiple, scalar]] of TERMS.entries()) {
    const point = G1.toAffine(G1.combine([[multiple, GENERATOR_G1]])) ?? [0n, 0n];
    for (const [j, coordinate] of point.entries())
      points.set(wordsOf((coordinate << 256n) % Q), 16 * i + 8 * j);
    scalars.set(wordsOf(scalar), 8 * i);
  }
  const sum = await kernel.multiExp(
    { group: "G1", points: bytesOf(points), indices: Uint32Array.from(TERMS, (_, i) => i) },
    bytesOf(scalars),
    allWindows(TERMS.length),
    () => Promise.resolve(),
  );
  const expected = TERMS.reduce((total, [multiple, scalar]) => total + multiple * scalar, 0n) % P;
  const [x, y] = sumOfG1([sum]) ?? [];
  const [expectedX, expectedY] = G1.toAffine(G1.combine([[expected, GENERATOR_G1]])) ?? [];
  if (x !== expectedX || y !== expectedY) throw new HoldfastError("io", UNFIT);
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer);
}
