/**
 * The parts of a proof, which the threads of a team take one by one.
 */
import { allWindows, type Kernel, type Pause } from "./prover-kernel.ts";
import type { ProverKey, SectionName } from "./prover-key.ts";

/** What the threads of one proof have in common. */
export interface Share {
  /** Of the wires and after them. */
  readonly scalars: Uint8Array;
  /** The scalars of section `h`, once `state` says so. */
  readonly quotient: Uint8Array;
  /** The next task, and whether the quotient is there. */
  readonly state: Int32Array;
  /** Of each section, into which its windows are cut. */
  readonly parts: number;
}

/** Of a section's multi-exponentiation the bits of a part's sum: see prover-kernel.ts. */
export interface Part {
  readonly section: SectionName;
  readonly part: number;
  readonly sum: Float64Array;
}

const [NEXT, QUOTIENT] = [0, 1];
export const STATES = 2;

/** From long to short; `h` comes last because it needs the quotient. */
const SECTIONS = ["b2", "a", "c", "b1", "h"] as const;

export async function computeQuotient(
  kernel: Kernel,
  key: ProverKey,
  { scalars, quotient, state }: Share,
  pause: Pause,
): Promise<void> {
  await kernel.quotient(key, scalars, pause, quotient);
  Atomics.store(state, QUOTIENT, 1);
  Atomics.notify(state, QUOTIENT);
}

/** Takes tasks until there are none. A thread that has not computed the quotient itself stands still until it is there. */
export async function takeTasks(
  kernel: Kernel,
  key: ProverKey,
  { scalars, quotient, state, parts }: Share,
  pause: Pause,
): Promise<Part[]> {
  const done: Part[] = [];
  for (;;) {
    const task = Atomics.add(state, NEXT, 1);
    const section = SECTIONS[Math.floor(task / parts)];
    if (section === undefined) return done;
    if (section === "h" && Atomics.load(state, QUOTIENT) === 0) Atomics.wait(state, QUOTIENT, 0);
    const part = task % parts;
    const points = key.sections[section];
    const { bits, last } = allWindows(points.indices.length);
    const from = (part: number): number => Math.round((last * part) / parts);
    const windows = { bits, first: from(part), last: from(part + 1) };
    const sum = await kernel.multiExp(points, section === "h" ? quotient : scalars, windows, pause);
    done.push({ section, part, sum });
  }
}
