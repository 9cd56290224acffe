/**
 * Limits of the contracts that TypeScript must know. A test compares them with the contracts.
 */

/** Basis points of every payment (Parameters.sol). */
export const MIN_PROTOCOL_FEE = 200;
export const MAX_PROTOCOL_FEE = 500;
/**
 * A challenge made in epoch e can be answered until the end of epoch e + 2, or later if the node pauses
 * (Challenges.sol).
 */
export const RESPONSE_EPOCHS = 2;
