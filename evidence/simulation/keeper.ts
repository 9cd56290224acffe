/**
 * What a node does to be paid: it proves what it can, answers challenges, takes over, compacts and tops up. An honest node
 * can always prove. A node that has lost data checks first whether it can.
 */
import type { Challenge } from "./challenges.ts";
import type { Ground } from "./ground.ts";
import { GAS_PRICE, gasOf, RATE } from "./model.ts";
import { proofOf, type Statement } from "./oracle.ts";
import type { Node, Play, View } from "./play.ts";

/** Coverage below this is paid in proportion (protocol.md, section 5). */
const FULL_COVERAGE = 0.75;
/** Above this coverage, a compaction is never worth its gas. */
const WORTH_A_LOOK = 0.9;
/** Epochs within which a compaction must pay off. */
const HORIZON = 24;
/** A node that has lost data compacts when segments worth this share of the customers' rate have ended. */
const TIDIED = 0.15;
/** Entries that must stay free for an epoch's stores. */
const RESERVE = 24;

/** What a node does once the epoch's randomness is recorded. */
export function attend(play: Play, node: Node): void {
  for (const ground of play.grounds) {
    const view = play.view(ground);
    if (view.node === node.id && view.due && !view.proven) prove(play, node, ground, view);
    if (view.successor === node.id && view.drawn) takeOver(play, node, ground, view);
    if (view.node !== node.id) continue;
    if (view.short) play.call(node.role, "Audits", "topUp", [ground.id], () => undefined);
    if (node.compacts) maintain(play, node, ground);
  }
  for (const challenge of play.challenges.open) answer(play, node, challenge);
}

/** Compacts the directory if that pays off. */
export function maintain(play: Play, node: Node, ground: Ground): void {
  const { named, syncing } = play.view(ground);
  if (!named && !syncing && wantsCompaction(play, ground, node)) play.compact(node, ground);
}

function prove(play: Play, node: Node, ground: Ground, view: View): void {
  const proof = proofFor(play, node, ground, view, view.seed);
  if (proof === undefined) play.missed.add(ground);
  else play.call(node.role, "Audits", "prove", [ground.id, play.epoch, proof]);
}

function takeOver(play: Play, node: Node, ground: Ground, view: View): void {
  const proof = proofFor(play, node, ground, view, view.successorSeed);
  if (proof !== undefined)
    play.call(node.role, "Audits", "takeOver", [ground.id, play.epoch, proof], () => undefined);
}

/** A proof for the whole vNode, if the node can make it. */
export function proofFor(
  play: Play,
  node: Node,
  ground: Ground,
  view: Pick<View, "root" | "total">,
  seed: bigint,
): string | undefined {
  const audited = ground.audited(play.epoch);
  if (audited.total !== view.total || audited.root !== view.root)
    throw new Error(`${play.name}, epoch ${play.epoch}: the directory is not what the chain has`);
  const statement: Statement = { root: view.root, seed, start: 0, length: view.total };
  return proofOf(statement, audited.directory, node.holding.on(ground));
}

function answer(play: Play, node: Node, challenge: Challenge): void {
  if (challenge.node !== node.id || play.epoch <= challenge.epoch) return;
  const statement = play.challenges.statementOf(challenge);
  if (!statement) return;
  const proof = proofOf(statement, challenge.directory, node.holding.on(challenge.ground));
  if (proof === undefined) return;
  play.challenges.answer(challenge, node.role, proof);
}

/** Whether a compaction saves more than its gas, or the directory is almost full. */
export function wantsCompaction(play: Play, ground: Ground, node: Node): boolean {
  const next = play.epoch + 1;
  const { directory } = ground;
  const ended = directory.total - ground.rate(next);
  if (ended === 0 || ended === directory.total) return false;
  if (directory.entries.length > 4 ** directory.depth - RESERVE) return true;
  if (node.tidies) return ended > TIDIED * play.rate;
  if (ground.coverage(next) > WORTH_A_LOOK) return false;
  let saved = 0;
  for (let epoch = next; epoch < next + HORIZON; epoch++) {
    const rate = ground.rate(epoch);
    saved += rate * (paidPart(rate, directory.total - ended) - paidPart(rate, directory.total));
  }
  return saved / RATE > gasOf("compact", ground.active(next).length) * GAS_PRICE;
}

const paidPart = (rate: number, total: number): number => Math.min(1, rate / (FULL_COVERAGE * total));
