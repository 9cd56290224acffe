// The beacons that the auditor records, and those that it compares with their records.
import { expect } from "chai";
import { roundEvidence } from "../../drand/rounds.ts";
import {
  DRAND_KEY,
  EPOCH,
  looked,
  MARGIN,
  prove,
  randomness,
  ROUND,
  world,
} from "../../evidence/world/audited.ts";
import { toHex32 } from "../../protocol/field.ts";

describe("verifier: the auditor and its beacons", () => {
  it("records the running epoch's beacon once", async () => {
    const one = world();
    const auditor = one.start();
    one.mine(3);
    await looked(auditor);
    await looked(auditor);
    const evidence = roundEvidence(3 * EPOCH + MARGIN, Buffer.from(toHex32(7n).slice(2), "hex"));
    expect(one.recorded).to.deep.equal([{ beacon: 0, epoch: 3, evidence }]);
  });

  it("asks for no randomness before its source point", async () => {
    const one = world();
    one.fake.relayDown = true;
    const auditor = one.start();
    one.mineAt(3 * EPOCH + MARGIN - 1);
    await looked(auditor);
    expect(auditor.status.troubles).to.deep.equal([]);
    one.fake.relayDown = false;
    one.mineAt(3 * EPOCH + MARGIN);
    await looked(auditor);
    expect(one.recorded.map(({ epoch }) => epoch)).to.deep.equal([3]);
  });

  it("records between two proofs that take long, as soon as the next epoch's randomness is known", async () => {
    const one = world();
    const auditor = one.start();
    prove(one);
    one.mine(2, { name: "Missed", args: { node: 7n, epoch: 1n, misses: 1n } });
    const order: string[] = [];
    one.fake.meanwhile = () => {
      one.mine(3);
      one.fake.clock += 1000 * EPOCH;
      order.push(`verified, ${one.recorded.length} recorded`);
    };
    await looked(auditor);
    expect(order).to.deep.equal(["verified, 1 recorded"]);
    expect(one.recorded.map(({ epoch }) => epoch)).to.deep.equal([2, 3]);
    expect(one.said("missed")).to.have.length(1);
  });

  for (const [what, drift, ms] of [
    ["until the next source point at most", 0, 250],
    ["as always if the chain's clock is behind its own", 300, 1000],
  ] as const) {
    it(`waits ${what}`, async () => {
      const one = world();
      const auditor = one.start();
      one.mineAt(3 * EPOCH + MARGIN - 0.25);
      one.fake.drift = drift;
      await auditor.run();
      expect(one.slept).to.deep.equal([ms]);
    });
  }

  it("records a beacon that the deployment adds meanwhile, unless it is of a drand network with another key", async () => {
    const one = world();
    const auditor = one.start();
    one.mine(3);
    await looked(auditor);
    one.fake.drandKeys.push("cd".repeat(128), DRAND_KEY);
    one.mine(4, { name: "BeaconRecorded", args: { beacon: 1n, epoch: 3n, randomness: randomness(1) } });
    await looked(auditor);
    await looked(auditor);
    expect(one.recorded.map(({ beacon, epoch }) => [beacon, epoch])).to.deep.equal([
      [0, 3],
      [0, 4],
      [2, 4],
    ]);
    const unknown = "a beacon uses another drand key than this auditor: it is neither recorded nor checked";
    expect(one.said(unknown)).to.deep.equal([{ level: "warn", message: unknown, beacon: 1 }]);
    expect(one.said("beacon")).to.deep.equal([]);
  });

  it("records what the headers say, once they are there, and compares what is on record with them", async () => {
    const one = world();
    one.fake.headers = { value: undefined };
    const auditor = one.start();
    one.mine(2);
    await looked(auditor);
    expect(one.recorded).to.have.length(0);
    one.fake.headers.value = { evidence: Uint8Array.of(5), randomness: toHex32(8n) };
    await looked(auditor);
    expect(one.recorded).to.deep.equal([{ beacon: 0, epoch: 2, evidence: Uint8Array.of(5) }]);
    for (const value of [8n, 9n])
      one.mine(2, { name: "BeaconRecorded", args: { beacon: 0n, epoch: 2n, randomness: toHex32(value) } });
    await looked(auditor);
    expect(one.said("beacon").map((line) => [line["agrees"], line.level])).to.deep.equal([
      [true, "info"],
      [false, "error"],
    ]);
  });

  it("records nothing in epoch 0, which nobody has to prove", async () => {
    const one = world();
    await looked(one.start());
    expect(one.recorded).to.have.length(0);
  });

  it("verifies and settles while no relay answers", async () => {
    const one = world();
    const auditor = one.start();
    one.mine(4);
    one.fake.relayDown = true;
    await looked(auditor);
    expect(one.recorded).to.have.length(0);
    expect(one.settlements).to.deep.equal([1n]);
    one.fake.relayDown = false;
    await looked(auditor);
    expect(one.recorded).to.have.length(1);
  });

  it("says when the beacon on record is not drand's", async () => {
    const one = world();
    const auditor = one.start();
    one.mine(2, {
      name: "BeaconRecorded",
      args: { beacon: 0n, epoch: 2n, randomness: randomness(ROUND - 1) },
    });
    await looked(auditor);
    expect(one.said("beacon")).to.deep.equal([
      { level: "error", message: "beacon", epoch: 2, round: ROUND, beacon: 0, agrees: false },
    ]);
  });
});
