/**
 * The parts of a proof, which any thread can take.
 */
import { allWindows, type Kernel, type Pause } from "./prover-kernel.ts";
import type { ProverKey, SectionName } from "./prover-key.ts";

export type Task =
  | { readonly kind: "quotient" }
  /** Of all windows of a section's multi-exponentiation those that are this part. */
  | {
      readonly kind: "multiExp";
      readonly section: SectionName;
      readonly part: number;
      readonly parts: number;
    };

/** The quotient's scalars, or bits of a sum: see prover-kernel.ts. */
export type TaskResult = Uint8Array | Float64Array;

/** @param scalars of the wires and after them, or of the quotient for section `h` */
export function runTask(
  kernel: Kernel,
  key: ProverKey,
  task: Task,
  scalars: Uint8Array,
  pause: Pause,
): Promise<TaskResult> {
  if (task.kind === "quotient") return kernel.quotient(key, scalars, pause);
  const points = key.sections[task.section];
  const { bits, last } = allWindows(points.indices.length);
  const from = (part: number): number => Math.round((last * part) / task.parts);
  return kernel.multiExp(points, scalars, { bits, first: from(task.part), last: from(task.part + 1) }, pause);
}
