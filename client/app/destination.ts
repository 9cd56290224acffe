/**
 * Where a file that is read back is written. A new or a plain file appears only once it is complete. Anything else (a pipe,
 * a device, a link, the standard output) stays what it is, and is written to once all bytes have arrived.
 */
import { randomUUID } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { access, lstat, open, realpath, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HoldfastError } from "../../protocol/errors.ts";
import { inWords, systemCode } from "../../system/file-errors.ts";

export interface Destination {
  /** Lets `fill` write a hidden file. If that succeeds, moves the file to its place; otherwise removes it. */
  write<T>(fill: (file: FileHandle) => Promise<T>): Promise<T>;
}

/** Stands for the standard output. */
export const STDOUT = "-";
/** Links in these folders lead to files that a process has open. */
const OPEN_FILES = /^\/(dev|proc)\//;
const ANY_WRITE = 0o222;
const PERMISSIONS = 0o7777;

/** @throws HoldfastError "bad-input", "not-found" or "io" if nothing could be written there; before anything is fetched */
export async function destinationOf(path: string): Promise<Destination> {
  if (path === STDOUT) return through("the standard output", () => Promise.resolve(openStdout()));
  if (path === "" || path.endsWith("/"))
    throw new HoldfastError("bad-input", `"${path}" is not the name of a file: give one with --out`, {
      path,
    });
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

/** Writes a file that appears only when it is complete. Keeps the permissions of the file that it replaces. */
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

/** A stream to the standard output that can be ended without closing the output itself. */
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

/** Refuses to replace a file that its owner has made read-only, also for root. */
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
