/**
 * The BN254 curve of ffjavascript, without threads of its own.
 */
import { buildBn128, type Curve } from "ffjavascript";

let curve: Promise<Curve> | undefined;

/**
 * The curve object of this thread, built once. snarkjs uses the same one: it looks for `globalThis.curve_bn128`
 * before it starts a worker per core, and our own pools already use the cores.
 */
export function bn254(): Promise<Curve> {
  curve ??= buildBn128(true).then((built) => {
    (globalThis as { curve_bn128?: Curve }).curve_bn128 = built;
    return built;
  });
  return curve;
}
