/**
 * The shared vectors that all implementations of the protocol are tested with.
 */
import { readFileSync } from "node:fs";

type Hash = readonly { in: string[]; out: string }[];
type Permutation = readonly { in: string[]; out: string[] }[];

interface Width {
  externalRounds: number;
  internalRounds: number;
  internalDiagonalMinusOne: string[];
  firstRoundConstants: string[];
  lastRoundConstants: string[];
  firstPartialConstant: string;
  permute: Permutation;
  compress: Hash;
}

interface Vectors {
  poseidon2: Record<"t4" | "t16", Width> & { zeroSubtrees16: string[]; zeroSubtrees4: string[] };
  segments: {
    /** root: by depth. */
    segments: readonly {
      bytes: number;
      tag: number;
      sha256: string;
      leaves: number;
      root: Record<string, string>;
    }[];
  };
  directory: {
    depth: number;
    segments: readonly { root: string; weight: number; leaves: number }[];
    entries: readonly string[];
    afterAppending: readonly { segments: number; total: number; root: string }[];
    segment1Tombstoned: { total: number; root: string };
    tagEntry: string;
    /** Of the directory with all segments. */
    samples: readonly {
      seed: string;
      start: number;
      length: number;
      samples: readonly { entry: number; leaf: number }[];
    }[];
  };
  sampling: {
    tagSample: string;
    cases: readonly {
      seed: string;
      start: number;
      length: number;
      samples: number;
      draws: readonly { position: number; v: number }[];
    }[];
  };
}

export function vectors<N extends keyof Vectors>(name: N): Vectors[N] {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8")) as Vectors[N];
}
