/**
 * How slow whoever sends or takes bytes may be: nobody waits for ever for somebody who drips.
 */
import { HoldfastError } from "../protocol/errors.ts";

export interface Pace {
  /** In the long run, at least. */
  readonly bytesPerSecond: number;
  /** Milliseconds without a byte; and to be behind with, what was fast before does not count. */
  readonly graceMs: number;
}

export interface PacedOptions {
  /** Ends it with its reason. */
  readonly signal?: AbortSignal | undefined;
  readonly tooSlow?: () => Error;
  readonly progress?: ((bytes: number) => void) | undefined;
}

const slow = (): Error =>
  new HoldfastError("unreachable", "it is too slow: nothing, or hardly anything, comes");

/**
 * What comes, for as long as it comes fast enough. Only the time counts that is waited for it, and not what is done with it
 * meanwhile. The body is left as it is in the end: whoever opened it closes it.
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

/** What is given, for as long as it is taken: each part within so many milliseconds. `late` is called once. */
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

/** Waits so long, and no longer, whatever becomes of it. */
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
  promise.catch(() => undefined); // it may fail later, when nobody waits
  try {
    return await Promise.race([promise, ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
