// Finding 6: one live leaf keeps a directory full of tombstones for ever.
import { expect } from "chai";
import { openingsOf } from "../../../evidence/world/openings.ts";
import { QUANTUM, type World } from "../../../evidence/world/world.ts";
import { Directory } from "../../../protocol/directory.ts";
import type { SegmentStoredEvent } from "../../../types/ethers/Registry.js";
import { freshWorld, shortcuts } from "../../helpers/fresh-world.ts";
import { named } from "../../helpers/named.ts";

const RATE = 1000n;
const PAID = 950n;
/** Of the tiny profile's directory. */
const FULL = 16;

describe("contracts: finding 6, a full directory", () => {
  let world: World;
  const fresh = freshWorld();
  const { earned, operator, provider } = shortcuts(() => world);
  /** The vNode's tree, and the serials of its entries. */
  let tree: Directory;
  let serials: number[];

  const store = async (leaves: number[], epochs: number): Promise<void> => {
    const sent = await world.store({ leaves, epochs });
    const receipt = await sent.wait();
    for (const log of receipt?.logs ?? []) {
      const parsed = world.registry.interface.parseLog(log);
      if (parsed?.name !== "SegmentStored") continue;
      const [, , serial, root, , count, perEpoch] = parsed.args as unknown as SegmentStoredEvent.OutputTuple;
      tree.append({ root: BigInt(root), weight: Number(perEpoch / QUANTUM), leaves: Number(count) });
      serials.push(Number(serial));
    }
  };
  /** Keeps only the entries of these serials, as a compaction does. */
  const keep = (live: readonly number[]): void => {
    const next = new Directory(2);
    for (const serial of live) {
      const entry = tree.entries[serials.indexOf(serial)];
      if (entry) next.append(entry);
    }
    [tree, serials] = [next, [...live]];
  };
  const compact = (live: readonly number[]) =>
    world.registry.connect(operator()).compact(
      1,
      ...openingsOf(
        tree,
        live,
        live.map((serial) => serials.indexOf(serial)),
      ),
    );

  beforeEach(async () => {
    world = await fresh();
    [tree, serials] = [new Directory(2), []];
  });

  it("is brought back to full coverage by writing what lives again, and takes new segments", async () => {
    await store([1], 200);
    await store(new Array<number>(FULL - 1).fill(1), 1);
    await world.proveEach(1, 1);
    await world.begin(2);
    await expect(world.store())
      .to.be.revertedWithCustomError(world.registry, "DirectoryFull")
      .withArgs(1, FULL + 1, (FULL + 1) * 125);
    const before = await earned();
    await world.prove(2);
    const part = (RATE * 4n) / 3n / BigInt(FULL);
    expect((await earned()) - before, "a sixteenth is paid for").to.equal(part - (part * 5n) / 100n);

    const sent = await compact([0]);
    keep([0]);
    await expect(sent)
      .to.emit(world.registry, "CompactionStarted")
      .withArgs(...named(world.registry, "CompactionStarted", { vNode: 1, lastEnd: 3 }));
    await expect(sent)
      .to.emit(world.registry, "Compacted")
      .withArgs(
        ...named(world.registry, "Compacted", {
          vNode: 1,
          entries: 1,
          total: 125,
          root: world.ethers.toBeHex(tree.root, 32),
        }),
      );
    await world.begin(3);
    const { rate, asked, root } = await world.audits.duty(1, 3);
    expect([rate, asked, BigInt(root)]).to.deep.equal([RATE, RATE, tree.root]);
    const then = await earned();
    await world.prove(3);
    expect((await earned()) - then).to.equal(PAID);
    await store(new Array<number>(FULL - 1).fill(1), 1);
  });

  it("is never full for good: ten times as many segments as fit pass through it, with one that stays", async () => {
    await store([1], 400);
    let epoch = 1;
    for (let round = 0; round < 10; round++) {
      await store(new Array<number>(FULL - 1).fill(1), 1);
      await world.begin(epoch);
      await world.prove(epoch);
      await world.begin(++epoch);
      await world.prove(epoch);
      await compact([0]);
      keep([0]);
      await world.begin(++epoch);
    }
    const { count, nextSerial } = await world.registry.directory(1);
    expect([count, nextSerial]).to.deep.equal([1n, BigInt(1 + 10 * (FULL - 1))]);
    await world.prove(epoch);
    const { rate, asked } = await world.audits.duty(1, epoch);
    expect(rate).to.equal(asked);
  });

  it("is compacted by operator or provider of the node, and by nobody else", async () => {
    await store([1], 40);
    const { manager, alice, stranger } = world.people;
    const arguments_ = openingsOf(tree, [0]);
    for (const who of [manager, alice, stranger, provider(2)]) {
      await expect(world.registry.connect(who).compact(1, ...arguments_))
        .to.be.revertedWithCustomError(world.registry, "Unauthorized")
        .withArgs(who);
    }
    await world.registry.connect(provider()).compact(1, ...arguments_);
  });
});
