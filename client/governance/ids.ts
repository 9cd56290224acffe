/**
 * The ids of candidates and nominators: whole numbers or strings.
 */

export type ElectionId = number | string;

/** 7 and "7" are the same id. */
export const idKey = String;

/**
 * Numbers and strings of digits by their value, before all other strings. Those are compared by their UTF-16 code units.
 *
 * @returns less than 0 if a is smaller
 */
export function compareIds(a: ElectionId, b: ElectionId): number {
  const [left, right] = [valueOf(a), valueOf(b)];
  if (left !== undefined && right !== undefined && left !== right) return left < right ? -1 : 1;
  if ((left === undefined) !== (right === undefined)) return left === undefined ? 1 : -1;
  const [x, y] = [idKey(a), idKey(b)];
  return x === y ? 0 : x < y ? -1 : 1;
}

function valueOf(id: ElectionId): bigint | undefined {
  return typeof id === "number" || /^\d+$/.test(id) ? BigInt(id) : undefined;
}
