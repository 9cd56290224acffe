/**
 * A thread that multiplies the generators of G1 and G2 by scalars.
 */
import { workerData } from "node:worker_threads";
import { createFixedBaseKernel, type FixedBaseKernel, type GroupName } from "./fixed-base-kernel.ts";

export interface FixedBaseTask {
  readonly group: GroupName;
  /** Both in shared memory. */
  readonly scalars: Uint8Array;
  readonly points: Uint8Array;
}

export interface FixedBaseData {
  readonly module: WebAssembly.Module;
  /** Bits of a window. */
  readonly bits: number;
}

const kernels: Partial<Record<GroupName, FixedBaseKernel>> = {};

export function multiply({ group, scalars, points }: FixedBaseTask): void {
  const { module, bits } = workerData as FixedBaseData;
  const kernel = (kernels[group] ??= createFixedBaseKernel(module, group, bits));
  kernel(scalars, points);
}
