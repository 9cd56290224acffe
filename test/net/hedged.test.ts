// The same thing from several sources: the first one counts.
import { expect } from "chai";
import { AllFailed, firstOf, type Attempt } from "../../net/hedged.ts";
import { errorOf } from "../helpers/errors.ts";

describe("net: hedged", () => {
  let ending: AbortController;
  let ended: string[];
  beforeEach(() => {
    ending = new AbortController();
    ended = [];
  });
  const hedge = (lookMs = 60_000, most = 3) => ({
    signal: ending.signal,
    lookMs,
    most,
    bytesPerSecond: 1000,
    isOurs: (error: unknown) => (error as Error).message === "ours",
  });
  const gives =
    (value: string): Attempt<string> =>
    () =>
      Promise.resolve(value);
  const fails =
    (reason: string): Attempt<string> =>
    () =>
      Promise.reject(new Error(reason));
  /** Until it is told to end. */
  const hangs =
    (name: string): Attempt<string> =>
    (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          ended.push(name);
          reject(signal.reason as Error);
        });
      });

  it("asks the next one only when one fails, while the first is fast", async () => {
    let asked = 0;
    const counted: Attempt<string> = (...args) => {
      asked++;
      return gives("b")(...args);
    };
    expect(await firstOf([gives("a"), counted], hedge())).to.equal("a");
    expect(asked).to.equal(0);
    expect(await firstOf([fails("no"), counted], hedge())).to.equal("b");
  });

  it("asks the next one while one is slow, and ends that one before it ends", async () => {
    expect(await firstOf([hangs("a"), hangs("b"), gives("c")], hedge(1))).to.equal("c");
    expect(ended).to.deep.equal(["a", "b"]);
  });

  it("leaves one alone that is fast", async () => {
    let others = 0;
    const fast: Attempt<string> = (_signal, progress) =>
      new Promise((resolve) => {
        let looks = 0;
        const timer = setInterval(() => {
          progress(1_000_000);
          if (++looks < 50) return;
          clearInterval(timer);
          resolve("fast");
        }, 1);
      });
    const other: Attempt<string> = () => {
      others++;
      return Promise.reject(new Error("not needed"));
    };
    expect(await firstOf([fast, other], hedge(1_000))).to.equal("fast");
    expect(others).to.equal(0);
  });

  it("has no more than so many at a time: the slowest makes room", async () => {
    const names = ["a", "b", "c", "d", "e"];
    let [running, most] = [0, 0];
    const counted = (attempt: Attempt<string>): Attempt<string> => {
      return async (...args) => {
        most = Math.max(most, ++running);
        try {
          return await attempt(...args);
        } finally {
          running--;
        }
      };
    };
    const all = [...names.map(hangs), gives("f")].map(counted);
    expect(await firstOf(all, hedge(1, 2))).to.equal("f");
    expect([most, ended.toSorted()]).to.deep.equal([2, names]);
  });

  it("says why each of them failed", async () => {
    const error: unknown = await errorOf(firstOf([fails("x"), fails("y")], hedge()));
    const reasons = error instanceof AllFailed ? error.errors : [];
    expect(reasons.map((each) => (each as Error).message)).to.deep.equal(["x", "y"]);
    expect(await errorOf(firstOf([], hedge()))).to.be.instanceOf(AllFailed);
  });

  it("ends at once with what others would meet, too", async () => {
    expect((await errorOf(firstOf([fails("ours"), gives("b")], hedge()))).message).to.equal("ours");
  });

  it("ends on the signal, and all that it started with it", async () => {
    const got = errorOf(firstOf([hangs("a"), gives("b")], hedge()));
    ending.abort(new Error("stop"));
    expect((await got).message).to.equal("stop");
    expect(ended).to.deep.equal(["a"]);
  });
});
