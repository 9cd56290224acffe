// Answers of two sources are compared in every form that they can have.
import { expect } from "chai";
import { Interface, Log, type Provider } from "ethers";
import { agree } from "../../chain/agreement.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";

describe("chain: agreement", () => {
  const decoder = new Interface(["function f() view returns (tuple(uint256 a, tuple(bytes32 r)[] list) x)"]);
  const result = (a: number, digit = "1"): unknown =>
    decoder.decodeFunctionResult("f", decoder.encodeFunctionResult("f", [[a, [[`0x${digit.repeat(64)}`]]]]));
  const log = (data: string, provider: object): Log => {
    const hash = `0x${"11".repeat(32)}`;
    const address = `0x${"22".repeat(20)}`;
    const place = { transactionHash: hash, blockHash: hash, blockNumber: 1, index: 0, transactionIndex: 0 };
    return new Log({ ...place, removed: false, address, data, topics: [] }, provider as Provider);
  };
  const ask = (one: unknown, other: unknown): Promise<unknown> =>
    agree(
      [one, other].map((value, i) => ({ name: `host-${i}`, read: () => Promise.resolve(value) })),
      "it",
    );

  for (const [what, one, same, other] of [
    ["numbers of any size", 2n ** 200n, 2n ** 200n, 2n ** 200n + 1n],
    ["what is not there", undefined, undefined, null],
    ["records", { a: [1n, { b: "x" }] }, { a: [1n, { b: "x" }] }, { a: [1n, { b: "y" }] }],
    ["maps", new Map([[1n, "a"]]), new Map([[1n, "a"]]), new Map([[1n, "b"]])],
    ["bytes", Uint8Array.of(1, 2), Uint8Array.of(1, 2), Uint8Array.of(1, 3)],
    ["results of contracts", result(5), result(5), result(6)],
    ["lists in results of contracts", result(5), result(5), result(5, "2")],
    ["logs, whoever gave them", [log("0x01", {})], [log("0x01", { a: 1 })], [log("0x02", {})]],
  ] as const)
    it(`is found in ${what}`, async () => {
      expect(await ask(one, same)).to.equal(one);
      const error = await holdfastErrorOf(ask(one, other));
      expect(error.code).to.equal("unreachable");
      expect(error.message).to.include("host-0 and host-1 disagree about it");
    });

  it("is found in what two refuse, and in no failure", async () => {
    const both = (make: () => Error): Promise<unknown> =>
      agree(
        ["a", "b"].map((name) => ({ name, read: () => Promise.reject(make()) })),
        "it",
      );
    const refused = new HoldfastError("chain", "the contract refuses it", { error: "NotOpen" });
    expect(await holdfastErrorOf(both(() => refused))).to.equal(refused);
    for (const make of [() => new HoldfastError("unreachable", "no answer"), () => new Error("no answer")]) {
      const error = await holdfastErrorOf(both(make));
      expect(error.code).to.equal("unreachable");
      expect(error.message).to.include("none answered (no answer; no answer)");
    }
  });
});
