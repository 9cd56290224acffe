/**
 * Limits for slow senders and slow receivers, so that nothing waits for ever for a few bytes at a time.
 */
import { HoldfastError } from "../protocol/errors.ts";

export interface Pace {
  /** The lowest average speed. */
  readonly bytesPerSecond: number;
  /** Milliseconds that a sender may be without a byte, or behind the average. Earlier speed does not extend it. */
  readonly graceMs: number;
}

export interface PacedOptions {
  /** Ends the stream with its reason. */
  readonly signal?: AbortSignal | undefined;
  readonly tooSlow?: () => Error;
  readonly progress?: ((bytes: number) => void) | undefined;
}

const slow = (): Error => new HoldfastError("unreachable", "the data arrives too slowly, or not at all");

/**
 * Passes a body on for as long as it arrives fast enough. Only the time spent waiting for bytes counts, not the time
 * that the consumer takes. The body is not closed: the caller that opened it closes it.
 */
export async function* paced(
  body: AsyncIterable<Uint8Array>,
  { bytesPerSecond, graceMs }: Pace,
  { signal, tooSlow = slow, progress }: PacedOptions = {},
): AsyncGenerator<Uint8Array, void> {
  const parts = body[Symbol.asyncIterator]();
  let patience = graceMs;
  for (;;) {
    const before = performance.now();
    const part = await within(parts.next(), patience, { signal, late: tooSlow });
    if (part.done === true) return;
    const { length } = part.value;
    const earned = (1000 * length) / bytesPerSecond;
    patience = Math.min(graceMs, patience - (performance.now() - before) + earned);
    if (patience <= 0) throw tooSlow();
    progress?.(length);
    yield part.value;
  }
}

/**
 * Passes a body on for as long as each part is taken within `graceMs` milliseconds. Otherwise `late` is called, once.
 */
export async function* taken(
  body: AsyncIterable<Uint8Array>,
  graceMs: number,
  late: () => void,
): AsyncGenerator<Uint8Array, void> {
  for await (const part of body) {
    const timer = setTimeout(late, graceMs);
    try {
      yield part;
    } finally {
      clearTimeout(timer);
    }
  }
}

export interface WithinOptions {
  readonly signal?: AbortSignal | undefined;
  readonly late: () => Error;
}

/** Waits for a promise for at most `ms` milliseconds. */
export async function within<T>(
  promise: Promise<T>,
  ms: number,
  { signal, late }: WithinOptions,
): Promise<T> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal?.reason as Error);
  const timer = setTimeout(() => reject(late()), ms);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  promise.catch(() => undefined); // it may fail later, when nothing waits for it any more
  try {
    return await Promise.race([promise, ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
