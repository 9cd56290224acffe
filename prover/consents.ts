/**
 * What a node consents to when it signs an acceptance, and what it costs: named so that the events of its use on chain,
 * which do not show the signature, name the same.
 */
import type { Hex } from "../protocol/field.ts";
import { priceOf } from "../protocol/price.ts";

export { priceOf } from "../protocol/price.ts";

/** Token units per epoch of all of them. */
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
  /** More than before. */
  readonly epochs: number;
}

export const extendingOf = ({ vNode, serial, epochs }: Extending): string =>
  `extend/${vNode}/${serial}/${epochs}`;
