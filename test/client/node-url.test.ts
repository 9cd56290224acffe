// The URLs that a node may register.
import { expect } from "chai";
import { nodeUrl } from "../../client/node-url.ts";

describe("client: the address of a node", () => {
  it("is registered as everybody uses it", () => {
    for (const [given, used] of [
      ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
      ["http://node.example:8080/", "http://node.example:8080"],
      ["https://Node.Example", "https://node.example"],
      ["https://node.example:443", "https://node.example"],
      ["http://[::1]:8080/", "http://[::1]:8080"],
      ["HTTP://node.example", "http://node.example"],
    ] as const)
      expect(nodeUrl(given), given).to.equal(used);
  });

  for (const [text, why] of [
    ["node.example:8080", /is not an address/],
    ["", /is not an address/],
    ["ftp://node.example", /is not an address/],
    ["http:node.example", /is not an address/],
    ["http://", /is not an address/],
    ["http://[::1:8080", /is not an address/],
    ["http://node.example:99999", /is not an address/],
    ["http://node.example/holdfast", /has a path/],
    ["http://node.example/holdfast/", /has a path/],
    ["http://node.example?a=1", /has a path/],
    ["http://node.example#", /has a path/],
    ["http://me:secret@node.example", /has a password in it/],
    ["http://a.example,http://b.example", /is more than one address|is not an address/],
    ["http://a.example http://b.example", /is more than one address|is not an address/],
    [" http://a.example", /is not an address|has spaces in it/],
    ["http://0.0.0.0:8080", /not an address that others can call/],
    ["http://[::]:8080", /not an address that others can call/],
    ["http://node.example:0", /not an address that others can call/],
  ] as const) {
    it(`is not ${JSON.stringify(text)}`, () => {
      expect(() => nodeUrl(text)).to.throw(RangeError, why);
      expect(() => nodeUrl(text)).to.throw(/: give http:\/\/HOST:PORT or https:\/\/HOST$/);
    });
  }
});
