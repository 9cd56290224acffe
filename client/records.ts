/**
 * The records that the contracts' views return. contracts/interfaces/ explains each field.
 */
export interface NodeRecord {
  readonly provider: string;
  readonly operator: string;
  readonly capacity: bigint;
  readonly used: bigint;
  readonly rent: bigint;
  readonly lockPerEpoch: bigint;
  readonly revision: bigint;
  readonly metadata: string;
  readonly url: string;
}

export interface ClusterParams {
  readonly odds: number;
  readonly window: number;
  readonly grace: number;
  readonly maxMisses: number;
  readonly slashMultiple: number;
  readonly faultMultiple: number;
  readonly syncEpochs: number;
  readonly bondEpochs: number;
  readonly managerFee: number;
  readonly auditFee: number;
  readonly reporterShare: number;
}

export interface ClusterRecord {
  readonly manager: string;
  readonly profile: bigint;
  readonly beacon: bigint;
  readonly quantumBits: bigint;
  readonly metadata: string;
}

export interface VNodeRecord {
  readonly cluster: bigint;
  readonly token: bigint;
  readonly held: bigint;
  /** The node that is responsible in the next epoch, and the one that waits to take over. */
  readonly node: bigint;
  readonly successor: bigint;
}

export interface VNodeState {
  readonly node: bigint;
  readonly settled: bigint;
  readonly misses: bigint;
  readonly syncLeft: bigint;
  readonly rate: bigint;
  readonly nextNode: bigint;
  readonly nextSince: bigint;
  readonly nextUntil: bigint;
  readonly committed: bigint;
  readonly locked: bigint;
  readonly nextLocked: bigint;
  readonly short: boolean;
  readonly deferredSince: bigint;
  readonly deferred: bigint;
}

export interface Outlook {
  readonly node: bigint;
  readonly successor: bigint;
  readonly handingOver: boolean;
  readonly epoch: bigint;
}

export interface DutyRecord {
  readonly due: boolean;
  readonly proven: boolean;
  readonly node: bigint;
  readonly successor: bigint;
  readonly rate: bigint;
  readonly asked: bigint;
}

export interface DirectoryRecord {
  readonly root: string;
  readonly total: bigint;
  readonly count: bigint;
  readonly live: bigint;
  readonly nextSerial: bigint;
}

export interface CompactionRecord {
  readonly epoch: bigint;
  readonly left: bigint;
}

export interface SegmentRecord {
  readonly bucket: bigint;
  readonly leaves: bigint;
  readonly from: bigint;
  readonly end: bigint;
  readonly perEpoch: bigint;
}

export interface BucketRecord {
  readonly owner: string;
  readonly cluster: bigint;
  readonly isPublic: boolean;
}

export interface BondRecord {
  readonly total: bigint;
  readonly locked: bigint;
  readonly unbonding: bigint;
  readonly releaseAt: bigint;
}

export interface ChallengeRecord {
  readonly vNode: bigint;
  readonly node: bigint;
  readonly epoch: bigint;
  readonly challenger: string;
  readonly bond: bigint;
  /** The range of the directory that the challenge asks for, in quanta. */
  readonly start: bigint;
  readonly length: bigint;
  readonly status: bigint;
}

export interface ProfileRecord {
  readonly verifier: string;
  readonly samples: bigint;
  readonly dataDepth: bigint;
  readonly directoryDepth: bigint;
}
