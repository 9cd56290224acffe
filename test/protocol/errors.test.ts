// The one error class: what programs and people get from it.
import { expect } from "chai";
import { HoldfastError } from "../../protocol/errors.ts";

describe("protocol: HoldfastError", () => {
  it("carries its code, its details and its cause", () => {
    const cause = new Error("EIO");
    const error = new HoldfastError("io", "the disk does not answer", { path: "/data" }, { cause });
    expect(error).to.be.instanceOf(Error);
    expect(error).to.include({
      name: "HoldfastError",
      code: "io",
      message: "the disk does not answer",
      cause,
    });
    expect(error.details).to.deep.equal({ path: "/data" });
  });

  it("has no details unless it is given some", () => {
    expect(new HoldfastError("aborted", "stopped").details).to.deep.equal({});
  });
});
