/**
 * Reads everything on disk and compares it with its roots. It is slow enough to leave disk and processor to proofs
 * and readers, and finds damage before they do.
 */
import type { Logger } from "pino";
import type { Clock } from "../chain/clock.ts";
import type { Hex } from "../protocol/field.ts";
import type { Metrics } from "./metrics.ts";
import type { Store } from "./store.ts";

export interface ScrubReport {
  /** Segments that were read to the end. */
  readonly segments: number;
  readonly bytes: number;
  /** Segments whose tree did not match their data. */
  readonly rebuilt: readonly Hex[];
  /** Segments that are set aside now, including earlier ones. */
  readonly damaged: readonly Hex[];
  /** Segments that the disk could not read. */
  readonly unread: readonly Hex[];
}

export interface Scrub {
  /** Scrubs again and again, until the signal aborts. */
  run(): Promise<void>;
  /** Scrubs everything now, at full speed. */
  now(): Promise<ScrubReport>;
}

export interface ScrubOptions {
  /** Seconds from the start of one pass to the start of the next. 0: only doubtful segments are read. */
  readonly scrubSeconds: number;
  readonly scrubBytesPerSecond: number;
  readonly pollMs: number;
  readonly signal: AbortSignal;
}

export interface ScrubModules {
  readonly store: Store;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
  /**
   * From 0 to 1: where a pass begins. It is random, so that passes cut short by restarts do not all miss the same
   * segments.
   */
  readonly random?: () => number;
}

export function createScrub(options: ScrubOptions, modules: ScrubModules): Scrub {
  const { scrubSeconds, scrubBytesPerSecond, pollMs, signal } = options;
  const { store, clock, metrics, log, random = Math.random } = modules;

  const isOver = (): boolean => signal.aborted;
  const count = (bytes: number): Promise<void> => {
    metrics.scrubbed(bytes);
    signal.throwIfAborted();
    return Promise.resolve();
  };
  const slowly = async (bytes: number): Promise<void> => {
    await count(bytes);
    await clock.wait((1000 * bytes) / scrubBytesPerSecond, signal);
  };

  const checkAll = async (
    roots: Iterable<Hex>,
    pace: (bytes: number) => Promise<void>,
  ): Promise<ScrubReport> => {
    const [rebuilt, unread]: [Hex[], Hex[]] = [[], []];
    let [segments, bytes] = [0, 0];
    for (const root of roots) {
      if (signal.aborted) break;
      const size = store.segments.get(root)?.bytes ?? 0;
      try {
        const verdict = await store.check(root, pace);
        if (verdict === "gone") continue;
        segments++;
        bytes += size;
        if (verdict === "rebuilt") rebuilt.push(root);
      } catch (error) {
        if (isOver()) break;
        unread.push(root);
        log.error({ root, err: error }, "cannot read a segment");
      }
    }
    return { segments, bytes, rebuilt, unread, damaged: [...store.damaged.keys()] };
  };
  const report = (found: ScrubReport): ScrubReport => {
    const isWhole = found.damaged.length + found.unread.length === 0;
    log[isWhole ? "info" : "error"](found, "scrubbed");
    return found;
  };

  return {
    async run() {
      let next = clock.now();
      while (!signal.aborted) {
        // Doubtful segments first, and at full speed.
        if (store.doubtful.size > 0) report(await checkAll([...store.doubtful], count));
        if (scrubSeconds > 0 && clock.now() >= next) {
          next = clock.now() + 1000 * scrubSeconds;
          const roots = [...store.segments.keys()].sort();
          const first = Math.floor(random() * roots.length);
          const found = await checkAll([...roots.slice(first), ...roots.slice(0, first)], slowly);
          if (!isOver()) report(found);
        }
        await clock.wait(Math.max(pollMs, 1000), signal);
      }
    },
    async now() {
      return report(await checkAll([...store.segments.keys()], count));
    },
  };
}
