/**
 * The state of a node, as data and in sentences: for /status, the log and the metrics.
 */
import type { EndpointHealth } from "../chain/endpoints.ts";
import type { Hex } from "../protocol/field.ts";
import type { Duty, VNodeState } from "./chain-model.ts";
import { NOT_YET_KNOWN, type GasAndClock } from "./gas-and-clock.ts";
import type { ForeignRecord } from "./journal.ts";
import type { HeldBack } from "./removals.ts";
import { mayGoOn, type Responsibility } from "./responsibility.ts";

/** A vNode for which this node is responsible or named, at one look. */
export interface OwnVNode {
  readonly vNode: bigint;
  readonly epoch: number;
  /** Chain time in seconds. */
  readonly time: number;
  readonly state: VNodeState;
  readonly duty: Duty;
  readonly responsibility: Responsibility;
  /** Whether this epoch asks this node. If not, it is only named as the next one. */
  readonly now: boolean;
}

/**
 * responsible: asked and paid. syncing: the first proof is still to come. taking over: the first proof is still to
 * come, and another node is responsible until then. named: responsible in a later epoch at the earliest.
 */
export type Role = "responsible" | "syncing" | "taking over" | "named";

export interface VNodeStatus {
  readonly vNode: bigint;
  readonly cluster: bigint;
  readonly role: Role;
  readonly due: boolean;
  readonly proven: boolean;
  /** Chain time in seconds. */
  readonly deadline: number;
  /** Misses in a row, by the chain. */
  readonly misses: number;
  readonly lastProvenEpoch: number | undefined;
  /** The number of segments that the vNode must hold and that are not on disk. */
  readonly absent: number;
  /** Paid share of the directory that the epoch asks about. Below 3/4, less is paid. */
  readonly coverage: number;
  /** Whether nothing is paid until the bond is topped up. */
  readonly short: boolean;
  /** Epochs whose pay waits for the next proof: since when, and how many token units, fees included. */
  readonly deferred: { readonly since: number; readonly amount: bigint } | undefined;
  /** The epoch in which the running compaction began. */
  readonly compactingSince: number | undefined;
  /** Everything unusual, in sentences. */
  readonly says: readonly string[];
}

export interface ChallengeStatus {
  readonly challenge: bigint;
  readonly vNode: bigint;
  /** Chain time in seconds. */
  readonly deadline: number;
}

export interface NodeStatus extends GasAndClock {
  readonly ready: boolean;
  readonly problem: string | undefined;
  readonly epoch: number;
  /** Time of the newest block, in seconds. */
  readonly time: number;
  /** Age of the newest block in seconds, by the host's clock. */
  readonly headAge: number;
  readonly endpoints: readonly EndpointHealth[];
  readonly vNodes: readonly VNodeStatus[];
  /** Open challenges on demand. */
  readonly challenges: readonly ChallengeStatus[];
  /** Uses of acceptances that this node did not sign, and what to do. */
  readonly alarm: { readonly advice: string; readonly foreign: readonly ForeignRecord[] } | undefined;
  /** Segments that were set aside as damaged, and are not replaced yet. */
  readonly damaged: readonly Hex[];
  /** Removals that wait for the operator's confirmation. */
  readonly heldBack: HeldBack | undefined;
  /** Why the disk cannot be used. */
  readonly diskTrouble: string | undefined;
}

export const STARTING: NodeStatus = {
  ready: false,
  problem: "starting",
  epoch: 0,
  time: 0,
  headAge: 0,
  endpoints: [],
  vNodes: [],
  challenges: [],
  alarm: undefined,
  damaged: [],
  heldBack: undefined,
  diskTrouble: undefined,
  ...NOT_YET_KNOWN,
};

/**
 * Healthy: everything asked is done and can be paid for, everything done is paid, the data is whole, and no other
 * party uses the node's key.
 */
export const isHealthy = ({ ready, vNodes, alarm, damaged, payableProofs }: NodeStatus): boolean =>
  ready &&
  payableProofs !== 0 &&
  alarm === undefined &&
  damaged.length === 0 &&
  vNodes.every(({ misses, short }) => misses === 0 && !short);

export interface VNodeFacts {
  readonly node: bigint;
  readonly cluster: bigint;
  readonly absent: number;
  readonly lastProvenEpoch: number | undefined;
}

export function vNodeStatus(own: OwnVNode, facts: VNodeFacts): VNodeStatus {
  const { vNode, epoch, state, duty, responsibility, now } = own;
  const { cluster, absent, lastProvenEpoch } = facts;
  const { compactingSince } = responsibility;
  const deferring = now && state.deferredSince !== 0;
  return {
    vNode,
    cluster,
    role: roleOf(own),
    due: now && duty.due,
    proven: now && duty.proven,
    deadline: duty.deadline,
    misses: now ? state.misses : 0,
    lastProvenEpoch,
    absent,
    coverage: coverageOf(duty),
    short: now && state.short,
    deferred: deferring ? { since: state.deferredSince, amount: state.deferred } : undefined,
    compactingSince: mayGoOn(compactingSince, epoch) ? compactingSince : undefined,
    says: [...says(own, facts)],
  };
}

function roleOf({ now, state, epoch }: OwnVNode): Role {
  if (now)
    return state.syncLeft > 0 || (state.responsible === 0n && state.committed > 0n)
      ? "syncing"
      : "responsible";
  return state.nextSince <= epoch ? "taking over" : "named";
}

/** 1 if there is nothing to ask about. */
const coverageOf = ({ rate, asked }: Duty): number =>
  asked === 0n ? 1 : Number((rate * 10_000n) / asked) / 10_000;

function* says(own: OwnVNode, { node, absent }: VNodeFacts): Generator<string> {
  const { epoch, state, duty, responsibility, now } = own;
  const role = roleOf(own);
  if (role === "syncing")
    yield `this node's first proof is still to come, within ${state.syncLeft || state.nextSyncLeft} audits: nothing is paid until then`;
  if (role === "taking over")
    yield `another node is responsible until this node's first proof, which must come within ${state.nextSyncLeft} audits`;
  if (role === "named") yield `this node is responsible from epoch ${state.nextSince} on at the earliest`;
  if (absent > 0) yield `${absent} segments are not on disk`;
  if (!now) return;
  if (state.short)
    yield "slashes have left less than half of the bond that its data requires: nothing is paid until it is topped up (topUp)";
  if (state.deferredSince !== 0)
    yield `the epochs from ${state.deferredSince} to ${state.settled} were not due or void: their pay of ${state.deferred} token units waits for the next proof`;
  if (coverageOf(duty) < 0.75)
    yield `only ${percent(coverageOf(duty))} of its directory is paid for, so ${percent(coverageOf(duty) / 0.75)} of the rate is paid`;
  if (mayGoOn(responsibility.compactingSince, epoch))
    yield `its directory has been in compaction since epoch ${responsibility.compactingSince}: nothing is stored until that is done`;
  if (responsibility.next !== 0n && responsibility.next !== node)
    yield `node ${responsibility.next} is named as the successor: this node is asked in every epoch until the successor has proven`;
  if (responsibility.leave?.node === node)
    yield `the node has announced that it leaves: every epoch is due, and from epoch ${responsibility.leave.epoch} on it may be released`;
  if (responsibility.pause?.node === node && responsibility.pause.end > epoch)
    yield `paused from epoch ${responsibility.pause.from} until epoch ${responsibility.pause.end}: those epochs ask for nothing and pay nothing; the ones before and after are due`;
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;
