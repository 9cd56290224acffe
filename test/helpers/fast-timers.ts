/**
 * Loaded into a process that a test starts (`node --import`): its timers pass twenty times as fast, and those of more than
 * 10 seconds never.
 */
const slow = globalThis.setTimeout;

globalThis.setTimeout = ((work: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
  slow(work, ms > 10_000 ? 2 ** 31 - 1 : ms / 20, ...args)) as typeof setTimeout;
