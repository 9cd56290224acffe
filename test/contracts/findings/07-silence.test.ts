// Finding 7: a beacon that is not recorded, or just too late, or by somebody who did not bring the evidence.
import { expect } from "chai";
import { EPOCH, FUNDS, MARGIN, WINDOW, type World } from "../../../evidence/world/world.ts";
import { freshWorld, shortcuts } from "../../helpers/fresh-world.ts";
import { named } from "../../helpers/named.ts";

const RATE = 1000n;
const PAID = 950n;

describe("contracts: finding 7, silence", () => {
  let world: World;
  const fresh = freshWorld();
  beforeEach(async () => {
    world = await fresh();
  });
  const { bond, claimed, earned } = shortcuts(() => world);

  it("is not paid: a node that holds nothing earns nothing by never recording, and owners get all of it back", async () => {
    await world.store({ epochs: 30 });
    await world.toEpoch(32);
    await world.settle();
    expect(await earned()).to.equal(0n);
    expect(await claimed(0)).to.equal(30n * RATE);
    expect((await bond()).total, "nor is anybody penalized").to.equal(FUNDS);
  });

  it("is paid for as soon as a proof follows, to a node that has the data", async () => {
    await world.store({ epochs: 30 });
    await world.proveEach(20, 20);
    expect(await earned()).to.equal(20n * PAID);
  });

  it("broken just too late for half of the window is silence, and pays neither node nor recorder", async () => {
    await world.store({ epochs: 5 });
    await world.at(1, MARGIN + WINDOW / 2 + 1);
    const value = world.ethers.toBeHex(7, 32);
    await expect(world.audits.connect(world.people.auditor).recordBeacon(0, 1, value))
      .to.emit(world.audits, "BeaconRecorded")
      .withArgs(
        ...named(world.audits, "BeaconRecorded", {
          beacon: 0,
          epoch: 1,
          randomness: value,
          by: world.people.auditor,
          reward: 0n,
        }),
      );
    await world.beacon.setRecordedAfter(1, WINDOW / 2 + 1);
    await world.toEpoch(2);
    await expect(world.settle())
      .to.emit(world.audits, "EpochDeferred")
      .withArgs(...named(world.audits, "EpochDeferred", { vNode: 1, node: 1, epoch: 1, rate: RATE }));
    expect(await earned()).to.equal(0n);
  });

  describe("pays who breaks it", () => {
    /** What is in the pool: an eighth of it at most is for one epoch. */
    const POOL = 8000n;
    beforeEach(async () => {
      await world.store({ leaves: [200, 200, 200, 200], epochs: 2 });
      await world.proveEach(1, 1);
      await world.ledger.collectFees(1);
      expect(await world.ledger.auditPool(0)).to.equal(POOL);
    });
    const record = async (seconds: number): Promise<bigint> => {
      const { auditor } = world.people;
      const before = await world.balance(auditor);
      await world.at(2, seconds);
      await world.audits.connect(auditor).recordBeacon(0, 2, world.ethers.toBeHex(7, 32));
      return (await world.balance(auditor)) - before;
    };
    const QUARTER = EPOCH / 4;

    for (const [when, seconds, reward] of [
      ["at the source point", 0, POOL / 8n],
      ["a second later", 1, (POOL * BigInt(QUARTER - 1)) / BigInt(8 * QUARTER)],
      ["half of the shortest window later", QUARTER / 2, POOL / 16n],
      ["in its last second", QUARTER - 1, POOL / BigInt(8 * QUARTER)],
      ["when it is over", QUARTER, 0n],
      ["at the end of the epoch", EPOCH - MARGIN - 1, 0n],
    ] as const) {
      it(`${when}: ${reward} units`, async () => {
        expect(await record(MARGIN + seconds)).to.equal(reward);
        expect(await world.ledger.auditPool(0)).to.equal(POOL - reward);
      });
    }

    it("and nobody for saying it again", async () => {
      expect(await record(MARGIN)).to.equal(POOL / 8n);
      expect(await record(MARGIN + 5)).to.equal(0n);
    });
  });
});
