/**
 * What an application does with files: it stores a file on several vNodes, reads it back from any replica that serves it,
 * and claims the credits of epochs that were not proven.
 */
import type { Pace } from "../net/pace.ts";
import type { HashEngine } from "../protocol/segment.ts";
import { claim } from "./app/claim.ts";
import { get } from "./app/get.ts";
import { planPut } from "./app/plan.ts";
import type { PutOptions, PutPlan } from "./app/put-plan.ts";
import { put, type Save } from "./app/put.ts";
import { PACES } from "./app/replicas.ts";
import type { Services } from "./app/services.ts";
import { status, type ReplicaStatus } from "./app/status.ts";
import type { Chain } from "./chain.ts";
import { createNodeApi } from "./node-api.ts";
import type { StoredObject } from "./object.ts";

export type { ReplicaStatus, Save };

export interface AppOptions {
  readonly chain: Chain;
  readonly engine: HashEngine;
  readonly signal?: AbortSignal | undefined;
  /** Also calls nodes at private addresses: for local networks. */
  readonly allowPrivateNodes?: boolean | undefined;
  /** Milliseconds until a node's answer must begin. */
  readonly answerMs?: number | undefined;
  /** How fast nodes must serve a download, for each round over all replicas. */
  readonly paces?: readonly Pace[] | undefined;
  /** Told which step runs, and the share of it that is done, 0 to 1. */
  readonly progress?: ((step: string, fraction: number) => void) | undefined;
}

export interface App {
  /** Reads the file once, and asks the chain for the rents and for the segments that are not stored yet. Pays nothing. */
  plan(options: PutOptions): Promise<PutPlan>;
  /**
   * Uploads the file, gets and checks the acceptances, and stores the segments. `save` gets the object before anything is
   * uploaded or paid, and after each change.
   */
  put(plan: PutPlan, save?: Save): Promise<StoredObject>;
  /** Writes the object to a file, or to the standard output ("-"), once all of it has been checked. */
  get(object: StoredObject, out: string): Promise<{ bytes: number; sha256: string }>;
  status(object: StoredObject): Promise<ReplicaStatus[]>;
  /** Pays the refunds and compensation of every segment to the bucket's owner. @returns the sum in token units */
  claim(object: StoredObject): Promise<bigint>;
}

export function createApp(options: AppOptions): App {
  const { chain, engine, signal, progress, answerMs, paces = PACES } = options;
  const api = createNodeApi(chain, { signal, allowPrivate: options.allowPrivateNodes, answerMs });
  const services: Services = { chain, api, engine, signal, paces, progress };
  return {
    plan: (what) => planPut(services, what),
    put: (plan, save = () => Promise.resolve()) => put(services, plan, save),
    get: (object, out) => get(services, object, out),
    status: async (object) => status(services, object),
    claim: (object) => claim(services, object),
  };
}
