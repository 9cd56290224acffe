/**
 * A world for the Lens: cluster 2 has vNodes 3 to 5, with node 2 on 3 and 5, and node 3 as standby. vNodes 2 and 4 are vacant.
 */
import { expect } from "chai";
import type { Result } from "ethers";
import { present } from "../../evidence/world/present.ts";
import { createWorld, PARAMS, SELDOM, QUANTUM_BITS, type World } from "../../evidence/world/world.ts";
import type { Lens } from "../../types/ethers/index.js";

export const ZERO = "0x0000000000000000000000000000000000000000";

export async function lensWorld(): Promise<{ world: World; lens: Lens; restore: () => Promise<void> }> {
  const world = await createWorld();
  const { registry, people, audits } = world;
  const lens = await world.ethers.deployContract("Lens", [audits]);
  const manager = registry.connect(people.manager);
  await manager.createCluster(0, 0, QUANTUM_BITS, { ...PARAMS, ...SELDOM, odds: 7 }, "two");
  await manager.addVNodes(2, [1, 2, 3]);
  await manager.assign(3, 2);
  await manager.assign(5, 2);
  await manager.addStandby(2, 3);
  await manager.addStandby(2, 1);
  await registry.connect(people.alice).createBucket(2, true);
  await world.store({ leaves: [3, 4], epochs: 2 });
  await world.store({ bucket: 2, leaves: [5] });
  const second = present(people.operators[1]);
  const alices = { by: people.alice, bucket: 3, operator: second };
  await world.store({ ...alices, vNode: 3, leaves: [1] });
  await world.store({ ...alices, vNode: 5, leaves: [2, 3] });
  const snapshot = await world.chain.networkHelpers.takeSnapshot();
  return { world, lens, restore: () => snapshot.restore() };
}

/** All items, from pages of this size. */
export async function all<T>(
  page: (from: bigint, count: number) => Promise<[T[], bigint]>,
  count: number,
  start = 1n,
): Promise<T[]> {
  const items: T[] = [];
  let from = start;
  do {
    const [more, next] = await page(from, count);
    expect(more).to.have.lengthOf.at.most(count);
    items.push(...more);
    from = next;
  } while (from !== 0n);
  return items;
}

export const idsOf = (items: readonly { id: bigint }[]): bigint[] => items.map(({ id }) => id);
export const plain = (struct: object): unknown => (struct as Result).toObject();
