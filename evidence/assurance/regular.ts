/**
 * Inputs at which derivatives tell all there is.
 */
import { permute4 } from "../../protocol/poseidon2.ts";
import { TAG_SAMPLE } from "../../protocol/sampling.ts";
import type { HashEngine } from "../../protocol/segment.ts";
import type { CircuitInput } from "../../protocol/statement.ts";
import type { Random } from "./random.ts";
import type { Template } from "./templates.ts";

/** From here on a bit that has to be 0 is the double root of -bit^2 = 0 (circuits/canonical_bits.circom). */
const DOUBLE_ROOTS = 3n * 2n ** 252n;

/** One in 125 elements is not below; draws until all that an input has decomposed are. */
export function drawRegular({ main, draw }: Template, random: Random, engine: HashEngine): CircuitInput {
  for (;;) {
    const input = draw(random, engine);
    if (decomposed(main, input).every((element) => element < DOUBLE_ROOTS)) return input;
  }
}

/** The elements of which a template takes the canonical bits. */
function decomposed(main: string, { in: own, seed }: CircuitInput): bigint[] {
  if (main === "CanonicalBits()") return [own as bigint];
  const samples = Number(/^(?:SampleDraws|StorageAudit)\((\d+)/.exec(main)?.[1] ?? 0);
  return Array.from({ length: Math.ceil(samples / 3) }, (_, e) => {
    const block = permute4([seed as bigint, BigInt(Math.floor(e / 4)), 0n, TAG_SAMPLE]);
    return block[e % 4] as bigint;
  });
}
