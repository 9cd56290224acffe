// A node that compacts its directories by itself: when, how far at a time, and after every kind of interruption.
import { expect } from "chai";
import { present } from "../../evidence/world/present.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { toHex32 } from "../../protocol/field.ts";
import type { Duties, DutyOptions } from "../../prover/duties.ts";
import { createDutyBench, type DutyBench } from "../helpers/duty-bench.ts";
import { NODE, PEER, VNODE, type FakeChain } from "../helpers/fake-chain.ts";
import type { DirectoryCall } from "../helpers/fake-directory.ts";
import { useFolder } from "../helpers/folder.ts";

describe("prover: compaction", () => {
  const folder = useFolder();
  let bench: DutyBench;
  let chain: FakeChain;

  /** 8 entries of weight 5. The entries 0, 2 and 5 end with epoch 7; it is epoch 5. */
  beforeEach(async () => {
    bench = await createDutyBench(folder());
    ({ chain } = bench);
    chain.time = 80;
    for (let i = 0; i < 8; i++)
      chain.store({ root: toHex32(BigInt(i + 1)), leaves: 5, end: [0, 2, 5].includes(i) ? 7 : 100 });
    chain.time = 100;
    chain.dutyChange = { due: false };
  });
  afterEach(() => bench.end());

  const create = (options: Partial<DutyOptions> = {}): Duties =>
    bench.create({ repairLost: false, retire: true, compactBelow: 0.78, ...options });
  const lookOnce = (duties: Duties): Promise<void> => bench.lookOnce(duties);
  const calls = (): DirectoryCall[] => chain.mined.flatMap((call) => (call.kind === "compact" ? [call] : []));
  const written = (): number[][] => calls().map(({ openings }) => openings.map(({ serial }) => serial));
  const serials = (): number[] => chain.vNodeDirectory.entries.map(({ serial }) => serial);
  const toEpoch = (epoch: number): void => void (chain.time = epoch * 20);
  const LIVE = [1, 3, 4, 6, 7];

  it("begins in the last epoch before less would be paid, writes what is live, and says so", async () => {
    const duties = create();
    await lookOnce(duties);
    expect(calls()).to.deep.equal([]);
    toEpoch(6);
    await lookOnce(duties);
    expect(written()).to.deep.equal([LIVE]);
    expect(serials()).to.deep.equal(LIVE);
    const begins = { vNode: 7, reason: "coverage", entries: 8, live: 5, coverage: 0.625 };
    expect(bench.linesOf("compaction begins")[0]).to.include(begins);
    expect(bench.linesOf("compacted")[0]).to.include({
      vNode: 7,
      entries: 5,
      removed: 3,
      transactions: 1,
      gasUsed: 21_000,
    });
    expect(await bench.metrics.text()).to.match(
      /holdfast_compactions_total 1\n[^]*holdfast_compaction_gas_total 21000\n/,
    );
    await lookOnce(duties);
    expect(calls()).to.have.lengthOf(1);
    expect(bench.linesOf("work failed; will try again")).to.deep.equal([]);
  });

  it("does not while it saves less than its gas is worth", async () => {
    toEpoch(6);
    // 10 epochs, in each of which 100 - 83 = 17 units are not paid. 560,000 gas at 1 gwei are 560,000 gwei.
    await lookOnce(create({ coinValue: (171n * 10n ** 9n) / 560_000n }));
    expect(calls()).to.deep.equal([]);
    await lookOnce(create({ coinValue: (170n * 10n ** 9n) / 560_000n }));
    expect(calls()).to.have.lengthOf(1);
  });

  it("does not while it is not paid, or not responsible, or in an epoch's last tenth, or told not to", async () => {
    toEpoch(6);
    chain.stateChange = { short: true };
    await lookOnce(create());
    chain.stateChange = { syncLeft: 1 };
    await lookOnce(create());
    chain.stateChange = {};
    await lookOnce(create({ compactBelow: 0 }));
    chain.time = 138; // 2 seconds before the next epoch
    await lookOnce(create());
    toEpoch(6);
    chain.emit("NodeSwitched", { vNode: VNODE, node: PEER, fromEpoch: 6n });
    await lookOnce(create());
    expect(calls()).to.deep.equal([]);
    chain.emit("NodeSwitched", { vNode: VNODE, node: NODE, fromEpoch: 6n });
    await lookOnce(create());
    expect(calls()).to.have.lengthOf(1);
  });

  it("takes as many transactions as their gas asks for, each as large as it may be", async () => {
    toEpoch(6);
    chain.gasOf = (call) => 100_000n + 900_000n * BigInt(call.kind === "compact" ? call.openings.length : 0);
    await lookOnce(create({ compactGas: 2_000_000 }));
    expect(written()).to.deep.equal([[1, 3], [4, 6], [7]]);
    expect(serials()).to.deep.equal(LIVE);
    expect(bench.linesOf("compacted")[0]).to.include({ transactions: 3, gasUsed: 63_000 });
  });

  it("takes fewer where a transaction does not fit a block, and one in any case", async () => {
    toEpoch(6);
    const estimate = chain.estimate.bind(chain);
    chain.estimate = (call) =>
      call.kind === "compact" && call.openings.length > 1
        ? Promise.reject(new HoldfastError("chain", "out of gas"))
        : estimate(call);
    chain.gasOf = () => 3_000_000n;
    await lookOnce(create({ compactGas: 2_000_000 }));
    expect(written()).to.deep.equal([[1], [3], [4], [6], [7]]);
  });

  it("only begins with the first one, while what was accepted may still be stored", async () => {
    toEpoch(6);
    const terms = {
      vNode: VNODE,
      bucket: 5n,
      epochs: 1n,
      rent: 1n,
      segments: [{ root: toHex32(1n), leaves: 5 }],
    };
    bench.journal.recordAcceptance({ ...terms, deadline: 120n, consents: [] });
    await lookOnce(create());
    expect(written()).to.deep.equal([[], LIVE]);
  });

  it("empties a directory in which nothing is live, without opening anything", async () => {
    toEpoch(100);
    await lookOnce(create());
    expect(written()).to.deep.equal([[]]);
    expect(serials()).to.deep.equal([]);
  });

  describe("in the middle", () => {
    /** Stops the node after the first of three transactions. */
    const stopAfterFirst = async (): Promise<void> => {
      toEpoch(6);
      chain.gasOf = (call) => 900_000n * BigInt(call.kind === "compact" ? call.openings.length : 1);
      chain.refuse = (call) =>
        call.kind === "compact" && present(call.openings[0]).serial > 1
          ? new HoldfastError("unreachable", "no RPC")
          : undefined;
      const duties = create({ compactGas: 1_800_000 });
      await lookOnce(duties);
      expect(written()).to.deep.equal([[1, 3]]);
      chain.refuse = () => undefined;
    };

    it("says that it is under way, and that nothing is stored meanwhile", async () => {
      await stopAfterFirst();
      const duties = create({ compactBelow: 0 });
      chain.refuse = (call) => (call.kind === "compact" ? new HoldfastError("unreachable", "x") : undefined);
      await lookOnce(duties);
      expect(duties.status.vNodes[0]?.compactingSince).to.equal(6);
      expect(duties.status.vNodes[0]?.says.join()).to.match(/in compaction since epoch 6/);
      expect(await bench.metrics.text()).to.match(/holdfast_vnodes_compacting 1\n/);
    });

    it("goes on after a crash from where it was, in the next epoch too", async () => {
      chain.reschedule(7, 8); // after the one that it leaves out
      await stopAfterFirst();
      await bench.restart();
      toEpoch(7);
      await lookOnce(create({ compactGas: 1_800_000 }));
      expect(written()).to.deep.equal([[1, 3], [4, 6], [7]]);
      expect(serials()).to.deep.equal(LIVE);
    });

    it("delivers what was sent before a crash, and does not send it again", async () => {
      toEpoch(6);
      chain.autoMine = false;
      const duties = create();
      await duties.look();
      bench.clock.meanwhile.push(() => bench.stop());
      await duties.settled();
      await bench.restart();
      chain.autoMine = true;
      toEpoch(7); // where the same would be sent anew
      const again = create({ compactBelow: 0 });
      await lookOnce(again);
      await lookOnce(again);
      expect(chain.signed.filter(({ call }) => call.kind === "compact")).to.have.lengthOf(1);
      expect(serials()).to.deep.equal(LIVE);
      expect(bench.compacting.size).to.equal(0);
    });

    it("begins anew when it was given up, however little is left of what it had written", async () => {
      await stopAfterFirst();
      toEpoch(8);
      for (const serial of [1, 3]) chain.reschedule(serial, 8);
      await lookOnce(create());
      // With openings from 4 on, it would pass for one that goes on.
      expect(written().slice(1)).to.deep.equal([[], [4, 6, 7]]);
      expect(serials()).to.deep.equal([4, 6, 7]);
    });

    it("retires nothing", async () => {
      await stopAfterFirst();
      chain.nodeChange = { used: 1_000n };
      chain.refuse = (call) => (call.kind === "compact" ? new HoldfastError("unreachable", "x") : undefined);
      await lookOnce(create());
      expect(chain.signed.map(({ call }) => call.kind)).to.not.include("retire");
    });

    it("holds its tongue about acceptances from the decision to the end", async () => {
      toEpoch(6);
      const seen: boolean[] = [];
      const estimate = chain.estimate.bind(chain);
      chain.estimate = (call) => {
        if (call.kind === "compact") seen.push(bench.compacting.has(VNODE));
        return estimate(call);
      };
      await lookOnce(create());
      expect(new Set(seen)).to.deep.equal(new Set([true]));
      expect(bench.compacting.has(VNODE)).to.equal(false);
    });
  });

  it("sends nothing when the events do not lead to the contract's directory", async () => {
    toEpoch(6);
    chain.directory = () => Promise.resolve({ root: 1n, total: 1, count: 1 });
    await lookOnce(create());
    expect(chain.signed).to.deep.equal([]);
    expect(bench.linesOf("work failed; will try again")).to.have.lengthOf(1);
  });

  describe("retiring", () => {
    const retired = (): number[][] =>
      chain.mined.flatMap((call) =>
        call.kind === "retire" ? [call.openings.map(({ serial }) => serial)] : [],
      );
    beforeEach(() => {
      toEpoch(7);
      chain.nodeChange = { capacity: 80n, used: 71n };
    });

    it("frees the room of what has ended, and of nothing else, when less than an eighth is left", async () => {
      await lookOnce(create({ compactBelow: 0 }));
      expect(retired()).to.deep.equal([[0, 2, 5]]);
      expect(bench.linesOf("retired")[0]).to.include({ vNode: 7, segments: 3, leaves: 15 });
      expect(chain.vNodeDirectory.entries.filter((entry) => entry.retired)).to.have.lengthOf(3);
    });

    it("does not while there is room, when it is told not to, or where a compaction frees more", async () => {
      chain.nodeChange = { capacity: 80n, used: 70n };
      await lookOnce(create({ compactBelow: 0 }));
      chain.nodeChange = { capacity: 80n, used: 71n };
      await lookOnce(create({ compactBelow: 0, retire: false }));
      await lookOnce(create());
      expect(retired()).to.deep.equal([]);
      expect(serials()).to.deep.equal(LIVE);
    });

    it("takes the largest first, as many as the gas allows", async () => {
      chain.store({ root: toHex32(20n), leaves: 9, end: 6 });
      chain.gasOf = (call) => 1_000_000n * BigInt(call.kind === "retire" ? call.openings.length : 0);
      await lookOnce(create({ compactBelow: 0, compactGas: 2_000_000 }));
      expect(retired()).to.deep.equal([[0, 8]]);
    });
  });
});
