/**
 * The hash of a list of segments, which an acceptance signs.
 */
import { AbiCoder, keccak256 } from "ethers";

/** keccak256(abi.encode(Segment[])), as the Registry computes it. */
export function hashSegmentList(segments: readonly { root: string; leaves: number }[]): string {
  const values = segments.map(({ root, leaves }) => [root, leaves]);
  return keccak256(AbiCoder.defaultAbiCoder().encode(["tuple(bytes32,uint32)[]"], [values]));
}
