/**
 * The expectations of the local network. Each has a name, and the exit status says whether all were met.
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
