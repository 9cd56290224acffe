/** A number as an ABI word: 64 hex digits, without 0x. */
export const word = (value: bigint | number): string => value.toString(16).padStart(64, "0");
