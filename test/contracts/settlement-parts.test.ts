// The parts of settling, compared with plain lists: credits, pauses, a vNode's word, terms by epoch.
import { expect } from "chai";
import fc from "fast-check";
import { testChain } from "../../evidence/world/contracts.ts";
import type { SettlementHarness } from "../../types/ethers/index.js";

const UNIT = 10n ** 18n;
const RUNS = { numRuns: 60 };
/** Of a vNode's word, what a plain proof leaves. */
const CLEAR = { misses: 0, short: false, deferring: false, syncLeft: 0 };

describe("contracts: parts of settling", () => {
  let harness: SettlementHarness;
  before(async () => {
    const { ethers } = await testChain();
    harness = await ethers.deployContract("SettlementHarness");
  });

  describe("CreditIndex", () => {
    interface Credit {
      since: number;
      epoch: number;
      credit: bigint;
    }
    /** What each epoch was credited with, added up. */
    const expected = (list: readonly Credit[], last: number): bigint[] => {
      const each = new Array<bigint>(last + 1).fill(0n);
      for (const { since, epoch, credit } of list)
        for (let e = since; e <= epoch; e++) each[e] = (each[e] ?? 0n) + credit;
      let sum = 0n;
      return each.map((credit) => (sum += credit));
    };
    const seen = async (list: readonly Credit[], last: number) => {
      const { sums, ramps } = await harness.credits.staticCall([...list], last);
      return { values: [...sums], ramps: Number(ramps) };
    };

    it("says for every epoch what the sum of a plain list is", async () => {
      const steps = fc.array(
        fc.record({
          gap: fc.integer({ min: 1, max: 4 }),
          length: fc.integer({ min: 1, max: 9 }),
          credit: fc.bigInt({ min: 0n, max: 100n * UNIT }),
          /** Credits for the last epoch alone that come after it. */
          again: fc.array(fc.bigInt({ min: 0n, max: UNIT }), { maxLength: 3 }),
        }),
        { maxLength: 12 },
      );
      await fc.assert(
        fc.asyncProperty(steps, async (list) => {
          const credits: Credit[] = [];
          let epoch = 0;
          for (const { gap, length, credit, again } of list) {
            const since = epoch + gap;
            epoch = since + length - 1;
            credits.push({ since, epoch, credit });
            for (const more of again) credits.push({ since: epoch, epoch, credit: more });
          }
          const last = epoch + 3;
          expect((await seen(credits, last)).values).to.deep.equal(expected(credits, last));
        }),
        RUNS,
      );
    });

    it("of nothing is nothing", async () => {
      expect(await seen([], 3)).to.deep.equal({ values: [0n, 0n, 0n, 0n], ramps: 0 });
    });

    it("writes one epoch's credits in one place, and a ramp's last epoch beside it", async () => {
      const one = { since: 4, epoch: 4, credit: UNIT };
      expect((await seen([one, one, one], 5)).ramps).to.equal(1);
      const ramp = { since: 2, epoch: 4, credit: UNIT };
      expect(await seen([ramp, one, one], 5)).to.deep.equal({
        values: [0n, 0n, 1n, 2n, 5n, 5n].map((n) => n * UNIT),
        ramps: 2,
      });
    });

    it("stops at 2^192, and never falls", async () => {
      const top = 2n ** 192n - 1n;
      const { values } = await seen(
        [
          { since: 1, epoch: 1, credit: top },
          { since: 2, epoch: 3, credit: UNIT },
        ],
        4,
      );
      expect(values).to.deep.equal([0n, top, top, top, top]);
    });
  });

  describe("Pauses", () => {
    interface Pause {
      from: number;
      epochs: number;
    }
    const end = ({ from, epochs }: Pause): number => from + epochs;
    /** Longest ago first, with an epoch at least between two of them. */
    const lists = fc
      .array(fc.record({ gap: fc.integer({ min: 1, max: 20 }), epochs: fc.integer({ min: 1, max: 10 }) }), {
        maxLength: 8,
      })
      .map((steps) => {
        const list: Pause[] = [];
        for (const { gap, epochs } of steps) {
          const last = list.at(-1);
          list.push({ from: (last ? end(last) : 1) + gap, epochs });
        }
        return list;
      });

    it("say of any epoch what a plain list of the last five says", async () => {
      await fc.assert(
        fc.asyncProperty(
          lists,
          fc.integer({ min: 0, max: 5 }),
          fc.integer({ min: 0, max: 200 }),
          fc.integer({ min: 1, max: 60 }),
          async (list, more, epoch, quietFor) => {
            const prolonged = list.length === 0 ? 0 : more;
            const known = list.map((pause, i) =>
              i === list.length - 1 ? { ...pause, epochs: pause.epochs + prolonged } : pause,
            );
            const five = known.slice(-5);
            const covers = (e: number): boolean => five.some((p) => p.from <= e && e < end(p));
            const touches = (e: number): boolean => five.some((p) => p.from === e + 1 || end(p) === e);
            const quiet = epoch + quietFor;
            const s = await harness.pauses(list, prolonged, epoch, quiet);
            const latest = five.at(-1) ?? { from: 0, epochs: 0 };
            expect([s.from, s.end].map(Number), "latest").to.deep.equal([latest.from, end(latest)]);
            let used = 0;
            for (let e = epoch; e < 400; e++) if (covers(e)) used++;
            expect(Number(s.used), "used").to.equal(used);
            const oldest = five.length === 5 ? five[0] : undefined;
            expect(s.full, "full").to.equal(oldest !== undefined && end(oldest) > epoch);
            expect(s.covers, "covers").to.equal(covers(epoch));
            expect(s.touches, "touches").to.equal(touches(epoch));
            // Nothing between the epoch and there is paused, or asked whatever the odds.
            expect(Number(s.quiet), "quiet").to.be.within(epoch + 1, quiet);
            for (let e = epoch + 1; e < Number(s.quiet); e++)
              expect(covers(e) || touches(e), `${e} is quiet`).to.equal(false);
            let answers = 2;
            let last = epoch;
            while (answers !== 0) if (!covers(++last)) answers--;
            // A pause that begins right after the last answer moves nothing.
            expect(Number(s.last), "last answer").to.equal(last);
          },
        ),
        { numRuns: 200 },
      );
    });
  });

  describe("VNodeWord", () => {
    const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const vNodes = fc.record({
      node: u32,
      settled: u32,
      misses: fc.integer({ min: 0, max: 63 }),
      short: fc.boolean(),
      deferring: fc.boolean(),
      syncLeft: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })),
      rate: fc.bigInt({ min: 0n, max: 2n ** 80n - 1n }),
      nextSince: fc.oneof(fc.constant(0), u32),
      nextChange: u32,
      cluster: u32,
    });
    const ofResult = (v: object): unknown => {
      const { toObject } = v as { toObject: () => Record<string, unknown> };
      const plain = toObject.call(v);
      return Object.fromEntries(
        Object.entries(plain).map(([k, value]) => [k, typeof value === "boolean" ? value : Number(value)]),
      );
    };
    const plainly = (v: Record<string, unknown>): unknown =>
      Object.fromEntries(Object.entries(v).map(([k, x]) => [k, typeof x === "boolean" ? x : Number(x)]));

    it("keeps every member, and changes only what it says it does", async () => {
      await fc.assert(
        fc.asyncProperty(vNodes, u32, async (v, epoch) => {
          const word = await harness.pack(v);
          expect(ofResult(await harness.unpack(word))).to.deep.equal(plainly(v));
          const { proven, topped, changing } = await harness.made(word, epoch);
          expect(ofResult(proven)).to.deep.equal(plainly({ ...v, ...CLEAR, settled: epoch }));
          expect(ofResult(topped)).to.deep.equal(plainly({ ...v, short: false }));
          const nextChange = Math.min(v.nextChange, epoch);
          expect(ofResult(changing)).to.deep.equal(plainly({ ...v, nextChange }));
        }),
        RUNS,
      );
    });
    it("is plain where nobody comes, nothing changes, and nothing waits", async () => {
      const near = vNodes.map((v) => ({ ...v, nextSince: v.nextSince % 40, nextChange: v.nextChange % 40 }));
      await fc.assert(
        fc.asyncProperty(near, fc.boolean(), fc.integer({ min: 0, max: 40 }), async (drawn, clear, epoch) => {
          const v = clear ? { ...drawn, ...CLEAR, misses: drawn.misses } : drawn;
          const comes = v.nextSince !== 0 && v.nextSince <= epoch;
          const special = v.short || v.deferring || v.syncLeft !== 0;
          const plain = epoch < v.nextChange && !comes && !special;
          expect(await harness.isPlain(await harness.pack(v), epoch)).to.equal(plain);
        }),
        { numRuns: 200 },
      );
    });
  });

  describe("terms", () => {
    const ends = [0, 2 ** 32 - 1];

    it("of an epoch are the newest that hold by then, as in a plain list", async () => {
      const sinces = fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(sinces, fc.array(fc.integer({ min: 0, max: 520 })), async (drawn, some) => {
          const list = [0, ...drawn.sort((a, b) => a - b)];
          const epochs = [...list, ...list.map((since) => Math.max(0, since - 1)), ...ends, ...some];
          const { found } = await harness.termsAt.staticCall(list, epochs);
          const newest = epochs.map((epoch) => list.findLast((since) => since <= epoch));
          expect(found.map(Number)).to.deep.equal(newest);
        }),
        RUNS,
      );
    });

    it("are found by halving: 150 of them cost nine reads at most", async () => {
      const list = Array.from({ length: 150 }, (_, i) => 10 * i);
      const { used } = await harness.termsAt.staticCall(list, [5, 705, 1485, 1495]);
      // Words that were written in this transaction are warm; each is read at most once, and there are less than 2^8 of them.
      for (const gas of used) expect(Number(gas)).to.be.lessThan(9 * 700);
    });
  });
});
