/**
 * Replaces the proof system. The simulation's verifier accepts the seal of a statement as its proof. The seal is given only
 * to a holder of every leaf that the statement samples. protocol/ draws the samples.
 */
import { keccak_256 } from "@noble/hashes/sha3.js";
import type { Directory, Entry } from "../../protocol/directory.ts";
import { drawSamples } from "../../protocol/sampling.ts";
import { sampleOf } from "../../protocol/statement.ts";
import { PROFILE } from "./model.ts";
import { word } from "./words.ts";

/** Known only to this module and the verifier. */
export const SECRET = 0x686f6c6466617374n;

export interface Statement {
  readonly root: bigint;
  readonly seed: bigint;
  readonly start: number;
  readonly length: number;
}

/** The data that a node has. */
export interface Holder {
  readonly hasAll: boolean;
  has(entry: Entry, leaf: number): boolean;
}

/** Whether the holder has every sampled leaf. A sample of a tombstone needs none. */
export function canProve({ seed, start, length }: Statement, directory: Directory, holder: Holder): boolean {
  if (holder.hasAll) return true;
  return drawSamples({ seed, start, length, samples: PROFILE.samples }).every((draw) => {
    const { entry, leafIndex } = sampleOf(directory, draw);
    return entry.root === 0n || holder.has(entry, leafIndex);
  });
}

/** The eight words of a proof. undefined if the holder cannot prove. */
export function proofOf(statement: Statement, directory: Directory, holder: Holder): string | undefined {
  if (!canProve(statement, directory, holder)) return undefined;
  const { root, seed, start, length } = statement;
  const inputs = [SECRET, root, seed, BigInt(start), BigInt(length)].map(word).join("");
  const seal = Buffer.from(keccak_256(Buffer.from(inputs, "hex"))).toString("hex");
  return seal + word(0).repeat(7);
}
