/**
 * The node's interface to the chain, as plain data: records, events, calls, and the methods for all of them.
 */
import type { CountedChain } from "../chain/counts.ts";
import type { EndpointHealth } from "../chain/endpoints.ts";
import type { Block } from "../chain/events.ts";
import type { TransactionChain } from "../chain/transactions.ts";
import type { ProofWords } from "../groth16/words.ts";
import type { SignedRequest } from "../protocol/authorization.ts";
import type { Hex } from "../protocol/field.ts";

export type { Block, ChainEvent } from "../chain/events.ts";
export type { Receipt, SignedTransaction } from "../chain/transactions.ts";

/** What the running epoch asks of a vNode. */
export interface Duty {
  readonly due: boolean;
  readonly proven: boolean;
  /** The node that the epoch asks. */
  readonly node: bigint;
  /** undefined until the epoch's randomness is recorded. */
  readonly seed: bigint | undefined;
  readonly root: bigint;
  readonly total: number;
  /** Seconds. */
  readonly deadline: number;
  /**
   * The node that may take over with a proof under its own seed. undefined: none may, or the randomness is not
   * recorded.
   */
  readonly takeOver: { readonly node: bigint; readonly seed: bigint } | undefined;
  /** Token units per epoch: what is paid, and what the directory's total stands for. */
  readonly rate: bigint;
  readonly asked: bigint;
}

/** A challenge on demand that is still open. */
export interface ChallengeRecord {
  readonly id: bigint;
  readonly vNode: bigint;
  readonly node: bigint;
  /** undefined until its randomness is recorded. */
  readonly seed: bigint | undefined;
  /** Root of the directory at the time of the challenge. */
  readonly root: bigint;
  /** The range asked about, in quanta. */
  readonly start: number;
  readonly length: number;
  /** Seconds. A declared pause moves it. */
  readonly deadline: number;
}

export interface VNodeState {
  /** The responsible node, as of the last settled epoch. */
  readonly responsible: bigint;
  /**
   * The named successor, if nextSince is not 0. It is responsible from then on, or with its first proof from then on.
   */
  readonly nextNode: bigint;
  readonly nextSince: number;
  readonly nextSyncLeft: number;
  readonly settled: number;
  readonly misses: number;
  readonly syncLeft: number;
  readonly rate: bigint;
  readonly committed: bigint;
  readonly locked: bigint;
  readonly nextLocked: bigint;
  /** Whether nothing is paid until the bond is topped up. */
  readonly short: boolean;
  /** If not 0, the pay of the epochs from here until `settled` waits for the next proof: token units, fees included. */
  readonly deferredSince: number;
  readonly deferred: bigint;
}

/** What is read of a vNode in each look at the chain. */
export interface Survey {
  readonly state: VNodeState;
  readonly duty: Duty;
}

export interface NodeRecord {
  readonly provider: string;
  readonly operator: string;
  readonly url: string;
  readonly capacity: bigint;
  readonly used: bigint;
  /** The node's rent: the most that an acceptance may name. */
  readonly rent: bigint;
  /** Token units of bond: the most that acceptances may lock in an epoch, and what they have locked in lockedEpoch. */
  readonly lockPerEpoch: bigint;
  readonly locked: bigint;
  readonly lockedEpoch: number;
  /** How many times all acceptances were revoked. */
  readonly revision: bigint;
}

export interface ClusterRecord {
  readonly beacon: number;
  readonly samples: number;
  readonly dataDepth: number;
  readonly directoryDepth: number;
  readonly bondEpochs: bigint;
  /** A segment's price per epoch is a multiple of 2^quantumBits token units. */
  readonly quantumBits: number;
}

export interface DirectoryRecord {
  readonly root: bigint;
  readonly total: number;
  readonly count: number;
}

/** The progress of a compaction; `left` is 0 if there is none. */
export interface CompactionRecord {
  /** The epoch in which it began. It may continue in the next one, and is given up after that. */
  readonly epoch: number;
  /** Entries with lower serials are done. */
  readonly nextSerial: number;
  /** Weight of the entries that are still to come. */
  readonly left: number;
}

/** The responsible node of the next epoch, as far as that is decided. */
export interface NextEpoch {
  readonly responsible: bigint;
  /** Whether a successor is named, or has not yet proven that it has the data. Nothing is stored meanwhile. */
  readonly handingOver: boolean;
}

export interface SegmentRecord {
  readonly bucket: bigint;
  readonly leaves: number;
  /** The first epoch that is not paid for. */
  readonly end: number;
  readonly perEpoch: bigint;
}

