/**
 * A value that a test knows to exist.
 */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the value is undefined");
  return value;
}
