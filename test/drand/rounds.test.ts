// drand's signatures and times: the real round, other encodings, malformed keys.
import { expect } from "chai";
import {
  decodePublicKey,
  firstRoundAt,
  publicKeyOf,
  roundMessage,
  roundTime,
  secretFromBytes,
  signatureRandomness,
  signRound,
  verifyRound,
} from "../../drand/rounds.ts";
import { concatHex, evmnet, evmnetRound, Q, wordsOf } from "../helpers/evmnet.ts";
import { outsideG2, type Words4 } from "../helpers/trapdoor-proofs.ts";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const signature = bytes(evmnetRound.signature);
const [x, y] = wordsOf(evmnetRound.signature) as [bigint, bigint];

describe("protocol: drand", () => {
  it("accepts a real round and derives its randomness", () => {
    expect(verifyRound(evmnet.publicKey, evmnetRound.round, signature)).to.equal(true);
    expect(Buffer.from(signatureRandomness(signature)).toString("hex")).to.equal(evmnetRound.randomness);
  });

  it("refuses it for another round or under another key", () => {
    expect(verifyRound(evmnet.publicKey, evmnetRound.round + 1, signature)).to.equal(false);
    expect(verifyRound(publicKeyOf(5n), evmnetRound.round, signature)).to.equal(false);
  });

  for (const { name, hex } of [
    { name: "with x + q", hex: concatHex(x + Q, y) },
    { name: "with y + q", hex: concatHex(x, y + Q) },
    { name: "negated", hex: concatHex(x, Q - y) },
    { name: "with a bit flipped", hex: concatHex(x ^ 1n, y) },
    { name: "that is another point", hex: concatHex(1n, 2n) },
    { name: "that is infinity", hex: concatHex(0n, 0n) },
    { name: "cut short", hex: evmnetRound.signature.slice(2) },
    { name: "too long", hex: `${evmnetRound.signature}00` },
    { name: "that is empty", hex: "" },
  ]) {
    it(`refuses a signature ${name}`, () => {
      expect(verifyRound(evmnet.publicKey, evmnetRound.round, bytes(hex))).to.equal(false);
    });
  }

  it("signs what it accepts", () => {
    for (const round of [1, 2, 2 ** 40]) {
      expect(verifyRound(publicKeyOf(123n), round, signRound(123n, round))).to.equal(true);
    }
  });

  it("refuses malformed public keys", () => {
    const [xi, xr, yi, yr] = wordsOf(Buffer.from(evmnet.publicKey).toString("hex")) as Words4;
    for (const words of [
      [xr, xi, yr, yi],
      [xi + Q, xr, yi, yr],
      [0n, 0n, 0n, 0n],
      [xi, xr, yi],
      outsideG2(),
    ]) {
      expect(() => decodePublicKey(bytes(concatHex(...words)))).to.throw(
        RangeError,
        "not a drand public key",
      );
    }
  });

  it("names the first round at or after a time", () => {
    const chain = { ...evmnet, genesis: 1000, period: 3 };
    for (const [seconds, round] of [
      [0, 1],
      [1000, 1],
      [1000.5, 2],
      [1001, 2],
      [1003, 2],
      [1004, 3],
    ] as const) {
      expect(firstRoundAt(seconds, chain)).to.equal(round);
      expect(roundTime(round, chain)).to.be.at.least(seconds);
    }
  });

  it("refuses numbers that are not rounds", () => {
    for (const round of [0, -1, 1.5, NaN, 2 ** 53]) expect(() => roundMessage(round)).to.throw(RangeError);
  });

  it("draws a key only from enough random bytes, and never 0", () => {
    expect(() => secretFromBytes(new Uint8Array(47))).to.throw(RangeError);
    expect(secretFromBytes(new Uint8Array(48))).to.equal(1n);
  });
});
