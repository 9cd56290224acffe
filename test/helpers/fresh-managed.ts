/**
 * One world with a ProofOfStorageManager for all tests of a file, which is restored before each test.
 */
import { expect } from "chai";
import { createManagedWorld, type ManagedWorld } from "../../evidence/world/managed.ts";

/** Makes a world at the first call, and restores it at each further one. */
export function freshManaged(...options: Parameters<typeof createManagedWorld>): () => Promise<ManagedWorld> {
  let made: { world: ManagedWorld; restore: () => Promise<void> } | undefined;
  return async () => {
    if (made) await made.restore();
    else {
      const world = await createManagedWorld(...options);
      const snapshot = await world.chain.networkHelpers.takeSnapshot();
      made = { world, restore: () => snapshot.restore() };
    }
    return made.world;
  };
}

/** @param world the one of the running test */
export function refusing(world: () => ManagedWorld) {
  return (sent: Promise<unknown>, error: string, ...values: unknown[]) =>
    expect(sent)
      .to.be.revertedWithCustomError(world().manager, error)
      .withArgs(...values);
}
