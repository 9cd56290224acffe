/**
 * Lines and branches that no test of the contracts can reach, with the reasons.
 */

/** One exception is for one place: equal lines need one each. */
export interface Exception {
  readonly file: string;
  /** The line, or a condition and its outcome, as in the report. */
  readonly what: string;
  readonly why: string;
}

const DRAND = "contracts/beacons/DrandBeacon.sol";

export const EXCEPTIONS: readonly Exception[] = [
  {
    file: DRAND,
    what: 'sha256("") == 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 is false',
    why: "only on a chain with another precompiled contract",
  },
  {
    file: DRAND,
    what: "Bn254.pairingIsOne(pairs) is false",
    why: "a pairing with infinity is one; a key that is not a point fails earlier",
  },
  {
    file: "contracts/libraries/settlement/Proven.sol",
    what: "v.node == node is false",
    why: "an assert that both ways to find the responsible node agree",
  },
  {
    file: "contracts/libraries/Bn254.sol",
    what: "ok is false",
    why: "in pow: only on a chain without its precompile, as in drand.test.ts; if gas runs out, too little is left to get there",
  },
];
