/**
 * Takes segments in: from who may write and could pay, if there is room, and as long as they come fast enough. What an account
 * has uploaded and not paid for must be payable, all of it, for an epoch: a deposit for one segment keeps one.
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
import { createPlaces } from "./places.ts";
import type { Store } from "./store.ts";

export interface UploadOptions {
  readonly node: bigint;
  readonly profile: Profile;
  /** At the same time. */
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
   * @param open gives the bytes, when all that can be known before is known
   * @throws HoldfastError for whatever is wrong with it
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
  const places = createPlaces(maxUploads, clock);

  const isPaid = ({ vNode, bucket, root }: Pick<Upload, "vNode" | "bucket" | "root">): boolean =>
    holdings.holdersOf(bucket, root).includes(vNode);
  /** What an account has to be able to pay for an epoch, besides what it pays already. */
  const owed = ({ account, vNode, bucket, root, price }: Upload): bigint => {
    let sum = price + places.pledged(account);
    for (const upload of journal.unpaid(account)) {
      const isSame = upload.vNode === vNode && upload.bucket === bucket && upload.root === root;
      if (isPaid(upload)) journal.settleUpload(upload);
      else if (!isSame) sum += upload.price;
    }
    return sum;
  };

  /** What the upload would cost for an epoch. Throws if there is no room for it, or nothing to back it with. */
  const checkTaken = async ({ vNode, bytes }: UploadRequest): Promise<bigint> => {
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
        const message = `a segment of the ${profile.name} profile has up to ${maxBytes(profile)} bytes, this one has ${bytes}`;
        throw new HoldfastError("too-large", message, { bytes, limit: maxBytes(profile) });
      }
      // What is paid for may come again: the disk may have lost it.
      const price = isPaid(request) ? 0n : await checkTaken(request);
      const upload: Upload = { account, vNode, bucket, root, price };
      const balance = await chain.balance(account);
      if (!isPaid(request) && owed(upload) > balance) await holdings.update();
      // From here to the place nothing comes between.
      const isNew = !isPaid(request);
      if (isNew && owed(upload) > balance) throw lacks(account, balance, owed(upload));
      const place = places.take({ account, worth: balance, price });
      try {
        access.take(authorization);
        const tooSlow = (): Error => {
          const message = `the bytes come too slowly: ${pace.bytesPerSecond} a second are needed; try again later`;
          return new HoldfastError("bad-input", message, { status: 408 });
        };
        const coming = paced(open(), pace, { signal: place.signal, tooSlow, progress: place.came });
        // What was here before may be named by a directory.
        const isOwed = !isNew || journal.storedAt(root) !== undefined;
        const { existed } = await store.receive(coming, { root, bytes, sha256, isOwed });
        const now = Math.floor(clock.now() / 1000);
        if (isNew) journal.recordUpload(upload, bytes, now);
        else journal.recordSegment(root, bytes, now);
        return { existed };
      } finally {
        place.leave();
      }
    },
  };
}
