/**
 * A put: what is asked for, what it costs, and what is left to be done.
 */
import type { Profile } from "../protocol/profiles.ts";
import type { Target } from "./lookup.ts";
import type { StoredObject } from "./object.ts";
import type { CommittedFile } from "./segments.ts";

export interface PutOptions {
  readonly path: string;
  readonly bucket: bigint;
  /** Each gets all segments. */
  readonly vNodes: readonly bigint[];
  readonly epochs: number;
  /** Token units per 1e18 leaves and epoch that the owner agrees to; default: whatever the node asks. */
  readonly maxRent?: bigint | undefined;
  /** The manifest that an earlier put of the file has left: what it has stored is not stored again. */
  readonly record?: StoredObject | undefined;
}

export interface Price {
  readonly total: bigint;
  readonly perEpoch: bigint;
  /** Of perEpoch, what each segment's price is rounded up by to the cluster's quantum. */
  readonly rounding: bigint;
  /** Token units. */
  readonly quantum: bigint;
  /** Of the payer's account, when the plan was made. */
  readonly balance: bigint;
  readonly bytes: number;
}

/** A put that is ready to be paid for. */
export interface Plan extends PutOptions {
  readonly profile: Profile;
  readonly file: CommittedFile;
  /** Where something is to be stored. */
  readonly targets: readonly Target[];
  /** Of what is not stored yet. */
  readonly price: Price;
}
