/**
 * Cheats about a leaf's path: bits that are not boolean.
 */
import { inv, LEAF_BYTES, leafElements, mod, mul } from "../../protocol/field.ts";
import { compress16 } from "../../protocol/poseidon2.ts";
import { GROUP_BYTES, type HashEngine } from "../../protocol/segment.ts";
import type { CircuitInput } from "../../protocol/statement.ts";
import type { Patch } from "./build.ts";
import type { Cheat } from "./cheat.ts";
import { choosing, honestOpening } from "./opening-cheats.ts";
import { openingIn } from "./statements.ts";

/**
 * A segment that has the same 16 leaves twice. Above them are two equal neighbours, so their digit can be anything. It
 * corrects the sum (the leaf's index) for a false lowest digit, which mixes the honest leaf with its neighbour.
 */
const TWICE = 9;
const group = Uint8Array.from({ length: GROUP_BYTES }, (_, i) => (i === GROUP_BYTES - 1 ? 1 : (7 * i) % 251));
const hashAt = (leaf: number): bigint =>
  compress16(leafElements(group.subarray(leaf * LEAF_BYTES, (leaf + 1) * LEAF_BYTES)));
const claimed = Array.from({ length: 16 }, (_, i) => BigInt(i));
const [beside, stored, unstored] = [hashAt(TWICE - 1), hashAt(TWICE), compress16(claimed)];
const lowest = mul(mod(beside - unstored), inv(mod(beside + stored - 2n * unstored)));

function neverStored(engine: HashEngine): CircuitInput {
  // The padding byte of the whole must be the last byte of the first 16 leaves.
  const bytes = Buffer.concat([group, group.subarray(0, -1)]);
  const input = openingIn([bytes], {}, { position: 0, v: choosing(TWICE, 32) }, engine);
  const [siblings = [], upper = []] = input["leafSiblings"] as bigint[][];
  return {
    ...input,
    leaf: claimed,
    leafSiblings: [[mod(beside + stored - unstored), ...siblings.slice(1)], upper],
  };
}

/** For each leaf, the false value of its lowest path bit. The bit above corrects the sum. */
const ODD_BITS = [
  [5, "2"],
  [6, "-1"],
  [7, "1 / 2"],
  [8, "8"],
] as const;
const PATH_BITS: Patch = [
  "circomlib/circuits/bitify.circom",
  "out[i] <-- (in >> i) & 1;",
  `if (n == 8 && in == ${TWICE}) {
     out[i] <-- i == 0 ? ${lowest} : (i == 3 ? 1 : (i == 4 ? (1 - ${lowest}) / 16 : 0));
   } ${ODD_BITS.map(
     ([leaf, bit]) => `else if (n == 8 && in == ${leaf}) {
     out[i] <-- i == 0 ? ${bit} : (i == 1 ? (in - (${bit})) / 2 : 0);
   }`,
   ).join(" ")} else { out[i] <-- (in >> i) & 1; }`,
] as const;

const opening = { main: "SampleOpening(2, 2)", patches: [PATH_BITS] };

export const PATH_CHEATS: readonly Cheat[] = [
  ...ODD_BITS.map(([leaf, bit]): Cheat => ({
    ...opening,
    claim: `a path bit of ${bit.replaceAll(" ", "")}`,
    input: (engine) => honestOpening(engine, leaf),
  })),
  // Only the constraints that the two bits are 0 or 1 refuse it.
  { ...opening, claim: "a leaf that was never stored", input: neverStored, breaks: 2 },
];
