/**
 * How a node does, as data and in words: for /status, the log and the metrics.
 */
import type { EndpointHealth } from "../chain/endpoints.ts";
import type { Hex } from "../protocol/field.ts";
import { mayGoOn, type Affairs } from "./affairs.ts";
import type { Duty, VNodeState } from "./chain-model.ts";
import type { ForeignRecord } from "./journal.ts";
import { UNKNOWN_MEANS, type Means } from "./means.ts";
import type { HeldBack } from "./removals.ts";

/** A vNode that is ours, at one look. */
export interface Charge {
  readonly vNode: bigint;
  readonly epoch: number;
  /** Chain time in seconds. */
  readonly time: number;
  readonly state: VNodeState;
  readonly duty: Duty;
  readonly affairs: Affairs;
  /** Whether this epoch asks this node, or it is only named to be the next one. */
  readonly now: boolean;
}

/** responsible: asked and paid; syncing: its first proof is to come; taking over: so is its first proof, and another node is
 * responsible until then; named: in a later epoch. */
export type Role = "responsible" | "syncing" | "taking over" | "named";

export interface VNodeStatus {
  readonly vNode: bigint;
  readonly cluster: bigint;
  readonly role: Role;
  readonly due: boolean;
  readonly proven: boolean;
  /** Chain time in seconds. */
  readonly deadline: number;
  /** In a row, by the chain. */
  readonly misses: number;
  readonly lastProvenEpoch: number | undefined;
  /** Segments that it must hold and that are not on disk. */
  readonly absent: number;
  /** Share of the audited directory that is paid for: below 3/4, less is paid. */
  readonly coverage: number;
  /** Nothing is paid until the bond is topped up. */
  readonly short: boolean;
  /** Epochs that wait for the next proof: from which on, and token units, fees included. */
  readonly deferred: { readonly since: number; readonly amount: bigint } | undefined;
  /** The epoch in which the compaction that is under way began. */
  readonly compactingSince: number | undefined;
  /** All that is out of the ordinary, in sentences. */
  readonly says: readonly string[];
}

export interface ChallengeStatus {
  readonly challenge: bigint;
  readonly vNode: bigint;
  /** Chain time in seconds. */
  readonly deadline: number;
}

export interface NodeStatus extends Means {
  readonly ready: boolean;
  readonly problem: string | undefined;
  readonly epoch: number;
  /** Of the last block, in seconds. */
  readonly time: number;
  /** Seconds since then, by our clock. */
  readonly headAge: number;
  readonly endpoints: readonly EndpointHealth[];
  readonly vNodes: readonly VNodeStatus[];
  /** On demand, that are open. */
  readonly challenges: readonly ChallengeStatus[];
  /** Uses of acceptances that this node did not sign, and what to do about them. */
  readonly alarm: { readonly advice: string; readonly foreign: readonly ForeignRecord[] } | undefined;
  /** Segments whose data did not lead to their roots: set aside, and not whole again. */
  readonly damaged: readonly Hex[];
  /** Removals that wait for the operator's word. */
  readonly heldBack: HeldBack | undefined;
  /** Why the disk cannot be relied upon. */
  readonly diskTrouble: string | undefined;
}

export const STARTING: NodeStatus = {
  ...{ ready: false, problem: "starting", epoch: 0, time: 0, headAge: 0, endpoints: [] },
  ...{ vNodes: [], challenges: [], alarm: undefined },
  ...{ damaged: [], heldBack: undefined, diskTrouble: undefined, ...UNKNOWN_MEANS },
};

/** Whether all that is asked of the node is done and can be paid for, all that it does is paid, its data is whole, and nobody
 * else has its key. */
export const isHealthy = ({ ready, vNodes, alarm, damaged, payableProofs }: NodeStatus): boolean =>
  ready &&
  payableProofs !== 0 &&
  alarm === undefined &&
  damaged.length === 0 &&
  vNodes.every(({ misses, short }) => misses === 0 && !short);

export interface Surroundings {
  readonly node: bigint;
  readonly cluster: bigint;
  readonly absent: number;
  readonly lastProvenEpoch: number | undefined;
}

export function vNodeStatus(charge: Charge, surroundings: Surroundings): VNodeStatus {
  const { vNode, epoch, state, duty, affairs, now } = charge;
  const { cluster, absent, lastProvenEpoch } = surroundings;
  const { compactingSince } = affairs;
  const deferring = now && state.deferredSince !== 0;
  return {
    ...{ vNode, cluster, role: roleOf(charge), due: now && duty.due, proven: now && duty.proven },
    ...{ deadline: duty.deadline, misses: now ? state.misses : 0, lastProvenEpoch, absent },
    ...{ coverage: coverageOf(duty), short: now && state.short },
    deferred: deferring ? { since: state.deferredSince, amount: state.deferred } : undefined,
    compactingSince: mayGoOn(compactingSince, epoch) ? compactingSince : undefined,
    says: [...says(charge, surroundings)],
  };
}

function roleOf({ now, state, epoch }: Charge): Role {
  if (now)
    return state.syncLeft > 0 || (state.node === 0n && state.committed > 0n) ? "syncing" : "responsible";
  return state.nextSince <= epoch ? "taking over" : "named";
}

/** 1 if nothing is asked about. */
const coverageOf = ({ rate, asked }: Duty): number =>
  asked === 0n ? 1 : Number((rate * 10_000n) / asked) / 10_000;

function* says(charge: Charge, { node, absent }: Surroundings): Generator<string> {
  const { epoch, state, duty, affairs, now } = charge;
  const role = roleOf(charge);
  if (role === "syncing")
    yield `its first proof is to come, within ${state.syncLeft || state.nextSyncLeft} audits: nothing is paid until then`;
  if (role === "taking over")
    yield `another node is responsible until this one's first proof, for which it has ${state.nextSyncLeft} audits`;
  if (role === "named") yield `responsible from epoch ${state.nextSince} on at the earliest`;
  if (absent > 0) yield `${absent} segments are not on disk`;
  if (!now) return;
  if (state.short) yield "its bond was slashed below half: nothing is paid until it is topped up (topUp)";
  if (state.deferredSince !== 0)
    yield `the epochs from ${state.deferredSince} to ${state.settled} were not due or void: ${state.deferred} token units wait for the next proof`;
  if (coverageOf(duty) < 0.75)
    yield `only ${percent(coverageOf(duty))} of its directory is paid for: ${percent(coverageOf(duty) / 0.75)} of the rate is paid`;
  if (mayGoOn(affairs.compactingSince, epoch))
    yield `its directory is being compacted since epoch ${affairs.compactingSince}: nothing is stored until that is done`;
  if (affairs.next !== 0n && affairs.next !== node)
    yield `node ${affairs.next} is named: this one is asked in every epoch until that one has proven`;
  if (affairs.leave?.node === node)
    yield `it has announced to leave: every epoch is due, and from epoch ${affairs.leave.epoch} on it need not be asked`;
  if (affairs.pause?.node === node && affairs.pause.end > epoch)
    yield `paused from epoch ${affairs.pause.from} until ${affairs.pause.end}: those ask for nothing and pay nothing, the epochs before and after are due`;
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;
