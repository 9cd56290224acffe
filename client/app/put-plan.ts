/**
 * A put: what the user asks for, what it costs, and what is still to be stored.
 */
import type { Profile } from "../../protocol/profiles.ts";
import type { StoredObject } from "../object.ts";
import type { Target } from "./lookup.ts";
import type { CommittedFile } from "./segments.ts";

export interface PutOptions {
  readonly path: string;
  readonly bucket: bigint;
  /** Each of them gets all segments. */
  readonly vNodes: readonly bigint[];
  readonly epochs: number;
  /** The most that the owner agrees to, in token units per 1e18 leaves and epoch. Default: what the node asks. */
  readonly maxRent?: bigint | undefined;
  /** The manifest of an earlier put of the file. What that has stored is not stored again. */
  readonly record?: StoredObject | undefined;
}

export interface Price {
  readonly total: bigint;
  readonly perEpoch: bigint;
  /** The part of perEpoch that comes from rounding each segment's price up to the cluster's quantum. */
  readonly rounding: bigint;
  /** Token units. */
  readonly quantum: bigint;
  /** Balance of the payer's account when the plan was made. */
  readonly balance: bigint;
  readonly bytes: number;
}

/** A put that is ready to be paid for. */
export interface PutPlan extends PutOptions {
  readonly profile: Profile;
  readonly file: CommittedFile;
  /** The vNodes that do not have all segments yet. */
  readonly targets: readonly Target[];
  /** Price of the segments that are not stored yet. */
  readonly price: Price;
}

/** How many segments, counted from the first, are stored on a vNode already. */
export function storedOn(object: StoredObject | undefined, vNode: bigint): number {
  return object?.replicas.find((one) => BigInt(one.vNode) === vNode)?.serials.length ?? 0;
}
