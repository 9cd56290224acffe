// Words for contracts from snarkjs's files: their order, and malformed files.
import { expect } from "chai";
import { inputWords, keyWords, proofWords, type SnarkjsKey, type SnarkjsProof } from "../../groth16/words.ts";

const proof: SnarkjsProof = {
  pi_a: ["1", "2", "1"],
  pi_b: [
    ["4", "3"],
    ["6", "5"],
    ["1", "0"],
  ],
  pi_c: ["7", "8", "1"],
};
const point = ["1", "2", "1"];
const key: SnarkjsKey = {
  vk_alpha_1: point,
  vk_beta_2: proof.pi_b,
  vk_gamma_2: proof.pi_b,
  vk_delta_2: proof.pi_b,
  IC: [point, point, point, point, point],
};

describe("protocol: words of Groth16", () => {
  it("put imaginary parts first", () => {
    expect(proofWords(proof)).to.deep.equal([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n]);
    expect(keyWords(key).beta).to.deep.equal([3n, 4n, 5n, 6n]);
    expect(keyWords(key).ic.length).to.equal(5);
  });

  for (const [name, wrong] of Object.entries({
    "a point at infinity": { pi_a: ["0", "1", "0"] },
    "a coordinate too few": { pi_c: ["7", "8"] },
    "a twisted point at infinity": {
      pi_b: [
        ["0", "0"],
        ["1", "0"],
        ["0", "0"],
      ],
    },
    "half of a coordinate": { pi_b: [["4"], ["6", "5"], ["1", "0"]] },
    "a negative coordinate": { pi_a: ["-1", "2", "1"] },
    "a hexadecimal coordinate": { pi_a: ["0x1", "2", "1"] },
    "an empty coordinate": { pi_a: ["", "2", "1"] },
  })) {
    it(`refuse a proof with ${name}`, () => {
      expect(() => proofWords({ ...proof, ...wrong })).to.throw(RangeError, Object.keys(wrong)[0]);
    });
  }

  it("refuse a key for another number of inputs", () => {
    expect(() => keyWords({ ...key, IC: [point, point] })).to.throw(RangeError, "IC");
    expect(() => inputWords(["1", "2", "3"])).to.throw(RangeError, "publicSignals");
  });

  it("keep the order of the public signals", () => {
    expect(inputWords(["1", "2", "3", "4"])).to.deep.equal([1n, 2n, 3n, 4n]);
  });
});
