import { expect } from "chai";
import type { Entry } from "../../evidence/soak/diary.ts";
import {
  ENOUGH_MS as BESIDES_MS,
  judge,
  longestGap,
  PROOF_MS,
  type Evidence,
} from "../../evidence/soak/judge.ts";

describe("soak: judge", () => {
  const ENOUGH_MS = BESIDES_MS + PROOF_MS;
  const clock = { genesis: 1_000, epochSeconds: 40, margin: 10 };
  /** The window of epoch 2, from the source point to the end, in milliseconds. */
  const [BEGIN, END] = [1_090_000, 1_120_000];
  const entry = (fields: Partial<Entry>): Entry => ({
    at: BEGIN,
    until: END,
    kind: "endpoint",
    whom: "node-1",
    what: "hanging",
    outage: true,
    details: {},
    ...fields,
  });
  const judged = (fields: Partial<Evidence>) =>
    judge({
      clock,
      entries: [],
      times: [],
      last: 2,
      recorded: new Map([[2, BEGIN + 1_000]]),
      vNodes: [{ id: 1, node: "node-1" }],
      segments: [{ vNode: 1, from: 1, end: 3 }],
      proofs: [{ vNode: 1, epoch: 1 }],
      ...fields,
    });
  const cause = (...entries: Entry[]) => judged({ entries }).rows.find(({ epoch }) => epoch === 2)?.cause;

  it("asks for each epoch in which a segment is paid for, and no other", () => {
    const segments = [
      { vNode: 1, from: 1, end: 2 },
      { vNode: 1, from: 4, end: 5 },
      { vNode: 2, from: 3, end: 4 },
    ];
    expect(judged({ segments, last: 9 }).rows.map(({ epoch }) => epoch)).to.deep.equal([1, 4]);
  });

  it("takes one proof for each", () => {
    const proofs = [1, 2].map((epoch) => ({ vNode: 1, epoch }));
    const { rows, twice } = judged({ proofs });
    expect(rows.map(({ verdict }) => verdict)).to.deep.equal(["proven", "proven"]);
    expect(twice).to.deep.equal([]);
  });

  it("finds the second proof of an epoch", () => {
    const proofs = [1, 2, 2].map((epoch) => ({ vNode: 1, epoch }));
    expect(judged({ proofs }).twice).to.deep.equal(["vNode 1, epoch 2: 2 proofs"]);
  });

  it("finds no reason where nothing was injected", () => {
    expect(cause()).to.equal(undefined);
  });

  it("takes an outage for a reason only if it left too little time at a stretch", () => {
    const late = entry({ at: BEGIN + 1_000 + ENOUGH_MS - 1 });
    expect(cause(late)).to.equal("outage");
    expect(cause({ ...late, at: late.at + 1 })).to.equal(undefined);
    const early = entry({ until: END - ENOUGH_MS });
    expect(cause(early)).to.equal(undefined);
    expect(cause({ ...early, until: END - ENOUGH_MS + 1 })).to.equal("outage");
  });

  it("gives a busy machine the time that proofs take there", () => {
    const late = entry({ at: BEGIN + 1_000 + BESIDES_MS + 5_000 });
    const caused = (epoch: number, node: string) =>
      judged({ entries: [late], times: [{ node, epoch, milliseconds: 5_001 }] }).rows.at(-1)?.cause;
    expect(caused(1, "node-1")).to.equal("outage");
    expect(caused(0, "node-1")).to.equal(undefined);
    expect(caused(2, "node-2")).to.equal(undefined);
  });

  it("counts what has not ended", () => {
    expect(cause(entry({ until: undefined }))).to.equal("outage");
  });

  it("counts what was done to the chain, and not what was done to others or can be borne", () => {
    expect(cause(entry({ whom: "chain" }))).to.equal("outage");
    expect(cause(entry({ whom: "node-2" }))).to.equal(undefined);
    expect(cause(entry({ outage: false }))).to.equal(undefined);
  });

  it("blames the data only where no copy was left", () => {
    const damage = entry({ kind: "disk", outage: false, details: { copies: 0 }, until: undefined });
    expect(cause(damage)).to.equal("data");
    expect(cause({ ...damage, details: { copies: 1 } })).to.equal(undefined);
    expect(cause({ ...damage, whom: "node-2" })).to.equal(undefined);
  });

  it("gives a node whose data was damaged the time from then on, while whoever has a copy can be asked", () => {
    const damage = entry({ kind: "disk", outage: false, details: { copies: 1 }, at: END - ENOUGH_MS + 1 });
    const busy = entry({ until: END - ENOUGH_MS + 1 });
    expect(cause(busy, damage)).to.equal("outage");
    expect(cause(entry({ whom: "node-2" }), { ...damage, at: BEGIN })).to.equal("outage");
    expect(cause(entry({ whom: "auditor" }), { ...damage, at: BEGIN })).to.equal(undefined);
  });

  it("takes a full disk for a reason only where something was to be repaired", () => {
    const full = entry({ kind: "disk", what: "filled", outage: false, details: { full: true } });
    expect(cause(full)).to.equal(undefined);
    const damage = entry({ kind: "disk", outage: false, details: { copies: 1 } });
    expect(cause(full, damage)).to.equal("outage");
  });

  it("waits a quarter of the window at most for the randomness", () => {
    const blocked = entry({ at: BEGIN + 7_500 + ENOUGH_MS });
    expect(judged({ entries: [blocked], recorded: new Map() }).rows.at(-1)?.cause).to.equal(undefined);
    const shorter = { ...blocked, at: blocked.at - 1 };
    expect(judged({ entries: [shorter], recorded: new Map() }).rows.at(-1)?.cause).to.equal("outage");
  });

  it("measures the longest gap between what overlaps", () => {
    const covers = [
      { at: 50, until: 60 },
      { at: 10, until: 40 },
      { at: 15, until: 20 },
    ];
    expect(longestGap(covers, { from: 0, end: 100 })).to.equal(40);
    expect(longestGap(covers, { from: 30, end: 55 })).to.equal(10);
    expect(longestGap([], { from: 30, end: 55 })).to.equal(25);
    expect(longestGap([{ at: 0, until: undefined }], { from: 30, end: 55 })).to.equal(0);
  });
});
