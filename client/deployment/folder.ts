/**
 * The folder from which a later run can resume a deployment: the plan, all signed transactions, and Ignition's journal.
 */
import { existsSync, readFileSync, truncateSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { keccak256 } from "ethers";
import { HoldfastError } from "../../protocol/errors.ts";
import { writeJson } from "../../system/files.ts";
import type { IgnitionJournal } from "./execute.ts";
import type { Deployment, DeploymentPlan } from "./plan.ts";

/** The settings that the plan was made from, by their names. They must not change. */
export type Origins = Readonly<Record<string, unknown>>;

export interface SavedPlan {
  readonly origins: Origins;
  readonly plan: DeploymentPlan;
}

export interface SignedTransaction {
  readonly nonce: number;
  readonly raw: string;
}

export interface DeploymentFolder {
  readonly journal: IgnitionJournal;
  readonly recordPath: string;
  /** In the order of their nonces, one for each. */
  signed(): SignedTransaction[];
  /** Called before a transaction is sent: from then on it may be on the chain. */
  addSigned(transaction: SignedTransaction): void;
  savePlan(saved: SavedPlan): Promise<void>;
  saveRecord(deployment: Deployment): Promise<void>;
  close(): void;
}

const PLAN = "plan.json";

/** @returns undefined if there is none yet. @throws HoldfastError "corrupt" if the file is not a plan */
export async function readPlan(folder: string): Promise<SavedPlan | undefined> {
  const path = join(folder, PLAN);
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(await readFile(path, "utf8")) as SavedPlan;
  } catch (cause) {
    const message = `${path} is not the plan of a deployment: restore the file, or begin in a new folder`;
    throw new HoldfastError("corrupt", message, { path }, { cause });
  }
}

/** Creates the folder if it is missing. @throws HoldfastError "locked" if another run uses it */
export async function openFolder(folder: string): Promise<DeploymentFolder> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const database = openSigned(folder);
  const ignition = join(folder, "ignition");
  dropTornLine(join(ignition, "journal.jsonl"));
  const all = database.prepare("SELECT nonce, raw FROM signed ORDER BY nonce");
  const one = database.prepare("SELECT raw FROM signed WHERE nonce = ?").pluck();
  const insert = database.prepare("INSERT INTO signed (nonce, raw) VALUES (?, ?)");
  const recordPath = join(folder, "deployment.json");
  return {
    journal: {
      folder: ignition,
      hashOf: (nonce) => {
        const raw = one.get(nonce) as string | undefined;
        return raw === undefined ? undefined : keccak256(raw);
      },
    },
    recordPath,
    signed: () => all.all() as SignedTransaction[],
    addSigned: ({ nonce, raw }) => void insert.run(nonce, raw),
    savePlan: (saved) => writeJson(join(folder, PLAN), saved),
    saveRecord: (deployment) => writeJson(recordPath, deployment),
    close: () => void database.close(),
  };
}

/** Opens the file exclusively. The lock ends with the process, even after a crash. */
function openSigned(folder: string): Database.Database {
  const database = new Database(join(folder, "signed.sqlite"), { timeout: 0 });
  try {
    database.pragma("locking_mode = EXCLUSIVE");
    database.pragma("synchronous = FULL");
    database.exec("CREATE TABLE IF NOT EXISTS signed (nonce INTEGER PRIMARY KEY, raw TEXT NOT NULL) STRICT");
    // Take the exclusive lock now: a read would only take a shared one.
    database.exec("BEGIN EXCLUSIVE; COMMIT");
    return database;
  } catch (cause) {
    database.close();
    if ((cause as { code?: string }).code?.startsWith("SQLITE_BUSY")) {
      const message = `another run uses ${folder}: wait for it to end, or stop it, and run this command again`;
      throw new HoldfastError("locked", message, { folder }, { cause });
    }
    const message = `${folder} is not the folder of a deployment, give another: ${(cause as Error).message}`;
    throw new HoldfastError("corrupt", message, { folder }, { cause });
  }
}

/** Ignition appends lines, and cannot read a file whose last line is incomplete. */
function dropTornLine(path: string): void {
  if (!existsSync(path)) return;
  const text = readFileSync(path, "utf8");
  const last = text.slice(text.lastIndexOf("\n") + 1);
  try {
    JSON.parse(last);
  } catch {
    truncateSync(path, Buffer.byteLength(text) - Buffer.byteLength(last));
  }
}
