/**
 * What a node knows of the chain and asks of it, as plain data: records, events, calls, and the interface to all of it.
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
  readonly node: bigint;
  /** undefined until the epoch's randomness is recorded. */
  readonly seed: bigint | undefined;
  readonly root: bigint;
  readonly total: number;
  /** Seconds. */
  readonly deadline: number;
  /** Who may take over with a proof under its own seed; undefined if nobody may, or the randomness is not recorded. */
  readonly takeOver: { readonly node: bigint; readonly seed: bigint } | undefined;
  /** Token units per epoch, and those that the directory's total stands for. */
  readonly rate: bigint;
  readonly asked: bigint;
}

/** A challenge on demand that is not over. */
export interface ChallengeRecord {
  readonly id: bigint;
  readonly vNode: bigint;
  readonly node: bigint;
  /** undefined until the randomness that draws it is recorded. */
  readonly seed: bigint | undefined;
  /** Of the directory, as it stood when the challenge was made. */
  readonly root: bigint;
  /** A range of weights. */
  readonly start: number;
  readonly length: number;
  /** Seconds; pauses that are declared move it. */
  readonly deadline: number;
}

export interface VNodeState {
  /** As of the last settled epoch. */
  readonly node: bigint;
  /** Named as the next one, if nextSince is not 0: from then on, or with its first proof from then on. */
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
  /** Nothing is paid until the bond is topped up. */
  readonly short: boolean;
  /** The epochs from here until `settled` wait for the next proof, if it is not 0: token units, fees included. */
  readonly deferredSince: number;
  readonly deferred: bigint;
}

/** What a look asks about a vNode. */
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
  /** The most that an acceptance may name: what this node asks. */
  readonly rent: bigint;
  /** Token units of bond that acceptances may lock in an epoch, and have locked in lockedEpoch. */
  readonly lockPerEpoch: bigint;
  readonly locked: bigint;
  readonly lockedEpoch: number;
  /** Times that all acceptances were revoked. */
  readonly revision: bigint;
}

export interface ClusterRecord {
  readonly beacon: number;
  readonly samples: number;
  readonly dataDepth: number;
  readonly directoryDepth: number;
  readonly bondEpochs: bigint;
  /** What a segment pays per epoch is a multiple of 2^quantumBits token units. */
  readonly quantumBits: number;
}

export interface DirectoryRecord {
  readonly root: bigint;
  readonly total: number;
  readonly count: number;
}

/** A directory's live entries on their way into a fresh tree; nothing left: none is. */
export interface CompactionRecord {
  /** In which it began: it may go on in the next one, and is given up after that. */
  readonly epoch: number;
  /** Serials below this are done with. */
  readonly nextSerial: number;
  /** Weight that is still to come. */
  readonly left: number;
}

/** Who is responsible in the next epoch, as far as that is settled. */
export interface Outlook {
  readonly node: bigint;
  /** Somebody is named, or has not proven yet that it has the data: nothing is stored meanwhile. */
  readonly handingOver: boolean;
}

export interface SegmentRecord {
  readonly bucket: bigint;
  readonly leaves: number;
  /** First epoch that is not paid for. */
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

export interface AcceptanceTerms extends Consent {
  readonly bucket: bigint;
  readonly segments: readonly { readonly root: Hex; readonly leaves: number }[];
}

export interface ExtensionTerms extends Consent {
  readonly serial: number;
}

/** A drand round and the key that its signature must be of, or what block headers prove. */
export type BeaconSource =
  | { readonly kind: "drand"; readonly round: number; readonly publicKey: Uint8Array }
  | { readonly kind: "headers"; readonly evidence: Uint8Array };

/** An entry of a directory, opened: its tree's multi-path says where it is (protocol/directory.ts). */
export interface Opening {
  readonly serial: number;
  readonly start: number;
  readonly root: Hex;
}

/** What a node ever sends. */
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
      /** In the order of their serials. */
      readonly openings: readonly Opening[];
      readonly siblings: readonly bigint[];
    };

/**
 * Every method rejects with HoldfastError: "unreachable" if the chain does not answer, "chain" if a contract refuses,
 * with the name of its error and the arguments in `details`.
 */
export interface NodeChain extends CountedChain, Omit<TransactionChain<Call>, "block"> {
  readonly chainId: bigint;
  readonly registry: string;
  readonly audits: string;
  /** Address of our key. */
  readonly operator: string;
  readonly epochSeconds: number;
  epochAt(timestamp: number): number;
  /** From when on the epoch's randomness is known. */
  sourcePoint(epoch: number): number;

  /** How each endpoint of the chain does. */
  endpoints(): readonly EndpointHealth[];
  /** What was so at a block whose events were read: until there are others about it, it is so at later ones of its epoch. */
  survey(vNode: bigint, at: Block): Promise<Survey>;
  /** As it stood at a block. */
  directoryAt(vNode: bigint, at: Block): Promise<DirectoryRecord>;

  node(id: bigint): Promise<NodeRecord>;
  freeBond(node: bigint): Promise<bigint>;
  balance(account: string): Promise<bigint>;
  cluster(id: bigint): Promise<ClusterRecord>;
  /** undefined if there is none. */
  vNode(id: bigint): Promise<{ readonly cluster: bigint; readonly responsible: bigint } | undefined>;
  outlook(vNode: bigint): Promise<Outlook>;
  bucket(id: bigint): Promise<{ readonly owner: string; readonly cluster: bigint } | undefined>;
  mayRead(bucket: bigint, who: string): Promise<boolean>;
  mayWrite(bucket: bigint, who: string): Promise<boolean>;
  directory(vNode: bigint): Promise<DirectoryRecord>;
  compaction(vNode: bigint): Promise<CompactionRecord>;
  /** undefined if there was never one with that serial. */
  segment(vNode: bigint, serial: number): Promise<SegmentRecord | undefined>;
  /** As of a block, or now. */
  state(vNode: bigint, at?: Block): Promise<VNodeState>;
  /** undefined unless the epoch is the one that runs, at a block or now. */
  duty(vNode: bigint, epoch: number, at?: Block): Promise<Duty | undefined>;
  /** Those of a vNode that are open, whoever must answer them. */
  challenges(vNode: bigint): Promise<ChallengeRecord[]>;
  /** Where an epoch's randomness comes from. undefined while the blocks that hold it are not there. */
  source(beacon: number, epoch: number): Promise<BeaconSource | undefined>;

  signAcceptance(terms: AcceptanceTerms): Promise<{ readonly segments: string; readonly signature: string }>;
  signExtension(terms: ExtensionTerms): Promise<string>;
  signRequest(request: SignedRequest): Promise<string>;
  /** Checksummed; undefined if the signature is malformed. */
  requestSigner(request: SignedRequest, signature: string): string | undefined;

  /** Wei of our key's account. */
  coins(): Promise<bigint>;
  close(): void;
}
