/**
 * Statistics of the samples: positions are uniform, leaves nearly so (docs/circuits.md has the difference), the two are
 * independent, and a loss is detected with probability 1 - (1 - f)^k. All seeds are fixed, so every run gives the same numbers.
 */
import { P } from "../../protocol/field.ts";
import { drawSamples, leafAt, type Draw } from "../../protocol/sampling.ts";
import { createRandom } from "./random.ts";
import type { EvidenceRow, Rows } from "./row.ts";
import type { Scale } from "./scale.ts";

/** Number of positions of a vNode and of leaves of a segment: not a power of two, and not a multiple of the bins. */
const LENGTH = 999_983;
const BINS = 1_000;
/** Draws per seed: 10 blocks of 12. */
const DRAWN = 120;
const FRACTIONS = [0.001, 0.01, 0.05, 0.1, 0.5];
const SAMPLES = [4, 20];
/** Standard deviations that a count may differ from the expected one. */
const SIGMAS = 3;
/** Lost positions or leaves are spread with this stride, which has no common factor with LENGTH. */
const STRIDE = 514_229;
/** Bins of positions and bins of leaves. Together they give 961 bins of pairs. */
const PAIRED = 31;

type Value = (draw: Draw) => number;
const positionOf: Value = ({ position }) => position;
const leafOf: Value = ({ v }) => leafAt(v, LENGTH);

/** The share of draws within the first share `x` of the range, or of a segment. */
type Distribution = (x: number) => number;
const uniform: Distribution = (x) => x;
/**
 * p is a little more than 3 * 2^252. So the lower 252 bits of an element have four preimages in the first 2.4 % of their
 * range, and three elsewhere. Their highest 34 bits choose the leaf of every third sample.
 */
const REST = Number((P - 3n * 2n ** 252n) >> 204n) / 2 ** 48;
const leavesAsDrawn: Distribution = (x) => (2 * x + (3 * x + Math.min(x, REST)) / (3 + REST)) / 3;

// eslint-disable-next-line @typescript-eslint/require-await -- as all evidence
export async function* statistics({ positions, audits }: Pick<Scale, "positions" | "audits">): Rows {
  const draws = drawMany(positions);
  const [position, leaf] = [uniform, leavesAsDrawn];
  yield fit("positions are uniform", draws, binOf(positionOf, BINS), chances(position, BINS));
  yield fit("leaves are as uniform as documented", draws, binOf(leafOf, BINS), chances(leaf, BINS));
  const pair: Value = (draw) => PAIRED * binOf(positionOf, PAIRED)(draw) + binOf(leafOf, PAIRED)(draw);
  const both = chances(position, PAIRED).flatMap((p) => chances(leaf, PAIRED).map((q) => p * q));
  yield fit("a leaf is independent of its position", draws, pair, both);
  const drawn = drawAudits(audits);
  for (const [what, valueOf] of [
    ["of what is paid for", positionOf],
    ["of each segment's leaves", leafOf],
  ] as const) {
    for (const k of SAMPLES) for (const f of FRACTIONS) yield detection(drawn, k, f, what, valueOf);
  }
}

/** The bin of a value. Bins are equal up to one value in hundreds. */
const binOf =
  (valueOf: Value, bins: number): Value =>
  (draw) =>
    Math.floor((valueOf(draw) * bins) / LENGTH);

const chances = (within: Distribution, bins: number): number[] =>
  Array.from({ length: bins }, (_, i) => within((i + 1) / bins) - within(i / bins));

function drawMany(count: number): Draw[] {
  const random = createRandom("uniformity");
  const draws: Draw[] = [];
  while (draws.length < count) {
    const samples = Math.min(DRAWN, count - draws.length);
    draws.push(...drawSamples({ seed: random.bits(248), start: 0, length: LENGTH, samples }));
  }
  return draws;
}

/** Pearson's chi-squared test of the draws in bins, each with its expected share. */
function fit(evidence: string, draws: readonly Draw[], bin: Value, expected: readonly number[]): EvidenceRow {
  const counts = new Array<number>(expected.length).fill(0);
  for (const draw of draws) counts[bin(draw)] = (counts[bin(draw)] ?? 0) + 1;
  const chiSquared = expected.reduce((sum, chance, i) => {
    const mean = draws.length * chance;
    return sum + ((counts[i] ?? 0) - mean) ** 2 / mean;
  }, 0);
  const freedom = expected.length - 1;
  const sigmas = (chiSquared - freedom) / Math.sqrt(2 * freedom);
  return {
    evidence,
    subject: `${expected.length} bins`,
    cases: draws.length,
    holds: Math.abs(sigmas) < SIGMAS,
    detail: `chi-squared ${chiSquared.toFixed(1)} for ${freedom} degrees of freedom, ${sigmas.toFixed(2)} sigma`,
  };
}

function drawAudits(audits: number): Draw[][] {
  const random = createRandom("detection");
  const samples = Math.max(...SAMPLES);
  return Array.from({ length: audits }, () =>
    drawSamples({ seed: random.bits(248), start: 0, length: LENGTH, samples }),
  );
}

function detection(
  drawn: readonly Draw[][],
  k: number,
  f: number,
  what: string,
  valueOf: Value,
): EvidenceRow {
  const lost = Math.round(f * LENGTH);
  const isLost = (draw: Draw): boolean => (valueOf(draw) * STRIDE) % LENGTH < lost;
  const detected = drawn.filter((draws) => draws.slice(0, k).some(isLost)).length;
  const chance = 1 - (1 - lost / LENGTH) ** k;
  const sigma = Math.sqrt(drawn.length * chance * (1 - chance));
  const sigmas = (detected - drawn.length * chance) / (sigma || 1);
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  return {
    evidence: "a loss is detected as often as documented",
    subject: `${100 * f} % ${what} lost, ${k} samples`,
    cases: drawn.length,
    holds: Math.abs(sigmas) < SIGMAS,
    detail: `${percent(detected / drawn.length)}, expected ${percent(chance)}, ${sigmas.toFixed(2)} sigma`,
  };
}
