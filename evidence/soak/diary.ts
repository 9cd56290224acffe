/**
 * The injected faults in order, with their times. They are written to a file, and used to explain lost epochs.
 */
import { once } from "node:events";
import { createWriteStream } from "node:fs";

/** Times in milliseconds since 1970. */
export interface Entry {
  readonly at: number;
  /** End of a fault that lasts. undefined: it has not ended. */
  until: number | undefined;
  readonly kind: EntryKind;
  /** A process, or "chain". */
  readonly whom: string;
  readonly what: string;
  /** Whether its victim can do nothing in this time. */
  readonly outage: boolean;
  readonly details: Readonly<Record<string, unknown>>;
}

export type EntryKind = "endpoint" | "disk" | "stranger" | "reorganization" | "kill" | "customer" | "note";

export interface Diary {
  readonly entries: readonly Entry[];
  note(kind: EntryKind, whom: string, what: string, details?: Entry["details"]): void;
  /** Notes a fault that began at `at` and ends now. */
  since(at: number, kind: EntryKind, whom: string, what: string, details: Entry["details"]): void;
  /** Notes a fault that lasts until the returned function is called. */
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
