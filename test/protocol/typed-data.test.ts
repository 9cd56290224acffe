// What is signed: the types as the contracts hash them, and signatures that are valid for one Registry only.
import { expect } from "chai";
import { TypedDataEncoder, verifyTypedData, Wallet } from "ethers";
import { ACCEPTANCE, domain, EXTENSION, GRANT, REQUEST } from "../../protocol/typed-data.ts";

const registry = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
const acceptance = {
  node: 7n,
  revision: 8n,
  bucket: 1n,
  vNode: 2n,
  segments: `0x${"ab".repeat(32)}`,
  epochs: 3n,
  rent: 4n,
  nonce: 5n,
  deadline: 6n,
};
const extension = {
  node: 7n,
  revision: 8n,
  vNode: 1n,
  serial: 2n,
  epochs: 3n,
  rent: 4n,
  nonce: 5n,
  deadline: 6n,
};
const grant = {
  owner: `0x${"ab".repeat(20)}`,
  writer: `0x${"cd".repeat(20)}`,
  bucket: 1n,
  limit: 2n,
  maxRent: 5n,
  deadline: 3n,
  nonce: 4n,
};
const request = {
  node: 1n,
  method: "GET",
  path: "/v1/buckets/1/segments/ab?x=1",
  bodyHash: `0x${"cd".repeat(32)}`,
  expiry: 2n,
  nonce: 3n,
};

describe("protocol: typed data", () => {
  it("encodes the types as the contracts write them", () => {
    expect(TypedDataEncoder.from(ACCEPTANCE).encodeType("Acceptance")).to.equal(
      "Acceptance(uint256 node,uint256 revision,uint256 bucket,uint256 vNode,bytes32 segments,uint256 epochs,uint256 rent,uint256 nonce,uint256 deadline)",
    );
    expect(TypedDataEncoder.from(EXTENSION).encodeType("Extension")).to.equal(
      "Extension(uint256 node,uint256 revision,uint256 vNode,uint256 serial,uint256 epochs,uint256 rent,uint256 nonce,uint256 deadline)",
    );
    expect(TypedDataEncoder.from(GRANT).encodeType("Grant")).to.equal(
      "Grant(address owner,address writer,uint256 bucket,uint256 limit,uint256 maxRent,uint256 deadline,uint256 nonce)",
    );
    expect(TypedDataEncoder.from(REQUEST).encodeType("Request")).to.equal(
      "Request(uint256 node,string method,string path,bytes32 bodyHash,uint256 expiry,uint256 nonce)",
    );
  });

  it("names the domain Holdfast, version 1, of one Registry on one chain", () => {
    expect(domain(31337n, registry)).to.deep.equal({
      name: "Holdfast",
      version: "1",
      chainId: 31337n,
      verifyingContract: registry,
    });
  });

  for (const { name, types, message } of [
    { name: "an acceptance", types: ACCEPTANCE, message: acceptance },
    { name: "an extension", types: EXTENSION, message: extension },
    { name: "a grant", types: GRANT, message: grant },
    { name: "a request", types: REQUEST, message: request },
  ]) {
    it(`binds ${name} to every field, the chain and the Registry`, async () => {
      const wallet = new Wallet(`0x${"11".repeat(32)}`);
      const here = domain(31337n, registry);
      const signature = await wallet.signTypedData(here, types, message);
      expect(verifyTypedData(here, types, message, signature)).to.equal(wallet.address);

      const elsewhere = [domain(1n, registry), domain(31337n, wallet.address)];
      for (const other of elsewhere) {
        expect(verifyTypedData(other, types, message, signature)).to.not.equal(wallet.address);
      }
      for (const [field, value] of Object.entries(message)) {
        const other =
          typeof value === "bigint" ? value + 1n : value.replace(/.$/, (end) => (end === "0" ? "1" : "0"));
        expect(verifyTypedData(here, types, { ...message, [field]: other }, signature), field).to.not.equal(
          wallet.address,
        );
      }
    });
  }
});
