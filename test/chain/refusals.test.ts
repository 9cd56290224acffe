// What a chain refuses, in words and as data.
import { expect } from "chai";
import { Interface, makeError } from "ethers";
import { contractError, explain } from "../../chain/refusals.ts";
import { HoldfastError } from "../../protocol/errors.ts";

describe("chain: refusals", () => {
  const errors = [
    new Interface(["error First(uint256 a)"]),
    new Interface(["error Second(address who, uint256 b)", "error Bare()"]),
  ];
  const revert = (data: string | null): Error =>
    makeError("execution reverted", "CALL_EXCEPTION", {
      ...{ action: "call", data, reason: null, invocation: null, revert: null },
      transaction: { to: null, data: "0x" },
    });
  const encoded = (i: number, name: string, values: unknown[]): string =>
    errors[i]?.encodeErrorResult(name, values) ?? "0x";

  it("name a contract's own error and its values, whichever contract's it is", () => {
    const who = `0x${"00".repeat(20)}`;
    for (const [data, words, details] of [
      [encoded(0, "First", [5n]), "First(a 5)", { error: "First", a: "5" }],
      [encoded(1, "Second", [who, 2n]), `Second(who ${who}, b 2)`, { error: "Second", who, b: "2" }],
      [encoded(1, "Bare", []), "Bare()", { error: "Bare" }],
    ] as const) {
      const cause = revert(data);
      const error = explain(errors, "settle", cause);
      expect(error).to.include({ code: "chain", message: `the contract refuses settle: ${words}`, cause });
      expect(error.details).to.deep.equal(details);
      expect(contractError(error)).to.equal(details.error);
    }
  });

  it("are said in the endpoint's words where the error is nobody's, or there is none", () => {
    for (const data of [null, "0x", "0x1234", "0x12345678"]) {
      const error = explain(errors, "settle", revert(data));
      expect(error.code).to.equal("chain");
      expect(error.message).to.equal("the contract refuses settle: execution reverted");
      expect(contractError(error)).to.equal(undefined);
    }
  });

  it("are ours if they were before", () => {
    const ours = new HoldfastError("busy", "later");
    expect(explain(errors, "settle", ours)).to.equal(ours);
    expect(contractError(new Error("no"))).to.equal(undefined);
  });

  it("are no answer at all where nothing was refused", () => {
    for (const [cause, words] of [
      [new Error("timeout"), "timeout"],
      ["odd", "odd"],
    ] as const) {
      const error = explain(errors, "getBlock", cause);
      expect(error).to.include({ code: "unreachable", cause });
      expect(error.message).to.equal(`the chain did not answer getBlock: ${words}`);
    }
  });
});
