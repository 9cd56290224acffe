// What a directory's coverage will be, what a compaction would save, and when that is reason enough.
import { expect } from "chai";
import { forecast, reasonFor, type Forecast } from "../../prover/coverage.ts";
import type { Holding } from "../../prover/history.ts";

describe("prover: coverage", () => {
  /** Each pays so much until that epoch; it is epoch 10. */
  const holdings = (...paid: [perEpoch: bigint, end: number][]): Holding[] =>
    paid.map(([perEpoch, end], serial) => ({
      serial,
      bucket: 1n,
      root: `0x${"0".repeat(64)}`,
      leaves: 1,
      weight: 1,
      retired: end <= 9,
      perEpoch,
      end,
    }));
  const of = (horizon: number, ...paid: [bigint, number][]): Forecast =>
    forecast(holdings(...paid), 10, horizon);

  it("is what will be paid in the next epoch of what the directory stands for", () => {
    const seen = of(5, [60n, 100], [20n, 12], [10n, 14], [10n, 10]);
    expect(seen).to.include({ entries: 4, open: 3, live: 3, coverage: 0.9 });
    expect(of(5, [60n, 100], [40n, 12])).to.include({ open: 2, live: 2, coverage: 1 });
    expect(of(5, [60n, 100], [40n, 11])).to.include({ open: 2, live: 1, coverage: 0.6 });
    expect(of(5)).to.include({ entries: 0, live: 0, coverage: 1, saved: 0n });
    expect(of(5, [60n, 10])).to.include({ live: 0, coverage: 0 });
  });

  it("saves what is not paid below 3/4, for as long as the horizon is", () => {
    // 60 of 100: 60 * 60 / 75 = 48 is paid, 12 less than with a fresh tree.
    expect(of(5, [60n, 100], [40n, 10]).saved).to.equal(60n);
    expect(of(1, [60n, 100], [40n, 10]).saved).to.equal(12n);
    // What ends with the running epoch is left out, too.
    expect(of(5, [60n, 100], [40n, 11]).saved).to.equal(60n);
    // At 3/4 everything is paid.
    expect(of(5, [75n, 100], [25n, 10]).saved).to.equal(0n);
  });

  it("counts what will end: a compaction now does not save what ends later anyway", () => {
    // From epoch 13 on 50 of 100 pay: 33 of them are paid, with a fresh tree of now as well.
    expect(of(10, [50n, 100], [50n, 13]).saved).to.equal(0n);
    // A tenth has ended: the fresh tree stands for 90, of which 50 pay from epoch 13 on: 37 instead of 33, in 8 epochs.
    expect(of(10, [50n, 100], [40n, 13], [10n, 10]).saved).to.equal(8n * 4n);
  });

  describe("as a reason", () => {
    const low: Forecast = { entries: 10, open: 6, live: 6, coverage: 0.6, saved: 100n };
    const terms = { below: 0.78, earning: true, places: 256, cost: 99n };

    it("is enough if it is below the setting and saves more than the gas costs", () => {
      expect(reasonFor(low, terms)).to.equal("coverage");
      expect(reasonFor(low, { ...terms, cost: 100n })).to.equal(undefined);
      expect(reasonFor({ ...low, saved: 0n }, { ...terms, cost: 0n })).to.equal(undefined);
      expect(reasonFor({ ...low, coverage: 0.78 }, terms)).to.equal(undefined);
    });

    it("is not, if nothing is paid anyway, or it is switched off", () => {
      expect(reasonFor(low, { ...terms, earning: false })).to.equal(undefined);
      expect(reasonFor(low, { ...terms, below: 0 })).to.equal(undefined);
    });

    it("empties a directory in which nothing is live, even if that saves nothing", () => {
      const dead = { ...low, open: 0, live: 0, saved: 0n };
      expect(reasonFor(dead, { ...terms, earning: false })).to.equal("nothing is live");
      expect(reasonFor({ ...dead, entries: 0 }, terms)).to.equal(undefined);
      expect(reasonFor(dead, { ...terms, below: 0 })).to.equal(undefined);
      // What ends with the running epoch may still be extended.
      expect(reasonFor({ ...dead, open: 1 }, terms)).to.equal(undefined);
    });

    it("makes room in a directory that is nearly full, if that makes enough", () => {
      const full = { ...low, entries: 241, live: 209, coverage: 1 };
      expect(reasonFor(full, terms)).to.equal("room");
      expect(reasonFor({ ...full, entries: 240 }, terms)).to.equal(undefined);
      expect(reasonFor({ ...full, live: 210 }, terms)).to.equal(undefined);
    });
  });
});
