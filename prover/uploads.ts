/**
 * Accepts uploads from accounts that may write and could pay, if there is room, for as long as the bytes arrive fast
 * enough. An account must be able to pay for one epoch of all that it has uploaded and not paid for: a deposit for
 * one segment keeps one segment.
 */
import type { Clock } from "../chain/clock.ts";
import { paced, type Pace } from "../net/pace.ts";
import { HoldfastError } from "../protocol/errors.ts";
import { leafCount, type Hex } from "../protocol/field.ts";
import { maxBytes, type Profile } from "../protocol/profiles.ts";
import { checkBond, checkRoom, clusterOf, lacks } from "./acceptances.ts";
import type { Access, Authorization } from "./auth.ts";
import type { NodeChain } from "./chain-model.ts";
import { priceOf } from "./consents.ts";
import type { Holdings } from "./holdings.ts";
import type { Journal, Upload } from "./journal.ts";
import type { Store } from "./store.ts";
import { createUploadSlots } from "./upload-slots.ts";

export interface UploadOptions {
  readonly node: bigint;
  readonly profile: Profile;
  /** Uploads at the same time. */
  readonly maxUploads: number;
  readonly pace: Pace;
}

export interface UploadModules {
  readonly chain: NodeChain;
  readonly access: Access;
  readonly store: Store;
  readonly holdings: Holdings;
  readonly journal: Journal;
  readonly clock: Clock;
}

export interface UploadRequest {
  readonly vNode: bigint;
  readonly bucket: bigint;
  readonly root: Hex;
  readonly bytes: number;
}

export interface Uploads {
  /**
   * @param open returns the bytes; called once everything else has been checked
   * @throws HoldfastError if anything is wrong with the upload
   */
  take(
    request: UploadRequest,
    authorization: Authorization,
    open: () => AsyncIterable<Uint8Array>,
  ): Promise<{ existed: boolean }>;
}

export function createUploads(
  { node, profile, maxUploads, pace }: UploadOptions,
  { chain, access, store, holdings, journal, clock }: UploadModules,
): Uploads {
  const slots = createUploadSlots(maxUploads, clock);

  const isPaid = ({ vNode, bucket, root }: Pick<Upload, "vNode" | "bucket" | "root">): boolean =>
    holdings.holdersOf(bucket, root).includes(vNode);
  /** The price per epoch of everything that an account has uploaded and not paid for, this upload included. */
  const unpaidTotal = ({ account, vNode, bucket, root, price }: Upload): bigint => {
    let sum = price + slots.pledged(account);
    for (const upload of journal.unpaid(account)) {
      const isSame = upload.vNode === vNode && upload.bucket === bucket && upload.root === root;
      if (isPaid(upload)) journal.settleUpload(upload);
      else if (!isSame) sum += upload.price;
    }
    return sum;
  };

  /** The upload's price per epoch. Throws if there is no room for it, or not enough bond to accept it. */
  const priceIfRoom = async ({ vNode, bytes }: UploadRequest): Promise<bigint> => {
    const leaves = leafCount(bytes);
    const { timestamp } = await chain.block();
    const [record, cluster] = await Promise.all([chain.node(node), clusterOf(vNode, chain)]);
    const price = priceOf(leaves, record.rent, cluster.quantumBits);
    const weight = price >> BigInt(cluster.quantumBits);
    await checkRoom({ vNode, segments: [{ leaves }] }, { node, record, profile, weight, chain });
    const epoch = chain.epochAt(timestamp);
    await checkBond({ vNode, node, perEpoch: price, record, cluster, epoch }, chain);
    return price;
  };

  return {
    async take(request, authorization, open) {
      const { vNode, bucket, root, bytes } = request;
      const { signer: account, bodySha256: sha256 } = authorization;
      await access.checkWrite(bucket, vNode, account);
      if (bytes > maxBytes(profile)) {
        const message = `this segment has ${bytes} bytes, but the ${profile.name} profile allows at most ${maxBytes(profile)}: split the data`;
        throw new HoldfastError("too-large", message, { bytes, limit: maxBytes(profile) });
      }
      // A paid segment may be uploaded again, because the disk may have lost it.
      const price = isPaid(request) ? 0n : await priceIfRoom(request);
      const upload: Upload = { account, vNode, bucket, root, price };
      const balance = await chain.balance(account);
      if (!isPaid(request) && unpaidTotal(upload) > balance) await holdings.update();
      // From here until the slot is taken nothing is awaited.
      const isNew = !isPaid(request);
      if (isNew && unpaidTotal(upload) > balance) throw lacks(account, balance, unpaidTotal(upload));
      const slot = slots.take({ account, worth: balance, price });
      try {
        access.take(authorization);
        const tooSlow = (): Error => {
          const message = `the bytes arrive too slowly, at less than ${pace.bytesPerSecond} per second: try again later, or over a faster connection`;
          return new HoldfastError("bad-input", message, { status: 408 });
        };
        const coming = paced(open(), pace, { signal: slot.signal, tooSlow, progress: slot.came });
        // A directory may name a segment that was stored here before.
        const mayBeNamed = !isNew || journal.storedAt(root) !== undefined;
        const { existed } = await store.receive(coming, { root, bytes, sha256, mayBeNamed });
        const now = Math.floor(clock.now() / 1000);
        if (isNew) journal.recordUpload(upload, bytes, now);
        else journal.recordSegment(root, bytes, now);
        return { existed };
      } finally {
        slot.leave();
      }
    },
  };
}
