// Events of a range, read in parts that an endpoint accepts.
import { expect } from "chai";
import type { Filter } from "ethers";
import { createLogReader, type MinedLog } from "../../chain/logs.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { errorOf, holdfastErrorOf } from "../helpers/errors.ts";

describe("chain: logs", () => {
  const LAST = 20_000;
  /** Blocks with an event each; two where it says so. */
  const blocks = [0, 7, 999, 1000, 1000, 4999, 5000, 12_345, LAST];
  let asked: (readonly [number, number])[];
  let mostBlocks: number;
  let mostLogs: number;
  beforeEach(() => {
    [asked, mostBlocks, mostLogs] = [[], Infinity, Infinity];
  });

  const log = (blockNumber: number): MinedLog => ({ blockNumber, removed: false });
  const source = {
    async getLogs({ fromBlock, toBlock }: Filter): Promise<MinedLog[]> {
      const [from, to] = [Number(fromBlock), Number(toBlock)];
      await Promise.resolve();
      if (to - from + 1 > mostBlocks) throw new Error(`block range is limited to ${mostBlocks}`);
      const found = blocks.filter((block) => block >= from && block <= to);
      if (found.length > mostLogs) throw new Error("query returned more than 10000 results");
      asked.push([from, to]);
      return found.map(log);
    },
  };
  const read = async (): Promise<number[]> =>
    (await createLogReader(source, ["0x01"]).read(0, LAST)).map(({ blockNumber }) => blockNumber);

  for (const most of [Infinity, 1000, 10, 1])
    it(`are all there, once and in order, from an endpoint that gives ${most} blocks at once`, async () => {
      mostBlocks = most;
      expect(await read()).to.deep.equal(blocks);
      asked.forEach(([from], i) => expect(from).to.equal((asked[i - 1]?.[1] ?? -1) + 1));
    });

  it("are all there from an endpoint that gives two at once", async () => {
    mostLogs = 2;
    expect(await read()).to.deep.equal(blocks);
  });

  it("are asked for in larger ranges again after a dense place", async () => {
    mostLogs = 2;
    const reader = createLogReader(source, ["0x01"]);
    await reader.read(0, LAST);
    mostLogs = Infinity;
    for (let i = 0; i < 300; i++) await reader.read(0, LAST);
    expect(asked.slice(-5)).to.deep.equal([
      [0, 4999],
      [5000, 9999],
      [10_000, 14_999],
      [15_000, 19_999],
      [20_000, 20_000],
    ]);
  });

  it("are as many as an endpoint gives in one answer", async () => {
    const many = { getLogs: () => Promise.resolve(Array.from({ length: 150_000 }, () => log(1))) };
    expect(await createLogReader(many, ["0x01"]).read(0, 1)).to.have.length(150_000);
  });

  it("are refused if a single block has too many", async () => {
    mostLogs = 1;
    expect((await errorOf(read())).message).to.include("more than 10000");
  });

  it("are not asked for in parts from an endpoint that does not answer", async () => {
    let times = 0;
    const silent = {
      getLogs: () => Promise.reject(new HoldfastError("unreachable", String(++times))),
    };
    expect(await holdfastErrorOf(createLogReader(silent, []).read(0, LAST))).to.include({ message: "1" });
  });

  it("are not taken if they are of other blocks, or of a block that is gone", async () => {
    for (const wrong of [log(5), { ...log(12), removed: true }]) {
      const liar = { getLogs: () => Promise.resolve([wrong]) };
      expect(await holdfastErrorOf(createLogReader(liar, []).read(10, 20))).to.include({
        code: "unreachable",
      });
    }
  });
});
