/**
 * Segments on disk: a file of bytes named by its root, and beside it a file with its tree. Only this file knows these
 * names.
 *
 * A segment is present as a whole or not at all. It is written under another name, synced and renamed, and its folder
 * is synced before the caller is told. Data that does not lead to its root counts as absent: it is set aside as soon
 * as that is noticed (verified.ts), until the segment is replaced or removed. Nothing else is ever deleted.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pino, type Logger } from "pino";
import { HoldfastError } from "../protocol/errors.ts";
import { leafCount, type Hex } from "../protocol/field.ts";
import { maxBytes, type Profile } from "../protocol/profiles.ts";
import type { HashEngine } from "../protocol/segment.ts";
import { createDisk, isUnreadable, type DiskModules } from "./disk.ts";
import type { Announced } from "./hash-segment.ts";
import { receiveFile } from "./receiving.ts";
import { ioError, isGone, noRoom } from "./store-errors.ts";
import type { Store, StoredSegment, Verdict } from "./store-model.ts";
import { createVerified, Damage, TREE, treeBytes, type Pace } from "./verified.ts";

export type * from "./store-model.ts";

export interface StoreOptions {
  readonly folder: string;
  readonly profile: Profile;
  readonly quotaBytes: number;
  /** Bytes of the disk to leave free. */
  readonly reserveBytes: number;
  /** Milliseconds for one disk operation. */
  readonly diskTimeoutMs?: number;
  /** Ends every wait for the disk. */
  readonly signal?: AbortSignal;
}

/** Modules that a test can replace. */
export interface StoreModules extends DiskModules {
  readonly engine: HashEngine;
  readonly freeBytes?: (folder: string) => Promise<number>;
  readonly log?: Logger;
}

const NAME = /^[0-9a-f]{64}$/;
/** The most unknown files that are named in the log. */
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
  /** Files that must not be taken for a segment, by root. They could perhaps not be moved away. */
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
  /** Looks at names and sizes of files only. */
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
      if (!damaged.has(root)) log.error({ root, err: error }, "damaged: its file cannot be examined");
      forget(root);
      damaged.set(root, "its file cannot be examined");
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

  /** Moves a damaged file away, unless another file has taken its name. */
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
      log.error(
        { root, reason, path: pathOf(root), err: error },
        "damaged: cannot be moved, so it is ignored where it is",
      );
    }
  };
  /** Runs work that reads a segment, and sets the segment aside if it turns out to be damaged. */
  const guarded = async <T>(root: Hex, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (isGone(error)) forget(root);
      if (!(error instanceof Damage)) throw ioError(error, pathOf(root));
      await setAside(root, error);
      const message = `the data of segment ${root} on disk is damaged (${error.message}): use another replica`;
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
          log.warn({ root }, "the tree of a segment did not match its data, and was made again");
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
          log.error({ file, err: error }, "cannot read a file");
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
      log.warn(
        { files: strays.length, named, folder: segmentsFolder },
        "unknown files in the segments' folder: they are left alone",
      );
    }
    for (const [root, reason] of damaged) log.error({ root, reason, path: asideOf(root) }, "damaged");
  };
  await takeStock();

  const dropAside = async (root: Hex, why: string): Promise<void> => {
    const found = await disk.lstat(asideOf(root)).catch(() => undefined);
    if (!found?.isFile()) return;
    log.warn(
      { root, bytes: found.size, path: asideOf(root), why },
      "removing a damaged segment that was set aside",
    );
    await disk.rm(asideOf(root));
  };
  const usedBytes = (): number =>
    [...segments.values()].reduce((sum, { bytes }) => sum + bytes, 0) + incomingBytes;
  const reserve = async (bytes: number, root: Hex): Promise<void> => {
    const room = quotaBytes - usedBytes();
    if (bytes > room) throw noRoom(bytes, room, "the node's quota");
    // Counted before anything is awaited, so that parallel uploads cannot exceed the quota together.
    incomingBytes += bytes;
    const left = async (): Promise<number> =>
      (await (freeBytes ?? disk.freeBytes)(folder)) - reserveBytes - (incomingBytes - bytes);
    try {
      if (bytes <= (await left())) return;
      await dropAside(root, "the segment that replaces it needs its room");
      const free = await left();
      if (bytes > free) throw noRoom(bytes, free, "the node's disk");
    } catch (error) {
      incomingBytes -= bytes;
      throw error;
    }
  };

  const checkDevice = async (): Promise<void> => {
    if ((await disk.lstat(segmentsFolder)).dev === device) return;
    const message = `${segmentsFolder} is on another disk than at the start: mount the right disk, and start again`;
    throw new HoldfastError("io", message);
  };
  /** Gives an arrived file its final name. False if another sender was faster. */
  const place = async ({ root, bytes }: Announced, name: string, arrival: Arrival): Promise<boolean> => {
    const path = pathOf(root);
    await checkDevice();
    if (arrival.isPlaced && (await look(root))?.bytes === bytes) return false;
    arrival.isPlaced = true;
    const there = await disk.lstat(path).catch(() => undefined);
    if (there && !there.isFile()) await disk.rename(path, `${asideOf(root)}.${randomUUID()}`);
    await disk.rename(name, path);
    if (there) log.warn({ root }, "replaced a file that did not have the segment's data");
    return true;
  };
  const settle = async (root: Hex): Promise<void> => {
    damaged.delete(root);
    refused.delete(root);
    await dropAside(root, "the segment was replaced or removed").catch(() => undefined);
  };

  return {
    get usedBytes() {
      return usedBytes();
    },
    segments,
    damaged,
    doubtful,
    uploads,
    find,
    check,
    get trouble() {
      return disk.trouble;
    },
    async receive(body, announced) {
      const { root, bytes } = announced;
      nameOf(root);
      if (!Number.isSafeInteger(bytes) || bytes < 1) {
        throw new HoldfastError(
          "bad-input",
          "the segment is empty, but must have at least one byte: send its bytes",
          { bytes },
        );
      }
      if (bytes > limit) {
        const message = `this segment has ${bytes} bytes, but the ${profile.name} profile allows at most ${limit}: split the data`;
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
          disk,
          profile,
          engine,
          name: temporary(),
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
          if (announced.mayBeNamed === true) uploads.delete(root);
          await verified.keepTree(root, received.tree);
          if (!outcome.isFirst) await disk.syncFolder(segmentsFolder);
          return { ...segment, existed: true };
        }
        forget(root);
        await verified.keepTree(root, received.tree);
        await disk.syncFolder(segmentsFolder);
        if (before || damaged.has(root) || announced.mayBeNamed === true) uploads.delete(root);
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

/** The uploads of one segment that are running. */
interface Arrival {
  count: number;
  isPlaced: boolean;
}

/** The only function that makes a file name. */
function nameOf(root: Hex): string {
  const name = root.slice(2);
  if (!root.startsWith("0x") || !NAME.test(name)) {
    throw new TypeError(`"root" expected 0x and 64 lower-case hex digits, got ${JSON.stringify(root)}`);
  }
  return name;
}
