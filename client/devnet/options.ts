/**
 * The options of a local network.
 */
import type { ProfileName } from "../../protocol/profiles.ts";

export interface DevnetOptions {
  /** The file to store. */
  readonly file: string;
  readonly profile: ProfileName;
  /** Least length of an epoch. It is longer on machines where proofs take longer. */
  readonly epochSeconds: number;
  /** Whether to keep the folder with the nodes' data and all logs. */
  readonly keep: boolean;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Largest file that a local network is meant for. */
export const MAX_FILE_BYTES = 500_000_000;
