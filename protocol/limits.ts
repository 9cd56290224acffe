/**
 * Bounds of the contracts that others need to know; a test compares them.
 */

/** Basis points of every payment (Parameters.sol). */
export const MIN_PROTOCOL_FEE = 200;
export const MAX_PROTOCOL_FEE = 500;
/**
 * Epochs after the one in which a challenge is made, until whose end it can be answered, or later if the node pauses
 * (Challenges.sol).
 */
export const RESPONSE_EPOCHS = 2;
