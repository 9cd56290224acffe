// The auditor's loop against a chain made up on the spot: verdicts, settling, and failures on its own side.
import { expect } from "chai";
import { directoryOf, looked, PROOF, prove, SEGMENT, WEIGHT, world } from "../../evidence/world/audited.ts";
import { present } from "../../evidence/world/present.ts";
import { toHex32 } from "../../protocol/field.ts";
import { openState } from "../../verifier/state.ts";

describe("verifier: the auditor", () => {
  it("verifies a proof of the calldata against what the events say", async () => {
    const one = world();
    const auditor = one.start();
    prove(one);
    await looked(auditor);
    expect(one.said("verified")).to.deep.equal([
      { level: "info", message: "verified", vNode: 1, epoch: 2, outcome: "valid", transaction: "0xbb" },
    ]);
    const [words] = one.verified;
    expect(words?.slice(0, 8)).to.deep.equal(PROOF);
    expect(words?.[8]).to.equal(directoryOf(11n).root);
    expect(words?.slice(10)).to.deep.equal([0n, BigInt(WEIGHT)]);
  });

  it("says that a proof does not hold", async () => {
    const one = world();
    one.fake.proofHolds = false;
    const auditor = one.start();
    prove(one);
    await looked(auditor);
    expect(one.said("verified")).to.have.length(1);
    expect(one.said("verified")[0]).to.include({ level: "error", outcome: "invalid" });
  });

  it("says that another node was to prove", async () => {
    const one = world();
    const auditor = one.start();
    prove(one, {}, 8n);
    await looked(auditor);
    expect(one.said("verified")[0]).to.include({
      outcome: "invalid",
      reason: "node 8 is reported to have proven, but node 7 had to",
    });
    expect(one.verified).to.have.length(0);
  });

  for (const [what, proofs] of [
    ["another contract delivered the proof", undefined],
    [
      "the transaction's calldata does not contain the proof",
      [{ vNode: 1n, epoch: 3, takeOver: false, proof: PROOF }],
    ],
    [
      "the transaction's calldata does not contain the proof",
      [{ vNode: 1n, epoch: 2, takeOver: true, proof: PROOF }],
    ],
  ] as const) {
    it(`calls a proof that it cannot find unseen, and never invalid: ${what}`, async () => {
      const one = world();
      one.fake.proofHolds = false;
      const state = openState(":memory:");
      const auditor = one.start(state);
      prove(one);
      one.proofs.set("0xbb", proofs && [...proofs]);
      await looked(auditor);
      expect(one.said("verified")[0]).to.include({ level: "warn", outcome: "unseen", reason: what });
      expect(state.counts()).to.include({ valid: 0, invalid: 0, unseen: 1 });
      expect(one.verified).to.have.length(0);
    });
  }

  it("takes the proof that holds, if a batch has one beside it that does not", async () => {
    const one = world();
    const auditor = one.start();
    prove(one);
    const proof = { vNode: 1n, epoch: 2, takeOver: false };
    one.proofs.set("0xbb", [
      { ...proof, proof: PROOF.with(0, 9n) },
      { ...proof, proof: PROOF },
    ]);
    one.fake.proofHolds = false;
    one.fake.meanwhile = () => void (one.fake.proofHolds = one.verified.at(-1)?.[0] === 1n);
    await looked(auditor);
    expect(one.said("verified")[0]).to.include({ outcome: "valid" });
  });

  it("verifies the proof of a node that takes over, and leaves the word about a first proof alone", async () => {
    const one = world();
    const state = openState(":memory:");
    const auditor = one.start(state);
    one.mine(1, { name: "NodeAssigned", args: { node: 8n, fromEpoch: 2n } });
    prove(one);
    one.proofs.set("0xcc", [{ vNode: 1n, epoch: 2, takeOver: true, proof: PROOF }]);
    one.mine(2, { name: "TakeOverProven", args: { node: 8n, epoch: 3n }, transaction: "0xcc" });
    one.mine(3, { name: "NodeSwitched", args: { node: 8n, fromEpoch: 3n } });
    one.mine(3, { name: "TakeOverProven", args: { node: 8n, epoch: 3n }, transaction: "0xdd" });
    await looked(auditor);
    const verdict = { level: "info", message: "verified", vNode: 1, epoch: 2, outcome: "valid" };
    expect(one.said("verified")).to.deep.equal([
      { ...verdict, transaction: "0xbb" },
      { ...verdict, transaction: "0xcc", takeOver: true },
    ]);
    const [ofNode, ofSuccessor] = one.verified.map((words) => words[9]);
    expect(ofNode, "each has its own seed").not.to.equal(ofSuccessor);
    expect(state.counts()).to.include({ valid: 2, contradictions: 0 });
  });

  it("says that nobody waited to take over", async () => {
    const one = world();
    const auditor = one.start();
    prove(one);
    one.mine(2, { name: "TakeOverProven", args: { node: 8n, epoch: 3n }, transaction: "0xcc" });
    await looked(auditor);
    expect(one.said("verified")[1]).to.include({ outcome: "invalid" });
    expect(one.said("contradiction")[0]).to.include({
      level: "error",
      what: "node 8 proves a take-over without having been named",
    });
  });

  it("compares the chain's directories with those of the events, once an epoch, and says once what differs", async () => {
    const one = world();
    const state = openState(":memory:");
    const auditor = one.start(state);
    one.mine(2);
    await looked(auditor);
    expect(one.said("contradiction")).to.deep.equal([]);
    for (const wrong of [{ total: 6 }, { root: 5n }]) {
      one.fake.directory = { ...directoryOf(11n), ...wrong };
      await looked(auditor);
    }
    expect(one.said("contradiction"), "as the epoch began").to.deep.equal([]);
    one.mine(3);
    one.fake.down = "directory";
    await looked(auditor);
    expect(auditor.status.troubles.join()).to.match(/reading the chain: the chain is down/);
    one.fake.down = undefined;
    await looked(auditor);
    await looked(auditor);
    expect(one.said("contradiction"), "before everything was read again").to.deep.equal([]);
    await looked(auditor);
    expect(one.said("contradiction")).to.have.length(1);
    const again = one.start(state);
    for (let i = 0; i < 3; i++) await looked(again);
    expect(one.said("contradiction"), "across a restart").to.have.length(1);
    expect(state.counts().contradictions).to.equal(1);
  });

  it("judges a proof once, across a restart", async () => {
    const one = world();
    const state = openState(":memory:");
    const auditor = one.start(state);
    prove(one);
    await looked(auditor);
    await looked(auditor);
    const again = one.start(state);
    await looked(again);
    expect(one.said("verified")).to.have.length(1);
    const none = { invalid: 0, unseen: 0, missed: 0, contradictions: 0 };
    expect(state.counts()).to.deep.equal({ valid: 1, ...none });
  });

  for (const what of ["proofsIn", "events", "block", "counts"]) {
    it(`holds no outage of its own against a node: ${what} fails`, async () => {
      const one = world();
      const auditor = one.start();
      prove(one);
      one.fake.down = what;
      await looked(auditor);
      expect(one.said("verified")).to.have.length(0);
      expect(auditor.status.troubles.join()).to.match(/the chain is down/);
      one.fake.down = undefined;
      await looked(auditor);
      expect(one.said("verified")[0]).to.include({ outcome: "valid" });
      expect(auditor.status.troubles).to.have.length(0);
    });
  }

  it("accuses nobody whose proof is under another key than its own, such as one that was added meanwhile", async () => {
    const one = world();
    const auditor = one.start();
    await looked(auditor);
    one.fake.proofHolds = false;
    one.fake.keyHashes.push(toHex32(2n));
    one.mine(0, { name: "ClusterChanged", args: { cluster: 1n, beacon: 0n, profile: 1n, fromEpoch: 2n } });
    prove(one);
    one.fake.down = "profileCount";
    await looked(auditor);
    expect(auditor.status.troubles.join()).to.match(/reading the chain: the chain is down/);
    one.fake.down = undefined;
    await looked(auditor);
    expect(one.verified).to.deep.equal([]);
    expect(one.said("verified")).to.deep.equal([]);
    const unknown = "a profile uses another key than this auditor: its proofs are not verified";
    expect(one.said(unknown)).to.deep.equal([{ level: "warn", message: unknown, profile: 1 }]);
  });

  it("ends challenges that nobody answered, not before their time, and no other ones", async () => {
    const one = world();
    const auditor = one.start();
    for (const id of [1n, 2n, 3n, 4n, 5n]) one.mine(2, { name: "Challenged", args: { id } });
    one.mine(3, { name: "Answered", args: { id: 2n } });
    one.mine(4, { name: "Failed", args: { id: 3n } });
    one.mine(4, { name: "Voided", args: { id: 4n } });
    one.mine(4, { name: "Dismissed", args: { id: 5n } });
    await looked(auditor);
    expect(one.expired).to.deep.equal([]);
    one.mine(5);
    one.fake.paused = 1;
    await looked(auditor);
    expect(one.expired, "the node pauses").to.deep.equal([]);
    one.mine(6);
    one.fake.down = "expire";
    await looked(auditor);
    expect(auditor.status.troubles.join()).to.match(/ending challenge 1/);
    one.fake.down = undefined;
    await looked(auditor);
    one.mine(6, { name: "Failed", args: { id: 1n } });
    await looked(auditor);
    expect(one.expired).to.deep.equal([1n, 1n]);
    expect(one.said("expired")).to.have.length(1);
  });

  it("settles what is over, and leaves alone what is settled or idle", async () => {
    const one = world();
    const auditor = one.start();
    one.mine(3);
    await looked(auditor);
    expect(one.settlements).to.deep.equal([1n]);
    expect(one.said("settled")[0]).to.include({ vNode: 1, from: 1, through: 2 });
    for (const state of [
      { settled: 2, idle: false },
      { settled: 0, idle: true },
    ]) {
      one.fake.states.set(1n, state);
      await looked(auditor);
    }
    expect(one.settlements).to.have.length(1);
  });

  it("reports a miss", async () => {
    const one = world();
    const state = openState(":memory:");
    const auditor = one.start(state);
    one.mine(3, { name: "Missed", args: { node: 7n, epoch: 2n, misses: 1n } });
    await looked(auditor);
    expect(one.said("missed")).to.deep.equal([
      { level: "warn", message: "missed", vNode: 1, node: 7, epoch: 2, misses: 1 },
    ]);
    expect(state.counts().missed).to.equal(1);
  });

  it("reads everything again after a reorganization", async () => {
    const one = world();
    const auditor = one.start();
    one.mine(1, { name: "SegmentStored", args: { serial: 1n, root: toHex32(12n), start: 5n, ...SEGMENT } });
    await looked(auditor);
    one.blocks.pop();
    one.mine(1);
    present(one.blocks.at(-1)).hash = "0xother";
    prove(one);
    await looked(auditor);
    expect(one.said("the chain was reorganized: reading its events again")).to.have.length(1);
    expect(one.verified.at(-1)?.at(-1), "weight of the segment that is still there").to.equal(5n);
  });

  it("ends when told to, in the middle of its work", async () => {
    const one = world();
    const auditor = one.start();
    one.mine(4);
    one.fake.down = "settle";
    const running = auditor.run();
    one.ending.abort();
    await running;
    expect(one.said("verified")).to.have.length(0);
  });
});
