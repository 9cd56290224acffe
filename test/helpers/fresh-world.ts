/**
 * One world for all tests of a file, which is restored before each test, and short names for its functions.
 */
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import { createWorld, type World } from "../../evidence/world/world.ts";

/** Makes a world at the first call, and restores it at each further one. */
export function freshWorld(make: () => Promise<World> = () => createWorld()): () => Promise<World> {
  let made: { world: World; restore: () => Promise<void> } | undefined;
  return async () => {
    if (made) await made.restore();
    else {
      const world = await make();
      const snapshot = await world.chain.networkHelpers.takeSnapshot();
      made = { world, restore: () => snapshot.restore() };
    }
    return made.world;
  };
}

/** @param world the one of the running test */
export function shortcuts(world: () => World) {
  const provider = (node = 1) => present(world().people.providers[node - 1]);
  const operator = (node = 1) => present(world().people.operators[node - 1]);
  return {
    provider,
    operator,
    asProvider: (node = 1) => world().audits.connect(provider(node)),
    asManager: () => world().registry.connect(world().people.manager),
    state: (vNode = 1) => world().audits.state(vNode),
    bond: (node = 1) => world().ledger.bondOf(node),
    earned: (node = 1) => world().balance(provider(node)),

    /** The amount that a claim of the segment pays its owner. */
    claimed: async (serial: number, vNode = 1): Promise<bigint> => {
      const amount = await world().registry.claim.staticCall(vNode, serial);
      await world().registry.claim(vNode, serial);
      return amount;
    },

    /** Expects that Audits refuses with this error. */
    refuses: async (sent: Promise<unknown>, error: string, ...values: unknown[]): Promise<void> => {
      await expect(sent)
        .to.be.revertedWithCustomError(world().audits, error)
        .withArgs(...values);
    },
  };
}

/**
 * Short names for functions of the registry.
 *
 * @param world the one of the running test
 */
export function registryShortcuts(world: () => World) {
  const refused = (attempt: Promise<unknown>, error: string, ...args: unknown[]) =>
    expect(attempt)
      .to.be.revertedWithCustomError(world().registry, error)
      .withArgs(...args);
  return {
    refused,
    unauthorized: (attempt: Promise<unknown>, who: unknown) => refused(attempt, "Unauthorized", who),
    as: (who: keyof World["people"]) => world().registry.connect(world().people[who] as never),
    provider: (node: number) => present(world().people.providers[node - 1]),
    endOf: async (serial: number) => (await world().registry.segment(1, serial)).end,
  };
}

/** IProofs.Refusal. */
export const REFUSAL = {
  noSuchVNode: 1,
  notCurrentEpoch: 2,
  settleFirst: 3,
  alreadyProven: 4,
  noRandomness: 5,
  notDue: 6,
  windowClosed: 7,
  notConsented: 8,
};
