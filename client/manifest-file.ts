/**
 * The manifest of a put on disk. It is written before the first payment and completed after each. The manifest of another
 * put is never overwritten.
 */
import { randomUUID } from "node:crypto";
import { link, lstat, open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { HoldfastError } from "../protocol/errors.ts";
import { inWords, systemCode } from "../system/file-errors.ts";
import { isBegun, readObject, type StoredObject } from "./object.ts";

export interface ManifestFile {
  /** The manifest that exists already, if there is one. */
  readonly found: StoredObject | undefined;
  /** @throws HoldfastError "busy" if another process has written it since */
  readonly save: (object: StoredObject) => Promise<void>;
  /** Whether anything of it was paid, or may have been. */
  readonly begun: () => boolean;
  /** Removes a manifest that this process has made if nothing of it was paid. */
  readonly discardUnpaid: () => Promise<void>;
}

const ANY_WRITE = 0o222;

/** @throws HoldfastError "bad-input", "not-found" or "io" for a file that is not a manifest, and where none can be written */
export async function openManifest(path: string): Promise<ManifestFile> {
  if (path === "" || path.endsWith("/"))
    throw new HoldfastError("bad-input", `"${path}" is not a file name: give one with --manifest`, { path });
  const isNew = await inWords(path, "written", () => isAbsent(path));
  const found = isNew ? undefined : await readObject(path);
  const place = isNew ? path : await realpath(path);
  let last = isNew ? undefined : await readFile(place, "utf8");
  let saved = found;
  const begun = (): boolean => saved?.replicas.some(isBegun) ?? false;

  return {
    found,
    save: (object) =>
      inWords(path, "written", async () => {
        const text = `${JSON.stringify(object, null, 2)}\n`;
        if (last !== undefined && last !== (await readFile(place, "utf8"))) throw isBusy(path);
        if (text === last) return;
        await writeDurably(place, text, { isNew: last === undefined });
        [last, saved] = [text, object];
      }),
    begun,
    async discardUnpaid() {
      if (isNew && saved && !begun()) await rm(place, { force: true });
    },
  };
}

/** @throws HoldfastError if the path exists and cannot be a manifest */
async function isAbsent(path: string): Promise<boolean> {
  const entry = await lstat(path).catch(absent);
  if (!entry) {
    await stat(dirname(path));
    return true;
  }
  const found = await stat(path);
  const other = found.isDirectory() ? "a folder" : found.isFile() ? undefined : "not a regular file";
  if (other !== undefined) throw new HoldfastError("bad-input", `${path} is ${other}: name a file`, { path });
  if ((found.mode & ANY_WRITE) === 0)
    throw new HoldfastError("io", `${path} is read-only: give another name with --manifest`, { path });
  return false;
}

function absent(error: unknown): undefined {
  if (systemCode(error) !== "ENOENT") throw error;
}

/** Writes the file completely or not at all. A new file must not exist yet. */
async function writeDurably(path: string, text: string, { isNew }: { isNew: boolean }): Promise<void> {
  const partial = join(dirname(path), `.holdfast-${randomUUID()}.partial`);
  try {
    const file = await open(partial, "wx");
    try {
      if (!isNew) await file.chmod((await stat(path)).mode);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    if (isNew) await nameNew(partial, path);
    else await rename(partial, path);
    const folder = await open(dirname(path), "r");
    await folder.sync().finally(() => folder.close());
  } finally {
    await rm(partial, { force: true });
  }
}

async function nameNew(partial: string, path: string): Promise<void> {
  await link(partial, path).catch((error: unknown) => {
    throw systemCode(error) === "EEXIST" ? isBusy(path) : error;
  });
}

function isBusy(path: string): HoldfastError {
  const message = `another process writes ${path} at the same time: wait until it ends, or give another name with --manifest`;
  return new HoldfastError("busy", message, { path });
}
