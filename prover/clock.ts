/**
 * The node's time.
 */
export * from "../chain/clock.ts";
