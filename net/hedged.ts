/**
 * The same thing from whoever gives it first: the next is asked as soon as one fails, and also while those that were asked
 * are slow.
 */

export interface Hedge {
  readonly signal: AbortSignal;
  /** Milliseconds between looks at how they do. */
  readonly lookMs: number;
  /** Together, in the time between two looks: with less, the next one is asked. */
  readonly bytesPerSecond: number;
  /** At the same time: then the slowest makes room for the next. */
  readonly most: number;
  /** What failed here would fail with all others. */
  readonly isOurs: (error: unknown) => boolean;
}

/** @param progress is called with the bytes that came */
export type Attempt<T> = (signal: AbortSignal, progress: (bytes: number) => void) => Promise<T>;

interface Running {
  readonly ending: AbortController;
  readonly ended: Promise<unknown>;
  /** Since the last look. */
  bytes: number;
}

/** Why each of them did not give it. */
export class AllFailed extends Error {
  readonly errors: readonly unknown[];

  constructor(errors: readonly unknown[]) {
    super("none gives it");
    this.errors = errors;
  }
}

/** Ends when all that it started have ended. Throws AllFailed, what is ours, or what the signal says. */
export async function firstOf<T>(
  attempts: readonly Attempt<T>[],
  { signal, lookMs, bytesPerSecond, most, isOurs }: Hedge,
): Promise<T> {
  const waiting = [...attempts];
  const running = new Set<Running>();
  const errors: unknown[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<T>();

  const startNext = (): void => {
    const attempt = waiting.shift();
    if (!attempt) {
      if (running.size === 0) reject(new AllFailed(errors));
      return;
    }
    const ending = new AbortController();
    const one: Running = { ending, bytes: 0, ended: Promise.resolve() };
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
      // Its failure starts the next one.
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
