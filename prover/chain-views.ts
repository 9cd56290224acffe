/**
 * Converts the contracts' answers into the records of chain-model.ts.
 */
import { Contract, getBytes, isCallException } from "ethers";
import { agreedView } from "../chain/agreed-view.ts";
import type { Endpoints } from "../chain/endpoints.ts";
import { headerEvidence } from "../contracts/headers.ts";
import { sourcePoint, type Clock } from "../protocol/epochs.ts";
import { toHex32 } from "../protocol/field.ts";
import type { Contracts } from "./chain-contracts.ts";
import { contractError, explain, refusing } from "./chain-errors.ts";
import type { Block, ChallengeRecord, DirectoryRecord, NodeChain } from "./chain-model.ts";

export type Views = Pick<
  NodeChain,
  | "node"
  | "freeBond"
  | "balance"
  | "cluster"
  | "vNode"
  | "nextEpoch"
  | "bucket"
  | "mayRead"
  | "mayWrite"
  | "directory"
  | "directoryAt"
  | "compaction"
  | "segment"
  | "state"
  | "duty"
  | "challenges"
  | "source"
>;

type Words<Name extends string> = Readonly<Record<Name, bigint>>;

interface DutyWords extends Words<
  "node" | "seed" | "total" | "deadline" | "successor" | "successorSeed" | "rate" | "asked"
> {
  readonly due: boolean;
  readonly proven: boolean;
  readonly root: string;
  readonly randomness: string;
}

