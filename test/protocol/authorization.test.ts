// How a request's signature travels in its header: as it was put in, or not at all.
import { expect } from "chai";
import { decodeAuthorization, encodeAuthorization } from "../../protocol/authorization.ts";

describe("protocol: the Authorization header", () => {
  const message = {
    ...{ node: 7n, method: "PUT", path: "/v1/ä?x=1", bodyHash: `0x${"cd".repeat(32)}` },
    ...{ expiry: 2n ** 40n, nonce: 2n ** 255n },
  };
  const header = encodeAuthorization(message, "0x12");

  it("has the message and the signature, its integers in decimals", () => {
    expect(header).to.match(/^Holdfast [A-Za-z0-9_-]+$/);
    expect(decodeAuthorization(header)).to.deep.equal({
      ...message,
      ...{ node: "7", expiry: String(2n ** 40n), nonce: String(2n ** 255n), signature: "0x12" },
    });
  });

  it("is of another scheme unless it is all of this one", () => {
    const encoded = header.slice("Holdfast ".length);
    for (const other of [
      ...[
        `Bearer ${encoded}`,
        `holdfast ${encoded}`,
        ` ${header}`,
        `x${header}`,
        `${header} `,
        `${header}\n`,
      ],
      ...["", "Holdfast", "Holdfast ", `Holdfast  ${encoded}`, `${header}=`, `${header},${header}`],
    ])
      expect(decodeAuthorization(other), JSON.stringify(other)).to.equal(undefined);
  });

  it("has 1 to 4,096 characters after the scheme", () => {
    const text = (length: number): string =>
      `Holdfast ${Buffer.from(`"${"a".repeat(length)}"`).toString("base64url")}`;
    expect(text(3070)).to.have.lengthOf("Holdfast ".length + 4096);
    expect(decodeAuthorization(text(3070))).to.equal("a".repeat(3070));
    expect(decodeAuthorization(text(3071))).to.equal(undefined);
    expect(decodeAuthorization("Holdfast MQ")).to.equal(1);
  });

  it("is no message where it holds no JSON", () => {
    expect(() => decodeAuthorization("Holdfast AAAA")).to.throw(SyntaxError);
  });
});