interface Consent {
  readonly node: bigint;
  readonly revision: bigint;
  readonly vNode: bigint;
  readonly epochs: bigint;
  readonly rent: bigint;
  readonly nonce: bigint;
  readonly deadline: bigint;
}

export interface AcceptanceMessage extends Consent {
  readonly bucket: bigint;
  readonly segments: readonly { readonly root: Hex; readonly leaves: number }[];
}

export interface ExtensionMessage extends Consent {
  readonly serial: number;
}

/** The source of an epoch's randomness: a drand round with the key that signs it, or evidence made of block headers. */
export type BeaconSource =
  | { readonly kind: "drand"; readonly round: number; readonly publicKey: Uint8Array }
  | { readonly kind: "headers"; readonly evidence: Uint8Array };

/** An entry of a directory to be opened. The multi-path of the tree says where it is (protocol/directory.ts). */
export interface Opening {
  readonly serial: number;
  readonly start: number;
  readonly root: Hex;
}

/** All calls that a node sends. */
export type Call =
  | {
      readonly kind: "prove" | "takeOver";
      readonly vNode: bigint;
      readonly epoch: number;
      readonly proof: ProofWords;
    }
  | { readonly kind: "settle"; readonly vNode: bigint; readonly epochs: number }
  | { readonly kind: "answer"; readonly challenge: bigint; readonly proof: ProofWords }
  | {
      readonly kind: "recordBeacon";
      readonly beacon: number;
      readonly epoch: number;
      readonly evidence: Uint8Array;
    }
  | {
      readonly kind: "retire" | "compact";
      readonly vNode: bigint;
      /** In the order of the serials. */
      readonly openings: readonly Opening[];
      readonly siblings: readonly bigint[];
    };

/**
 * Every method rejects with HoldfastError: "unreachable" if the chain does not answer, or "chain" if a contract
 * refuses. The details then have the name and the arguments of the contract's error.
 */
export interface NodeChain extends CountedChain, Omit<TransactionChain<Call>, "block"> {
  readonly chainId: bigint;
  readonly registry: string;
  readonly audits: string;
  /** Address of our key. */
  readonly operator: string;
  readonly epochSeconds: number;
  epochAt(timestamp: number): number;
  /** The time from which the epoch's randomness can be known. */
  sourcePoint(epoch: number): number;

  /** The state of each endpoint of the chain. */
  endpoints(): readonly EndpointHealth[];
  /**
   * The state at a block whose events were read. Within the epoch it also holds at later blocks, until an event
   * changes it.
   */
  survey(vNode: bigint, at: Block): Promise<Survey>;
  /** As it stood at a block. */
  directoryAt(vNode: bigint, at: Block): Promise<DirectoryRecord>;

  node(id: bigint): Promise<NodeRecord>;
  freeBond(node: bigint): Promise<bigint>;
  balance(account: string): Promise<bigint>;
  cluster(id: bigint): Promise<ClusterRecord>;
  /** undefined if there is none. */
  vNode(id: bigint): Promise<{ readonly cluster: bigint; readonly nextResponsible: bigint } | undefined>;
  nextEpoch(vNode: bigint): Promise<NextEpoch>;
  bucket(id: bigint): Promise<{ readonly owner: string; readonly cluster: bigint } | undefined>;
  mayRead(bucket: bigint, who: string): Promise<boolean>;
  mayWrite(bucket: bigint, who: string): Promise<boolean>;
  directory(vNode: bigint): Promise<DirectoryRecord>;
  compaction(vNode: bigint): Promise<CompactionRecord>;
  /** undefined if that serial was never used. */
  segment(vNode: bigint, serial: number): Promise<SegmentRecord | undefined>;
  /** At a block, or now. */
  state(vNode: bigint, at?: Block): Promise<VNodeState>;
  /** undefined unless the epoch is the running one, at the block or now. */
  duty(vNode: bigint, epoch: number, at?: Block): Promise<Duty | undefined>;
  /** The open challenges of a vNode, also those that other nodes must answer. */
  challenges(vNode: bigint): Promise<ChallengeRecord[]>;
  /** Where an epoch's randomness comes from; undefined until the blocks that hold it exist. */
  source(beacon: number, epoch: number): Promise<BeaconSource | undefined>;

  signAcceptance(
    message: AcceptanceMessage,
  ): Promise<{ readonly segments: string; readonly signature: string }>;
  signExtension(message: ExtensionMessage): Promise<string>;
  signRequest(request: SignedRequest): Promise<string>;
  /** A checksummed address; undefined if the signature is malformed. */
  requestSigner(request: SignedRequest, signature: string): string | undefined;

  /** Wei of our key's account. */
  coins(): Promise<bigint>;
  close(): void;
}
