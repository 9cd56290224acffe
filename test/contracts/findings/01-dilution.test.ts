// Finding 1: a node hides lost data behind junk that it stores for itself, or behind tombstones.
import { expect } from "chai";
import { present } from "../../../evidence/world/present.ts";
import { FUNDS, QUANTUM, type World } from "../../../evidence/world/world.ts";
import { Directory } from "../../../protocol/directory.ts";
import { PROFILES } from "../../../protocol/profiles.ts";
import { samplesOf } from "../../../protocol/statement.ts";
import { freshWorld, shortcuts } from "../../helpers/fresh-world.ts";

const RATE = 1000n;
/** The provider's part of a leaf's 1,000 units. */
const PAID = 950n;
const EPOCHS = 300;
const SAMPLES = PROFILES.standard.samples;

/** One gigabyte of a customer, for a million quanta per epoch. */
const CUSTOMER = { root: 7n, weight: 1_000_000, leaves: 2_164_803 };
/** The most leaves of a segment, for one quantum. */
const JUNK = { root: 9n, weight: 1, leaves: 16 ** 6 };

describe("contracts: finding 1, dilution", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });
  const { claimed, earned, provider } = shortcuts(() => world);

  /** The number of epochs without a sample of the customer's data, and the number of samples of it. */
  const audited = (directory: Directory): { blind: number; asked: number } => {
    let [blind, asked] = [0, 0];
    for (let epoch = 0; epoch < EPOCHS; epoch++) {
      const seed = BigInt(epoch) * 0x9e3779b97f4a7c15n + 1n;
      const samples = samplesOf(directory, { seed, start: 0, length: directory.total }, PROFILES.standard);
      const ours = samples.filter(({ entry }) => entry.root === CUSTOMER.root).length;
      if (ours === 0) blind++;
      asked += ours;
    }
    return { blind, asked };
  };

  it("320 junk segments of a quantum are asked for in place of the customer's data practically never", () => {
    const directory = new Directory(PROFILES.standard.directoryDepth);
    directory.append(CUSTOMER);
    for (let i = 0; i < 320; i++) directory.append({ ...JUNK, root: JUNK.root + BigInt(i) });
    // By leaves, the customer's were one in 2,481 of what was drawn from: three epochs of 300 were missed.
    const { blind, asked } = audited(directory);
    expect(blind).to.equal(0);
    expect(asked).to.be.greaterThan(EPOCHS * SAMPLES - 15);
  });

  it("on chain, what is audited is what is paid for: 15 such segments are 15 quanta of the range", async () => {
    await world.store({ leaves: [100] });
    await world.store({
      by: world.people.bob,
      bucket: 2,
      rent: 1n,
      leaves: new Array<number>(15).fill(50),
    });
    const customer = (100n * RATE) / QUANTUM;
    expect((await world.registry.directory(1)).total).to.equal(customer + 15n);
  });

  it("junk that weighs as much as data costs the fee that nobody gets back", async () => {
    const { bob } = world.people;
    await world.store({ leaves: [10], epochs: 10 });
    // The provider is its own customer, through bob's account, at nine times the rate.
    const friends = async (): Promise<bigint> => (await world.balance(bob)) + (await earned());
    const before = await friends();
    await world.store({ by: bob, bucket: 2, leaves: [90], epochs: 10 });
    await world.proveEach(1, 10);
    const customers = 10n * 10n * PAID;
    const lost = before + customers - (await friends());
    // 2 % for the protocol, and what this cluster's manager and auditors take.
    expect(lost).to.equal(10n * 90n * (RATE - PAID));
    expect(lost >= (10n * 90n * RATE * 2n) / 100n).to.equal(true);
    expect(before).to.equal(FUNDS);
  });

  it("tombstones of junk that was stored for one epoch lower what is paid as much as what is audited", async () => {
    await world.store({ leaves: [10], epochs: 40 });
    await world.store({ by: world.people.bob, bucket: 2, leaves: [90], epochs: 1 });
    await world.proveEach(1, 1);
    const before = await earned();
    // A tenth of the range is paid for: the node gets 4/30 of the rate, and the customer the rest.
    await world.begin(2);
    const { rate, asked } = await world.audits.duty(1, 2);
    expect([rate, asked]).to.deep.equal([10n * RATE, 100n * RATE]);
    await world.prove(2);
    const whole = (10n * RATE * 4n) / 30n;
    expect((await earned()) - before).to.equal(whole - (whole * 5n) / 100n);
    // Less what rounding leaves behind.
    expect(await claimed(0)).to.equal(10n * RATE - whole - 1n);
    // Retiring them changes nothing of that.
    const directory = new Directory(2);
    const segments = await world.registry.queryFilter(world.registry.filters.SegmentStored());
    for (const { args } of segments) {
      directory.append({
        root: BigInt(args.root),
        weight: Number(args.perEpoch / QUANTUM),
        leaves: Number(args.leaves),
      });
    }
    const { start, root } = present(directory.entries[1]);
    const opening = { serial: 1, start, root: world.ethers.toBeHex(root, 32) };
    const siblings = directory.multiPath([1]).map((node) => world.ethers.toBeHex(node, 32));
    await world.registry.connect(provider()).retire(1, [opening], siblings);
    await world.begin(3);
    await world.prove(3);
    expect(await claimed(0)).to.equal(10n * RATE - whole - 1n);
  });

  it("a node that holds nothing of a customer who is a tenth of the range is caught nonetheless", () => {
    const directory = new Directory(PROFILES.standard.directoryDepth);
    directory.append({ ...JUNK, weight: 9 * CUSTOMER.weight });
    directory.append(CUSTOMER);
    directory.retire(0);
    const { blind } = audited(directory);
    // 0.9^20 = 12 % of the epochs ask for tombstones alone, where all did that drew from what the junk had been stored with.
    expect(blind).to.be.within(15, 65);
  });
});
