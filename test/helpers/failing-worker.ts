/**
 * A proving thread that fails on its first tasks as the test asks, and proves like the real one after that.
 *
 * The input carries `failure` beside the circuit's signals: [kind, an Int32Array over shared memory that counts down].
 */
import type { CircuitInput } from "../../groth16/witness.ts";
import { prove as proveTask, type ProvingTask, type WorkerAnswer } from "../../prover/worker.ts";

export interface Failure {
  readonly kind: "exit" | "throw" | "hang" | "unfit";
  /** How many tasks fail; then a count of tasks that began. */
  readonly left: Int32Array;
}

export async function prove(task: ProvingTask): Promise<WorkerAnswer> {
  const { failure, ...input } = task.input as { failure?: Failure } & CircuitInput;
  if (failure && failNow(failure)) {
    if (failure.kind === "exit") process.exit(1);
    if (failure.kind === "throw") throw new Error("as told");
    if (failure.kind === "unfit") return { unfit: "as told" };
    for (;;); // hang
  }
  return proveTask({ ...task, input });
}

function failNow({ left }: Failure): boolean {
  const before = Atomics.sub(left, 0, 1);
  Atomics.notify(left, 0);
  return before > 0;
}
