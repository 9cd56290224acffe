/**
 * Who may prove what: the seal of a statement, which the verifier on chain takes for a proof, is given to whoever holds
 * every leaf that the statement samples, and to nobody else. What is sampled is drawn by protocol/.
 */
import { keccak_256 } from "@noble/hashes/sha3.js";
import type { Directory, Entry } from "../../protocol/directory.ts";
import { drawSamples } from "../../protocol/sampling.ts";
import { sampleOf } from "../../protocol/statement.ts";
import { PROFILE } from "./model.ts";
import { word } from "./words.ts";

/** Known to this module and the verifier. */
export const SECRET = 0x686f6c6466617374n;

export interface Statement {
  readonly root: bigint;
  readonly seed: bigint;
  readonly start: number;
  readonly length: number;
}

/** What a node has. */
export interface Holder {
  readonly hasAll: boolean;
  has(entry: Entry, leaf: number): boolean;
}

/** Whether every leaf that is sampled is held; tombstones ask for none. */
export function canProve({ seed, start, length }: Statement, directory: Directory, holder: Holder): boolean {
  if (holder.hasAll) return true;
  return drawSamples({ seed, start, length, samples: PROFILE.samples }).every((draw) => {
    const { entry, leafIndex } = sampleOf(directory, draw);
    return entry.root === 0n || holder.has(entry, leafIndex);
  });
}

/** A proof's eight words, or nothing for who cannot prove. */
export function proofOf(statement: Statement, directory: Directory, holder: Holder): string | undefined {
  if (!canProve(statement, directory, holder)) return undefined;
  const { root, seed, start, length } = statement;
  const inputs = [SECRET, root, seed, BigInt(start), BigInt(length)].map(word).join("");
  const seal = Buffer.from(keccak_256(Buffer.from(inputs, "hex"))).toString("hex");
  return seal + word(0).repeat(7);
}
