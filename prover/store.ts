/**
 * Segments on disk: a file of bytes named by its root, beside it a file of its tree. The only file that knows their names.
 *
 * A segment is there whole or not at all: it is written under another name and synced, then renamed, and the folder is
 * synced before anybody is told. What does not lead to its root is not there: it is set aside as soon as anybody notices
 * (verified.ts), and stays so until the segment is whole again or is removed. Nothing else is ever deleted.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pino, type Logger } from "pino";
import { HoldfastError } from "../protocol/errors.ts";
import { leafCount, type Hex } from "../protocol/field.ts";
import { maxBytes, type Profile } from "../protocol/profiles.ts";
import type { HashEngine, LeafOpening } from "../protocol/segment.ts";
import type { Announced } from "./commit.ts";
import { createDisk, isUnreadable, type DiskModules } from "./disk.ts";
import { receiveFile } from "./receiving.ts";
import { ioError, isGone, noRoom } from "./store-errors.ts";
import { createVerified, Damage, TREE, treeBytes, type Pace } from "./verified.ts";

export interface StoredSegment {
  readonly root: Hex;
  readonly bytes: number;
  readonly leaves: number;
}

/** Of a segment, by a look at all of its bytes. rebuilt: its tree was not that of its data, and is now. */
export type Verdict = "whole" | "rebuilt" | "damaged" | "gone";

export interface Store {
  /** Bytes of segments that are here or on their way in. */
  readonly usedBytes: number;
  /** Of everything that was here at the last look. */
  readonly segments: ReadonlyMap<Hex, StoredSegment>;
  /** What was set aside and is not whole again, and why. */
  readonly damaged: ReadonlyMap<Hex, string>;
  /** Of those here, the ones whose files do not fit each other: a check says more. */
  readonly doubtful: ReadonlySet<Hex>;
  /** Uploaded since the start: nobody has to have paid for them. */
  readonly uploads: ReadonlySet<Hex>;
  /** Why the disk cannot be relied upon. */
  readonly trouble: string | undefined;
  /**
   * Stores a segment. If it is here already it must be what is here; if what is here is something else, it replaces it.
   * It may come from several at a time: the first that is whole is kept, and nobody waits for the others.
   *
   * @throws HoldfastError "too-large" for more than the profile's limit, "disk-full" beyond the quota or the disk, and what
   *   `commit` throws; nothing is left behind then
   */
  receive(
    body: AsyncIterable<Uint8Array>,
    announced: Announced & {
      /** A directory may name it: it is no new upload. */
      readonly isOwed?: boolean;
    },
  ): Promise<StoredSegment & { existed: boolean }>;
  /** Looks at the disk: undefined if it is not there (any more). */
  find(root: Hex): Promise<StoredSegment | undefined>;
  /** @throws HoldfastError "not-found" if it is gone, "corrupt" if what is there does not lead to the root, "io" */
  openLeaf(root: Hex, leafIndex: number): Promise<LeafOpening>;
  /**
   * Bytes from start to end, both included. The stream ends with an error before the first one that is not the segment's.
   *
   * @throws as `openLeaf`, if that is so from the beginning
   */
  read(root: Hex, start: number, end: number): Promise<Readable>;
  /** Reads all of it. Throws what keeps it from being read. */
  check(root: Hex, pace?: Pace): Promise<Verdict>;
  /** Also what was set aside of it. Does nothing if it is not there. */
  remove(root: Hex): Promise<void>;
}

export interface StoreOptions {
  readonly folder: string;
  readonly profile: Profile;
  readonly quotaBytes: number;
  /** Of the disk, to leave free. */
  readonly reserveBytes: number;
  /** For one operation of the disk. */
  readonly diskTimeoutMs?: number;
  /** Ends every wait for the disk. */
  readonly signal?: AbortSignal;
}

/** What a test replaces. */
export interface StoreModules extends DiskModules {
  readonly engine: HashEngine;
  readonly freeBytes?: (folder: string) => Promise<number>;
  readonly log?: Logger;
}

