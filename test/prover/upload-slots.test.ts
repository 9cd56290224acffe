// Which uploads may run when there are too many.
import { expect } from "chai";
import { HoldfastError } from "../../protocol/errors.ts";
import { createUploadSlots, type UploadSlot, type UploadSlots } from "../../prover/upload-slots.ts";
import { createFakeClock, type FakeClock } from "../helpers/fake-clock.ts";

describe("prover: places", () => {
  let clock: FakeClock;
  let places: UploadSlots;
  beforeEach(() => {
    clock = createFakeClock(0);
    places = createUploadSlots(4, clock);
  });

  const take = (account: string, worth = 10n): UploadSlot => places.take({ account, worth, price: 2n });
  const refused = (account: string, worth = 10n): boolean => {
    try {
      take(account, worth);
      return false;
    } catch (error) {
      return error instanceof HoldfastError && error.code === "busy";
    }
  };

  it("gives an account a quarter of them, and at least one", () => {
    take("a");
    expect(refused("a", 10n ** 30n)).to.equal(true);
    places = createUploadSlots(1, clock);
    take("a");
    places = createUploadSlots(9, clock);
    for (let i = 0; i < 3; i++) take("a");
    expect(refused("a")).to.equal(true);
  });

  it("gives a place again that was left", () => {
    take("a").leave();
    take("a");
  });

  it("takes one from who could pay less, and from nobody who could pay as much", () => {
    const all = [1n, 20n, 30n, 40n].map((worth) => take(`worth ${worth}`, worth));
    expect(refused("new", 1n)).to.equal(true);
    take("new", 2n);
    expect(all.map(({ signal }) => signal.aborted)).to.deep.equal([true, false, false, false]);
    expect((all[0]?.signal.reason as HoldfastError).code).to.equal("busy");
  });

  it("takes from who has several before it takes from who has one", () => {
    places = createUploadSlots(5, clock);
    const [first, , single] = [take("a", 15n), take("a", 15n), take("b", 8n), take("c", 20n), take("d", 20n)];
    take("new", 8n);
    expect([first.signal.aborted, single.signal.aborted]).to.deep.equal([true, false]);
  });

  it("takes from the slow among those who could pay as much", () => {
    const all = ["a", "b", "c", "d"].map((account) => take(account));
    expect(refused("new")).to.equal(true);
    clock.time += 10_000;
    for (const [i, place] of all.entries()) place.came(i === 2 ? 1_000 : 20_000_000);
    take("new");
    expect(all.map(({ signal }) => signal.aborted)).to.deep.equal([false, false, true, false]);
  });

  it("says what an account is uploading, in money", () => {
    const place = take("a");
    expect([places.pledged("a"), places.pledged("b")]).to.deep.equal([2n, 0n]);
    place.leave();
    expect(places.pledged("a")).to.equal(0n);
  });
});
