// The range of a segment for a challenge, found from the events of its vNode, with tombstones, resets and compactions.
import { expect } from "chai";
import type { Chain, ChainEvent } from "../../client/chain.ts";
import { challengeBond, segmentRange, wholeRange } from "../../client/ranges.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";

const QUANTUM_BITS = 4n;

describe("client: the range of a challenge", () => {
  let events: ChainEvent[];
  let answers: Record<string, unknown>;
  const chain = {
    read: (_contract: string, method: string) => Promise.resolve(answers[method]),
    events: (fromBlock: number) => Promise.resolve(events.filter(({ block }) => block >= fromBlock)),
  } as unknown as Chain;
  const tell = (name: string, args: object, vNode = 2n): void => {
    const event = { contract: "registry", name, block: events.length, transaction: "0x" } as const;
    events.push({ ...event, args: { vNode, ...args } });
  };
  const store = (serial: number, weight: number, end = 99, vNode = 2n): void =>
    tell(
      "SegmentStored",
      { serial: BigInt(serial), perEpoch: BigInt(weight) << QUANTUM_BITS, end: BigInt(end) },
      vNode,
    );
  const holds = (total: number): void => void (answers["directory"] = { total: BigInt(total) });
  const find = (serial: number, fromBlock = 0) => segmentRange(chain, 2n, serial, fromBlock);
  beforeEach(() => {
    events = [];
    answers = { vNode: { cluster: 1n }, cluster: { quantumBits: QUANTUM_BITS } };
    store(0, 5, 4);
    store(0, 9, 99, 3n);
    store(1, 6, 3);
    store(2, 7);
    holds(18);
  });

  it("is all of the vNode, or what the segment weighs from the sum before it on", async () => {
    expect(await wholeRange(chain, 2n)).to.deep.equal({ start: 0, length: 18 });
    expect(await find(2)).to.deep.equal({ start: 11, length: 7 });
  });

  it("counts tombstones, and names none", async () => {
    tell("SegmentRetired", { serial: 1n });
    expect(await find(2)).to.deep.equal({ start: 11, length: 7 });
    const error = await holdfastErrorOf(find(1));
    expect(error.code).to.equal("not-found");
    expect(error.message).to.match(/segment 1 of vNode 2 has no entry/);
  });

  it("moves with a compaction, by the ends as they are then", async () => {
    tell("SegmentExtended", { serial: 0n, end: 9n });
    tell("CompactionStarted", { lastEnd: 4n });
    expect(await find(2)).to.deep.equal({ start: 11, length: 7 });
    tell("Compacted", { entries: 2n, total: 12n });
    holds(12);
    expect(await find(2)).to.deep.equal({ start: 5, length: 7 });
    tell("SegmentEndedEarly", { serial: 2n, end: 8n });
    tell("CompactionStarted", { lastEnd: 8n });
    tell("Compacted", { entries: 1n, total: 5n });
    holds(5);
    expect((await holdfastErrorOf(find(2))).code).to.equal("not-found");
  });

  it("begins anew after a reset", async () => {
    for (const serial of [0n, 1n, 2n]) tell("SegmentRetired", { serial });
    tell("DirectoryReset", {});
    store(3, 8);
    holds(8);
    expect(await find(3)).to.deep.equal({ start: 0, length: 8 });
  });

  it("is not guessed where events are missing", async () => {
    expect((await holdfastErrorOf(find(2, 1))).message).to.match(
      /vNode 2 has events before block 1: .* --from-block/,
    );
    tell("SegmentRetired", { serial: 0n });
    expect((await holdfastErrorOf(find(2, 1))).code).to.equal("chain");
  });

  it("is none of a vNode that holds nothing", async () => {
    holds(0);
    expect((await holdfastErrorOf(wholeRange(chain, 2n))).message).to.match(/vNode 2 stores nothing/);
  });

  it("costs 8 epochs of the vNode's rate, the least at least, and twice as much for each that is open", async () => {
    Object.assign(answers, { minBond: 100n, openOf: [], outlook: { epoch: 5n }, duty: { rate: 12n } });
    expect(await challengeBond(chain, 2n)).to.equal(100n);
    answers["duty"] = { rate: 13n };
    expect(await challengeBond(chain, 2n)).to.equal(104n);
    answers["openOf"] = [1n, 2n];
    expect(await challengeBond(chain, 2n)).to.equal(416n);
  });
});