const NAME = /^[0-9a-f]{64}$/;
/** Of files that are not ours, named in the log. */
const MAX_STRAYS = 10;

export async function createStore(
  { folder, profile, quotaBytes, reserveBytes, diskTimeoutMs, signal }: StoreOptions,
  { engine, freeBytes, log = pino({ level: "silent" }), ...modules }: StoreModules,
): Promise<Store> {
  const disk = createDisk({ deadlineMs: diskTimeoutMs, signal }, modules);
  const [segmentsFolder, incomingFolder, asideFolder] = ["segments", "incoming", "set-aside"].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await disk.rm(incomingFolder, { recursive: true });
  for (const each of [segmentsFolder, incomingFolder, asideFolder])
    await disk.mkdir(each).catch((error: unknown) => {
      throw ioError(error, each);
    });
  const device = (await disk.lstat(segmentsFolder)).dev;
  const pathOf = (root: Hex): string => join(segmentsFolder, nameOf(root));
  const asideOf = (root: Hex): string => join(asideFolder, nameOf(root));
  const temporary = (): string => join(incomingFolder, randomUUID());
  const verified = createVerified(profile, { disk, engine, pathOf, temporary });
  const limit = maxBytes(profile);
  const arriving = new Map<Hex, Arrival>();
  const segments = new Map<Hex, StoredSegment>();
  const damaged = new Map<Hex, string>();
  /** By root, the file that is not to be taken for it: it may not have been possible to move it away. */
  const refused = new Map<Hex, number>();
  const doubtful = new Set<Hex>();
  const uploads = new Set<Hex>();
  const checking = new Map<Hex, Promise<Verdict>>();
  let incomingBytes = 0;

  const forget = (root: Hex): void => {
    segments.delete(root);
    doubtful.delete(root);
    verified.forget(root);
  };
  /** By the names and sizes of files. */
  const look = async (root: Hex): Promise<StoredSegment | undefined> => {
    try {
      const there = await disk.lstat(pathOf(root));
      const { size, ino } = there;
      if (!there.isFile() || size === 0 || refused.get(root) === ino) {
        forget(root);
        return;
      }
      const known = segments.get(root);
      if (known?.bytes === size) return known;
      const segment = { root, bytes: size, leaves: leafCount(size) };
      segments.set(root, segment);
      if (known || !(await hasTree(segment))) doubtful.add(root);
      return segment;
    } catch (error) {
      if (isGone(error)) {
        forget(root);
        return;
      }
      if (!isUnreadable(error)) throw ioError(error, pathOf(root));
      if (!damaged.has(root)) log.error({ root, err: error }, "damaged: its file cannot be looked at");
      forget(root);
      damaged.set(root, "its file cannot be looked at");
      return;
    }
  };
  const hasTree = async ({ root, bytes }: StoredSegment): Promise<boolean> => {
    const tree = await disk.lstat(pathOf(root) + TREE).catch(() => undefined);
    return tree?.size === treeBytes(bytes, profile);
  };
  const find = async (root: Hex): Promise<StoredSegment | undefined> => {
    const found = await look(root);
    if (found && doubtful.has(root) && !arriving.has(root)) await check(root);
    return found && segments.get(root);
  };

  /** Moves away what does not lead to its root, if it is still what was read. */
  const setAside = async (root: Hex, { inode, message: reason }: Damage): Promise<void> => {
    const at = await disk.lstat(pathOf(root)).catch(() => undefined);
    if (at?.ino !== inode) return;
    forget(root);
    damaged.set(root, reason);
    refused.set(root, inode);
    try {
      await disk.rename(pathOf(root), asideOf(root));
      await disk.rm(pathOf(root) + TREE).catch(() => undefined);
      for (const each of [asideFolder, segmentsFolder]) await disk.syncFolder(each);
      log.error({ root, reason, path: asideOf(root) }, "damaged: set aside");
    } catch (error) {
      log.error({ root, reason, path: pathOf(root), err: error }, "damaged: refused where it is");
    }
  };
  /** Runs what reads a segment; what it finds damaged is gone afterwards. */
  const guarded = async <T>(root: Hex, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (isGone(error)) forget(root);
      if (!(error instanceof Damage)) throw ioError(error, pathOf(root));
      await setAside(root, error);
      const message = `the data of segment ${root} on disk is not what was stored: ${error.message}`;
      throw new HoldfastError("corrupt", message, { root });
    }
  };
  const check = (root: Hex, pace?: Pace): Promise<Verdict> => {
    const running = checking.get(root);
    if (running) return running;
    const verdict = guarded(root, () => verified.check(root, pace))
      .then((found): Verdict => {
        doubtful.delete(root);
        if (found === "rebuilt")
          log.warn({ root }, "the tree of a segment was not that of its data: rebuilt");
        return found;
      })
      .catch((error: unknown): Verdict => {
        const { code } = error as HoldfastError;
        if (code !== "corrupt" && code !== "not-found") throw error;
        return code === "corrupt" ? "damaged" : "gone";
      })
      .finally(() => void checking.delete(root));
    checking.set(root, verdict);
    return verdict;
  };

  const takeStock = async (): Promise<void> => {
    const strays: string[] = [];
    const names = new Set(await disk.readdir(segmentsFolder));
    for (const file of names) {
      const name = file.endsWith(TREE) ? file.slice(0, -TREE.length) : file;
      if (!NAME.test(name)) strays.push(file);
      else if (name !== file && !names.has(name))
        await disk.rm(join(segmentsFolder, file)).catch(() => strays.push(file));
      else if (name === file) {
        const found = await look(`0x${name}`).catch((error: unknown) => {
          log.error({ file, err: error }, "unreadable");
          return undefined;
        });
        if (!found) strays.push(file);
      }
    }
    for (const name of await disk.readdir(asideFolder))
      if (NAME.test(name) && !segments.has(`0x${name}`))
        damaged.set(`0x${name}`, "set aside before the start");
    if (strays.length > 0) {
      const named = strays.slice(0, MAX_STRAYS);
      log.warn({ files: strays.length, named, folder: segmentsFolder }, "no segments, and left alone");
    }
    for (const [root, reason] of damaged) log.error({ root, reason, path: asideOf(root) }, "damaged");
  };
  await takeStock();

  const dropAside = async (root: Hex, why: string): Promise<void> => {
    const found = await disk.lstat(asideOf(root)).catch(() => undefined);
    if (!found?.isFile()) return;
    log.warn({ root, bytes: found.size, path: asideOf(root), why }, "removing what was set aside");
    await disk.rm(asideOf(root));
  };
  const usedBytes = (): number =>
    [...segments.values()].reduce((sum, { bytes }) => sum + bytes, 0) + incomingBytes;
  const reserve = async (bytes: number, root: Hex): Promise<void> => {
    const room = quotaBytes - usedBytes();
    if (bytes > room) throw noRoom(bytes, room, "the node's quota");
    // Taken before anything is awaited, so that parallel uploads cannot pass the quota together.
    incomingBytes += bytes;
    const left = async (): Promise<number> =>
      (await (freeBytes ?? disk.freeBytes)(folder)) - reserveBytes - (incomingBytes - bytes);
    try {
      if (bytes <= (await left())) return;
      await dropAside(root, "what replaces it needs its room");
      const free = await left();
      if (bytes > free) throw noRoom(bytes, free, "the node's disk");
    } catch (error) {
      incomingBytes -= bytes;
      throw error;
    }
  };

  const checkDevice = async (): Promise<void> => {
    if ((await disk.lstat(segmentsFolder)).dev === device) return;
    const message = `${segmentsFolder} is on another disk than at the start: mount it, and start again`;
    throw new HoldfastError("io", message);
  };
  /** Gives what has come in its name. False if it came from somebody else meanwhile. */
  const place = async ({ root, bytes }: Announced, name: string, arrival: Arrival): Promise<boolean> => {
    const path = pathOf(root);
    await checkDevice();
    if (arrival.isPlaced && (await look(root))?.bytes === bytes) return false;
    arrival.isPlaced = true;
    const there = await disk.lstat(path).catch(() => undefined);
    if (there && !there.isFile()) await disk.rename(path, `${asideOf(root)}.${randomUUID()}`);
    await disk.rename(name, path);
    if (there) log.warn({ root }, "replaced: what was on disk was not what was stored");
    return true;
  };
  const settle = async (root: Hex): Promise<void> => {
    damaged.delete(root);
    refused.delete(root);
    await dropAside(root, "the segment is whole again, or removed").catch(() => undefined);
  };

  return {
    get usedBytes() {
      return usedBytes();
    },
    ...{ segments, damaged, doubtful, uploads, find, check },
    get trouble() {
      return disk.trouble;
    },
    async receive(body, announced) {
      const { root, bytes } = announced;
      nameOf(root);
      if (!Number.isSafeInteger(bytes) || bytes < 1) {
        throw new HoldfastError("bad-input", "a segment has at least one byte", { bytes });
      }
      if (bytes > limit) {
        const message = `a segment of the ${profile.name} profile has up to ${limit} bytes, this one has ${bytes}`;
        throw new HoldfastError("too-large", message, { bytes, limit });
      }
      const arrival = arriving.get(root) ?? { count: 0, isPlaced: false };
      arriving.set(root, arrival);
      arrival.count++;
      let reserved = 0;
      const outcome = { isFirst: true };
      try {
        await checkDevice();
        const before = await look(root);
        const segment = { root, bytes, leaves: leafCount(bytes) };
        const received = await receiveFile(body, announced, {
          ...{ disk, profile, engine, name: temporary() },
          existing: before?.bytes === bytes ? pathOf(root) : undefined,
          reserve: async () => {
            await reserve(bytes, root);
            reserved = bytes;
          },
          place: async (name) => {
            outcome.isFirst = await place(announced, name, arrival);
          },
        });
        if (!received.isNew || !outcome.isFirst) {
          doubtful.delete(root);
          if (announced.isOwed === true) uploads.delete(root);
          await verified.keepTree(root, received.tree);
          if (!outcome.isFirst) await disk.syncFolder(segmentsFolder);
          return { ...segment, existed: true };
        }
        forget(root);
        await verified.keepTree(root, received.tree);
        await disk.syncFolder(segmentsFolder);
        if (before || damaged.has(root) || announced.isOwed === true) uploads.delete(root);
        else uploads.add(root);
        await settle(root);
        segments.set(root, segment);
        return { ...segment, existed: false };
      } catch (error) {
        throw ioError(error, root);
      } finally {
        incomingBytes -= reserved;
        if (--arrival.count === 0) arriving.delete(root);
      }
    },
    openLeaf: (root, leafIndex) => guarded(root, () => verified.openLeaf(root, leafIndex)),
    async read(root, start, end) {
      nameOf(root);
      const parts = verified.read(root, start, end);
      const first = await guarded(root, () => parts.next());
      return Readable.from(
        (async function* () {
          for (let part = first; part.done !== true; part = await guarded(root, () => parts.next()))
            yield part.value;
        })(),
        { objectMode: false },
      );
    },
    async remove(root) {
      if (arriving.has(root)) return;
      for (const path of [pathOf(root) + TREE, pathOf(root)]) await disk.rm(path);
      await disk.syncFolder(segmentsFolder);
      forget(root);
      await settle(root);
      uploads.delete(root);
    },
  };
}

/** Those of one segment that are under way at the same time. */
interface Arrival {
  count: number;
  isPlaced: boolean;
}

/** The only place where a name of a file is made. */
function nameOf(root: Hex): string {
  const name = root.slice(2);
  if (!root.startsWith("0x") || !NAME.test(name)) {
    throw new TypeError(`"root" expected 0x and 64 lower-case hex digits, got ${JSON.stringify(root)}`);
  }
  return name;
}
