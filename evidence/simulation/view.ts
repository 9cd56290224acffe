/**
 * Reads from the chain what is asked of each vNode in the current epoch.
 */
import { quick } from "./calls.ts";
import type { Play, View } from "./play.ts";
import type { Stagehand } from "./stagehand.ts";

/** Reads all vNodes of the plays in one call. */
export async function lookAt(stagehand: Stagehand, plays: readonly Play[]): Promise<void> {
  const grounds = plays.flatMap((play) => play.grounds.map((ground) => ({ play, ground })));
  const questions = grounds.flatMap(({ play, ground }) => [
    stagehand.question("Audits", quick("Audits", "duty", ground.id, play.epoch)),
    stagehand.question("Audits", quick("Audits", "state", ground.id)),
  ]);
  const answers = await stagehand.scene.ask(questions);
  for (const [i, { play, ground }] of grounds.entries())
    play.views.set(ground, viewOf(answers[2 * i] ?? [], answers[2 * i + 1] ?? []));
}

/** The words of IAudits.Duty and IAudits.VNodeState. */
function viewOf(duty: readonly bigint[], state: readonly bigint[]): View {
  const [due, proven, node, randomness, seed, root, total, , successor, successorSeed] = duty;
  const [, settled, misses, syncLeft, , , nextSince, , , locked, , short, deferredSince] = state;
  if (seed === undefined || root === undefined || successorSeed === undefined || deferredSince === undefined)
    throw new Error("the chain does not say what a vNode is asked for");
  return {
    due: due === 1n,
    proven: proven === 1n,
    node: Number(node),
    drawn: randomness !== 0n,
    seed,
    root,
    total: Number(total),
    successor: Number(successor),
    successorSeed,
    settled: Number(settled),
    misses: Number(misses),
    syncing: syncLeft !== 0n,
    named: nextSince !== 0n,
    locked: Number(locked),
    short: short === 1n,
    deferredSince: Number(deferredSince),
  };
}
