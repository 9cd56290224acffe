/**
 * Which contracts are counted, and where their instrumented copies are.
 */

/** Folder of the instrumented contracts, relative to the project's root. */
export const FOLDER = "cache/coverage";

/** The directory's hash. It is constants and assembly, and tested with vectors instead. */
export const HASH = "contracts/libraries/Poseidon2T4.sol";

/** Whether a contract is deployed on public chains too. */
export function isCounted(path: string): boolean {
  return path !== HASH && /^contracts\/(?!test\/|test-support\/|local\/).*\.sol$/.test(path);
}
