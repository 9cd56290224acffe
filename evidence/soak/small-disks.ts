/**
 * Disks that can be filled without harm to others: file systems in memory, if this process is allowed to mount them.
 */
import { execFile } from "node:child_process";
import { cp, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
/** More than the space that a node keeps free. */
const MEGABYTES = 160;
const CHUNKS = [1 << 20, 1 << 12, 1] as const;

/** @returns whether it was mounted */
export async function mountSmall(folder: string): Promise<boolean> {
  const options = ["-t", "tmpfs", "-o", `size=${MEGABYTES}m,mode=700`, "holdfast-soak", folder];
  return run("mount", options).then(
    () => true,
    () => false,
  );
}

/** @param keep whether to leave a copy of its files in its place */
export async function unmountSmall(folder: string, keep: boolean): Promise<void> {
  const copy = `${folder}.copy`;
  if (keep) await cp(folder, copy, { recursive: true });
  await run("umount", [folder]);
  if (keep) await cp(copy, folder, { recursive: true });
  await rm(copy, { recursive: true, force: true });
}

/** Fills the disk until nothing more fits. */
export async function fill(folder: string): Promise<void> {
  const file = await open(join(folder, FILLER), "a");
  try {
    for (const bytes of CHUNKS) while (await fits(file, new Uint8Array(bytes)));
  } finally {
    await file.close();
  }
}

export const empty = (folder: string): Promise<void> => rm(join(folder, FILLER), { force: true });

const FILLER = "filler";

async function fits(file: Awaited<ReturnType<typeof open>>, bytes: Uint8Array): Promise<boolean> {
  try {
    return (await file.write(bytes)).bytesWritten === bytes.length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") return false;
    throw error;
  }
}
