/**
 * Disk operations with deadlines. An operation that does not end in time fails. While several hang, new ones are
 * refused, so that they do not occupy the threads that all file operations share.
 */
import { lstat, mkdir, open, readdir, rename, rm, statfs, type FileHandle } from "node:fs/promises";
import { HoldfastError } from "../protocol/errors.ts";

/** File functions that a test can replace. */
export interface Files {
  readonly open: typeof open;
  readonly lstat: (path: string) => Promise<Found>;
  readonly readdir: (path: string) => Promise<string[]>;
  readonly rename: (from: string, to: string) => Promise<void>;
}

/** What the disk has under a name. */
export interface Found {
  readonly size: number;
  readonly ino: number;
  readonly dev: number;
  isFile(): boolean;
}

export interface DiskFile {
  /** Returns the number of bytes read; 0 at the end. */
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  /** Writes all bytes, after those written before. */
  write(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  stat(): Promise<Found>;
  close(): Promise<void>;
}

export interface Disk {
  /** Why the disk cannot be used; undefined while every operation ends in time. */
  readonly trouble: string | undefined;
  open(path: string, flags: string | number): Promise<DiskFile>;
  lstat(path: string): Promise<Found>;
  readdir(path: string): Promise<string[]>;
  mkdir(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Does nothing if the file does not exist. */
  rm(path: string, options?: { readonly recursive: boolean }): Promise<void>;
  syncFolder(path: string): Promise<void>;
  freeBytes(path: string): Promise<number>;
}

export interface DiskOptions {
  /** Milliseconds for one operation. */
  readonly deadlineMs?: number | undefined;
  /** Ends every wait. */
  readonly signal?: AbortSignal | undefined;
}

export interface DiskModules {
  readonly files?: Partial<Files> | undefined;
  /** Returns a signal that aborts after so many milliseconds. */
  readonly timeout?: ((ms: number) => AbortSignal) | undefined;
}

/** Long enough for a megabyte on a working disk, and short enough to report a problem within 30 seconds. */
const DEADLINE_MS = 15_000;
/** File operations share 4 threads. If so many of them hang, everything else is refused. */
const MAX_HANGING = 2;
/** Bytes written between two syncs, so that the last sync has little to wait for. */
const SYNC_BYTES = 1 << 26;

export function createDisk(
  { deadlineMs = DEADLINE_MS, signal }: DiskOptions = {},
  { files: given = {}, timeout = (ms) => AbortSignal.timeout(ms) }: DiskModules = {},
): Disk {
  const files: Files = { open, lstat, readdir, rename, ...given };
  /** Operations that have missed their deadline and not ended since, by path. */
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
      // close waits for hanging operations, but its caller need not.
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
      // Close a file that opens after its deadline.
      opening?.then((file) => file.close()).catch(() => undefined);
      throw error;
    }
  };

  return {
    get trouble() {
      const [path] = hanging.keys();
      return path === undefined
        ? undefined
        : `the disk does not answer: an operation on ${path} hangs; check the disk`;
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

/** EUCLEAN, the error for a damaged file system. Node has no name for it. */
const UNCLEAN = -117;

/** Whether the disk or the file system cannot return its data, as opposed to not being allowed to. */
export function isUnreadable(error: unknown): boolean {
  const { code, errno } = error as NodeJS.ErrnoException;
  return errno === UNCLEAN || ["EIO", "EBADMSG", "ENODATA", "EREMOTEIO"].includes(code ?? "");
}

function hangs(path: string): HoldfastError {
  return new HoldfastError("io", `the disk does not answer for ${path}: check the disk`, { path });
}

const stopped = (): HoldfastError => new HoldfastError("aborted", "the node is stopping");
