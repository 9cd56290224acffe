/**
 * The samples are as random as they are said to be: positions are uniform, and a loss is detected as often as
 * 1 - (1 - f)^k says. All seeds are fixed, so that every run gives the same numbers.
 */
import { samplePositions } from "../protocol/sampling.ts";
import { createRandom } from "./random.ts";
import type { Row, Rows } from "./row.ts";
import type { Scale } from "./scale.ts";

/** Positions of a vNode: neither a power of two nor a multiple of the bins. */
const LENGTH = 999_983;
const BINS = 1_000;
/** Positions drawn from one seed: 10 blocks of 16. */
const DRAWN = 160;
const FRACTIONS = [0.001, 0.01, 0.05, 0.1, 0.5];
const SAMPLES = [4, 20];
/** How many standard deviations a count may be away. */
const SIGMAS = 3;
/** Lost leaves are spread over the vNode with this stride, which has no factor in common with its length. */
const STRIDE = 514_229;

// eslint-disable-next-line @typescript-eslint/require-await -- as all evidence
export async function* statistics({ positions, audits }: Pick<Scale, "positions" | "audits">): Rows {
  yield uniformity(positions);
  const drawn = drawAudits(audits);
  for (const k of SAMPLES) for (const f of FRACTIONS) yield detection(drawn, k, f);
}

/** Pearson's chi-squared over equal shares of the range. */
function uniformity(cases: number): Row {
  const random = createRandom("uniformity");
  const counts = new Float64Array(BINS);
  for (let drawn = 0; drawn < cases; drawn += DRAWN) {
    const samples = Math.min(DRAWN, cases - drawn);
    for (const position of samplePositions({ seed: random.bits(248), start: 0, length: LENGTH, samples })) {
      const bin = Math.floor((position * BINS) / LENGTH);
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
  }
  const chiSquared = chiSquaredOf(counts, cases);
  const freedom = BINS - 1;
  const sigmas = (chiSquared - freedom) / Math.sqrt(2 * freedom);
  return {
    ...{ evidence: "positions are uniform", subject: `${BINS} bins`, cases },
    holds: Math.abs(sigmas) < SIGMAS,
    detail: `chi-squared ${chiSquared.toFixed(1)} for ${freedom} degrees of freedom, ${sigmas.toFixed(2)} sigma`,
  };
}

function chiSquaredOf(counts: Float64Array, cases: number): number {
  const bounds = Array.from({ length: BINS + 1 }, (_, i) => Math.ceil((i * LENGTH) / BINS));
  return counts.reduce((sum, count, i) => {
    const expected = (cases * ((bounds[i + 1] ?? 0) - (bounds[i] ?? 0))) / LENGTH;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}

function drawAudits(audits: number): number[][] {
  const random = createRandom("detection");
  const samples = Math.max(...SAMPLES);
  return Array.from({ length: audits }, () =>
    samplePositions({ seed: random.bits(248), start: 0, length: LENGTH, samples }),
  );
}

function detection(drawn: readonly number[][], k: number, f: number): Row {
  const lost = Math.round(f * LENGTH);
  const isLost = (position: number): boolean => (position * STRIDE) % LENGTH < lost;
  const detected = drawn.filter((positions) => positions.slice(0, k).some(isLost)).length;
  const chance = 1 - (1 - lost / LENGTH) ** k;
  const sigma = Math.sqrt(drawn.length * chance * (1 - chance));
  const sigmas = (detected - drawn.length * chance) / (sigma || 1);
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  return {
    evidence: "a loss is detected as often as said",
    ...{ subject: `${100 * f} % lost, ${k} samples`, cases: drawn.length, holds: Math.abs(sigmas) < SIGMAS },
    detail: `${percent(detected / drawn.length)}, expected ${percent(chance)}, ${sigmas.toFixed(2)} sigma`,
  };
}
