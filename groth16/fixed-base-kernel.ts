/**
 * The generator of G1 or G2 times many scalars, in the calling thread (wasm/assembly/fixed-base.ts).
 */
import { centered, R, writeElements } from "../wasm/parameters.ts";
import { GENERATOR_G1, GENERATOR_G2, Q } from "./curve.ts";
import { COORDINATES, createPlace, ELEMENT, grow, instantiateProver, SCALAR } from "./prover-instance.ts";

export type GroupName = "G1" | "G2";

export const POINT_BYTES = { G1: 64, G2: 128 } as const;

const GENERATORS = { G1: GENERATOR_G1, G2: GENERATOR_G2.flat() } as const;
/** Scalars that are worked at together, with one inversion for each window. */
export const BLOCK = 4096;
/** Of a window: a larger one has fewer additions, but its multiples no longer fit in the cache beside a block's sums. */
const MOST_BITS = 11;

/** Writes points for scalars of 32 bytes, little-endian and below P. */
export type FixedBaseKernel = (scalars: Uint8Array, points: Uint8Array) => void;

/** @param bits of a window; with more of them, fewer additions and a larger table */
export function createFixedBaseKernel(
  module: WebAssembly.Module,
  group: GroupName,
  bits: number,
): FixedBaseKernel {
  const wasm = instantiateProver(module);
  const place = createPlace(wasm);
  const point = place(ELEMENT * COORDINATES[group]);
  const [scalarsAt, pointsAt] = [place(SCALAR * BLOCK), place(POINT_BYTES[group] * BLOCK)] as const;
  grow(wasm, wasm.placeTable(group === "G2" ? 1 : 0, bits, BLOCK, place(0)));
  writeElements(
    wasm.memory,
    point,
    GENERATORS[group].map((x) => centered(x * R, Q)),
  );
  wasm.prepareTable(point);
  const memory = new Uint8Array(wasm.memory.buffer);
  return (scalars, points) => {
    for (let done = 0; done < scalars.length; done += SCALAR * BLOCK) {
      const part = scalars.subarray(done, done + SCALAR * BLOCK);
      const count = part.length / SCALAR;
      memory.set(part, scalarsAt);
      wasm.multiplyScalars(scalarsAt, count, pointsAt);
      const bytes = POINT_BYTES[group] * count;
      points.set(memory.subarray(pointsAt, pointsAt + bytes), (done / SCALAR) * POINT_BYTES[group]);
    }
  };
}

/** The window with the fewest additions, for the table and for so many multiplications. */
export function bestWindow(multiplications: number): number {
  const cost = (bits: number): number => Math.ceil(255 / bits) * (2 ** (bits - 1) + multiplications);
  let best = 4;
  for (let bits = 5; bits <= MOST_BITS; bits++) if (cost(bits) < cost(best)) best = bits;
  return best;
}
