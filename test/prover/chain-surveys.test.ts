import { expect } from "chai";
import type { Block, ChainEvent, EventSource } from "../../chain/events.ts";
import type { Duty, VNodeState } from "../../prover/chain-model.ts";
import { createSurveys } from "../../prover/chain-surveys.ts";

describe("prover: surveys", () => {
  const EPOCH_SECONDS = 100;
  const MARGIN = 25;
  const [SEED, ROOT] = [5n, 6n];
  let duty: Duty;
  let state: VNodeState;
  let asked: number;
  /** The events that the endpoint gives of the next block. */
  let given: ChainEvent[];
  let surveys: ReturnType<typeof createSurveys>;
  let number: number;

  const blockAt = (timestamp: number): Block => ({ number, hash: `0x${number}`, parent: "0x", timestamp });
  const look = async (timestamp: number): Promise<Duty> => {
    number++;
    for await (const page of surveys.events(number, blockAt(timestamp))) expect(page.to).to.equal(number);
    return (await surveys.survey(1n, blockAt(timestamp))).duty;
  };
  const event = (name: string, args: ChainEvent["args"] = {}): ChainEvent => ({
    name,
    args,
    block: number,
    transaction: "0x",
    timestamp: 0,
  });

  beforeEach(() => {
    [asked, given, number] = [0, [], 0];
    duty = {
      due: true,
      proven: false,
      node: 1n,
      seed: undefined,
      root: ROOT,
      total: 8,
      deadline: 200,
      takeOver: undefined,
      rate: 1n,
      asked: 1n,
    };
    state = {
      responsible: 1n,
      nextNode: 0n,
      nextSince: 0,
      nextSyncLeft: 0,
      rate: 1n,
      committed: 1n,
      locked: 1n,
      nextLocked: 0n,
      short: false,
      deferred: 0n,
      settled: 0,
      misses: 0,
      syncLeft: 0,
      deferredSince: 0,
    };
    const source: EventSource = {
      block: () => Promise.resolve(blockAt(0)),
      blockHash: () => Promise.resolve(undefined),
      async *events(_, head) {
        yield await Promise.resolve({ events: given.splice(0), to: head.number });
      },
    };
    const views = {
      state: () => Promise.resolve({ ...state }),
      duty: () => {
        asked++;
        return Promise.resolve({ ...duty });
      },
    };
    surveys = createSurveys(source, views, {
      epochAt: (timestamp) => Math.floor(timestamp / EPOCH_SECONDS),
      sourcePoint: (epoch) => epoch * EPOCH_SECONDS + MARGIN,
    });
  });

  it("sees the randomness although an endpoint gave no events of its block", async () => {
    expect((await look(126)).seed).to.equal(undefined);
    duty = { ...duty, seed: SEED };
    expect((await look(127)).seed).to.equal(SEED);
  });

  it("asks more and more seldom for randomness that does not come", async () => {
    for (let time = 125; time < 125 + 64; time++) await look(time);
    expect(asked).to.equal(7);
    duty = { ...duty, seed: SEED };
    given = [event("BeaconRecorded")];
    expect((await look(190)).seed).to.equal(SEED);
  });

  it("asks once an epoch before the source point, and once the randomness is there", async () => {
    await look(100);
    await look(124);
    expect(asked, "before the source point").to.equal(1);
    duty = { ...duty, seed: SEED };
    await look(125);
    for (let time = 126; time < 200; time++) await look(time);
    expect(asked, "with the randomness").to.equal(2);
    await look(200);
    expect(asked, "in the next epoch").to.equal(3);
  });

  it("asks once an epoch about what holds nothing, or is not due", async () => {
    duty = { ...duty, due: false, seed: SEED };
    await look(130);
    await look(131);
    expect(asked).to.equal(1);
    [duty, state] = [
      { ...duty, seed: undefined },
      { ...state, committed: 0n },
    ];
    await look(230);
    await look(231);
    expect(asked).to.equal(2);
  });

  it("says the same by the same object", async () => {
    const first = await look(126);
    expect(await look(127)).to.equal(first);
    expect(asked).to.equal(2);
  });

  it("asks again when an event is about the vNode, or about all", async () => {
    await look(100);
    given = [event("SegmentStored", { vNode: 2n })];
    await look(101);
    expect(asked).to.equal(1);
    given = [event("SegmentStored", { vNode: 1n })];
    await look(102);
    expect(asked).to.equal(2);
    given = [event("BeaconRecorded")];
    await look(103);
    expect(asked).to.equal(3);
  });
});
