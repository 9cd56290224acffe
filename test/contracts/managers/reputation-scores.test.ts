// What a node's score is: what it has proven and was paid for, sampled, minus what went wrong.
import { expect } from "chai";
import { replayScores } from "../../../client/governance/reputation.ts";
import { createReputationWorld, type ReputationWorld } from "../../../evidence/world/reputation.ts";
import { FUNDS, SELDOM, type Order } from "../../../evidence/world/world.ts";
import { auditSeed, isDue } from "../../../protocol/statement.ts";
import { freshWorld, shortcuts } from "../../helpers/fresh-world.ts";

const PERIOD = 4n;
/** A leaf's price per epoch, and the most that a payer counts for. */
const LEAF = 1000n;
const CAP = 1500n;

describe("contracts: scores of a ReputationManager", () => {
  let world: ReputationWorld;
  let epoch: number;
  const fresh = freshWorld(() => createReputationWorld()) as () => Promise<ReputationWorld>;
  const { provider, operator, state, asProvider } = shortcuts(() => world);

  beforeEach(async () => {
    world = await fresh();
    epoch = await world.now();
  });

  const store = (options: Order = {}) => world.store({ epochs: 100, ...options });
  const score = (node = 1) => world.manager.scoreOf(node);
  const sample = (serials: number[], vNode = 1) => world.by(1).sample(vNode, serials);
  const refuses = (attempt: Promise<unknown>, error: string, ...args: unknown[]) =>
    expect(attempt)
      .to.be.revertedWithCustomError(world.manager, error)
      .withArgs(...args);
  /** Begins the next epoch with randomness that draws a sample or not, and proves it or not. */
  const next = async ({ drawn = true, proves = true, vNode = 1 } = {}) => {
    await world.begin(++epoch, world.drawing(vNode, drawn, 100 * epoch));
    if (proves) await world.prove(epoch, vNode);
  };
  /** Stores for both owners, and lets the node be seen in sync. */
  const begin = async () => {
    await store();
    await store({ bucket: 2 });
    await next({ drawn: false });
    await world.manager.lookAt(1);
  };

  it("grow by what is paid in an epoch that is drawn, times the period", async () => {
    await begin();
    await next();
    await expect(sample([0, 1]))
      .to.emit(world.manager, "Sampled")
      .withArgs(1, 1, epoch, [0, 1], 2n * LEAF, 2n * LEAF * PERIOD, 2n * LEAF * PERIOD);
    expect(await score()).to.equal(2n * LEAF * PERIOD);
    expect(await score(2)).to.equal(0n);
  });

  it("fade in every epoch, by a part in memoryEpochs", async () => {
    await begin();
    await next();
    await sample([0, 1]);
    await next({ drawn: false });
    expect(await score()).to.equal((2n * LEAF * PERIOD * 999n) / 1000n);
    for (let i = 0; i < 30; i++) await next({ drawn: false });
    expect(await score()).to.equal(BigInt(Math.floor(8000 * (1 - 1 / 1000) ** 31)));
  });

  it("count each payer up to the bound, whatever it stores", async () => {
    await store({ leaves: [1, 1] });
    await store({ leaves: [2], bucket: 2 });
    await next({ drawn: false });
    await expect(world.manager.lookAt(1)).to.emit(world.manager, "Opened").withArgs(1, 1, epoch);
    await next();
    await sample([0, 1, 2]);
    expect(await score()).to.equal(2n * CAP * PERIOD);
  });

  it("count the one who pays, not the one who owns", async () => {
    const { registry, people } = world;
    await registry.connect(people.alice).setWriter(1, people.bob, true);
    await store({ leaves: [2], by: people.bob });
    await store({ leaves: [2], bucket: 2 });
    await next({ drawn: false });
    await world.manager.lookAt(1);
    await next();
    await sample([0, 1]);
    expect(await score()).to.equal(CAP * PERIOD);
  });

  it("count only the part that is paid while much of the directory has ended", async () => {
    await store();
    await store({ leaves: [3], epochs: 1 });
    await next({ drawn: false });
    await world.manager.lookAt(1);
    await next();
    await sample([0]);
    // A quarter of the directory is paid for, which is a third of what is needed.
    expect(await score()).to.equal((LEAF / 3n) * PERIOD);
  });

  it("can be sampled in pages, in which no payer and no segment counts twice", async () => {
    await store({ leaves: [1, 1] });
    await store({ bucket: 2 });
    await next({ drawn: false });
    await world.manager.lookAt(1);
    await next();
    await sample([0]);
    await refuses(sample([0]), "NotInOrder", 1, 0);
    await refuses(sample([2, 1]), "NotInOrder", 1, 1);
    await sample([1]);
    await refuses(sample([1, 2]), "NotInOrder", 1, 1);
    await sample([2]);
    expect(await score()).to.equal((CAP + LEAF) * PERIOD);
    await refuses(sample([2]), "NotInOrder", 1, 2);
  });

  it("do not count a segment twice whose bucket changes hands between two pages", async () => {
    const { registry, people } = world;
    await begin();
    await next();
    await sample([0]);
    await registry.connect(people.alice).transferBucket(1, people.stranger);
    await refuses(sample([0]), "NotInOrder", 1, 0);
  });

  it("are sampled in an epoch that its own randomness draws, and in no other", async () => {
    await begin();
    await next({ drawn: false });
    await refuses(sample([0, 1]), "NotDrawn", 1, epoch);
    await world.toEpoch(++epoch);
    await refuses(sample([0, 1]), "NotDrawn", 1, epoch);
  });

  it("are sampled only once the epoch is proven", async () => {
    await begin();
    await next({ proves: false });
    await refuses(sample([0, 1]), "NotProven", 1, epoch);
    await world.prove(epoch);
    await sample([0, 1]);
  });

  it("are sampled by the node's provider or operator, so that nobody names the last serial first", async () => {
    await begin();
    await next();
    const { manager, people } = world;
    await refuses(manager.connect(people.stranger).sample(1, [1]), "Unauthorized", people.stranger);
    await refuses(world.by(2).sample(1, [1]), "Unauthorized", provider(2));
    await manager.connect(operator()).sample(1, [0, 1]);
    expect(await score()).to.equal(2n * LEAF * PERIOD);
  });

  it("do not count what has not begun, what has ended, what there is not, and other vNodes", async () => {
    await store({ epochs: 3 });
    await store();
    await next({ drawn: false });
    await world.manager.lookAt(1);
    await next();
    await store();
    await refuses(sample([2]), "NotPaidFor", 1, 2, epoch);
    await expect(sample([3]))
      .to.be.revertedWithCustomError(world.registry, "NoSuchSegment")
      .withArgs(1, 3);
    await sample([0, 1]);
    await next();
    await next();
    await refuses(sample([0]), "NotPaidFor", 1, 0, epoch);
    await refuses(sample([0], 2), "Unauthorized", provider());
  });

  it("count what somebody claims right before the sample", async () => {
    const { registry, people } = world;
    await begin();
    await next();
    await registry.connect(people.stranger).claimMany(1, [0, 1]);
    expect((await registry.segment(1, 0)).from).to.equal(epoch + 1);
    await sample([0, 1]);
    expect(await score()).to.equal(2n * LEAF * PERIOD);
  });

  it("count only vNodes of the cluster", async () => {
    const { registry, people } = world;
    await registry.connect(people.stranger).createCluster(0, 0, 3, await ownParams(), "two");
    await registry.connect(people.stranger).addVNodes(2, [10]);
    await refuses(sample([0], 3), "OtherCluster", 3);
    await refuses(world.manager.lookAt(3), "OtherCluster", 3);
  });

  it("count a candidate on its own vNode alone, and only while that is small", async () => {
    const { registry, people } = world;
    await world.by(2).join(2);
    await world.manager.place(2);
    await next({ drawn: false, proves: false });
    await store({ vNode: 2, leaves: [4], node: 2 });
    await next({ drawn: false, vNode: 2 });
    await world.manager.lookAt(2);
    await next({ vNode: 2 });
    const held = () => world.by(2).sample(2, [0]);
    expect(await world.by(2).sample.staticCall(2, [0])).to.equal(CAP * PERIOD);
    await store({ vNode: 2, node: 2 });
    await refuses(held(), "NoStanding", 2, 2);
    expect(await registry.managerOf(1)).to.equal(await world.manager.getAddress());
    expect(people.providers).to.have.length(3);
  });

  it("count nothing before the node was seen in sync", async () => {
    await store();
    await next();
    await sample([0]);
    expect(await score()).to.equal(0n);
    await next();
    await sample([0]);
    expect(await score()).to.equal(LEAF * PERIOD);
  });

  it("count nothing in the sample after a miss: leaving all but the sampled epochs unanswered earns nothing", async () => {
    await begin();
    for (let i = 0; i < 3; i++) {
      await next({ drawn: false, proves: false });
      // Looking at the misses first does not make them good.
      await world.toEpoch(epoch + 1);
      await world.settle();
      await world.manager.lookAt(1);
      epoch = await world.now();
      await world.begin(epoch, world.drawing(1, true, 100 * epoch));
      await world.prove(epoch);
      await sample([0, 1]);
      expect(await score()).to.equal(0n);
    }
    await next();
    await sample([0, 1]);
    expect(await score()).to.equal(2n * LEAF * PERIOD);
  });

  it("are cut by a sixteenth for a miss, once", async () => {
    await begin();
    await next();
    await sample([0, 1]);
    await next({ drawn: false, proves: false });
    await next({ drawn: false });
    const before = await score();
    await expect(world.manager.lookAt(1))
      .to.emit(world.manager, "Cut")
      .withArgs(1, epoch, 1, 0, 0, (before * 15n) / 16n);
    await world.manager.lookAt(1);
    expect(await score()).to.equal((before * 15n) / 16n);
  });

  it("are cut to a quarter for a fault, wherever it happened", async () => {
    await begin();
    await next();
    await sample([0, 1]);
    for (let i = 0; i < 3; i++) await next({ drawn: false, proves: false });
    await world.toEpoch(++epoch);
    await world.settle();
    const before = await score();
    await expect(world.manager.look(1))
      .to.emit(world.manager, "Cut")
      .withArgs(1, epoch, 0, 0, 1, before / 4n);
    await world.manager.look(1);
    expect(await score()).to.equal(before / 4n);
  });

  it("are cut by half for a lost challenge", async () => {
    const { challenges, people, audits } = world;
    await begin();
    await next();
    await sample([0, 1]);
    const { total } = await audits.duty(1, epoch);
    await challenges.connect(people.bob).challenge(1, 0, total, FUNDS / 2n);
    for (let i = 0; i < 2; i++) await next({ drawn: false });
    await next({ drawn: false, proves: false });
    await challenges.expire(1);
    const before = await score();
    await world.manager.look(1);
    expect(await score()).to.equal(before / 2n);
  });

  it("do not forget what a node has behind it when it takes another provider", async () => {
    const { registry, chain, people } = world;
    await begin();
    await next();
    await sample([0, 1]);
    await registry.connect(provider()).proposeProvider(1, people.stranger);
    await chain.networkHelpers.time.increase(100_000);
    await registry.connect(people.stranger).acceptProvider(1);
    expect(await score()).to.be.greaterThan(0n);
  });

  it("count nothing that is refunded because the node's stake was slashed", async () => {
    await begin();
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 2; j++) await next({ drawn: false, proves: false });
      await next({ drawn: false });
    }
    for (let i = 0; i < 2; i++) await next({ drawn: false, proves: false });
    await next();
    expect((await state()).short).to.equal(true);
    await refuses(sample([0, 1]), "NotPaid", 1, epoch);
    // Made good after the proof: the node was not paid for it, and the misses count.
    await asProvider().topUp(1);
    await sample([0, 1]);
    expect(await score()).to.equal(0n);
  });

  it("stand for the epochs that were not asked, unless the epoch was due for another reason", async () => {
    world = await createReputationWorld({}, { odds: 4, ...SELDOM });
    epoch = await world.now();
    const { audits, ethers } = world;
    const { chainId } = await ethers.provider.getNetwork();
    const domain = { chainId, audits: await audits.getAddress(), vNode: 1n, node: 1n };
    /** Begins the next epoch with randomness that draws a sample, and that draws the epoch as due or not. */
    const nextDrawn = async (due: boolean) => {
      epoch++;
      for (let value = 100_000 * epoch; ;) {
        value = world.drawing(1, true, value + 1);
        const randomness = ethers.toBeHex(value, 32) as `0x${string}`;
        const seed = auditSeed({ ...domain, epoch: BigInt(epoch), randomness });
        if (isDue(seed, 4) !== due) continue;
        await world.begin(epoch, value);
        return;
      }
    };
    await store({ epochs: 4 });
    await store({ bucket: 2 });
    await nextDrawn(true);
    await world.prove(epoch);
    await world.manager.lookAt(1);
    await nextDrawn(true);
    await world.prove(epoch);
    await sample([0, 1]);
    expect(await score()).to.equal(2n * LEAF * PERIOD * 4n);
    await nextDrawn(false);
    await refuses(sample([0, 1]), "NotDrawn", 1, epoch);
    // The last epoch of half of the rate is due whatever the draw says.
    await nextDrawn(false);
    await world.prove(epoch);
    await refuses(sample([0, 1]), "NotDrawn", 1, epoch);
  });

  it("follow from the events alone", async () => {
    await begin();
    for (let i = 0; i < 12; i++) {
      await next({ drawn: i % 3 !== 1, proves: i % 5 !== 4 });
      if (i % 3 !== 1 && i % 5 !== 4) await sample([0, 1]);
      await world.manager.lookAt(1);
    }
    for (let i = 0; i < 3; i++) await next({ drawn: false, proves: false });
    await world.toEpoch((epoch += 3));
    await world.settle();
    await world.manager.look(1);
    const events = await world.events();
    expect(events.filter(({ name }) => name === "Cut")).to.have.length.greaterThan(2);
    const scores = replayScores(events, 1000n, BigInt(epoch));
    expect(scores.get(1n)).to.equal(await score());
    expect(() => replayScores(events.slice(1), 1000n, BigInt(epoch))).to.throw("some events are missing");
  });

  const ownParams = async () => {
    const { params_ } = await world.audits.params(1);
    return (params_ as unknown as { toObject(): never }).toObject();
  };
});
