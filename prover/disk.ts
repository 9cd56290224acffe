/**
 * The disk with deadlines: an operation that does not end in time fails, and while operations hang, others are refused
 * instead of taking the threads that file operations share.
 */
import { lstat, mkdir, open, readdir, rename, rm, statfs, type FileHandle } from "node:fs/promises";
import { HoldfastError } from "../protocol/errors.ts";

/** What a test replaces. */
export interface Files {
  readonly open: typeof open;
  readonly lstat: (path: string) => Promise<Found>;
  readonly readdir: (path: string) => Promise<string[]>;
  readonly rename: (from: string, to: string) => Promise<void>;
}

/** What has a name on disk. */
export interface Found {
  readonly size: number;
  readonly ino: number;
  readonly dev: number;
  isFile(): boolean;
}

export interface DiskFile {
  /** Bytes read; 0 at the end. */
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  /** All of them, after what was written before. */
  write(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  stat(): Promise<Found>;
  close(): Promise<void>;
}

export interface Disk {
  /** Why it cannot be relied upon; undefined while every operation ends in time. */
  readonly trouble: string | undefined;
  open(path: string, flags: string | number): Promise<DiskFile>;
  lstat(path: string): Promise<Found>;
  readdir(path: string): Promise<string[]>;
  mkdir(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Does nothing if it is not there. */
  rm(path: string, options?: { readonly recursive: boolean }): Promise<void>;
  syncFolder(path: string): Promise<void>;
  freeBytes(path: string): Promise<number>;
}

export interface DiskOptions {
  /** For one operation. */
  readonly deadlineMs?: number | undefined;
  /** Ends every wait. */
  readonly signal?: AbortSignal | undefined;
}

export interface DiskModules {
  readonly files?: Partial<Files> | undefined;
  /** A signal that aborts after so many milliseconds. */
  readonly timeout?: ((ms: number) => AbortSignal) | undefined;
}

/** Long for a megabyte on a disk that works, and short enough to raise an alarm within 30 seconds. */
const DEADLINE_MS = 15_000;
/** Of the 4 threads that serve files and names, those that may hang before all else is refused. */
const MAX_HANGING = 2;
/** Written at once to the disk: what a sync has to wait for stays little. */
const SYNC_BYTES = 1 << 26;

export function createDisk(
  { deadlineMs = DEADLINE_MS, signal }: DiskOptions = {},
  { files: given = {}, timeout = (ms) => AbortSignal.timeout(ms) }: DiskModules = {},
): Disk {
  const files: Files = { open, lstat, readdir, rename, ...given };
  /** By path, operations that did not end in time and have not ended since. */
  const hanging = new Map<string, number>();

  const within = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
    if (hanging.has(path) || hanging.size >= MAX_HANGING) throw hangs(path);
    if (signal?.aborted) throw stopped();
    const limit = timeout(deadlineMs);
    const running = work();
    return new Promise((resolve, reject) => {
      const late = (): void => {
        hanging.set(path, (hanging.get(path) ?? 0) + 1);
        const ended = (): void => {
          const left = (hanging.get(path) ?? 1) - 1;
          if (left > 0) hanging.set(path, left);
          else hanging.delete(path);
        };
        running.then(ended, ended);
        finish();
        reject(hangs(path));
      };
      const abort = (): void => {
        finish();
        reject(stopped());
      };
      const finish = (): void => {
        limit.removeEventListener("abort", late);
        signal?.removeEventListener("abort", abort);
      };
      limit.addEventListener("abort", late, { once: true });
      signal?.addEventListener("abort", abort, { once: true });
      running.then(resolve, reject).finally(finish);
    });
  };

  const wrap = (path: string, file: FileHandle): DiskFile => {
    let unsynced = 0;
    const sync = async (): Promise<void> => {
      await within(path, () => file.sync());
      unsynced = 0;
    };
    return {
      read: async (...place) => (await within(path, () => file.read(...place))).bytesRead,
      async write(bytes) {
        for (let at = 0; at < bytes.length;) {
          const { bytesWritten } = await within(path, () => file.write(bytes, at));
          at += bytesWritten;
          unsynced += bytesWritten;
        }
        if (unsynced >= SYNC_BYTES) await sync();
      },
      sync,
      stat: () => within(path, () => file.stat()),
      // It waits for what hangs, which nobody else has to.
      async close() {
        const closing = file.close().catch(() => undefined);
        if (!hanging.has(path)) await within(path, () => closing).catch(() => undefined);
      },
    };
  };
  const openFile = async (path: string, flags: string | number): Promise<DiskFile> => {
    let opening: Promise<FileHandle> | undefined;
    try {
      return wrap(path, await within(path, () => (opening = files.open(path, flags, 0o600))));
    } catch (error) {
      // One that opens too late is of no use to anybody.
      opening?.then((file) => file.close()).catch(() => undefined);
      throw error;
    }
  };

  return {
    get trouble() {
      const [path] = hanging.keys();
      return path === undefined ? undefined : `the disk does not answer: an operation on ${path} hangs`;
    },
    open: openFile,
    lstat: (path) => within(path, () => files.lstat(path)),
    readdir: (path) => within(path, () => files.readdir(path)),
    mkdir: async (path) => {
      await within(path, () => mkdir(path, { recursive: true, mode: 0o700 }));
    },
    rename: (from, to) => within(from, () => files.rename(from, to)),
    rm: (path, options) => within(path, () => rm(path, { ...options, force: true })),
    async syncFolder(path) {
      const folder = await openFile(path, "r");
      await folder.sync().finally(() => folder.close());
    },
    async freeBytes(path) {
      const { bavail, bsize } = await within(path, () => statfs(path));
      return bavail * bsize;
    },
  };
}

/** EUCLEAN, which has no name here: the file system is damaged. */
const UNCLEAN = -117;

/** As a medium or a file system says that it cannot give what it has; not: that it must not. */
export function isUnreadable(error: unknown): boolean {
  const { code, errno } = error as NodeJS.ErrnoException;
  return errno === UNCLEAN || ["EIO", "EBADMSG", "ENODATA", "EREMOTEIO"].includes(code ?? "");
}

function hangs(path: string): HoldfastError {
  return new HoldfastError("io", `the disk does not answer for ${path}: check it`, { path });
}

const stopped = (): HoldfastError => new HoldfastError("aborted", "the node stops");
