// JSON as people edit it, and as it holds the chain's integers.
import { expect } from "chai";
import { parseJson, toJson, toPlain } from "../../protocol/json.ts";

describe("protocol: JSON", () => {
  it("is read with a byte order mark or without, and with none anywhere else", () => {
    expect(parseJson('{"a":1}')).to.deep.equal({ a: 1 });
    expect(parseJson('\uFEFF{"a":1}')).to.deep.equal({ a: 1 });
    expect(() => parseJson('{"a":\uFEFF1}')).to.throw(SyntaxError);
    expect(() => parseJson('\uFEFF\uFEFF{"a":1}')).to.throw(SyntaxError);
  });

  it("has bigints as decimal text, however deep, and all else as it is", () => {
    const value = { a: 2n ** 64n, b: [{ c: -1n }], d: 1.5, e: null, f: "g", h: true };
    expect(toJson(value)).to.equal(
      '{"a":"18446744073709551616","b":[{"c":"-1"}],"d":1.5,"e":null,"f":"g","h":true}',
    );
    expect(toPlain(value)).to.deep.equal({ ...value, a: "18446744073709551616", b: [{ c: "-1" }] });
  });
});
