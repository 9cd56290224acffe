/**
 * What the disk says, in words for who asked for a segment or brought one.
 */
import { HoldfastError } from "../protocol/errors.ts";

export function noRoom(bytes: number, free: number, where: string): HoldfastError {
  const message = `${where} has room for ${Math.max(0, free)} bytes, not for ${bytes}: use another node`;
  return new HoldfastError("disk-full", message, { bytes, free: Math.max(0, free) });
}

export function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}

export function ioError(error: unknown, path: string): Error {
  if (error instanceof HoldfastError || error instanceof TypeError || error instanceof RangeError)
    return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const cause = { cause: error };
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new HoldfastError("disk-full", "the disk is full: free some room, or use another node", {}, cause);
  }
  if (isGone(error)) return new HoldfastError("not-found", `${path} is not there`, {}, cause);
  return new HoldfastError("io", `${path}: ${message}`, {}, cause);
}
