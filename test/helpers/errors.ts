/**
 * The errors that promises reject with.
 */
import { HoldfastError } from "../../protocol/errors.ts";

export async function errorOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not fail");
}

/** The same, for a HoldfastError. */
export async function holdfastErrorOf(promise: Promise<unknown>): Promise<HoldfastError> {
  const error = await errorOf(promise);
  if (!(error instanceof HoldfastError)) throw error;
  return error;
}
