/**
 * Names and prices of what a node consents to. Events on chain do not show the signature, so a consent is named after
 * the facts that its events show.
 */
import type { Hex } from "../protocol/field.ts";
import { priceOf } from "../protocol/price.ts";

export { priceOf } from "../protocol/price.ts";

/** The price of all segments together, in token units per epoch. */
export const pricesOf = (
  segments: readonly { readonly leaves: number }[],
  rent: bigint,
  quantumBits: number,
): bigint => segments.reduce((sum, { leaves }) => sum + priceOf(leaves, rent, quantumBits), 0n);

export interface Storing {
  readonly vNode: bigint;
  readonly bucket: bigint;
  readonly root: Hex;
  readonly leaves: number;
  readonly perEpoch: bigint;
  readonly epochs: number;
}

export const storingOf = ({ vNode, bucket, root, leaves, perEpoch, epochs }: Storing): string =>
  `store/${vNode}/${bucket}/${root}/${leaves}/${perEpoch}/${epochs}`;

export interface Extending {
  readonly vNode: bigint;
  readonly serial: number;
  /** Epochs added to the segment's life. */
  readonly epochs: number;
}

export const extendingOf = ({ vNode, serial, epochs }: Extending): string =>
  `extend/${vNode}/${serial}/${epochs}`;
