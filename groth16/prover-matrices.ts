/**
 * The matrices A and B of a circuit, as section 4 of a .zkey lists their terms, sorted by row.
 */
import { HoldfastError } from "../protocol/errors.ts";
import { createDistinct } from "./distinct.ts";
import type { Extent, SectionReader } from "./sections.ts";
import { shared, sharedWords } from "./shared.ts";

export interface Matrix {
  /** Of each row's terms; the first is 0: a row's terms are from its number's to the next one's. */
  readonly ends: Uint32Array;
  /** Two words each: wire and number of the coefficient. */
  readonly terms: Uint32Array;
}

export interface Matrices {
  readonly a: Matrix;
  readonly b: Matrix;
  /** Each once, as the file has them: 32 bytes, c 2^512 mod P. Number 0 is 0. */
  readonly coefficients: Uint8Array;
}

/** Bytes of matrix, row, wire and coefficient. */
const TERM = 44;
const TERM_WORDS = TERM / 4;
/** Terms that are read at a time. */
const CHUNK = 100_000;

export async function readMatrices(
  reader: SectionReader,
  place: Extent,
  { wires, rows }: { wires: number; rows: number },
): Promise<Matrices> {
  const count = await readCount(reader, place);
  // Of each term: its row in both matrices together, wire, coefficient.
  const [places, wireOf, coefficientOf] = [0, 1, 2].map(() => new Uint32Array(count)) as [
    ...[Uint32Array, Uint32Array, Uint32Array],
  ];
  const distinct = createDistinct("section 4 of the zkey file");
  const buffer = new Uint8Array(TERM * Math.min(count, CHUNK));
  for (let done = 0; done < count; done += CHUNK) {
    const length = Math.min(CHUNK, count - done);
    await reader.read(place, 4 + TERM * done, buffer.subarray(0, TERM * length));
    const words = new Uint32Array(buffer.buffer, 0, TERM_WORDS * length);
    for (let i = 0; i < length; i++) {
      const at = TERM_WORDS * i;
      const [matrix, row, wire] = [words[at] as number, words[at + 1] as number, words[at + 2] as number];
      if (matrix > 1 || row >= rows || wire >= wires)
        throw new HoldfastError(
          "corrupt",
          "section 4 of the zkey file has terms that the circuit cannot have",
        );
      places[done + i] = matrix * rows + row;
      wireOf[done + i] = wire;
      coefficientOf[done + i] = distinct.numberOf(words, at + 3);
    }
  }
  const { ends, terms } = sortTerms(places, wireOf, coefficientOf, 2 * rows);
  const half = ends[rows] as number;
  return {
    a: { ends: sharedWords(ends.subarray(0, rows + 1)), terms: sharedWords(terms.subarray(0, 2 * half)) },
    b: {
      ends: sharedWords(ends.subarray(rows).map((end) => end - half)),
      terms: sharedWords(terms.subarray(2 * half)),
    },
    coefficients: shared(distinct.bytes()),
  };
}

async function readCount(reader: SectionReader, place: Extent): Promise<number> {
  const head = new Uint8Array(4);
  if (place.size >= 4) await reader.read(place, 0, head);
  const count = new DataView(head.buffer).getUint32(0, true);
  if (place.size === 4 + TERM * count) return count;
  throw new HoldfastError(
    "corrupt",
    `section 4 of the zkey file has ${place.size} bytes, which do not hold the ${count} terms that it says`,
    { section: 4 },
  );
}

/** Terms by the row that each has its place in: what else is in that row, and the number of its coefficient. */
export function sortTerms(
  places: Uint32Array,
  others: Uint32Array,
  coefficients: Uint32Array,
  rows: number,
): { ends: Uint32Array; terms: Uint32Array } {
  const ends = new Uint32Array(rows + 1);
  for (const row of places) ends[row + 1] = (ends[row + 1] as number) + 1;
  for (let row = 0; row < rows; row++) ends[row + 1] = (ends[row + 1] as number) + (ends[row] as number);
  const next = ends.slice();
  const terms = new Uint32Array(2 * places.length);
  for (let i = 0; i < places.length; i++) {
    const row = places[i] as number;
    const at = next[row] as number;
    next[row] = at + 1;
    terms[2 * at] = others[i] as number;
    terms[2 * at + 1] = coefficients[i] as number;
  }
  return { ends, terms };
}
