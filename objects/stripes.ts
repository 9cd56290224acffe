/**
 * Sealed chunks as shards (docs/formats.md, "Shards"). A stripe has k units of data, each a sealed chunk, and n - k more. Unit i of
 * each stripe belongs to shard i. The last stripe is what is left, in k units of equal length.
 */
import type { ErasureCode, ErasureCoder, Shards } from "../erasure/code.ts";
import { SEALED_CHUNK_BYTES } from "./seal.ts";

const UNIT_BYTES = SEALED_CHUNK_BYTES;

/** Where a stripe's units are in each shard, and how much of them is data. */
export interface Stripe {
  /** In each shard. */
  readonly offset: number;
  /** Of each unit. */
  readonly length: number;
  /** Bytes of data; the rest of the k units is 0. */
  readonly bytes: number;
}

/** @param bytes of the sealed object */
export function stripeAt({ needed }: ErasureCode, bytes: number, index: number): Stripe {
  const left = Math.min(bytes - index * needed * UNIT_BYTES, needed * UNIT_BYTES);
  return { offset: index * UNIT_BYTES, length: Math.ceil(left / needed), bytes: left };
}

export function stripeCount({ needed }: ErasureCode, bytes: number): number {
  return Math.ceil(bytes / (needed * UNIT_BYTES));
}

/** Bytes of each shard of a sealed object. */
export function shardLength(code: ErasureCode, bytes: number): number {
  const { offset, length } = stripeAt(code, bytes, stripeCount(code, bytes) - 1);
  return offset + length;
}

/** Yields the n units of each stripe. */
export async function* stripesOf(
  coder: ErasureCoder,
  code: ErasureCode,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array[], void, void> {
  let pending: Uint8Array[] = [];
  const encode = (): Uint8Array[] => {
    const data = split(pending, code.needed);
    pending = [];
    return [...data, ...coder.encode(code, data)];
  };
  for await (const chunk of chunks) {
    pending.push(chunk);
    if (pending.length === code.needed) yield encode();
  }
  if (pending.length > 0) yield encode();
}

/** The same bytes in `count` units of equal length, with zeros at the end. */
function split(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
  const length = Math.ceil(bytes / count);
  const all = new Uint8Array(count * length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return Array.from({ length: count }, (_, i) => all.subarray(i * length, (i + 1) * length));
}

/**
 * The sealed bytes of a stripe, from any k of its units. Throws "not-found" if there are fewer.
 *
 * @param units as long as the stripe says, and right: the code cannot notice if one is not
 */
export function joinStripe(
  coder: ErasureCoder,
  code: ErasureCode,
  units: Shards,
  stripe: Stripe,
): Uint8Array {
  const numbers = Array.from({ length: code.needed }, (_, i) => i);
  const missing = numbers.filter((number) => !units.has(number));
  const recovered = missing.length === 0 ? [] : coder.recover(code, units, missing);
  const all = new Uint8Array(code.needed * stripe.length);
  for (const number of numbers) {
    const unit = units.get(number) ?? recovered[missing.indexOf(number)];
    if (unit !== undefined) all.set(unit, number * stripe.length);
  }
  return all.subarray(0, stripe.bytes);
}
