/**
 * How much evidence to gather: all of it takes minutes, a part of it belongs to every run of the tests.
 */
import type { ProfileName } from "../../protocol/profiles.ts";

export interface Scale {
  /** Of the vectors of every template, this fraction. */
  readonly vectors: number;
  /** Random honest witnesses per template whose wires are changed and whose rank is taken. */
  readonly witnesses: number;
  /** Templates with more constraints than this are left out where every constraint or source line is broken in turn. */
  readonly constraints: number;
  /** Positions whose distribution is tested. */
  readonly positions: number;
  /** Profiles whose circuits are compiled. */
  readonly profiles: readonly ProfileName[];
  /** Audits whose detection is counted. */
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
