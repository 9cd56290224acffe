/**
 * A node's log as a test reads it: line by line, and waiting for one.
 */
import { Writable } from "node:stream";
import { pino, type Logger } from "pino";

export type LogLine = Readonly<Record<string, unknown>>;

export interface Logs {
  readonly log: Logger;
  readonly lines: readonly LogLine[];
  /** The first line with this message for which `fits` holds, from the past or the future. */
  until(msg: string, fits?: (line: LogLine) => boolean): Promise<LogLine>;
  /** Takes a line of another process. */
  take(text: string): void;
}

export function createLogs(): Logs {
  const lines: LogLine[] = [];
  const waiting = new Set<(line: LogLine) => void>();
  const take = (text: string): void => {
    const line = JSON.parse(text) as LogLine;
    lines.push(line);
    for (const each of waiting) each(line);
  };
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const text of chunk.toString("utf8").split("\n")) if (text !== "") take(text);
      done();
    },
  });
  return {
    log: pino({ level: "debug", base: null }, destination),
    lines,
    take,
    until(msg, fits = () => true) {
      const isIt = (line: LogLine): boolean => line["msg"] === msg && fits(line);
      const before = lines.find(isIt);
      if (before) return Promise.resolve(before);
      return new Promise((resolve) => {
        const look = (line: LogLine): void => {
          if (!isIt(line)) return;
          waiting.delete(look);
          resolve(line);
        };
        waiting.add(look);
      });
    },
  };
}
