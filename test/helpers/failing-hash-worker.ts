/**
 * A hashing thread that does with a batch what its first byte says: 1 ends it, 2 throws, anything else is hashed.
 */
import { hash as hashTask, type HashTask } from "../../wasm/hash-worker.ts";

export function hash(task: HashTask): void {
  if (task.groups[0] === 1) process.exit(1);
  if (task.groups[0] === 2) throw new Error("as told");
  hashTask(task);
}
