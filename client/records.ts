/**
 * What the views of the contracts return, as the client reads it: contracts/interfaces/ has the meaning of each field.
 */
export interface NodeRecord {
  readonly provider: string;
  readonly capacity: bigint;
  readonly used: bigint;
  readonly operator: string;
  readonly rent: bigint;
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
  readonly metadata: string;
}

export interface VNodeRecord {
  readonly cluster: bigint;
  readonly token: bigint;
  readonly held: bigint;
  /** Who is responsible in the next epoch. */
  readonly node: bigint;
}

export interface VNodeState {
  readonly node: bigint;
  readonly settled: bigint;
  readonly misses: bigint;
  readonly syncLeft: bigint;
  readonly rate: bigint;
  readonly nextNode: bigint;
  readonly nextSince: bigint;
  readonly committed: bigint;
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
  readonly start: bigint;
  readonly leaves: bigint;
  readonly status: bigint;
}

export interface ProfileRecord {
  readonly verifier: string;
  readonly samples: bigint;
  readonly dataDepth: bigint;
  readonly directoryDepth: bigint;
}
