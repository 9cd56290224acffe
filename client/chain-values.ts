/**
 * Turns the results of ethers into plain data.
 */
import type { Result } from "ethers";

export type Value = bigint | string | boolean | readonly Value[] | { readonly [name: string]: Value };

export function isResult(value: unknown): value is Result {
  return Array.isArray(value) && "toObject" in value;
}

/** A struct or several values as an object by name; a list as a list. */
export function plain(result: Result): Value {
  return isNamed(result) ? byName(result) : result.toArray().map(plainValue);
}

export function byName(result: Result): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(result.toObject() as Record<string, unknown>).map(([k, v]) => [k, plainValue(v)]),
  );
}

function plainValue(value: unknown): Value {
  return isResult(value) ? plain(value) : (value as Value);
}

/** ethers has no other way to ask whether a result has names. It calls a single value without a name "_". */
function isNamed(result: Result): boolean {
  try {
    const names = Object.keys(result.toObject() as object);
    return names.length > 0 && !names.includes("_");
  } catch {
    return false;
  }
}
