/**
 * A separate folder for each test.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const makeFolder = (): Promise<string> => mkdtemp(join(tmpdir(), "holdfast-test-"));

/** Call within `describe`: the returned function gives the folder of the running test, which is removed after it. */
export function useFolder(): () => string {
  let folder: string;
  beforeEach(async () => {
    folder = await makeFolder();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  return () => folder;
}
