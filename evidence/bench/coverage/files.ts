/**
 * Which contracts count, and where their copies are.
 */

/** Of the instrumented contracts, from the project's root. */
export const FOLDER = "cache/coverage";

/** The directory's hash: constants and assembly, which are compared with vectors. */
export const HASH = "contracts/libraries/Poseidon2T4.sol";

/** Whether it is part of what is deployed anywhere but on local chains. */
export function isCounted(path: string): boolean {
  return path !== HASH && /^contracts\/(?!test\/|test-support\/|local\/).*\.sol$/.test(path);
}
