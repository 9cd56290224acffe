/**
 * drand's evmnet and one of its real rounds, from the shared vectors.
 */
import { readFileSync } from "node:fs";
import type { DrandChain } from "../../drand/rounds.ts";
import { present } from "../../evidence/world/present.ts";
import type { Words4 } from "./trapdoor-proofs.ts";

interface Vector {
  readonly publicKey: string;
  readonly genesisTime: number;
  readonly periodSeconds: number;
  readonly rounds: readonly { round: number; signature: string; randomness: string }[];
}

const vector = JSON.parse(
  readFileSync(new URL("../vectors/drand-evmnet.json", import.meta.url), "utf8"),
) as Vector;

export const evmnet: DrandChain = {
  publicKey: Uint8Array.from(Buffer.from(vector.publicKey, "hex")),
  genesis: vector.genesisTime,
  period: vector.periodSeconds,
};

export const evmnetRound = present(vector.rounds[0]);

/** Order of the base field, below which every coordinate is written. */
export const Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;

/** Integers as 64 hexadecimal digits each. */
export function concatHex(...integers: bigint[]): string {
  return integers.map((integer) => integer.toString(16).padStart(64, "0")).join("");
}

export function wordsOf(hex: string): bigint[] {
  return Array.from({ length: hex.length / 64 }, (_, i) => BigInt(`0x${hex.slice(64 * i, 64 * i + 64)}`));
}

/** A key as DrandBeacon takes it. */
export function keyWords(publicKey: Uint8Array): Words4 {
  return wordsOf(Buffer.from(publicKey).toString("hex")) as Words4;
}
