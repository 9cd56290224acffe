/**
 * Years of one vNode with an honest node. Customers come and go, with segments of all sizes, prices and lives. The run shows
 * what the upkeep of the directory costs, and that it can always be audited.
 */
import { createHash } from "node:crypto";
import { quick } from "./calls.ts";
import { expectConserved } from "./conservation.ts";
import type { Segment } from "./ground.ts";
import { attend, maintain } from "./keeper.ts";
import { LEAVES_PER_SEGMENT, MARGIN } from "./model.ts";
import { Play } from "./play.ts";
import { randomOf, type Random } from "./random.ts";
import { createScene, type Scene } from "./scene.ts";
import { Stagehand } from "./stagehand.ts";
import { lookAt } from "./view.ts";

export interface LongOptions {
  readonly epochs: number;
  readonly epochSeconds: number;
  /** Mean number of epochs for which a segment is stored. */
  readonly meanLife: number;
  /** Mean number of segments that are stored at a time. */
  readonly live: number;
  readonly seed: number;
  readonly onEpoch?: (epoch: number) => void;
}

export interface LongFigures {
  readonly epochs: number;
  readonly stored: number;
  readonly extended: number;
  readonly compactions: number;
  /** The most epochs that a store had to wait. */
  readonly waited: number;
  /** Least coverage of the epochs in which something was paid for. */
  readonly leastCoverage: number;
  readonly meanCoverage: number;
  readonly mostEntries: number;
  readonly storeGas: number;
  readonly upkeepGas: number;
  /** Number of epochs that were not proven. */
  readonly missed: number;
}

const DAY = 86_400;
/** Three years of epochs of six hours. */
export const THREE_YEARS: Omit<LongOptions, "seed"> = {
  epochs: 3 * 365 * 4,
  epochSeconds: DAY / 4,
  meanLife: 90 * 4,
  live: 64,
};
const EXTENDED = 0.2;
const PRICES = { least: 100, most: 1000 };
const ACCOUNTS = 8;

export async function runLong(options: LongOptions): Promise<LongFigures> {
  const scene = await createScene(1, options.epochSeconds);
  try {
    return await new LongRun(scene, options).run();
  } finally {
    await scene.close();
  }
}

interface Order {
  readonly leaves: number;
  readonly price: number;
  readonly epochs: number;
  readonly since: number;
}

class LongRun {
  readonly #scene: Scene;
  readonly #options: LongOptions;
  readonly #random: Random;
  readonly #stagehand: Stagehand;
  readonly #gas = { store: 0, upkeep: 0 };
  readonly #count = { stored: 0, extended: 0, compactions: 0, missed: 0, covered: 0 };
  readonly #extreme = { waited: 0, coverage: 1, entries: 0 };
  #coverages = 0;
  #orders: Order[] = [];
  /** Segments that will be extended. */
  readonly #lasting = new Set<Segment>();

