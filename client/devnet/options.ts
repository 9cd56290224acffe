/**
 * What the main job is asked for, and what it hands to people while it runs.
 */
import type { ProfileName } from "../../protocol/profiles.ts";

export interface DevnetOptions {
  /** The file that is stored. */
  readonly file: string;
  readonly profile: ProfileName;
  /** At least: epochs are longer where proofs take longer. */
  readonly epochSeconds: number;
  /** Leaves the folder with the nodes' data and all logs in place. */
  readonly keep: boolean;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Largest file that a local network is meant for. */
export const MAX_FILE_BYTES = 500_000_000;
