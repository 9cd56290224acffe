/**
 * Events that were read from the chain, stored in SQLite so that a start need not read them again. The file may be
 * deleted at any time. Nothing important waits for it, and a full disk only makes the next start longer.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import Database from "better-sqlite3";
import type { Block, ChainEvent } from "./events.ts";

/** A block up to which all events are in the store. */
export interface Checkpoint extends Pick<Block, "number" | "hash"> {
  /** Whether the events were compared with the contracts at this block. */
  readonly shown: boolean;
}

export interface EventStore {
  /** The newest first. */
  checkpoints(): Checkpoint[];
  /** In log order. */
  events(): Iterable<ChainEvent>;
  /** Adds events after the newest checkpoint. A checkpoint of the same block is replaced. */
  append(events: readonly ChainEvent[], checkpoint: Checkpoint): void;
  /** Removes everything after a block; -1 removes everything. */
  cut(block: number): void;
  close(): void;
}

/** A reorganization that goes deeper makes everything be read again. */
const KEPT_CHECKPOINTS = 1_000;
/** Rows read in one query. */
const ROWS = 1_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS source (name TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS events (
    place INTEGER PRIMARY KEY, block INTEGER NOT NULL, name TEXT NOT NULL, args BLOB NOT NULL, tx TEXT NOT NULL,
    time INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS events_by_block ON events (block);
  CREATE TABLE IF NOT EXISTS checkpoints (
    number INTEGER PRIMARY KEY, hash TEXT NOT NULL, shown INTEGER NOT NULL
  ) STRICT;
`;

interface EventRow {
  readonly place: number;
  readonly block: number;
  readonly name: string;
  readonly args: Buffer;
  readonly tx: string;
  readonly time: number;
}

export interface EventStoreOptions {
  /** Called once, with the reason, if nothing more can be stored. */
  readonly trouble?: (error: unknown) => void;
  /** Pages of 4,096 bytes; by default the disk sets the limit. */
  readonly maxPages?: number | undefined;
}

/**
 * @param path ":memory:" stores nothing on disk
 * @param source identifies the deployment; events of another one are discarded
 */
export function openEventStore(
  path: string,
  source: string,
  { trouble, maxPages }: EventStoreOptions = {},
): EventStore {
  const database = openOrReplace(path, source, trouble);
  if (maxPages !== undefined) database.pragma(`max_page_count = ${maxPages}`);
  const insertEvent = database.prepare(
    "INSERT INTO events (block, name, args, tx, time) VALUES (?, ?, ?, ?, ?)",
  );
  const insertCheckpoint = database.prepare("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)");
  const prune = database.prepare(
    "DELETE FROM checkpoints WHERE number NOT IN (SELECT number FROM checkpoints ORDER BY number DESC LIMIT ?)",
  );
  const cutEvents = database.prepare("DELETE FROM events WHERE block > ?");
  const cutCheckpoints = database.prepare("DELETE FROM checkpoints WHERE number > ?");
  const selectEvents = database.prepare<[number, number, number], EventRow>(
    "SELECT place, block, name, args, tx, time FROM events WHERE place > ? AND block <= ? ORDER BY place LIMIT ?",
  );
  const selectCheckpoints = database.prepare<[number], { number: number; hash: string; shown: number }>(
    "SELECT number, hash, shown FROM checkpoints WHERE number <= ? ORDER BY number DESC",
  );
  const append = database.transaction(
    (events: readonly ChainEvent[], { number, hash, shown }: Checkpoint) => {
      for (const { block, name, args, transaction, timestamp } of events)
        insertEvent.run(block, name, serialize(args), transaction, timestamp);
      insertCheckpoint.run(number, hash, shown ? 1 : 0);
      prune.run(KEPT_CHECKPOINTS);
    },
  );
  const cut = database.transaction((block: number) => {
    cutEvents.run(block);
    cutCheckpoints.run(block);
  });

  /** Once writing has failed, only blocks up to this one count. */
  let ceiling = Number.MAX_SAFE_INTEGER;
  let isStuck = false;
  /** The store must have no gaps, so nothing is written after a write that failed. */
  const unlessStuck = (write: () => void): void => {
    if (isStuck) return;
    try {
      write();
    } catch (error) {
      isStuck = true;
      trouble?.(error);
    }
  };

  return {
    checkpoints: () => selectCheckpoints.all(ceiling).map((each) => ({ ...each, shown: each.shown === 1 })),
    *events() {
      let last = 0;
      for (let rows: EventRow[]; (rows = selectEvents.all(last, ceiling, ROWS)).length > 0;)
        for (const { place: id, block, name, args, tx: transaction, time: timestamp } of rows) {
          last = id;
          yield { block, name, args: deserialize(args) as ChainEvent["args"], transaction, timestamp };
        }
    },
    append(events, checkpoint) {
      unlessStuck(() => append(events, checkpoint));
    },
    cut(block) {
      unlessStuck(() => cut(block));
      if (isStuck) ceiling = Math.min(ceiling, block);
    },
    close: () => void database.close(),
  };
}

/** The event store of a daemon, in its data folder. */
export function keepEvents(
  folder: string,
  { chainId, audits, fromBlock }: { chainId: bigint; audits: string; fromBlock: number },
  log: { error(facts: object, message: string): void },
): EventStore {
  return openEventStore(join(folder, "events.sqlite"), `${chainId}/${audits}/${fromBlock}`, {
    trouble: (error) =>
      log.error({ err: error }, "cannot store the chain's events: the next start will read them again"),
  });
}

function openOrReplace(path: string, source: string, trouble?: (error: unknown) => void): Database.Database {
  try {
    const database = open(path);
    if (isOf(database, source)) return database;
    database.close();
  } catch {
    // The file is unusable, and can be made again.
  }
  try {
    for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
    return begin(path, source);
  } catch (error) {
    trouble?.(error);
    return begin(":memory:", source);
  }
}

function begin(path: string, source: string): Database.Database {
  const database = open(path);
  database.prepare("INSERT INTO source VALUES (?)").run(source);
  return database;
}

function open(path: string): Database.Database {
  const database = new Database(path);
  try {
    database.pragma("locking_mode = EXCLUSIVE");
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = NORMAL");
    database.exec(SCHEMA);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

const isOf = (database: Database.Database, source: string): boolean =>
  (database.prepare("SELECT name FROM source").get() as { name: string } | undefined)?.name === source;
