/**
 * The node's transactions: chain/sender.ts, with the calls that the contracts accept only once.
 */
import type { DeliveryModules, DeliveryOptions } from "../chain/delivery.ts";
import { createSender as createSharedSender, type Sender as SharedSender } from "../chain/sender.ts";
import type { Call } from "./chain-model.ts";

export type Sender = SharedSender<Call>;

const ONCE: ReadonlySet<Call["kind"]> = new Set(["prove", "takeOver", "answer"]);

export const createSender = (options: DeliveryOptions, modules: DeliveryModules<Call>): Sender =>
  createSharedSender({ ...options, isOnce: ({ kind }) => ONCE.has(kind) }, modules);
