/**
 * The value of what a test knows to be there.
 */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("it is not there");
  return value;
}
