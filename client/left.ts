/**
 * What commands of an account have signed and not seen mined, on disk: whoever runs a command again goes on with it instead of
 * paying twice.
 */
import {
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  fsyncSync,
  closeSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

export interface LeftTransaction {
  readonly nonce: number;
  readonly what: string;
  /** All with this nonce. */
  readonly attempts: readonly string[];
}

export interface LeftTransactions {
  /** By nonce. */
  all(): LeftTransaction[];
  keep(transaction: LeftTransaction): void;
  forget(nonce: number): void;
}

const schema = z.strictObject({
  nonce: z.int().nonnegative(),
  what: z.string(),
  attempts: z.array(z.string().regex(/^0x([0-9a-f]{2})+$/)).min(1),
});

/** Of the person who runs commands: HOLDFAST_STATE, or where the system keeps such things. */
export function stateFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const own = environment["HOLDFAST_STATE"];
  if (own !== undefined) return own;
  return join(environment["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state"), "holdfast");
}

/** @param folder of one account on one chain; made when there is something to keep */
export function openLeft(folder: string): LeftTransactions {
  const pathOf = (nonce: number): string => join(folder, `${nonce}.json`);
  return {
    all: () =>
      names(folder)
        .filter((name) => /^\d+\.json$/.test(name))
        .map((name) => schema.parse(JSON.parse(readFileSync(join(folder, name), "utf8"))))
        .toSorted((a, b) => a.nonce - b.nonce),
    keep(transaction) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const partial = `${pathOf(transaction.nonce)}.${process.pid}.partial`;
      writeFileSync(partial, `${JSON.stringify(transaction)}\n`, { mode: 0o600, flush: true });
      renameSync(partial, pathOf(transaction.nonce));
      const entry = openSync(folder, "r");
      fsyncSync(entry);
      closeSync(entry);
    },
    forget: (nonce) => rmSync(pathOf(nonce), { force: true }),
  };
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return [];
    throw error;
  }
}
