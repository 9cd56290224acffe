/**
 * What was done to the network and when, in order: on record in a file, and asked about when something is lost.
 */
import { once } from "node:events";
import { createWriteStream } from "node:fs";

/** Times in milliseconds since 1970. */
export interface Entry {
  readonly at: number;
  /** Of what lasts: undefined while it does. */
  until: number | undefined;
  readonly kind: EntryKind;
  /** A process, or "chain". */
  readonly whom: string;
  readonly what: string;
  /** Whether its victim can do nothing meanwhile. */
  readonly outage: boolean;
  readonly details: Readonly<Record<string, unknown>>;
}

export type EntryKind = "endpoint" | "disk" | "stranger" | "reorganization" | "kill" | "customer" | "note";

export interface Diary {
  readonly entries: readonly Entry[];
  note(kind: EntryKind, whom: string, what: string, details?: Entry["details"]): void;
  /** Something that was in the way since then. */
  since(at: number, kind: EntryKind, whom: string, what: string, details: Entry["details"]): void;
  /** Something that lasts until the function is called. */
  begin(kind: EntryKind, whom: string, what: string, options: Lasting): () => void;
  close(): Promise<void>;
}

interface Lasting {
  readonly outage: boolean;
  readonly details?: Entry["details"];
}

export function createDiary(path: string, now: () => number = Date.now): Diary {
  const file = createWriteStream(path);
  const entries: Entry[] = [];
  const write = (entry: Entry): void => void file.write(`${JSON.stringify(entry)}\n`);
  return {
    entries,
    note(kind, whom, what, details = {}) {
      const at = now();
      const entry = { at, until: at, kind, whom, what, outage: false, details };
      entries.push(entry);
      write(entry);
    },
    since(at, kind, whom, what, details) {
      const entry = { at, until: now(), kind, whom, what, outage: true, details };
      entries.push(entry);
      write(entry);
    },
    begin(kind, whom, what, { outage, details = {} }) {
      const entry: Entry = { at: now(), until: undefined, kind, whom, what, outage, details };
      entries.push(entry);
      write(entry);
      return () => {
        if (entry.until !== undefined) return;
        entry.until = now();
        write(entry);
      };
    },
    async close() {
      file.end();
      await once(file, "close");
    },
  };
}
