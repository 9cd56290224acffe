/**
 * What no test of the contracts can reach, and why.
 */

/** One place: two lines that are the same are two exceptions. */
export interface Exception {
  readonly file: string;
  /** The line, or a condition and its outcome, as the report says it. */
  readonly what: string;
  readonly why: string;
}

const DRAND = "contracts/beacons/DrandBeacon.sol";

export const EXCEPTIONS: readonly Exception[] = [
  {
    file: DRAND,
    what: 'sha256("") == 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 is false',
    why: "only on a chain whose precompiled contract is another",
  },
  {
    file: DRAND,
    what: "Bn254.pairingIsOne(pairs) is false",
    why: "a pairing with infinity is one; a key that is no point fails before",
  },
  {
    file: "contracts/libraries/settlement/Proven.sol",
    what: "v.node == node is false",
    why: "of an assert: that both ways to find who is responsible agree",
  },
  {
    file: "contracts/libraries/Bn254.sol",
    what: "ok is false",
    why: "of pow: only on a chain that lacks its precompile, as in drand.test.ts; for want of gas, none is left to get there",
  },
];
