/**
 * How much evidence to gather. All of it takes minutes; a small part belongs to every run of the tests.
 */
import type { ProfileName } from "../../protocol/profiles.ts";

export interface Scale {
  /** The share of each template's vectors that is tried. */
  readonly vectors: number;
  /** Random honest witnesses per template whose wires are changed and whose rank is taken. */
  readonly witnesses: number;
  /** Larger templates (in constraints) are left out where each constraint or line is removed in turn. */
  readonly constraints: number;
  /** Number of positions whose distribution is tested. */
  readonly positions: number;
  /** Profiles whose circuits are compiled. */
  readonly profiles: readonly ProfileName[];
  /** Number of simulated audits, of which the detections are counted. */
  readonly audits: number;
}

export const FULL: Scale = {
  vectors: 1,
  witnesses: 5,
  constraints: Infinity,
  positions: 1_000_000,
  profiles: ["tiny", "demo", "standard"],
  audits: 10_000,
};

export const SMALL: Scale = {
  vectors: 0.005,
  witnesses: 1,
  constraints: 360,
  positions: 32_000,
  profiles: ["tiny"],
  audits: 1_000,
};
