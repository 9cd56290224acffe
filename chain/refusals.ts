/**
 * Turns what a chain refuses into HoldfastErrors, with the contracts' own errors by name.
 */
import { dataLength, isCallException, isError, type Interface, type Result } from "ethers";
import { HoldfastError } from "../protocol/errors.ts";

/** The name of the contract's error with which a call or a transaction was refused. */
export function contractError(error: unknown): string | undefined {
  const name = error instanceof HoldfastError ? error.details["error"] : undefined;
  return typeof name === "string" ? name : undefined;
}

/** Waits for an answer. @throws HoldfastError in place of whatever `answer` rejects with */
export async function refusing<T>(
  errors: readonly Interface[],
  what: string,
  answer: Promise<T>,
): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw explain(errors, what, error);
  }
}

export function explain(errors: readonly Interface[], what: string, error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const cause = { cause: error };
  if (isCallException(error)) {
    const parsed = error.data ? parseRevert(errors, error.data) : undefined;
    if (!parsed)
      return new HoldfastError("chain", `the contract refuses ${what}: ${error.shortMessage}`, {}, cause);
    const args = Object.fromEntries(
      Object.entries(parsed.args.toObject() as Record<string, unknown>).map(([name, value]) => [
        name,
        String(value),
      ]),
    );
    const values = Object.entries(args).map(([name, value]) => `${name} ${value}`);
    const message = `the contract refuses ${what}: ${parsed.name}(${values.join(", ")})`;
    return new HoldfastError("chain", message, { error: parsed.name, ...args }, cause);
  }
  if (isError(error, "INSUFFICIENT_FUNDS")) {
    const message = `the key's account cannot pay for the gas of ${what}: send it some of the chain's own coin`;
    return new HoldfastError("funds", message, {}, cause);
  }
  const text = error instanceof Error ? error.message : String(error);
  return new HoldfastError("unreachable", `the chain did not answer ${what}: ${text}`, {}, cause);
}

function parseRevert(errors: readonly Interface[], data: string): { name: string; args: Result } | undefined {
  // Too short to have a selector.
  if (dataLength(data) < 4) return undefined;
  for (const each of errors) {
    const parsed = each.parseError(data);
    if (parsed) return parsed;
  }
  return undefined;
}
