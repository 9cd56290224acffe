/**
 * Errors of the disk, in words for the account that asked for a segment or uploaded one.
 */
import { HoldfastError } from "../protocol/errors.ts";

export function noRoom(bytes: number, free: number, where: string): HoldfastError {
  const message = `${where} has room for ${Math.max(0, free)} bytes, but ${bytes} are needed: use another node`;
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
    return new HoldfastError(
      "disk-full",
      "the node's disk is full: use another node, or free some space",
      {},
      cause,
    );
  }
  if (isGone(error)) return new HoldfastError("not-found", `${path} does not exist`, {}, cause);
  return new HoldfastError("io", `${path}: ${message}`, {}, cause);
}
