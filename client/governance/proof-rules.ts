/**
 * The rules that a ProofOfStorageManager is made with.
 */
export interface ProofRules {
  readonly seatLeaves: bigint;
  readonly probation: number;
  readonly shareBits: number;
  readonly standby: number;
  readonly maxMisses: number;
  readonly period: number;
  readonly reentry: number;
  readonly patience: number;
  readonly reward: bigint;
  readonly curve: {
    readonly least: bigint;
    readonly kink: bigint;
    readonly most: bigint;
    readonly kinkAt: number;
    readonly step: number;
  };
}

/** Rules for epochs of an hour: a day of probation, a week to come back. */
const USUAL = {
  probation: 24,
  shareBits: 4,
  standby: 4,
  maxMisses: 6,
  period: 168,
  reentry: 168,
  patience: 96,
};

/**
 * @param seatLeaves what each seat counts of a member's capacity
 * @param least price, in token units per 1e18 leaves and epoch; the highest is four times that
 * @param reward of a crank, in token units
 */
export function usualRules(
  seatLeaves: bigint,
  least: bigint,
  reward: bigint,
  given: Partial<typeof USUAL> = {},
): ProofRules {
  const curve = { least, kink: 2n * least, most: 4n * least, kinkAt: 8000, step: 200 };
  return { ...USUAL, ...given, seatLeaves, reward, curve };
}
