/**
 * What the file system refuses, as a sentence that says what to do.
 */
import { HoldfastError, type ErrorCode } from "../protocol/errors.ts";

const WORDS: Readonly<Record<string, readonly [code: ErrorCode, what: string]>> = {
  EACCES: ["io", "this account may not do that there"],
  EDQUOT: ["disk-full", "the quota is used up"],
  EEXIST: ["io", "something of that name is there already"],
  EFBIG: ["too-large", "files there cannot be so large"],
  EISDIR: ["bad-input", "it is a folder: name a file"],
  ELOOP: ["bad-input", "its links lead nowhere"],
  ENAMETOOLONG: ["bad-input", "the name is too long: choose a shorter one"],
  ENOENT: ["not-found", "there is no such file or folder"],
  ENOSPC: ["disk-full", "there is no room left"],
  ENOTDIR: ["bad-input", "part of the path is no folder"],
  EPERM: ["io", "that is not allowed there"],
  EPIPE: ["io", "nobody reads it any more"],
  EROFS: ["io", "nothing can be written there"],
};

/** As one of ours, if the error comes from the file system; anything else as it is. */
export function fileError(error: unknown, path: string, doing: string): unknown {
  const code = systemCode(error);
  if (error instanceof HoldfastError || code === undefined) return error;
  const [ours, what] = WORDS[code] ?? ["io" as const, (error as Error).message];
  return new HoldfastError(ours, `${path} cannot be ${doing}: ${what}`, { path }, { cause: error });
}

/** Rethrows what `work` fails with, in words. */
export async function inWords<T>(path: string, doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(error, path, doing);
  }
}

/** The code of an error of the file system, as ENOENT. */
export function systemCode(error: unknown): string | undefined {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  return error instanceof Error && typeof code === "string" && typeof syscall === "string" ? code : undefined;
}
