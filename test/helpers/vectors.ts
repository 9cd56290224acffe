/**
 * The shared vectors that hold the implementations of the protocol together.
 */
import { readFileSync } from "node:fs";

type Hash = readonly { in: string[]; out: string }[];
type Permutation = readonly { in: string[]; out: string[] }[];

interface Vectors {
  poseidon2: Record<"t4" | "t16", { permute: Permutation; compress: Hash }>;
  sampling: {
    cases: readonly { seed: string; start: number; length: number; samples: number; positions: number[] }[];
  };
}

export function vectors<N extends keyof Vectors>(name: N): Vectors[N] {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8")) as Vectors[N];
}
