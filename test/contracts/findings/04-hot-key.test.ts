// Finding 4: what a thief of an operator's key can take.
import { expect } from "chai";
import { FUNDS, RENT, type World } from "../../../evidence/world/world.ts";
import { signExtension } from "../../helpers/consents.ts";
import { freshWorld, shortcuts } from "../../helpers/fresh-world.ts";

const RATE = 1000n;
/** Lock of a leaf: 30 epochs' rate. */
const LOCK = 30n * RATE;
/** The lock of two leaves per epoch. */
const LIMIT = 2n * LOCK;

describe("contracts: finding 4, a stolen operator's key", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
    const registry = world.registry.connect(provider());
    await registry.updateNode(1, operator(), "", 1000, RENT, LIMIT, "");
  });
  const { bond, operator, provider } = shortcuts(() => world);
  const refused = async (sent: Promise<unknown>, error: string, ...values: unknown[]): Promise<void> => {
    await expect(sent)
      .to.be.revertedWithCustomError(world.registry, error)
      .withArgs(...values);
  };
  /** The thief is bob, who stores for himself and will never hold it. */
  const steal = (order: Parameters<World["store"]>[0] = {}) =>
    world.store({ bucket: 2, epochs: 40, ...order });

  it("accepts no rent above the provider's, so that no junk has an enormous rate", async () => {
    await refused(steal({ rent: RENT + 1n }), "RentTooHigh", RENT + 1n, RENT);
    await refused(steal({ rent: 10n ** 28n }), "RentTooHigh", 10n ** 28n, RENT);
  });

  it("locks no more of the bond in an epoch than the provider's limit, however it is divided", async () => {
    await refused(steal({ leaves: [3] }), "LockLimit", 1, LIMIT, 3n * LOCK);
    await steal();
    await refused(steal({ leaves: [1, 1] }), "LockLimit", 1, LIMIT, 3n * LOCK);
    await steal();
    await refused(steal(), "LockLimit", 1, LIMIT, 3n * LOCK);
    expect((await bond()).locked).to.equal(LIMIT);
    await world.toEpoch(1);
    await steal({ leaves: [2] });
    expect((await bond()).locked).to.equal(2n * LIMIT);
    const { locked, lockedEpoch } = await world.registry.node(1);
    expect([locked, lockedEpoch]).to.deep.equal([LIMIT, 1n]);
  });

  it("counts what an extension locks again", async () => {
    await steal({ leaves: [2] });
    // Two misses took five epochs' rate of the lock.
    await world.missEach(1, 2);
    await world.settle();
    await steal();
    // 55 are locked of 60 and 30: an extension locks the ten that were slashed, with the 30 above.
    await world.toEpoch(3);
    await world.settle();
    await world.registry
      .connect(world.people.bob)
      .extend(...(await signExtension(world, { serial: 0, epochs: 5, rent: RENT })));
    const { locked, lockedEpoch } = await world.registry.node(1);
    expect(lockedEpoch).to.equal(3n);
    expect(locked <= LIMIT).to.equal(true);
  });

  it("takes by misses, in four epochs, no more than four epochs' limit of the bond", async () => {
    for (let epoch = 0; epoch < 4; epoch++) {
      await world.begin(epoch);
      await steal({ leaves: [2] }).catch(() => undefined);
    }
    await world.missEach(4, 8);
    await world.settle();
    expect(FUNDS - (await bond()).total <= 4n * LIMIT).to.equal(true);
  });

  it("is of no use any more once provider or operator have revoked what it signed", async () => {
    const { bucket, vNode, segments, epochs, maxRent, ...acceptance } = await world.order({ bucket: 2 });
    const store = () =>
      world.registry.connect(world.people.bob).store(bucket, vNode, segments, epochs, maxRent, acceptance);
    for (const [revision, who] of [provider(), operator()].entries()) {
      await expect(world.registry.connect(who).revokeAcceptances(1))
        .to.emit(world.registry, "AcceptancesRevoked")
        .withArgs(1, revision + 1);
    }
    await refused(store(), "AcceptanceInvalid", 1, operator());
    await refused(
      world.registry.connect(world.people.stranger).revokeAcceptances(1),
      "Unauthorized",
      world.people.stranger,
    );
    await steal({ revision: 2n });
    await refused(steal({ revision: 1n }), "AcceptanceInvalid", 1, operator());
  });

  it("signs for one node: the same key on two nodes makes two acceptances", async () => {
    const registry = world.registry.connect(provider(2));
    await registry.updateNode(2, operator(1), "", 1000, RENT, LIMIT, "");
    await refused(steal({ node: 2, operator: operator(1) }), "AcceptanceInvalid", 1, operator(1));
    await steal({ node: 1, operator: operator(1) });
  });
});
