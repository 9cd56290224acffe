/**
 * Saves transactions that were signed and not seen mined. A command that is run again resumes them instead of paying twice.
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

export interface PendingTransaction {
  readonly nonce: number;
  readonly what: string;
  /** The signed transactions with this nonce, the newest last. */
  readonly attempts: readonly string[];
}

export interface PendingTransactions {
  /** In the order of their nonces. */
  all(): PendingTransaction[];
  keep(transaction: PendingTransaction): void;
  forget(nonce: number): void;
}

const schema = z.strictObject({
  nonce: z.int().nonnegative(),
  what: z.string(),
  attempts: z.array(z.string().regex(/^0x([0-9a-f]{2})+$/)).min(1),
});

/** The user's folder for state: HOLDFAST_STATE, or the system's usual place. */
export function stateFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const own = environment["HOLDFAST_STATE"];
  if (own !== undefined) return own;
  return join(environment["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state"), "holdfast");
}

/** @param folder for one account on one chain; created when there is something to save */
export function openPending(folder: string): PendingTransactions {
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