  constructor(scene: Scene, options: LongOptions) {
    [this.#scene, this.#options] = [scene, options];
    this.#random = randomOf(options.seed, "long run");
    this.#stagehand = new Stagehand(scene);
  }

  async run(): Promise<LongFigures> {
    const { epochs, seed, onEpoch } = this.#options;
    await this.#stagehand.stockUp(ACCOUNTS);
    const play = new Play(this.#stagehand, "long run", "long", { seed, last: epochs });
    const node = play.addNode("node");
    play.assign(node, play.addGround());
    await this.#scene.perform();
    for (let i = 0; i < this.#options.live / 2; i++) this.#order(play);
    for (let epoch = 0; epoch <= epochs; epoch++) {
      await this.#pass(play, epoch);
      onEpoch?.(epoch);
    }
    await expectConserved(this.#stagehand);
    return this.#figures();
  }

  async #pass(play: Play, epoch: number): Promise<void> {
    play.epoch = epoch;
    const random = createHash("sha256").update(`${this.#options.seed}/${epoch}`).digest("hex");
    if (epoch > 0) {
      const data = quick("Audits", "recordBeacon", 0, epoch, 96, 32, random);
      play.send("auditor", "Audits", "recordBeacon", data);
      await this.#scene.perform(epoch, MARGIN + 1);
    }
    await lookAt(this.#stagehand, [play]);
    this.#look(play);
    const node = play.node();
    node.compacts = false;
    attend(play, node);
    await this.#scene.perform();
    await this.#store(play);
    const tree = play.ground.directory;
    maintain(play, node, play.ground);
    const gas = await this.#scene.perform();
    if (tree === play.ground.directory) return;
    this.#gas.upkeep += gas;
    this.#count.compactions++;
  }

  #look(play: Play): void {
    const { ground, epoch } = play;
    const view = play.view();
    if (!view.due) return;
    const coverage = ground.rate(epoch) / view.total;
    this.#extreme.coverage = Math.min(this.#extreme.coverage, coverage);
    this.#extreme.entries = Math.max(this.#extreme.entries, ground.directory.entries.length);
    this.#coverages += coverage;
    this.#count.covered++;
    if (view.misses !== 0) this.#count.missed++;
  }

  /** Stores each segment in its own transaction, as different customers would. */
  async #store(play: Play): Promise<void> {
    const { live, meanLife } = this.#options;
    if (this.#random.next() < live / meanLife) this.#order(play);
    const orders = this.#orders;
    this.#orders = [];
    for (const order of orders) {
      play.store({
        ...order,
        then: (segment) => {
          if (!segment) return void this.#orders.push(order);
          this.#count.stored++;
          this.#extreme.waited = Math.max(this.#extreme.waited, play.epoch - order.since);
          if (this.#random.next() < EXTENDED) this.#lasting.add(segment);
        },
      });
      this.#gas.store += await this.#scene.perform();
    }
    for (const segment of this.#lasting) {
      if (segment.end !== play.epoch + 3) continue;
      this.#lasting.delete(segment);
      this.#count.extended++;
      play.extend(segment, this.#life());
    }
    await this.#scene.perform();
  }

  #order(play: Play): void {
    // The logarithm of the size is uniform.
    const leaves = Math.ceil(LEAVES_PER_SEGMENT ** this.#random.next());
    const price = this.#random.between(PRICES.least, PRICES.most);
    this.#orders.push({ leaves, price, epochs: this.#life(), since: play.epoch });
  }

  /** A segment's end is equally likely in every epoch. */
  #life(): number {
    return 4 + Math.round(-Math.log(1 - this.#random.next()) * (this.#options.meanLife - 4));
  }

  #figures(): LongFigures {
    const { stored, extended, compactions, missed, covered } = this.#count;
    return {
      epochs: this.#options.epochs,
      stored,
      extended,
      compactions,
      missed,
      waited: this.#extreme.waited,
      leastCoverage: this.#extreme.coverage,
      meanCoverage: this.#coverages / covered,
      mostEntries: this.#extreme.entries,
      storeGas: this.#gas.store,
      upkeepGas: this.#gas.upkeep,
    };
  }
}

/** The most that upkeep may cost, as a multiple of what storing costs. */
const MOST_UPKEEP = 1.5;
const FULL_COVERAGE = 0.75;

/** Rules that do not hold, in words. */
export function longViolations({
  leastCoverage,
  storeGas,
  upkeepGas,
  waited,
  missed,
}: LongFigures): string[] {
  const found: string[] = [];
  if (leastCoverage < FULL_COVERAGE) found.push(`coverage fell to ${leastCoverage.toFixed(3)}`);
  if (upkeepGas > MOST_UPKEEP * storeGas)
    found.push(`upkeep costs ${(upkeepGas / storeGas).toFixed(2)} times as much as storing`);
  if (waited > 1) found.push(`a store waited for ${waited} epochs`);
  if (missed !== 0) found.push(`the node missed ${missed} epochs`);
  return found;
}
