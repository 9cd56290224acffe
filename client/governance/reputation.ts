/**
 * The scores of a ReputationManager, from its events alone. Everything is as in contracts/managers/reputation, to the unit.
 */
import { AbiCoder, keccak256 } from "ethers";
import { HoldfastError } from "../../protocol/errors.ts";

/** Factors have 64 binary places. */
const PLACES = 64n;
const ONE = 1n << PLACES;
const AFTER_MISS = (15n * ONE) / 16n;
const AFTER_LOST = ONE / 2n;
const AFTER_FAULT = ONE / 4n;

/** An event that changes a score. `score` is the one that the contract has emitted. */
export interface ScoreEvent {
  readonly name: "Sampled" | "Cut";
  readonly node: bigint;
  readonly epoch: bigint;
  readonly gain?: bigint;
  readonly misses?: bigint;
  readonly lost?: bigint;
  readonly faults?: bigint;
  readonly score: bigint;
}

/** factor^times, rounded down after each multiplication. */
export function powDown(factor: bigint, times: bigint): bigint {
  let power = ONE;
  for (let rest = times, square = factor; rest !== 0n; rest >>= 1n) {
    if (rest & 1n) power = (power * square) >> PLACES;
    square = (square * square) >> PLACES;
  }
  return power;
}

/**
 * The scores of all nodes in an epoch.
 *
 * @param events in the order of the chain
 * @throws HoldfastError "bad-input" if an event says another score than follows from those before it
 */
export function replayScores(
  events: readonly ScoreEvent[],
  memoryEpochs: bigint,
  epoch: bigint,
): Map<bigint, bigint> {
  const keep = ONE - ONE / memoryEpochs;
  const points = new Map<bigint, { score: bigint; epoch: bigint }>();
  const scoreIn = (node: bigint, now: bigint): bigint => {
    const point = points.get(node);
    return point === undefined ? 0n : (point.score * powDown(keep, now - point.epoch)) >> PLACES;
  };
  for (const event of events) {
    const score = scoreAfter(scoreIn(event.node, event.epoch), event);
    if (score !== event.score)
      throw new HoldfastError(
        "bad-input",
        `the score of node ${event.node} in epoch ${event.epoch} should be ${score}, but the event says ${event.score}: some events are missing or out of order; read them all again from the manager's first block`,
      );
    // A sample that counts nothing leaves the score to fade from where it was.
    if (event.name === "Cut" || event.gain) points.set(event.node, { score, epoch: event.epoch });
  }
  return new Map([...points.keys()].map((node) => [node, scoreIn(node, epoch)]));
}

function scoreAfter(
  score: bigint,
  { name, gain = 0n, misses = 0n, lost = 0n, faults = 0n }: ScoreEvent,
): bigint {
  if (name === "Sampled") return score + gain;
  let left = score;
  for (const factor of [powDown(AFTER_MISS, misses), powDown(AFTER_LOST, lost), powDown(AFTER_FAULT, faults)])
    left = (left * factor) >> PLACES;
  return left;
}

/** Whether an epoch with that randomness is sampled: one epoch in `period`. */
export function isSampled(randomness: string, vNode: bigint, manager: string, period: bigint): boolean {
  const drawn = AbiCoder.defaultAbiCoder().encode(
    ["bytes32", "uint32", "address"],
    [randomness, vNode, manager],
  );
  return BigInt(keccak256(drawn)) % period === 0n;
}
