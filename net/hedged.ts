/**
 * Gets the same thing from several sources and takes the first that succeeds. The next source is asked as soon as one
 * fails, or when those already asked are too slow.
 */

export interface Hedge {
  readonly signal: AbortSignal;
  /** Milliseconds between two measurements of the speed. */
  readonly lookMs: number;
  /** The speed of all running attempts together; below it, the next source is asked. */
  readonly bytesPerSecond: number;
  /** The most attempts at a time; beyond it, the slowest one is ended for the next. */
  readonly most: number;
  /** Whether an error is our own, so that every other source would fail the same way. */
  readonly isOurs: (error: unknown) => boolean;
}

/** @param progress must be called with the number of bytes that arrived */
export type Attempt<T> = (signal: AbortSignal, progress: (bytes: number) => void) => Promise<T>;

interface RunningAttempt {
  readonly ending: AbortController;
  readonly ended: Promise<unknown>;
  /** Bytes since the last measurement. */
  bytes: number;
}

/** Every source failed, each for the reason given. */
export class AllFailed extends Error {
  readonly errors: readonly unknown[];

  constructor(errors: readonly unknown[]) {
    super("no source could deliver it");
    this.errors = errors;
  }
}

/**
 * Resolves or rejects only when every attempt that it started has ended.
 *
 * @throws AllFailed, an error of our own, or the signal's reason
 */
export async function firstOf<T>(
  attempts: readonly Attempt<T>[],
  { signal, lookMs, bytesPerSecond, most, isOurs }: Hedge,
): Promise<T> {
  const waiting = [...attempts];
  const running = new Set<RunningAttempt>();
  const errors: unknown[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<T>();

  const startNext = (): void => {
    const attempt = waiting.shift();
    if (!attempt) {
      if (running.size === 0) reject(new AllFailed(errors));
      return;
    }
    const ending = new AbortController();
    const one: RunningAttempt = { ending, bytes: 0, ended: Promise.resolve() };
    const work = attempt(AbortSignal.any([signal, ending.signal]), (bytes) => (one.bytes += bytes));
    const ended = work.then(resolve, (error: unknown) => {
      running.delete(one);
      if (signal.aborted) reject(signal.reason as Error);
      else if (isOurs(error)) reject(error);
      else {
        errors.push(error);
        startNext();
      }
    });
    running.add(Object.assign(one, { ended }));
  };
  const look = (): void => {
    const all = [...running];
    const came = all.reduce((sum, { bytes }) => sum + bytes, 0);
    if (waiting.length > 0 && came < (bytesPerSecond * lookMs) / 1000) {
      const [slowest] = all.toSorted((a, b) => a.bytes - b.bytes);
      // The slowest attempt's failure starts the next one.
      if (all.length >= most) slowest?.ending.abort(new Error("it is slower than others"));
      else startNext();
    }
    for (const one of all) one.bytes = 0;
  };

  const looking = setInterval(look, lookMs);
  startNext();
  try {
    return await promise;
  } finally {
    clearInterval(looking);
    waiting.length = 0;
    const ended = [...running].map((one) => one.ended);
    for (const { ending } of running) ending.abort(new Error("another one was first"));
    await Promise.all(ended);
  }
}
