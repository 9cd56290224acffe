// What the auditor does where an endpoint leaves events out: it asks again, and accuses nobody.
import { expect } from "chai";
import { looked, prove, SEGMENT, world } from "../../evidence/world/audited.ts";
import { toHex32 } from "../../protocol/field.ts";
import { openState } from "../../verifier/state.ts";

describe("verifier: the auditor", () => {
  describe("where an endpoint leaves events out", () => {
    const changed = { name: "ClusterChanged", args: { cluster: 1n, beacon: 0n, profile: 0n, fromEpoch: 2n } };
    const LOST = [
      "ClusterCreated",
      "VNodeAdded",
      "NodeAssigned",
      "NodeSwitched",
      "SegmentStored",
      "BeaconRecorded",
    ];
    for (const name of [...LOST, "ClusterChanged"])
      it(`says nothing against anybody, and judges once it has them: ${name}`, async () => {
        const one = world();
        const state = openState(":memory:");
        const auditor = one.start(state);
        // Without the event that is left out, epoch 2 would use another beacon.
        one.mine(
          0,
          { ...changed, args: { ...changed.args, beacon: name === "ClusterChanged" ? 1n : 0n } },
          changed,
        );
        let left = true;
        const lost = one.blocks.flatMap(({ events }) => events).findLast((event) => event.name === name);
        one.fake.hidden = (event) => left && (lost ? event === lost : event.name === name);
        prove(one);
        one.fake.down = "events";
        await looked(auditor);
        one.fake.down = undefined;
        const warn = one.log.warn.bind(one.log);
        one.log.warn = (fields, message) => {
          // As soon as it reads again.
          if (/reading (all events|them) again/.test(message)) left = false;
          warn(fields, message);
        };
        for (let i = 0; i < 3; i++) await looked(auditor);
        expect(left, "it was noticed").to.equal(false);
        expect(state.counts()).to.include({ valid: 1, invalid: 0, unseen: 0, contradictions: 0 });
      });

    it("verifies a proof of which it saw no event, when the epoch is over", async () => {
      const one = world();
      const state = openState(":memory:");
      const auditor = one.start(state);
      one.mine(2);
      await looked(auditor);
      let left = true;
      one.fake.hidden = ({ name }) => left && name === "Proven";
      prove(one);
      await looked(auditor);
      expect(state.counts()).to.include({ valid: 0, invalid: 0 });
      left = false;
      one.mine(3);
      await looked(auditor);
      expect(auditor.status.troubles.join()).to.include("vNode 1 has proven epoch 2, but no event says so");
      await looked(auditor);
      expect(state.counts()).to.include({ valid: 1, invalid: 0, unseen: 0, contradictions: 0 });
      expect(one.said("the chain's events are inconsistent: reading them again")).to.have.length(1);
    });

    it("goes on where nobody can say who has proven, and asks no more after a while", async () => {
      const one = world();
      const state = openState(":memory:");
      const auditor = one.start(state);
      one.mine(1);
      await looked(auditor);
      one.fake.down = "proven";
      prove(one);
      for (let i = 0; i < 4; i++) {
        one.mine(2);
        await looked(auditor);
      }
      expect(state.counts()).to.include({ valid: 1 });
      expect(one.said("cannot find out whether all proofs of the last epoch were seen")).to.have.length(1);
      expect(auditor.status.troubles).to.deep.equal([]);
    });

    it("asks about no vNode that came after the epoch", async () => {
      const one = world();
      const auditor = one.start();
      one.mine(2);
      await looked(auditor);
      one.fake.states.set(2n, { settled: 2, idle: true });
      one.mine(3, { name: "VNodeAdded", args: { vNode: 2n, cluster: 1n } });
      await looked(auditor);
      expect(auditor.status.troubles).to.deep.equal([]);
      expect(one.lines.filter(({ level }) => level === "warn")).to.deep.equal([]);
    });

    it("waits longer and longer while they stay out, says so, and goes on when they are there", async () => {
      const one = world();
      const auditor = one.start();
      one.fake.hidden = ({ name }) => name === "VNodeAdded";
      prove(one);
      for (let i = 0; i < 8; i++) await looked(auditor);
      expect(auditor.status.troubles.join()).to.include("use another RPC, or an earlier fromBlock");
      const readings = one.said("the chain's events are inconsistent: reading them again").length;
      one.fake.hidden = () => false;
      await looked(auditor);
      expect(one.said("the chain's events are inconsistent: reading them again")).to.have.length(readings);
      expect(readings).to.equal(4);
      one.fake.clock += 600_000;
      await looked(auditor);
      expect(one.said("verified")[0]).to.include({ outcome: "valid" });
    });
  });

  it("reads everything again also where one transaction seems to contradict itself twice", async () => {
    const one = world();
    const state = openState(":memory:");
    const auditor = one.start(state);
    const store = (serial: bigint, start: bigint) => ({
      name: "SegmentStored",
      args: { serial, root: toHex32(12n), start, ...SEGMENT },
      transaction: "0xcc",
    });
    one.mine(1, store(1n, 5n), store(2n, 10n), store(3n, 15n));
    // Without the first segment, the others do not begin where they say.
    let left = true;
    one.fake.hidden = ({ args }) => left && args["serial"] === 1n;
    const warn = one.log.warn.bind(one.log);
    one.log.warn = (fields, message) => {
      if (message.includes("reading all events again")) left = false;
      warn(fields, message);
    };
    await looked(auditor);
    expect(left, "it was noticed").to.equal(false);
    expect(state.counts().contradictions).to.equal(0);
  });

  it("judges again what it called invalid, when it has read everything anew", async () => {
    const one = world();
    const state = openState(":memory:");
    one.fake.proofHolds = false;
    prove(one);
    await looked(one.start(state));
    expect(state.counts()).to.include({ valid: 0, invalid: 1 });
    await looked(one.start(state));
    expect(one.said("verified"), "said once").to.have.length(1);
    one.fake.proofHolds = true;
    await looked(one.start(state));
    expect(state.counts()).to.include({ valid: 1, invalid: 0 });
  });
});
