/**
 * One run: strategies, and the honest markets that they are compared with, on one chain and with the same seed.
 */
import { quick } from "./calls.ts";
import { createCustomers, type Customers } from "./customers.ts";
import type { Ground } from "./ground.ts";
import { attend } from "./keeper.ts";
import { LEAF_PRICE, MARGIN } from "./model.ts";
import { readOutcomes, type Outcome } from "./outcome.ts";
import { Play, type View } from "./play.ts";
import { createScene } from "./scene.ts";
import { Stagehand } from "./stagehand.ts";
import { honestIn } from "./strategies/index.ts";
import type { Hooks, Strategy } from "./strategies/strategy.ts";
import { lookAt } from "./view.ts";

export interface RunOptions {
  readonly strategies: readonly Strategy[];
  readonly epochs: number;
  readonly seed: number;
  readonly onEpoch?: (epoch: number) => void;
}

/** A play with its customers and the strategy that is played in it. */
export interface Show {
  readonly strategy: Strategy;
  readonly play: Play;
  readonly customers: readonly Customers[];
  readonly hooks: Hooks;
}

/** Seconds after the source point at which honest auditors record the randomness. */
const PROMPT = 5;
/** Seconds after the epoch's start at which epochs without a recorder are looked at. */
const UNRECORDED = 2000;
/** Epochs after the end in which everything open is decided. */
export const TAIL = 6;
const ACCOUNTS_PER_PLAY = 12;
/** Unsettled epochs after which an auditor settles a vNode in any case. */
const MAX_BEHIND = 48;
const FEE_PERIOD = 24;

export async function run({ strategies, epochs, seed, onEpoch }: RunOptions): Promise<Outcome[]> {
  const markets = [...new Set(strategies.map(({ market }) => market))];
  const all = [...markets.map((market) => honestIn(market)), ...strategies];
  const scene = await createScene(1 + all.length);
  try {
    const stagehand = new Stagehand(scene);
    await stagehand.stockUp(1 + ACCOUNTS_PER_PLAY * all.length);
    const recorder = stagehand.hire();
    const shows = all.map((strategy) => prepare(stagehand, strategy, { seed, last: epochs }));
    await scene.perform();
    for (const show of shows) open(show);
    await scene.perform();
    await lookAt(
      stagehand,
      shows.map(({ play }) => play),
    );
    for (let epoch = 1; epoch <= epochs + TAIL; epoch++) {
      await stage(stagehand, shows, recorder, epoch);
      onEpoch?.(epoch);
    }
    return await readOutcomes(stagehand, shows, markets, seed);
  } finally {
    await scene.close();
  }
}

function prepare(stagehand: Stagehand, strategy: Strategy, options: { seed: number; last: number }): Show {
  const play = new Play(stagehand, strategy.name, strategy.market, options);
  const node = play.addNode("node", strategy.node);
  for (let i = 0; i < play.market.vNodes; i++) play.assign(node, play.addGround());
  for (const role of strategy.standby ?? ["rival"]) play.addStandby(play.addNode(role));
  for (const role of strategy.reserves ?? []) play.addNode(role);
  play.books.address("auditor");
  play.books.address("customers");
  const hooks = strategy.play(play);
  const customers = play.grounds.map((ground) => createCustomers(play, ground));
  play.rate = customers.reduce((sum, { rate }) => sum + rate, 0);
  return { strategy, play, customers, hooks };
}

function open({ customers, hooks }: Show): void {
  for (const one of customers) one.visit();
  hooks.open?.();
}

async function stage(
  stagehand: Stagehand,
  shows: readonly Show[],
  recorder: string,
  epoch: number,
): Promise<void> {
  const { scene } = stagehand;
  const data = encodeRecord(0, epoch, shows);
  for (const show of shows) begin(show, epoch);
  for (const [seconds, group] of groups(shows)) {
    if (seconds === PROMPT) stagehand.act(recorder, "Audits", data);
    for (const { play } of group)
      if (play.beacon !== 0 && seconds !== undefined)
        play.send("auditor", "Audits", "recordBeacon", encodeRecordOf(play), () => undefined);
    await scene.perform(epoch, MARGIN + (seconds ?? UNRECORDED));
    await lookAt(
      stagehand,
      group.map(({ play }) => play),
    );
    for (const show of group) act(show);
    await scene.perform();
  }
}

/** Groups plays by when they record, earliest first. Those that never record come last. */
function groups(shows: readonly Show[]): [number | undefined, Show[]][] {
  const byTime = new Map<number | undefined, Show[]>();
  for (const show of shows) {
    const { hooks, play } = show;
    const seconds = hooks.record && play.beacon !== 0 ? hooks.record() : PROMPT;
    byTime.set(seconds, [...(byTime.get(seconds) ?? []), show]);
  }
  return [...byTime].sort(([a = Infinity], [b = Infinity]) => a - b);
}

function encodeRecord(beacon: number, epoch: number, [show]: readonly Show[]): string {
  const random = (show as Show).play.randomnessOf(beacon, epoch).slice(2);
  return quick("Audits", "recordBeacon", beacon, epoch, 96, 32, random);
}

const encodeRecordOf = (play: Play): string =>
  quick("Audits", "recordBeacon", play.beacon, play.epoch, 96, 32, play.randomness(play.epoch).slice(2));

/** Runs the acts before the epoch's randomness is known. */
function begin({ play, customers, hooks }: Show, epoch: number): void {
  play.epoch = epoch;
  if (epoch <= play.last) for (const one of customers) one.visit();
  hooks.early?.();
  play.challenges.expire();
  for (const ground of play.grounds) if (wantsSettling(play, ground)) play.settle("auditor", ground);
  play.missed.clear();
  if (play.beacon !== 0 && epoch % FEE_PERIOD === 0)
    play.call("manager", "Ledger", "collectFees", [play.cluster], () => undefined);
}

/** Whether there is a miss to report, or somebody waits for the settlement. */
function wantsSettling(play: Play, ground: Ground): boolean {
  const view = play.views.get(ground);
  const behind = play.epoch - (view?.settled ?? 0);
  return play.missed.has(ground) || behind > MAX_BEHIND || view?.node === 0 || play.epoch > play.last;
}

/** Runs the acts after the epoch's randomness is known. */
function act({ play, hooks }: Show): void {
  for (const ground of play.grounds) count(play, ground);
  for (const node of play.nodes) {
    if (!node.idle) attend(play, node);
    else for (const ground of play.grounds) if (isAsked(play.view(ground), node.id)) play.missed.add(ground);
  }
  hooks.late?.();
}

const isAsked = ({ node, due, proven }: View, id: number): boolean => node === id && due && !proven;

/** Counts what is stored in the epoch, by role, and what of it is lost. */
function count(play: Play, ground: Ground): void {
  const node = play.nodeOf(play.view(ground).node);
  for (const segment of ground.active(play.epoch)) {
    if (segment.junk) continue;
    const lost = node ? node.holding.lostShare(segment) : 1;
    // A harmful segment stands for many cheap ones, and costs as much to store as they would.
    const leaves = segment.owner === "harm" ? segment.perEpoch / LEAF_PRICE : segment.leaves;
    if (node) play.books.store(node.role, leaves * (1 - lost));
    if (segment.owner === "customers") play.books.lose(segment.perEpoch * lost);
    else if (segment.owner === "owner") play.books.want("owner", segment.perEpoch * (1 - lost));
  }
}
