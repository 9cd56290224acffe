/**
 * What must come true in the main job: every expectation has a name, and the exit status says whether all held.
 */
export interface Check {
  readonly name: string;
  readonly passed: boolean;
  /** What was found. */
  readonly found: string;
}

export interface Checks {
  readonly all: readonly Check[];
  expect(name: string, passed: boolean, found: string): void;
}

export function createChecks(log: (line: string) => void): Checks {
  const all: Check[] = [];
  return {
    all,
    expect(name, passed, found) {
      all.push({ name, passed, found });
      log(`${passed ? "ok    " : "FAILED"}  ${name}: ${found}`);
    },
  };
}
