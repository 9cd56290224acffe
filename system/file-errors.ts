/**
 * Errors of the file system as sentences that say what to do.
 */
import { HoldfastError, type ErrorCode } from "../protocol/errors.ts";

const WORDS: Readonly<Record<string, readonly [code: ErrorCode, what: string]>> = {
  EACCES: ["io", "permission denied: give this account access to it"],
  EDQUOT: ["disk-full", "the disk quota is used up: free some space"],
  EEXIST: ["io", "a file or folder of that name exists already: choose another name"],
  EFBIG: ["too-large", "the file system does not allow files of this size: use another disk"],
  EISDIR: ["bad-input", "it is a folder: name a file"],
  ELOOP: ["bad-input", "its symbolic links form a loop: name the file itself"],
  ENAMETOOLONG: ["bad-input", "the name is too long: choose a shorter one"],
  ENOENT: ["not-found", "there is no such file or folder"],
  ENOSPC: ["disk-full", "the disk is full: free some space"],
  ENOTDIR: ["bad-input", "part of the path is not a folder: check the path"],
  EPERM: ["io", "the operation is not permitted: check the owner and the permissions"],
  EPIPE: ["io", "the program that read the output has closed it"],
  EROFS: ["io", "the file system is read-only: use another place"],
};

/** Turns an error of the file system into a HoldfastError; returns any other error unchanged. */
export function fileError(error: unknown, path: string, doing: string): unknown {
  const code = systemCode(error);
  if (error instanceof HoldfastError || code === undefined) return error;
  const [ours, what] = WORDS[code] ?? ["io" as const, (error as Error).message];
  return new HoldfastError(ours, `${path} cannot be ${doing}: ${what}`, { path }, { cause: error });
}

/** Runs `work` and rethrows its file system errors as HoldfastErrors. */
export async function inWords<T>(path: string, doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(error, path, doing);
  }
}

/** The code of a file system error, such as ENOENT; undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  return error instanceof Error && typeof code === "string" && typeof syscall === "string" ? code : undefined;
}
