/**
 * What a deployment leaves on disk, so that a later run goes on: the plan, every transaction that was signed, and Ignition's
 * journal.
 */
import { existsSync, readFileSync, truncateSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { keccak256 } from "ethers";
import { HoldfastError } from "../../protocol/errors.ts";
import { writeJson } from "../../system/files.ts";
import type { Journal } from "./execute.ts";
import type { Deployment, Plan } from "./plan.ts";

/** What the plan was made from, by the configuration's names: all that must stay as it is. */
export type Origins = Readonly<Record<string, unknown>>;

export interface SavedPlan {
  readonly origins: Origins;
  readonly plan: Plan;
}

export interface SignedTransaction {
  readonly nonce: number;
  readonly raw: string;
}

export interface DeploymentFolder {
  readonly journal: Journal;
  readonly recordPath: string;
  /** In the order of their nonces, no two with the same. */
  signed(): SignedTransaction[];
  /** Before it is sent: from here on it may have been. */
  addSigned(transaction: SignedTransaction): void;
  savePlan(saved: SavedPlan): Promise<void>;
  saveRecord(deployment: Deployment): Promise<void>;
  close(): void;
}

const PLAN = "plan.json";

/** undefined: there is none yet. @throws HoldfastError "corrupt" for anything else than a plan */
export async function readPlan(folder: string): Promise<SavedPlan | undefined> {
  const path = join(folder, PLAN);
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(await readFile(path, "utf8")) as SavedPlan;
  } catch (cause) {
    const message = `${path} is no plan of a deployment: restore it, or begin in a new folder`;
    throw new HoldfastError("corrupt", message, { path }, { cause });
  }
}

/** Makes the folder if it is missing. @throws HoldfastError "locked" if another run uses it */
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

/** Opened exclusively: the lock ends with the process, however that ends. */
function openSigned(folder: string): Database.Database {
  const database = new Database(join(folder, "signed.sqlite"), { timeout: 0 });
  try {
    database.pragma("locking_mode = EXCLUSIVE");
    database.pragma("synchronous = FULL");
    database.exec("CREATE TABLE IF NOT EXISTS signed (nonce INTEGER PRIMARY KEY, raw TEXT NOT NULL) STRICT");
    // A read would leave others their reads; this does not.
    database.exec("BEGIN EXCLUSIVE; COMMIT");
    return database;
  } catch (cause) {
    database.close();
    if ((cause as { code?: string }).code?.startsWith("SQLITE_BUSY")) {
      const message = `another run uses ${folder}: wait for it, or stop it and start this one again`;
      throw new HoldfastError("locked", message, { folder }, { cause });
    }
    const message = `${folder} does not hold a deployment: ${(cause as Error).message}`;
    throw new HoldfastError("corrupt", message, { folder }, { cause });
  }
}

/** Ignition writes a line at a time and reads none that is not whole. */
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
