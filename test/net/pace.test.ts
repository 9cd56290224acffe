// Slow, stalled and endless senders are given up; fast ones are waited for.
import { expect } from "chai";
import { paced, taken, within } from "../../net/pace.ts";
import { errorOf } from "../helpers/errors.ts";

const PATIENT = { bytesPerSecond: 1, graceMs: 60_000 };
const never = (): Promise<never> => new Promise(() => undefined);
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function sizes(body: AsyncIterable<Uint8Array>): Promise<number[]> {
  const all: number[] = [];
  for await (const part of body) all.push(part.length);
  return all;
}

describe("net: pace", () => {
  async function* parts(...lengths: number[]): AsyncGenerator<Uint8Array> {
    for (const length of lengths) {
      await tick();
      yield new Uint8Array(length);
    }
  }
  async function* stalls(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(1_000_000);
    await never();
  }

  it("passes the bytes on, and reports how many", async () => {
    const seen: number[] = [];
    const progress = (bytes: number): void => void seen.push(bytes);
    expect(await sizes(paced(parts(1, 2, 3), PATIENT, { progress }))).to.deep.equal([1, 2, 3]);
    expect(seen).to.deep.equal([1, 2, 3]);
  });

  describe("by a clock that goes on", () => {
    const now = performance.now.bind(performance);
    let time: number;
    beforeEach(() => {
      time = 0;
      performance.now = () => time;
    });
    afterEach(() => {
      performance.now = now;
    });

    it("ends a body that arrives too slowly, although some bytes always arrive", async () => {
      async function* drip(): AsyncGenerator<Uint8Array> {
        for (let i = 0; i < 1000; i++) {
          await tick();
          time += 1_000;
          yield new Uint8Array(1);
        }
      }
      let count = 0;
      const progress = (): void => {
        count++;
      };
      const error = await errorOf(sizes(paced(drip(), { bytesPerSecond: 2, graceMs: 60_000 }, { progress })));
      expect(error.message).to.match(/too slow/);
      expect(count).to.equal(119);
      time = 0;
      expect(await sizes(paced(drip(), PATIENT))).to.have.lengthOf(1000);
    });

    it("does not count the time that bytes are used", async () => {
      let count = 0;
      for await (const part of paced(parts(1, 1, 1), PATIENT)) {
        count += part.length;
        time += 10 * PATIENT.graceMs;
      }
      expect(count).to.equal(3);
    });
  });

  it("ends what stalls, however fast it was before", async () => {
    const pace = { bytesPerSecond: 1, graceMs: 20 };
    const tooSlow = (): Error => new Error("slow");
    expect((await errorOf(sizes(paced(stalls(), pace, { tooSlow })))).message).to.equal("slow");
  });

  it("ends with the signal's reason, also before anything came", async () => {
    const ending = new AbortController();
    const body = (async function* (): AsyncGenerator<Uint8Array> {
      yield await never();
    })();
    const reading = errorOf(sizes(paced(body, PATIENT, { signal: ending.signal })));
    ending.abort(new Error("stop"));
    expect((await reading).message).to.equal("stop");
    const late = paced(parts(1), PATIENT, { signal: ending.signal });
    expect((await errorOf(sizes(late))).message).to.equal("stop");
  });

  it("notices, once a part, that what is given is not taken", async () => {
    let calls = 0;
    const told = Promise.withResolvers<undefined>();
    const given = taken(parts(1, 1, 1), 5, () => {
      calls++;
      told.resolve(undefined);
    });
    expect((await given.next()).done).to.equal(false);
    await told.promise;
    expect(calls).to.equal(1);
    expect(await sizes(taken(parts(1, 2), 60_000, () => calls++))).to.deep.equal([1, 2]);
    expect(calls).to.equal(1);
  });

  it("waits so long and no longer", async () => {
    const late = (): Error => new Error("late");
    expect((await errorOf(within(never(), 5, { late }))).message).to.equal("late");
    expect(await within(Promise.resolve(3), 60_000, { late })).to.equal(3);
    const failing = within(Promise.reject(new Error("its own")), 60_000, { late });
    expect((await errorOf(failing)).message).to.equal("its own");
  });
});