export function createViews(provider: Endpoints, contracts: Contracts, clock: Clock): Views {
  const { audits, registry, ledger, challenges, beacon, errors } = contracts;
  const view = <T>(contract: Contract, method: string, ...args: unknown[]): Promise<T> =>
    refusing(errors, method, agreedView(provider, contract, method, args) as Promise<T>);
  /** undefined if the contract refuses with this error, which says that there is no such thing. */
  const viewIfAny = async <T>(
    error: string,
    contract: Contract,
    method: string,
    ...args: unknown[]
  ): Promise<T | undefined> => {
    try {
      return await view<T>(contract, method, ...args);
    } catch (cause) {
      if (contractError(cause) === error) return undefined;
      throw cause;
    }
  };
  const asOf = (at: Block | undefined): object[] => (at ? [{ blockTag: at.number }] : []);
  const readDirectory = async (vNode: bigint, at?: Block): Promise<DirectoryRecord> => {
    const d = await view<Words<"total" | "count"> & { root: string }>(
      registry,
      "directory",
      vNode,
      ...asOf(at),
    );
    return { root: BigInt(d.root), total: Number(d.total), count: Number(d.count) };
  };
  /** undefined if it is no longer open. */
  const readChallenge = async (id: bigint): Promise<ChallengeRecord | undefined> => {
    const found = await viewIfAny<[string, bigint[]]>("NotOpen", challenges, "inputsOf", id);
    const last = await viewIfAny<bigint>("NotOpen", challenges, "lastAnswer", id);
    if (!found || last === undefined) return undefined;
    const { vNode, node } = await view<Words<"vNode" | "node">>(challenges, "challengeOf", id);
    const [randomness, [root = 0n, seed, start, length]] = found;
    return {
      id,
      vNode,
      node,
      root,
      start: Number(start),
      length: Number(length),
      seed: BigInt(randomness) === 0n ? undefined : seed,
      deadline: clock.genesis + (Number(last) + 1) * clock.epochSeconds,
    };
  };

  return {
    async node(id) {
      const n = await view<
        Words<"capacity" | "used" | "rent" | "lockPerEpoch" | "locked" | "lockedEpoch" | "revision"> &
          Readonly<Record<"provider" | "operator" | "url", string>>
      >(registry, "node", id);
      const { provider: owner, operator, url, capacity, used, rent, lockPerEpoch, locked, revision } = n;
      return {
        provider: owner,
        operator,
        url,
        capacity,
        used,
        rent,
        lockPerEpoch,
        locked,
        revision,
        lockedEpoch: Number(n.lockedEpoch),
      };
    },
    freeBond: (node) => view(ledger, "freeBond", node),
    balance: (account) => view(ledger, "balanceOf", account),
    async cluster(id) {
      const [params, profileIndex, beaconIndex] = await view<[Words<"bondEpochs">, bigint, bigint]>(
        audits,
        "params",
        id,
      );
      const profile = await view<Words<"samples">>(audits, "profiles", profileIndex);
      const fixed = await view<Words<"dataDepth" | "directoryDepth" | "quantumBits">>(
        registry,
        "cluster",
        id,
      );
      return {
        beacon: Number(beaconIndex),
        bondEpochs: params.bondEpochs,
        samples: Number(profile.samples),
        dataDepth: Number(fixed.dataDepth),
        directoryDepth: Number(fixed.directoryDepth),
        quantumBits: Number(fixed.quantumBits),
      };
    },
    async vNode(id) {
      const found = await viewIfAny<Words<"cluster" | "node">>("NoSuchVNode", registry, "vNode", id);
      return found && { cluster: found.cluster, nextResponsible: found.node };
    },
    async nextEpoch(vNode) {
      const [node, , handingOver] = await view<[bigint, bigint, boolean]>(audits, "outlook", vNode);
      return { responsible: node, handingOver };
    },
    async bucket(id) {
      const found = await viewIfAny<{ owner: string; cluster: bigint }>(
        "NoSuchBucket",
        registry,
        "bucket",
        id,
      );
      return found && { owner: found.owner, cluster: found.cluster };
    },
    mayRead: (bucket, who) => view(registry, "mayRead", bucket, who),
    mayWrite: (bucket, who) => view(registry, "mayWrite", bucket, who),
    directory: (vNode) => readDirectory(vNode),
    directoryAt: readDirectory,
    async compaction(vNode) {
      const c = await view<Words<"epoch" | "nextSerial" | "left">>(registry, "compaction", vNode);
      return { epoch: Number(c.epoch), nextSerial: Number(c.nextSerial), left: Number(c.left) };
    },
    async segment(vNode, serial) {
      const s = await viewIfAny<Words<"bucket" | "leaves" | "end" | "perEpoch">>(
        "NoSuchSegment",
        registry,
        "segment",
        vNode,
        serial,
      );
      if (!s) return undefined;
      const { bucket, perEpoch } = s;
      return { bucket, leaves: Number(s.leaves), end: Number(s.end), perEpoch };
    },
    async state(vNode, at) {
      const s = await view<
        Words<"node" | "nextNode" | "nextSince" | "nextSyncLeft" | "settled" | "misses" | "syncLeft"> &
          Words<"rate" | "committed" | "locked" | "nextLocked" | "deferredSince" | "deferred"> & {
            readonly short: boolean;
          }
      >(audits, "state", vNode, ...asOf(at));
      const { node, nextNode, rate, committed, locked, nextLocked, short, deferred } = s;
      return {
        responsible: node,
        nextNode,
        rate,
        committed,
        locked,
        nextLocked,
        short,
        deferred,
        nextSince: Number(s.nextSince),
        nextSyncLeft: Number(s.nextSyncLeft),
        settled: Number(s.settled),
        misses: Number(s.misses),
        syncLeft: Number(s.syncLeft),
        deferredSince: Number(s.deferredSince),
      };
    },
    async duty(vNode, epoch, at) {
      const d = await viewIfAny<DutyWords>("NotCurrentEpoch", audits, "duty", vNode, epoch, ...asOf(at));
      if (!d) return undefined;
      const { due, proven, node, rate, asked, successor } = d;
      return {
        due,
        proven,
        node,
        rate,
        asked,
        root: BigInt(d.root),
        seed: BigInt(d.randomness) === 0n ? undefined : d.seed,
        total: Number(d.total),
        deadline: Number(d.deadline),
        takeOver: successor === 0n ? undefined : { node: successor, seed: d.successorSeed },
      };
    },
    async challenges(vNode) {
      const ids = [...(await view<bigint[]>(challenges, "openOf", vNode))];
      return (await Promise.all(ids.map(readChallenge))).filter((found) => found !== undefined);
    },
    async source(index, epoch) {
      const contract = new Contract(await view<string>(audits, "beacons", index), beacon, provider);
      let words: bigint[];
      try {
        words = [...((await contract.getFunction("publicKey").staticCall()) as bigint[])];
      } catch (error) {
        if (!isCallException(error)) throw explain(errors, "publicKey", error);
        const found = await headerEvidence(provider, sourcePoint(epoch, clock)); // a beacon without a key
        return found && { kind: "headers", evidence: getBytes(found.evidence) };
      }
      const publicKey = Buffer.concat(words.map((word) => Buffer.from(toHex32(word).slice(2), "hex")));
      return { kind: "drand", round: Number(await view<bigint>(contract, "roundFor", epoch)), publicKey };
    },
  };
}
