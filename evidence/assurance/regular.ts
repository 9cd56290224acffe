/**
 * Inputs without double roots, at which the evidence by derivatives is complete.
 */
import { permute4 } from "../../protocol/poseidon2.ts";
import { TAG_SAMPLE } from "../../protocol/sampling.ts";
import type { HashEngine } from "../../protocol/segment.ts";
import type { CircuitInput } from "../../protocol/statement.ts";
import type { Random } from "./random.ts";
import type { Template } from "./templates.ts";

/** From this element on, a bit that must be 0 is a double root: -bit^2 = 0 (circuits/canonical_bits.circom). */
const DOUBLE_ROOTS = 3n * 2n ** 252n;

/** Draws inputs until all elements that are decomposed are below DOUBLE_ROOTS. One in 125 elements is not. */
export function drawRegular({ main, draw }: Template, random: Random, engine: HashEngine): CircuitInput {
  for (;;) {
    const input = draw(random, engine);
    if (decomposed(main, input).every((element) => element < DOUBLE_ROOTS)) return input;
  }
}

/** The elements that a template decomposes into canonical bits. */
function decomposed(main: string, { in: own, seed }: CircuitInput): bigint[] {
  if (main === "CanonicalBits()") return [own as bigint];
  const samples = Number(/^(?:SampleDraws|StorageAudit)\((\d+)/.exec(main)?.[1] ?? 0);
  return Array.from({ length: Math.ceil(samples / 3) }, (_, e) => {
    const block = permute4([seed as bigint, BigInt(Math.floor(e / 4)), 0n, TAG_SAMPLE]);
    return block[e % 4] as bigint;
  });
}
