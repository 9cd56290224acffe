// Finding 11: several smaller findings.
import { expect } from "chai";
import { present } from "../../../evidence/world/present.ts";
import {
  createWorld,
  FUNDS,
  LOCK_PER_EPOCH,
  PARAMS,
  SELDOM,
  QUANTUM_BITS,
  RENT,
  UNBOND,
  type World,
} from "../../../evidence/world/world.ts";
import { signGrant } from "../../helpers/consents.ts";
import { freshWorld, shortcuts } from "../../helpers/fresh-world.ts";
import { named } from "../../helpers/named.ts";

const RATE = 1000n;
/** Epochs of 90 days, and how many of them may be paused. */
const QUARTER = 777;
const BUDGET = 18;

describe("contracts: finding 11", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });
  const { asManager, asProvider, earned, operator, provider, refuses, state } = shortcuts(() => world);
  const refused = async (sent: Promise<unknown>, error: string, ...values: unknown[]): Promise<void> => {
    await expect(sent)
      .to.be.revertedWithCustomError(world.registry, error)
      .withArgs(...values);
  };

  it("a quarter's end does not double what may be paused", async () => {
    for (const start of [QUARTER - BUDGET - 3, 2 * QUARTER - BUDGET]) {
      await world.toEpoch(start);
      await asProvider().pause(1, BUDGET);
      await world.toEpoch(start + 2 + BUDGET);
      await refuses(asProvider().pause(1, BUDGET), "PauseBudgetSpent", 1, 1, 2 * BUDGET, BUDGET);
    }
  });

  it("no pauses of any lengths at any times add up to more in any 90 days, and none that fits is refused", async () => {
    const taken: { from: number; end: number }[] = [];
    const usedBefore = (list: typeof taken, end: number): number =>
      list.reduce((sum, p) => sum + Math.max(0, p.end - Math.max(p.from, end - QUARTER)), 0);
    let [epoch, draw] = [1, 7];
    const next = (below: number): number => {
      draw = (draw * 48_271) % 2_147_483_647;
      return draw % below;
    };
    let [accepted, declined] = [0, 0];
    for (let i = 0; i < 150; i++) {
      epoch += next(90);
      await world.toEpoch(epoch);
      const epochs = 1 + next(9);
      const last = taken.at(-1);
      const goesOn = last !== undefined && last.end > epoch;
      const wanted = goesOn
        ? [...taken.slice(0, -1), { from: last.from, end: last.end + epochs }]
        : [...taken, { from: epoch + 2, end: epoch + 2 + epochs }];
      const end = present(wanted.at(-1)).end;
      const inQuarter = wanted.filter((p) => p.end > end - QUARTER);
      const fits = usedBefore(wanted, end) <= BUDGET && inQuarter.length <= 5;
      const sent = asProvider().pause(1, epochs);
      if (fits) {
        await sent;
        taken.splice(0, taken.length, ...wanted);
        accepted++;
      } else {
        await expect(sent).to.revert(world.ethers);
        declined++;
      }
    }
    expect(accepted > 20 && declined > 20, `${accepted} and ${declined}`).to.equal(true);
    for (const [i, { end }] of taken.entries())
      expect(usedBefore(taken.slice(0, i + 1), end)).to.be.at.most(BUDGET);
  }).timeout(60_000);

  it("one operator's key on two nodes lets no acceptance be used twice after a hand-over", async () => {
    await world.registry.connect(provider(2)).updateNode(2, operator(1), "", 1000, RENT, LOCK_PER_EPOCH, "");
    const { bucket, vNode, segments, epochs, maxRent, ...acceptance } = await world.order({ epochs: 40 });
    const store = () =>
      world.registry.connect(world.people.alice).store(bucket, vNode, segments, epochs, maxRent, acceptance);
    await store();
    await world.begin(1);
    await asManager().assign(1, 2);
    await world.prove(1);
    await world.begin(2);
    await world.takeOver(2);
    await world.prove(2);
    await world.begin(3);
    await world.prove(3);
    expect((await state()).node).to.equal(2n);
    await refused(store(), "AcceptanceInvalid", 2, operator(1));
  });

  it("a node whose lock is used up is paid nothing", async () => {
    world = await createWorld({
      grace: 0,
      maxMisses: 2,
      slashMultiple: 11,
      faultMultiple: 0,
      bondEpochs: 22,
    });
    await world.store({ epochs: 40 });
    for (const epoch of [1, 3]) {
      await world.begin(epoch);
      await world.begin(epoch + 1);
      await world.prove(epoch + 1);
    }
    expect((await state()).locked).to.equal(0n);
    const before = await earned();
    await world.proveEach(5, 8);
    expect(await earned()).to.equal(before);
    expect((await world.totals()).credits >= 4n * RATE).to.equal(true);
  });

  it("a granted writer and a node cannot spend the limit at any price", async () => {
    const { stranger, alice } = world.people;
    const { grant } = await signGrant(world, { limit: 10n ** 9n, maxRent: RENT / 2n });
    const send = async (rent: bigint) => {
      const { vNode, segments, epochs, maxRent, ...acceptance } = await world.order({ rent });
      return world.registry.connect(stranger).storeFor(grant, vNode, segments, epochs, maxRent, acceptance);
    };
    await refused(send(RENT), "RentTooHigh", RENT, RENT / 2n);
    await refused(send(RENT / 2n + 1n), "RentTooHigh", RENT / 2n + 1n, RENT / 2n);
    const before = await world.balance(alice);
    await send(RENT / 2n);
    expect(before - (await world.balance(alice))).to.equal(10n * 504n);
  });

  it("ending early gives back to a writer what the writer paid", async () => {
    const { alice, bob } = world.people;
    await world.registry.connect(alice).setWriter(1, bob, true);
    await world.store({ by: bob, epochs: 20 });
    await world.begin(1);
    await world.prove(1);
    const [owner, writer] = [await world.balance(alice), await world.balance(bob)];
    await world.registry.connect(alice).endEarly(1, 0);
    // Epochs 1 to 3 stay paid.
    expect((await world.balance(bob)) - writer).to.equal(17n * RATE);
    expect(await world.balance(alice)).to.equal(owner);
  });

  it("an old epoch is settled under 30 later terms for little more gas than under two", async () => {
    const settleUnder = async (versions: number): Promise<number> => {
      world = await fresh();
      await world.store({ epochs: 5000 });
      const delay = Number(await world.audits.changeDelay());
      for (let i = 0; i < versions; i++) {
        await world.toEpoch(1 + i * delay);
        await asManager().changeCluster(1, 0, 0, { ...PARAMS, ...SELDOM, odds: 1 + (i % 3) });
      }
      await world.toEpoch(1 + 30 * delay);
      const receipt = await (await world.settle(1, 1)).wait();
      return Number(present(receipt ?? undefined).gasUsed);
    };
    const [few, many] = [await settleUnder(2), await settleUnder(30)];
    // Halving reads five words where it read one or two; walking read 29.
    expect(many - few).to.be.within(0, 2 * 5 * 2_600);
  });

  it("stale standby nodes do not starve the take-over: all of 32 are tried", async () => {
    const { stranger, manager } = world.people;
    const registry = world.registry.connect(stranger);
    await registry.trust(manager, true);
    for (let node = 4; node < 4 + 31; node++) {
      // Without a bond.
      await registry.registerNode(stranger, "", 9, 1, 0, "");
      await asManager().addStandby(1, node);
    }
    await asManager().addStandby(1, 2);
    await expect(asManager().addStandby(1, 3))
      .to.be.revertedWithCustomError(world.registry, "TooManyStandby")
      .withArgs(1);
    await world.store({ epochs: 40 });
    await world.missEach(1, 3);
    const sent = await world.settle();
    await expect(sent)
      .to.emit(world.audits, "TookOver")
      .withArgs(...named(world.audits, "TookOver", { vNode: 1, node: 2, fromEpoch: 5 }));
    expect(present((await sent.wait()) ?? undefined).gasUsed < 2n ** 24n).to.equal(true);
    expect(await world.registry.standby(1)).to.have.lengthOf(31);
  });

  it("rare audits with nothing at stake are refused", async () => {
    const create = (odds: number, slashMultiple: number, faultMultiple: number) =>
      asManager().createCluster(
        0,
        0,
        QUANTUM_BITS,
        { ...PARAMS, odds, slashMultiple, faultMultiple, bondEpochs: 100 },
        "",
      );
    await refuses(create(1024, 0, 0), "BadParameter", "odds", 1024);
    await refuses(create(1, 0, 0), "BadParameter", "odds", 1);
    await refuses(create(8, 0, 97), "BadParameter", "odds", 8);
    await create(8, 0, 98);
  });

  it("a provider hands its node to another account, once the delay of a bond is over", async () => {
    const { stranger } = world.people;
    const registry = world.registry.connect(provider());
    const at = (await world.chain.networkHelpers.time.latest()) + UNBOND + 1;
    await world.chain.networkHelpers.time.setNextBlockTimestamp(at - UNBOND);
    await expect(registry.proposeProvider(1, stranger))
      .to.emit(world.registry, "ProviderProposed")
      .withArgs(1, stranger, at);
    await refused(registry.acceptProvider(1), "Unauthorized", provider());
    await world.chain.networkHelpers.time.setNextBlockTimestamp(at - 1);
    await refused(world.registry.connect(stranger).acceptProvider(1), "NotAcceptableYet", 1, at, at - 1);
    await world.chain.networkHelpers.time.setNextBlockTimestamp(at);
    await expect(world.registry.connect(stranger).acceptProvider(1))
      .to.emit(world.registry, "ProviderChanged")
      .withArgs(1, stranger);
    await world.ledger.connect(stranger).requestUnbond(1, FUNDS);
    await expect(world.ledger.connect(provider()).requestUnbond(1, 1n)).to.be.revertedWithCustomError(
      world.ledger,
      "Unauthorized",
    );
  });
});
