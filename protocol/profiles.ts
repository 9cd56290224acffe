/**
 * The parameter sets of the circuit: tiny for unit tests, demo for a local network, standard for production
 * (protocol.md, section 7).
 */
import { HoldfastError } from "./errors.ts";
import { LEAF_BYTES } from "./field.ts";

export type ProfileName = "tiny" | "demo" | "standard";

export interface Profile {
  readonly name: ProfileName;
  /** Leaves opened by one proof: k. */
  readonly samples: number;
  /** Depth of a segment's 16-ary tree: D. */
  readonly dataDepth: number;
  /** Depth of a vNode's 4-ary directory: G. */
  readonly directoryDepth: number;
}

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  tiny: { name: "tiny", samples: 2, dataDepth: 2, directoryDepth: 2 },
  demo: { name: "demo", samples: 4, dataDepth: 4, directoryDepth: 4 },
  standard: { name: "standard", samples: 20, dataDepth: 6, directoryDepth: 7 },
};

/** The most leaves that a segment can have. */
export const maxLeaves = ({ dataDepth }: Profile): number => 16 ** dataDepth;
/** The most bytes that a segment can have: one byte of its last leaf is padding. */
export const maxBytes = (profile: Profile): number => maxLeaves(profile) * LEAF_BYTES - 1;
/** The most entries that a directory can have, live or not. */
export const maxSegments = ({ directoryDepth }: Profile): number => 4 ** directoryDepth;

/** The profile of that name. @throws HoldfastError "bad-input" if there is none */
export function profileNamed(name: string): Profile {
  if (!Object.hasOwn(PROFILES, name)) {
    throw new HoldfastError(
      "bad-input",
      `there is no profile "${name}": use ${Object.keys(PROFILES).join(", ")}`,
    );
  }
  return PROFILES[name as ProfileName];
}
