/**
 * What a score costs who buys it by serving itself: fees that nobody gets back, per unit of score. The deployment takes its
 * least fee, and every epoch is audited. Which epochs are drawn is random, and the same in each run.
 */
import { keccak256, toBeHex, ZeroHash, type ContractTransactionResponse } from "ethers";
import { createReputationWorld, RULES, type ReputationWorld } from "../world/reputation.ts";
import { PARAMS, PROTOCOL_FEE } from "../world/world.ts";

export interface ReputationRow {
  readonly strategy: string;
  readonly epochs: number;
  /** Token units that were paid for, and that the fees took. */
  readonly paid: bigint;
  readonly fees: bigint;
  readonly score: bigint;
  /** Fees for 1,000 units of score; undefined if there is no score. */
  readonly feesPer1000: number | undefined;
}

/** What one epoch does. `drawn` is known once the epoch has begun. */
interface Strategy {
  readonly name: string;
  readonly begin: (world: ReputationWorld) => Promise<unknown>;
  readonly play: (world: ReputationWorld, epoch: number, drawn: boolean) => Promise<void>;
}

const LONG = 5000;

const STRATEGIES: readonly Strategy[] = [
  {
    name: "stores for itself as two payers, proves every epoch",
    begin: async (world) => {
      await world.store({ epochs: LONG });
      await world.store({ epochs: LONG, bucket: 2 });
    },
    play: (world, epoch, drawn) => prove(world, epoch, drawn),
  },
  {
    name: "the same as one payer",
    begin: (world) => world.store({ epochs: LONG, leaves: [2] }),
    play: (world, epoch, drawn) => prove(world, epoch, drawn),
  },
  {
    name: "stores for one epoch whenever an epoch is drawn",
    begin: (world) => world.store({ epochs: 1 }),
    play: async (world, epoch, drawn) => {
      const { rate } = await world.audits.duty(1, epoch);
      if (rate !== 0n) await prove(world, epoch, drawn);
      if (!drawn) return;
      await retireEnded(world, epoch);
      await world.store({ epochs: 1 });
    },
  },
  {
    name: "proves only epochs that are drawn, and the last one before a fault",
    begin: (world) => world.store({ epochs: LONG }),
    play: async (world, epoch, drawn) => {
      const { misses, settled } = await world.audits.state(1);
      const missed = Number(misses) + epoch - 1 - Number(settled);
      if (drawn || missed >= PARAMS.maxMisses - 1) await prove(world, epoch, drawn);
    },
  },
];

/** Proves the epoch, and samples all that is paid for in it. */
async function prove(world: ReputationWorld, epoch: number, drawn: boolean): Promise<void> {
  await world.settle();
  const { short, node } = await world.audits.state(1);
  if (short && node === 1n) await world.audits.connect(world.people.stranger).topUp(1);
  await world.prove(epoch);
  if (!drawn) {
    await world.manager.lookAt(1);
    return;
  }
  const { nextSerial } = await world.registry.directory(1);
  const serials: number[] = [];
  for (let serial = 0; serial < nextSerial; serial++) {
    const { from, end } = await world.registry.segment(1, serial);
    if (from <= epoch && epoch < end) serials.push(serial);
  }
  await world.by(1).sample(1, serials);
}

/** Empties the directory if all that it has is over. */
async function retireEnded({ registry }: ReputationWorld, epoch: number): Promise<void> {
  const { nextSerial } = await registry.directory(1);
  const openings: { serial: number; start: number; root: string }[] = [];
  for (let serial = 0; serial < nextSerial; serial++) {
    const { leaves, end } = await registry.segment(1, serial);
    if (end > epoch) return;
    if (leaves !== 0n) openings.push({ serial, start: 0, root: ZeroHash });
  }
  await registry.retire(1, openings, []);
}

export async function benchReputation(epochs = 400): Promise<ReputationRow[]> {
  const rows: ReputationRow[] = [];
  for (const strategy of STRATEGIES) rows.push(await playOut(strategy, epochs));
  return rows;
}

async function playOut({ name, begin, play }: Strategy, epochs: number): Promise<ReputationRow> {
  const world = await createReputationWorld();
  const { audits, manager, ledger } = world;
  await begin(world);
  let epoch = await world.now();
  await world.begin(++epoch, world.drawing(1, false, 1000 * epoch));
  await play(world, epoch, false);
  const before = (await ledger.feesOf(1)).fees;
  let paid = 0n;
  for (let i = 1; i <= epochs; i++) {
    const drawn = BigInt(keccak256(toBeHex(i, 32))) % BigInt(RULES.period) === 0n;
    await world.begin(++epoch, world.drawing(1, drawn, 1000 * epoch));
    paid += (await audits.duty(1, epoch)).rate;
    await play(world, epoch, drawn);
  }
  const fees = (await ledger.feesOf(1)).fees - before;
  const gains = (await manager.queryFilter(manager.filters.Sampled())).map(({ args }) => args.gain);
  // Without what has faded since.
  const score = gains.reduce((sum, gain) => sum + gain, 0n);
  const feesPer1000 = score === 0n ? undefined : Math.round(Number((fees * 1_000_000n) / score)) / 1000;
  return { strategy: name, epochs, paid, fees, score, feesPer1000 };
}

/** What the fees take of 1,000 token units. */
export const FEE_PER_1000 = (PROTOCOL_FEE + PARAMS.managerFee + PARAMS.auditFee) / 10;

export interface ReputationGasRow {
  readonly transaction: string;
  readonly gas: number;
}

/** The gas of each kind of decision, in a cluster with two members. */
export async function benchReputationGas(): Promise<ReputationGasRow[]> {
  const world = await createReputationWorld({ founders: 2, evictScore: 1, admitScore: 2 });
  const { manager, by, registry, people } = world;
  const rows: ReputationGasRow[] = [];
  const measure = async (transaction: string, sent: Promise<ContractTransactionResponse>): Promise<void> => {
    const receipt = await (await sent).wait();
    rows.push({ transaction, gas: Number(receipt?.gasUsed ?? 0n) });
  };
  let epoch = await world.now();
  const next = async (drawn?: number): Promise<void> => {
    await world.begin(++epoch, world.drawing(drawn ?? 1, drawn !== undefined, 1000 * epoch));
    for (const vNode of [1, 2]) {
      const { rate } = await world.audits.duty(vNode, epoch);
      if (rate !== 0n) await world.prove(epoch, vNode);
    }
  };
  await measure("a node becomes a candidate", by(2).join(2));
  await measure("a candidate gets a vacant vNode", manager.place(2));
  await next();
  await registry.connect(people.alice).setWriter(1, people.bob, true);
  await world.store({ epochs: LONG });
  await world.store({ epochs: LONG, leaves: [1, 1, 1, 1, 1, 1, 1, 1, 1], bucket: 2 });
  await world.store({ epochs: LONG, vNode: 2, node: 2 });
  await next();
  await measure("misses and segments of a vNode are noted", manager.lookAt(1));
  await manager.lookAt(2);
  await next(1);
  await measure("first sample of one segment", by(1).sample(1, [0]));
  await next(1);
  await measure("later sample of one segment", by(1).sample(1, [0]));
  await next(1);
  await measure("later sample of ten segments", by(1).sample(1, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  await next(2);
  await by(2).sample(2, [0]);
  await measure("a candidate becomes a member", manager.review(1));
  await manager.review(2);
  await measure("two members are lined up", manager.lineUp());
  await by(2).quit(2);
  await measure("a member gets a vNode with data", manager.place(2));
  return rows;
}
