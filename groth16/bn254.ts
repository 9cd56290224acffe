/**
 * The BN254 curve of ffjavascript, in this thread alone.
 */
import { buildBn128, type Curve } from "ffjavascript";

let curve: Promise<Curve> | undefined;

/**
 * The curve object of this thread, built once and kept. snarkjs is made to use the same one: it looks for
 * `globalThis.curve_bn128` before it starts a worker per core, and our own pools are the parallelism.
 */
export function bn254(): Promise<Curve> {
  curve ??= buildBn128(true).then((built) => {
    (globalThis as { curve_bn128?: Curve }).curve_bn128 = built;
    return built;
  });
  return curve;
}
