/**
 * Where a file that is read back goes. A new name, or one of a plain file, is given to a whole file only; what is no plain
 * file (a pipe, a device, a link, the standard output) stays what it is, and is written to once all is there.
 */
import { randomUUID } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { access, lstat, open, realpath, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HoldfastError } from "../protocol/errors.ts";
import { inWords, systemCode } from "../system/file-errors.ts";

export interface Destination {
  /** Has `fill` write a file that nobody sees, and puts it in its place if that succeeds; otherwise leaves no trace. */
  write<T>(fill: (file: FileHandle) => Promise<T>): Promise<T>;
}

/** The standard output. */
export const STDOUT = "-";
/** Links in there lead to what a process has open. */
const OPEN_FILES = /^\/(dev|proc)\//;
const ANY_WRITE = 0o222;
const PERMISSIONS = 0o7777;

/** Throws "bad-input", "not-found" or "io" before anything is fetched if nothing could be written there. */
export async function destinationOf(path: string): Promise<Destination> {
  if (path === STDOUT) return through("the standard output", () => Promise.resolve(openStdout()));
  if (path === "" || path.endsWith("/"))
    throw new HoldfastError("bad-input", `"${path}" is no name of a file`, { path });
  return inWords(path, "written", async () => {
    const found = await lstatIfAny(path);
    if (!found) return replacing(path, undefined);
    const led = found.isSymbolicLink() ? await stat(path).catch(dangles(path)) : found;
    if (led.isDirectory()) throw new HoldfastError("bad-input", `${path} is a folder: name a file`, { path });
    if (led.isSocket()) throw new HoldfastError("bad-input", `${path} is a socket: name a file`, { path });
    await checkWritable(path, led);
    const plain = led.isFile() && led.nlink === 1 && !OPEN_FILES.test(path);
    if (plain) return replacing(await realpath(path), led);
    return through(path, async () =>
      (await open(path, constants.O_WRONLY | constants.O_TRUNC)).createWriteStream(),
    );
  });
}

/** A file of which nobody sees a part. Keeps the permissions of the one that it replaces. */
async function replacing(path: string, old: Stats | undefined): Promise<Destination> {
  await access(dirname(path), constants.W_OK);
  return {
    async write(fill) {
      const partial = join(dirname(path), `.holdfast-${randomUUID()}.partial`);
      return inWords(path, "written", async () => {
        try {
          const file = await open(partial, "wx+");
          let result;
          try {
            result = await fill(file);
            if (old) await file.chmod(old.mode & PERMISSIONS);
            await file.sync();
          } finally {
            await file.close();
          }
          await rename(partial, path);
          return result;
        } catch (error) {
          await rm(partial, { force: true });
          throw error;
        }
      });
    },
  };
}

function through(name: string, target: () => Promise<Writable>): Destination {
  return {
    async write(fill) {
      const partial = join(tmpdir(), `holdfast-${randomUUID()}.partial`);
      try {
        const file = await inWords(partial, "written", () => open(partial, "wx+", 0o600));
        try {
          const result = await inWords(partial, "written", () => fill(file));
          await inWords(name, "written", async () => {
            const source = file.createReadStream({ start: 0, autoClose: false });
            await pipeline(source, await target());
          });
          return result;
        } finally {
          await file.close();
        }
      } finally {
        await rm(partial, { force: true });
      }
    },
  };
}

/** What ends with the file; the standard output does not. */
function openStdout(): Writable {
  return new Writable({
    write: (chunk, _, done) => void process.stdout.write(chunk as Uint8Array, done),
  });
}

async function lstatIfAny(path: string): Promise<Stats | undefined> {
  return lstat(path).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  });
}

/** Also for those who may do anything: a file that its owner has protected stays. */
async function checkWritable(path: string, { mode }: Stats): Promise<void> {
  if ((mode & ANY_WRITE) === 0)
    throw new HoldfastError("io", `${path} is read-only: name another file, or run \`chmod u+w ${path}\``, {
      path,
    });
  await access(path, constants.W_OK);
}

const dangles = (path: string) => (cause: unknown) => {
  throw new HoldfastError(
    "bad-input",
    `${path} is a link that leads nowhere: name a file`,
    { path },
    { cause },
  );
};
