// Addresses of endpoints in settings.
import { expect } from "chai";
import { endpointUrls, splitUrls } from "../../chain/urls.ts";

describe("chain: addresses in settings", () => {
  it("are one, several separated by commas, a list, or lists of such, each once", () => {
    const [a, b, c] = ["http://a.example/v3/key", "https://b.example:8545/", "http://c.example?x=1"];
    expect(endpointUrls.parse(a)).to.deep.equal([a]);
    expect(endpointUrls.parse(`${a},${b}, ${c},`)).to.deep.equal([a, b, c]);
    expect(endpointUrls.parse([a, `${b},${c}`, a])).to.deep.equal([a, b, c]);
  });

  it("may have commas of their own", () => {
    expect(splitUrls("http://a.example/?x=1,2,http://b.example")).to.deep.equal([
      "http://a.example/?x=1,2",
      "http://b.example",
    ]);
  });

  it("refuse other kinds of URLs, and do not show a wrong one", () => {
    for (const wrong of [
      "",
      [],
      "secret.example",
      "ws://secret",
      ["http://a.example", "secret"],
      3,
      "http://",
    ]) {
      const parsed = endpointUrls.safeParse(wrong);
      expect(parsed.success, String(wrong)).to.equal(false);
      expect(JSON.stringify(parsed.error?.issues)).not.to.include("secret");
    }
  });
});
