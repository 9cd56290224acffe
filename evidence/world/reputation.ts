/**
 * A cluster that a ReputationManager manages, for tests and benches. Node 1 serves vNode 1, on probation, and nothing is
 * stored yet. vNode 2 is vacant.
 */
import type { Result } from "ethers";
import { isSampled, type ScoreEvent } from "../../client/governance/reputation.ts";
import type { ReputationManager } from "../../types/ethers/index.js";
import { present } from "./present.ts";
import { createWorld, FUNDS, type Params, type World } from "./world.ts";

export const RULES = {
  period: 4,
  memoryEpochs: 1000,
  payerCap: 1500,
  admitScore: 10_000,
  evictScore: 3_000,
  probation: 2,
  notice: 16,
  probationLeaves: 4,
  bond: FUNDS / 2n,
  members: 2,
  founders: 1,
  seats: 2,
  vNodes: 1,
  reward: 5,
};
export type Rules = typeof RULES;
export const STANDING = { none: 0n, waiting: 1n, probation: 2n, member: 3n };
export const REASON = { left: 0n, notBacked: 1n, tooSlow: 2n, notServing: 3n, evicted: 4n };
export const RULE = { incumbent: 0n, candidate: 1n, best: 2n, takenBack: 3n };

export type ReputationWorld = World & Awaited<ReturnType<typeof withManager>>;

/** @returns the world in epoch 16, the first one in which the contract could accept the cluster */
export async function createReputationWorld(
  rules: Partial<Rules> = {},
  params: Partial<Params> = {},
): Promise<ReputationWorld> {
  const world = await createWorld(params);
  const added = await withManager(world, { ...RULES, ...rules });
  const { registry, audits, people } = world;
  for (const provider of people.providers) await registry.connect(provider).trust(added.manager, true);
  await registry.connect(people.manager).proposeManager(1, added.manager);
  await world.toEpoch(Number(await audits.changeDelay()));
  await added.manager.accept();
  await added.by(1).join(1);
  await added.manager.adopt(1);
  return { ...world, ...added };
}

export async function deployManager(world: World, rules: Rules): Promise<ReputationManager> {
  const { ethers, audits } = world;
  const library = async (name: string): Promise<string> => (await ethers.deployContract(name)).getAddress();
  const libraries = {
    Sampling: await library("Sampling"),
    Membership: await library("Membership"),
    Seating: await library("Seating"),
  };
  return ethers.deployContract("ReputationManager", [audits, 1, rules], { libraries });
}

async function withManager(world: World, rules: Rules) {
  const { ethers, people } = world;
  const manager = await deployManager(world, rules);
  const address = await manager.getAddress();
  const now = async (): Promise<number> => Number(await world.audits.currentEpoch());
  const events = async (): Promise<ScoreEvent[]> => {
    const [sampled, cut] = [
      await manager.queryFilter("Sampled" as never),
      await manager.queryFilter("Cut" as never),
    ];
    return [...sampled, ...cut]
      .sort((a, b) => a.blockNumber - b.blockNumber || a.index - b.index)
      .map((log) => ({ name: log.eventName, ...(log.args as unknown as Result).toObject() }) as never);
  };

  return {
    manager,
    rules,
    now,
    events,
    by: (node: number) => manager.connect(present(people.providers[node - 1])),

    /** A number of the beacon that draws the vNode for a sample, or does not. */
    drawing(vNode: number, wanted = true, from = 1): number {
      let value = from;
      while (isSampled(ethers.toBeHex(value, 32), BigInt(vNode), address, BigInt(rules.period)) !== wanted)
        value++;
      return value;
    },
  };
}
