/**
 * What the node's other parts see of the segments on disk.
 */
import type { Readable } from "node:stream";
import type { Hex } from "../protocol/field.ts";
import type { LeafOpening } from "../protocol/segment.ts";
import type { Announced } from "./hash-segment.ts";
import type { Pace } from "./verified.ts";

export interface StoredSegment {
  readonly root: Hex;
  readonly bytes: number;
  readonly leaves: number;
}

/** Result of reading all bytes of a segment. rebuilt: the tree did not match the data, and was made again. */
export type Verdict = "whole" | "rebuilt" | "damaged" | "gone";

export interface Store {
  /** Bytes of segments that are on disk or arriving. */
  readonly usedBytes: number;
  /** Segments that were present at the last look. */
  readonly segments: ReadonlyMap<Hex, StoredSegment>;
  /** Segments that were set aside and not replaced since, with the reasons. */
  readonly damaged: ReadonlyMap<Hex, string>;
  /** Segments whose data and tree files do not fit each other. A check tells more. */
  readonly doubtful: ReadonlySet<Hex>;
  /** Segments uploaded since the start. Nobody may have paid for them yet. */
  readonly uploads: ReadonlySet<Hex>;
  /** Why the disk cannot be used. */
  readonly trouble: string | undefined;
  /**
   * Stores a segment. If the same data is here already, the new bytes are compared with it; if other data is here, it
   * is replaced. Several senders may bring the same segment: the first that is whole is kept, and nobody waits for
   * the others.
   *
   * @throws HoldfastError "too-large" above the profile's limit, "disk-full" beyond the quota or the disk's room, and
   *   what `hashSegment` throws; nothing is left behind
   */
  receive(
    body: AsyncIterable<Uint8Array>,
    announced: Announced & {
      /** Whether a directory may already name it. If not, it counts as a new upload. */
      readonly mayBeNamed?: boolean;
    },
  ): Promise<StoredSegment & { existed: boolean }>;
  /** Looks at the disk; undefined if the segment is not there (any more). */
  find(root: Hex): Promise<StoredSegment | undefined>;
  /** @throws HoldfastError "not-found" if the segment is gone, "corrupt" if the data does not lead to the root, "io" */
  openLeaf(root: Hex, leafIndex: number): Promise<LeafOpening>;
  /**
   * Bytes from start to end, both inclusive. The stream fails before the first byte that is not the segment's.
   *
   * @throws as `openLeaf`, if the failure shows at the beginning
   */
  read(root: Hex, start: number, end: number): Promise<Readable>;
  /** Reads all bytes. @throws whatever prevents reading */
  check(root: Hex, pace?: Pace): Promise<Verdict>;
  /** Removes the segment, and what was set aside of it. Does nothing if neither is there. */
  remove(root: Hex): Promise<void>;
}
